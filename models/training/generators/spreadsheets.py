"""Spreadsheets as tools print them: cells, hidden columns, notes, formulas."""

import random
from collections.abc import Iterator

from ..embedding import Family, rows as family_rows
from ..rows import Row
from ..world import World

FAMILY = "spreadsheets"
COLUMNS = {
    "Date": "{iso}",
    "Name": "{person}",
    "Item": "{product}",
    "Amount": "{money}",
    "City": "{city}",
    "Owner": "{first}",
    "Share": "{percent}",
    "Status": "[[open|done|late|paid]]",
    "Mail": "{mail}",
    "Topic": "{topic}",
    "Count": "{number}",
    "Firm": "{company}",
    "Total": "=SUM(B{small}:B{number})",
    "Link": "{url}",
}
REMARKS = ["{^adjective}", "see {file}", "{first} checks", "{sentence}", "", "", "ok", "moved to {month}"]


def carrier(world: World, passage: str) -> str:
    """A sheet of up to thirty lines; the passage is a remark, a note on a cell, a heading or a hidden cell."""
    rng = world.rng
    names = rng.sample(sorted(COLUMNS), rng.randint(2, 5))
    sheet = [[world.fill(COLUMNS[name]) for name in names] + [world.fill(rng.choice(REMARKS))] for _ in range(rng.choice([1, 3, 8, 30]))]
    spot = rng.choices(["remark", "note", "heading", "hidden"], [55, 18, 10, 17])[0]
    tail = ""
    flat = passage.replace("\n", " ")
    if spot == "remark":
        rng.choice(sheet)[-1] = flat
    elif spot == "heading":
        names[-1] = flat
    else:
        cell = f"{rng.choice('ABCDEFGH')}{rng.randint(1, 40)}"
        tail = f"\n\n{'Note on' if spot == 'note' else 'Hidden cell'} {cell}: {flat}"
    if not tail and rng.random() < 0.3:
        tail = f"\n\nNote on {rng.choice('ABC')}{rng.randint(1, 9)}: {world.pick('sentence')}"
    glue = rng.choice(["\t", ",", " | ", ";"])
    head = glue.join([*names, rng.choice(["Remarks", "Notes", "Comment"])])
    title = world.fill(rng.choice(["Sheet: {topic}\n", "{file}, sheet {small}\n", "", "[{^noun}]\n"]))
    return title + "\n".join([head, *(glue.join(line) for line in sheet)]) + tail


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier), rng, count)
