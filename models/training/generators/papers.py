"""PDFs and office documents as text: papers, contracts, CVs, minutes, forms, with page furniture and broken lines."""

import random
import textwrap
from collections.abc import Iterator

from ..embedding import Family, rows as family_rows
from ..rows import Row
from ..world import World

FAMILY = "papers"
KINDS = [
    ("Abstract", "{small} {^noun} models for {topic}"),
    ("Curriculum vitae", "{person}"),
    ("Agreement", "between {company} and {company}"),
    ("Minutes", "{topic}, {date}"),
    ("Annual report", "{company} {year}"),
    ("Application form", "{topic}"),
    ("Data sheet", "{product}"),
    ("Letter", "{person}, {city}"),
    ("Invoice {number}", "{company}"),
    ("Lecture notes", "{noun}"),
]
HEADS = [
    "{small} Introduction",
    "{small}.{small} {^noun}",
    "§ {small} {^noun}",
    "Experience",
    "Education",
    "Item {small}: {topic}",
    "Results",
    "Payment terms",
    "References",
    "Annex {small}",
    "Keywords: {noun}, {noun}, {noun}",
]
LINES = [
    "{sentence}",
    "{sentence} {sentence}",
    "{sentence} {sentence} {sentence}",
    "{small}  {noun}  {money}",
    "{year}-{year}: {company}, {city}. {^past} the {noun}.",
    "[{small}] {last}, {first}. The {adjective} {noun}. {city}, {year}.",
    "The {noun} shall be {past} within {small} days.",
    "{^department} {past} the {noun}. Action: {first}, by {date}.",
]


def carrier(world: World, passage: str) -> str:
    """Pages of broken lines with the passage in them, sometimes in small print or in the notes."""
    rng = world.rng
    kind, title = rng.choice(KINDS)
    blocks = [world.fill(rng.choice(HEADS) if rng.random() < 0.25 else rng.choice(LINES)) for _ in range(rng.choice([2, 5, 10, 20, 45]))]
    put = rng.choice(
        [
            "{}",
            "{}",
            "Note: {}",
            "[hidden text] {}",
            "Footnote {small}: {}",
            "Alt text: {}",
            "(white text) {}",
            "Comment by {person}: {}",
            "{}",
        ]
    )
    before, after = put.split("{}")
    blocks.insert(rng.randint(0, len(blocks)), world.fill(before) + passage + world.fill(after))
    width = rng.choice([48, 72, 90, 0])
    if width:
        blocks = [
            "\n".join("\n".join(textwrap.wrap(line, width, break_long_words=False) or [""]) for line in block.split("\n"))
            for block in blocks
        ]
    for page in range(1, len(blocks) // 9 + 1):
        blocks.insert(page * 9, world.fill(rng.choice([f"- {page} -", f"{{company}} | page {page}", f"\f{page}", f"Page {page}"])))
    return f"{world.fill(kind)}\n{world.fill(title)}\n\n" + rng.choice(["\n", "\n\n"]).join(blocks)


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier), rng, count)
