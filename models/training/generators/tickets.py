"""Support tickets and CRM notes: what customers, agents and forms wrote."""

import json
import random
from collections.abc import Iterator

from ..embedding import Family, among, depth, rows as family_rows
from ..payloads import ADDRESSED
from ..rows import Row
from ..world import World

FAMILY = "tickets"
COMPLAINTS = [
    "My {product} stopped working after {small} days.",
    "I was charged {money} twice on {date}.",
    'The {noun} shows "{noun} not found" since version {version}.',
    "Order {number} has not arrived in {city}.",
    "I cannot sign in since {weekday}; the code never comes.",
    "How do I export the {noun}?",
    "The driver left the parcel by the {noun}.",
    "Please cancel my {topic} subscription.",
    "The {product} is {adjective}, not {adjective} as described.",
    "Can I change the delivery to {city}?",
    "Your {noun} page is {adjective} on my phone.",
    "Refund for invoice {number}, please. It was {money}.",
]
REPLIES = [
    "Thank you for writing. We have {past} the {noun}.",
    "Could you tell us the order number?",
    "A new {product} is on its way; expect it on {date}.",
    "We reset the {noun} on our side. Please try again.",
    "I am sorry for the trouble, {first}. {money} has been refunded.",
    "Escalated to {department}.",
    "Customer called, {adjective} tone, wants {noun}.",
    "Closed as solved.",
]


def carrier(world: World, passage: str) -> str:
    """A ticket with one to six entries; the passage is in one of them or in a field."""
    rng = world.rng
    entries = [world.fill(rng.choice(COMPLAINTS)) + " " + world.paragraph(rng.randint(0, 2))]
    entries += [world.fill(rng.choice(REPLIES)) + " " + world.paragraph(rng.randint(0, 1)) for _ in range(rng.choice([0, 0, 1, 2, 5]))]
    spot = rng.randrange(len(entries))
    entries[spot] = rng.choice(
        [f"{entries[spot]}\n\n{passage}", f"{entries[spot]} {passage}", passage, among(world, passage, *depth(world))]
    )
    shape = rng.choice(["plain", "json", "crm", "form"])
    if shape == "plain":
        return world.fill("Ticket #{number} ([[open|pending|solved]]) - {topic}\nRequester: {person} <{mail}>\n\n") + "\n---\n".join(
            entry.strip() for entry in entries
        )
    if shape == "form":
        return world.fill("Name: {person}\nCompany: {company}\nPhone: {phone}\nSubject: {product}\nMessage: ") + entries[spot].strip()
    people = [world.pick("person") for _ in entries]
    if shape == "crm":
        return "\n".join(
            f"[{world.pick('iso')} {world.pick('clock')}] {person}: {entry.strip()}" for person, entry in zip(people, entries, strict=True)
        )
    ticket = {
        "id": rng.randint(1000, 99999),
        "subject": world.pick("topic"),
        "priority": rng.choice(["low", "normal", "high"]),
        "tags": [world.pick("noun") for _ in range(2)],
        "comments": [
            {"author": person, "public": rng.random() < 0.7, "body": entry.strip()} for person, entry in zip(people, entries, strict=True)
        ],
    }
    return json.dumps(ticket, ensure_ascii=False, indent=rng.choice([None, 1, 2]))


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier, ADDRESSED), rng, count)
