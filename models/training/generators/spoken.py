"""Short prompts in eight languages, as people type them to an assistant, at times mixed with English."""

import random
from collections.abc import Iterator

from ..banks.tongues.spoken import SPOKEN
from ..embedding import row
from ..grammar import Grammar
from ..payloads import Insert, tidy
from ..rows import Row
from ..world import World
from .talk import direct_attack, wish

FAMILY = "spoken"


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    for _ in range(count):
        world = World(rng)
        lang = rng.choice(sorted(SPOKEN))
        words = Grammar(rng, {**world.others(), **SPOKEN[lang]})
        parts = [tidy(words.pick("benign")) for _ in range(rng.choice([0, 0, 1, 1, 2]))]
        mixed = rng.random() < 0.12
        if rng.random() < 0.48:
            text = direct_attack(world).text if mixed else tidy(words.pick("attack"))
            found = Insert(text, "injection", "spoken", "direct", lang)
        else:
            found = Insert(wish(world) if mixed else tidy(words.pick("benign")), "benign", "spoken", "none", lang)
        parts.insert(rng.randint(0, len(parts)), found.text)
        yield row(FAMILY, rng.choice([" ", "\n"]).join(parts), found)
