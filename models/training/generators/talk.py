"""Everyday requests to an assistant, one or a few, with and without an attack by the person who types."""

import random
from collections.abc import Iterator

from ..banks import talk
from ..embedding import row
from ..grammar import Grammar
from ..payloads import Insert, register, tidy
from ..rows import Row
from ..world import World
from . import direct, guarded

FAMILY = "talk"
ATTACKS = 0.42


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    for _ in range(count):
        world = World(rng)
        parts = [wish(world) for _ in range(rng.choice([1, 1, 1, 1, 2, 3]))]
        found = Insert("", "benign", "talk", "none")
        if rng.random() < ATTACKS:
            found = direct_attack(world)
            parts = parts if rng.random() < 0.7 else []
            parts.insert(rng.randint(0, len(parts)), found.text)
        yield row(FAMILY, rng.choice([" ", "\n", "\n\n"]).join(parts), found)


def direct_attack(world: World) -> Insert:
    """An attack in the words of `direct` or of `guarded`."""
    while True:
        found = direct.passage(world) if world.rng.random() < 0.6 else guarded.passage(world)
        if found.label != "benign":
            return found


def wish(world: World) -> str:
    """An everyday request."""
    banks = {
        **world.others(),
        "topic": talk.TOPICS,
        "audience": talk.AUDIENCES,
        "form": talk.FORMS,
        "role": talk.ROLES,
        "prose": lambda: world.paragraph(1).replace("{", "").replace('"', "'"),
        "paragraph": lambda: world.paragraph(world.rng.randint(2, 6)).replace("{", ""),
    }
    return register(world.rng, tidy(Grammar(world.rng, banks).fill(world.rng.choice(talk.WISHES))))
