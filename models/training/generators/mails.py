"""Mails: whole messages, threads, newsletters and auto-replies, as a tool hands them to an agent."""

import json
import random
from collections.abc import Iterator

from ..embedding import Family, among, depth, rows as family_rows
from ..payloads import ADDRESSED
from ..rows import Row
from ..world import World

FAMILY = "mails"

GREETINGS = [
    "Hi {first},",
    "Dear {person},",
    "Hello all,",
    "Good morning,",
    "Dear customer,",
    "{first} -",
    "Hey,",
    "Dear Sir or Madam,",
    "Team,",
    "",
]
CLOSINGS = [
    "Best,\n{first}",
    "Kind regards\n{person}\n{company}",
    "Thanks,\n{first}",
    "Cheers",
    "{person} | {department} | {phone}",
    "Sent from my phone",
    "Yours sincerely\n\n{person}",
    "-- \n{person}\n{url}",
    "",
]
SUBJECTS = [
    "{^topic}",
    "Re: {topic}",
    "Fwd: {topic} for {month}",
    "[[Invoice|Order|Ticket]] {number}",
    "Minutes of {weekday}",
    "Your {product}",
    "[{project}] {noun} {version}",
    "Question about the {noun}",
    "Out of office",
    "News from {company}",
    "Reminder: {topic}",
    "{topic}?",
]
FOOTERS = [
    "This message may contain confidential information. If you are not the addressee, please delete it.",
    "Unsubscribe: {url}",
    "You receive this mail because you are registered at {domain}.",
    "Please consider the environment before printing.",
    "",
]


def carrier(world: World, passage: str) -> str:
    """A mail with the passage in its body, or at times in its subject or footer."""
    rng = world.rng
    subject, greeting, closing, footer = (world.fill(rng.choice(bank)) for bank in (SUBJECTS, GREETINGS, CLOSINGS, FOOTERS))
    place = rng.choices(["body", "subject", "footer", "quoted"], [80, 4, 8, 8])[0]
    body = among(world, passage, *depth(world)) if place == "body" else world.filler(2)
    if place == "subject":
        subject = passage.replace("\n", " ")
    elif place == "footer":
        footer = passage
    elif place == "quoted":
        body += f"\n\nOn {world.pick('date')}, {world.pick('person')} wrote:\n" + "\n".join(f"> {line}" for line in passage.split("\n"))
    text = "\n\n".join(part for part in (greeting, body, closing, footer) if part)
    return rng.choice([as_message, as_json, as_yaml, as_plain])(world, subject, text)


def as_plain(_world: World, _subject: str, body: str) -> str:
    return body


def as_message(world: World, subject: str, body: str) -> str:
    head = world.fill("From: {person} <{mail}>\nTo: {mail}\nDate: {weekday}, {day} {month} {year} {clock}\n")
    return f"{head}Subject: {subject}\n\n{body}"


def as_json(world: World, subject: str, body: str) -> str:
    message = {
        "id": world.pick("hexid"),
        "from": world.pick("mail"),
        "to": [world.pick("mail")],
        "subject": subject,
        "received": world.pick("iso"),
        world.rng.choice(["body", "content", "text", "snippet", "bodyPreview"]): body,
        "unread": world.rng.random() < 0.5,
        "labels": [world.pick("noun")],
    }
    listed = world.rng.random() < 0.4
    return json.dumps({"messages": [message], "next": None} if listed else message, ensure_ascii=False, indent=world.rng.choice([None, 2]))


def as_yaml(world: World, subject: str, body: str) -> str:
    indented = "\n".join(f"  {line}" for line in body.split("\n"))
    return (
        world.fill("id: {number}\nsender: {mail}\nrecipients:\n- {mail}\n- {mail}\nsubject: ")
        + subject
        + f"\nread: false\nattachments: []\nbody: |\n{indented}\n"
    )


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier, ADDRESSED), rng, count)
