"""How a passage gets into a carrier: what is put in, where, and the row that comes of it.

Attack rows and benign rows of a family share the carrier and the place; only what the passage says differs.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import augment
from .notices import chore, house_rule, quoted_attack
from .payloads import Insert, attack
from .rows import GENERATED, LICENCE, Row
from .world import World

Carrier = Callable[[World, str], str]

# What is put in, by share. A carrier whose own text is all that is there has nothing put in.
MIX = (("attack", 46), ("chore", 26), ("plain", 18), ("quoted", 6), ("rule", 4))
DISGUISED_SHARE = 0.07


@dataclass(frozen=True)
class Family:
    """A carrier and what may be put into it."""

    name: str
    carrier: Carrier
    styles: tuple[str, ...] | None = None
    mix: tuple[tuple[str, int], ...] = MIX
    foreign: float = 0.15
    # What a plain passage is made of; prose where nothing is given.
    plain: tuple[str, ...] = ()


def rows(family: Family, rng: random.Random, count: int) -> Iterator[Row]:
    """So many rows of a family."""
    kinds, weights = zip(*family.mix, strict=True)
    for _ in range(count):
        world = World(rng)
        found = insert(world, rng.choices(kinds, weights)[0], family)
        yield row(family.name, family.carrier(world, found.text), found)


def insert(world: World, kind: str, family: Family) -> Insert:
    """The passage to put in; a plain one says nothing in particular."""
    rng = world.rng
    if kind == "attack":
        found = attack(world, family.styles, family.foreign) if family.styles else attack(world, foreign=family.foreign)
    elif kind == "chore":
        found = chore(world)
    elif kind == "quoted":
        found = quoted_attack(world)
    elif kind == "rule":
        found = house_rule(world)
    else:
        text = world.fill(rng.choice(family.plain)) if family.plain else world.paragraph(rng.randint(1, 2))
        found = Insert(text, "benign", "plain", "none")
    if rng.random() < DISGUISED_SHARE and found.style != "plain":
        name, text = augment.disguise(rng, found.text)
        return Insert(text, found.label, f"{found.style}+{name}", found.intent, found.lang)
    return found


def row(family: str, text: str, found: Insert) -> Row:
    """A labelled row, marked as generated."""
    return {
        "text": text,
        "label": found.label,
        "source": GENERATED + family,
        "family": family,
        "license": LICENCE,
        "generated": True,
        "style": found.style,
        "intent": found.intent,
        "lang": found.lang,
    }


def among(world: World, passage: str, before: int, after: int) -> str:
    """The passage between paragraphs of harmless prose, on a line of its own or inside one."""
    rng = world.rng
    parts = [world.paragraph(rng.randint(1, 5)) for _ in range(before)], [world.paragraph(rng.randint(1, 5)) for _ in range(after)]
    if parts[0] and rng.random() < 0.3:
        parts[0][-1] = f"{parts[0][-1]} {passage}"
        return "\n\n".join([*parts[0], *parts[1]])
    return "\n\n".join([*parts[0], passage, *parts[1]])


def depth(world: World) -> tuple[int, int]:
    """How many paragraphs stand before and after: mostly few, at times many."""
    rng = world.rng
    most = rng.choice([0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 6, 6, 12, 12, 24, 45])
    before = rng.randint(0, most)
    return before, most - before
