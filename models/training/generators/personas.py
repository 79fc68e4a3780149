"""Long personas and settings: those that lift an assistant's rules, and those of games, bots and tutors that keep them."""

import random
from collections.abc import Iterator

from ..banks import personas
from ..embedding import row
from ..grammar import Grammar
from ..payloads import Insert, tidy
from ..rows import Row
from ..world import World
from .jailbreaks import HARMFUL, HARMLESS, NAMES

FAMILY = "personas"


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    for _ in range(count):
        world = World(rng)
        pressed = rng.random() < 0.5
        yield row(FAMILY, persona(world, pressed), Insert("", "jailbreak" if pressed else "benign", "persona", "harm" if pressed else "none"))


def persona(world: World, pressed: bool) -> str:
    """An opening, traits that all personas share, those of one side, and a request at the end."""
    rng = world.rng
    banks = {
        **world.others(),
        "name": [world.fill(rng.choice(NAMES))],
        "goal": HARMFUL if pressed else HARMLESS,
        "setting": personas.SETTINGS,
        "trait": personas.TRAITS,
    }
    words = Grammar(rng, banks)
    own = personas.FREED if pressed else personas.BOUND
    lines = [words.fill(rng.choice(personas.OPENINGS))]
    middle = [words.fill(line) for line in rng.sample(own, rng.randint(1, 4))]
    middle += [words.fill(line) for line in rng.sample(personas.SHARED, rng.randint(0, 6))]
    rng.shuffle(middle)
    lines += middle
    if rng.random() < 0.8:
        lines.append(words.fill(rng.choice(personas.REQUESTS if rng.random() < 0.75 else personas.WAITING)))
    numbered = rng.random() < 0.2
    if numbered:
        lines = [lines[0], *(f"{index}. {line}" for index, line in enumerate(lines[1:], 1))]
    return tidy(("\n" if numbered else rng.choice([" ", " ", "\n", "\n\n"])).join(lines))
