"""Texts wholly in another language than English: short and long, harmless and not."""

import random
from collections.abc import Iterator

from ..banks.tongues import TONGUES
from ..embedding import row
from ..grammar import Grammar
from ..payloads import Insert, foreign_attack, tidy, tongue_banks
from ..rows import Row
from ..world import World

FAMILY = "tongues_only"


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    for _ in range(count):
        world = World(rng)
        lang = rng.choice(sorted(TONGUES))
        words = Grammar(rng, tongue_banks(world, lang))
        parts = [tidy(words.pick("benign")) for _ in range(rng.choice([0, 1, 1, 2, 4, 8]))]
        if rng.random() < 0.48:
            found = foreign_attack(world, lang)
        else:
            found = Insert(tidy(words.pick("benign")), "benign", "foreign", "chore", lang)
        parts.insert(rng.randint(0, len(parts)), found.text)
        yield row(FAMILY, rng.choice([" ", "\n", "\n\n"]).join(parts), found)
