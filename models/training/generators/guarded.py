"""Guarded secrets, fixed phrases and lifted rules: short prompts that try to get round a guard, and harmless ones like them."""

import random
from collections.abc import Iterator

from ..banks import guarded, talk
from ..embedding import row
from ..grammar import Grammar
from ..payloads import Insert, register, tidy
from ..rows import Row
from ..world import World

FAMILY = "guarded"
KINDS = (("extract", guarded.EXTRACT), ("hijack", guarded.HIJACK), ("free", guarded.FREE))


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    for _ in range(count):
        world = World(rng)
        found = passage(world)
        parts = [found.text]
        while rng.random() < 0.3:
            parts.insert(rng.randint(0, len(parts)), passage(world).text if found.label != "benign" else harmless(world).text)
        yield row(FAMILY, rng.choice([" ", ". ", "\n"]).join(parts), found)


def passage(world: World) -> Insert:
    """An attempt, or something harmless in the same words."""
    if world.rng.random() < 0.48:
        return harmless(world)
    kind, templates = world.rng.choice(KINDS)
    return Insert(register(world.rng, filled(world, templates)), "injection", "guarded", kind)


def harmless(world: World) -> Insert:
    """A question or request about secrets, rules and phrases that no guard minds."""
    return Insert(register(world.rng, filled(world, guarded.HARMLESS)), "benign", "guarded", "none")


def filled(world: World, templates: list[str]) -> str:
    """A template with a secret and a phrase of its own."""
    rng = world.rng
    grant = world.fill(rng.choice(guarded.GRANTS))
    cut = len(grant) // 2
    banks = {
        **world.others(),
        "secret": [rng.choice(guarded.SECRETS)],
        "grant": [grant],
        "grant_a": [grant[:cut]],
        "grant_b": [grant[cut:]],
        "audience": talk.AUDIENCES,
        "paragraph": lambda: world.paragraph(rng.randint(1, 3)).replace("{", ""),
    }
    return tidy(Grammar(rng, banks).fill(rng.choice(templates)))
