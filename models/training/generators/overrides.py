"""A sentence that turns the reader to another task, in prose of all kinds or alone; and prose with the same words that does not."""

import random
from collections.abc import Iterator

from ..banks import overrides, prose
from ..embedding import row
from ..grammar import Grammar
from ..payloads import INTENTS, Insert, attack_banks, register, tidy
from ..rows import Row
from ..world import World
from .collected import passages

FAMILY = "overrides"
ATTACKS = 0.5
ALONE = 0.25


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    for _ in range(count):
        world = World(rng)
        found = turn(world) if rng.random() < ATTACKS else plain(world)
        text = found.text if rng.random() < ALONE else within(world, found.text)
        yield row(FAMILY, text, found)


def turn(world: World) -> Insert:
    """A sentence that turns the reader away from its task."""
    return Insert(filled(world, overrides.TURNS), "injection", "override", "turn")


def plain(world: World) -> Insert:
    """A sentence with the same words that turns nobody away, or nothing at all."""
    return Insert(filled(world, overrides.PLAIN), "benign", "plain", "none")


def filled(world: World, templates: list[str]) -> str:
    """A template, its parts chosen anew."""
    banks = {
        **world.others(),
        **attack_banks(world, world.rng.choice(INTENTS)),
        "stop": overrides.STOPS,
        "object": overrides.OBJECTS,
        "join": overrides.JOINS,
        "does": overrides.DOES,
        "claim": overrides.CLAIMS,
        "subject": overrides.SUBJECTS,
    }
    return register(world.rng, tidy(Grammar(world.rng, banks).fill(world.rng.choice(templates))))


def within(world: World, sentence: str) -> str:
    """The sentence among paragraphs: on a line of its own, inside one, or inside a list's entry."""
    rng = world.rng
    if rng.random() < 0.25:
        own = [rng.choice(passages())["text"][:1800]]
    else:
        own = rng.sample(prose.PROSE, rng.randint(1, 5))
    at = rng.randrange(len(own))
    chance = rng.random()
    if chance < 0.5:
        own.insert(rng.randint(0, len(own)), sentence)
    elif chance < 0.8:
        parts = own[at].split(". ")
        spot = rng.randint(0, len(parts))
        own[at] = ". ".join([*parts[:spot], sentence.rstrip("."), *parts[spot:]])
    else:
        own[at] = f"{own[at]} {sentence}"
    return rng.choice(["\n", "\n\n", "\n\n", " "]).join(own)
