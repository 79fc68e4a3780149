"""Chat channels and transcripts: what colleagues, bots and callers wrote or said."""

import json
import random
from collections.abc import Iterator

from ..embedding import Family, rows as family_rows
from ..payloads import ADDRESSED
from ..rows import Row
from ..world import World

FAMILY = "chats"
LINES = [
    "[[morning|hi|hey]] all",
    "has anyone {past} the {noun}?",
    "{sentence}",
    "yes, on {weekday}",
    "no idea, ask {first}",
    "lol",
    "{url}",
    "the {noun} is {adjective} again",
    "on it",
    "thanks {first}!",
    "can you look at {file}?",
    "meeting moved to {hour}",
    "@{handle} ping",
    "I {past} it yesterday",
    "{money}?? that is a lot",
    "who has the key to the {noun}?",
    "done :)",
    "let me check",
    "deploy of {project} {version} is out",
    "lunch?",
]


def carrier(world: World, passage: str) -> str:
    """A stretch of chat with the passage as one message."""
    rng = world.rng
    people = [world.pick("first") for _ in range(rng.randint(2, 4))]
    said = [(rng.choice(people), world.fill(rng.choice(LINES))) for _ in range(rng.choice([0, 2, 5, 10, 30]))]
    said.insert(rng.randint(0, len(said)), (rng.choice([*people, "bot", world.pick("handle")]), passage))
    shape = rng.choice(["plain", "timed", "json", "yaml", "call"])
    if shape == "json":
        return json.dumps([{"user": who, "text": text, "ts": world.pick("clock")} for who, text in said], ensure_ascii=False)
    if shape == "yaml":
        return "\n".join(f"- sender: {who}\n  body: {text}" for who, text in said)
    if shape == "timed":
        return "\n".join(f"[{world.pick('clock')}] <{who}> {text}" for who, text in said)
    if shape == "call":
        return world.fill("Transcript, {date}\n\n") + "\n".join(f"{who.upper()}: {text}" for who, text in said)
    return "\n".join(f"{who}: {text}" for who, text in said)


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier, ADDRESSED), rng, count)
