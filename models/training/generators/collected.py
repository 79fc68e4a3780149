"""Real passages of packages as carriers: documentation, code, catalogues and configuration with something put in."""

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..embedding import Family, insert, row
from ..rows import Row, read
from ..world import World

FAMILY = "collected"
PASSAGES = Path(__file__).parent.parent / "data/collected/passages.jsonl.gz"
MIX = (("attack", 55), ("chore", 30), ("quoted", 8), ("rule", 7))


@cache
def passages() -> tuple[Row, ...]:
    """The harmless passages, read once."""
    return tuple(read(PASSAGES))


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    family = Family(FAMILY, lambda _world, text: text, mix=MIX)
    kinds, weights = zip(*MIX, strict=True)
    for _ in range(count):
        world = World(rng)
        found = insert(world, rng.choices(kinds, weights)[0], family)
        chosen = rng.choice(passages())
        made = row(FAMILY, plant(rng, chosen["text"], found.text, chosen["kind"]), found)
        yield {**made, "carrier": chosen["package"], "license": f"{made['license']}; carrier {chosen['license']}"}


def plant(rng: random.Random, text: str, passage: str, kind: str) -> str:
    """The text with the passage between two of its lines, or inside one."""
    lines = text.split("\n")
    if kind in ("code", "test", "config"):
        passage = "\n".join(f"{rng.choice(['#', '//'])} {line}" for line in passage.split("\n"))
    if len(lines) == 1 or rng.random() < 0.2:
        words = text.split(" ")
        spot = rng.randint(0, len(words))
        return " ".join([*words[:spot], passage, *words[spot:]])
    spot = rng.randint(0, len(lines))
    blank = [""] if rng.random() < 0.5 else []
    return "\n".join([*lines[:spot], *blank, passage, *blank, *lines[spot:]])
