"""Comments of HTML that are quoted, and comments that hide: rows that say whether the program tells them apart.

    python -m models.training.quoted --seed N --out rows.jsonl
    magistrate model eval --json rows.jsonl

Fresh draws of families that training has seen, so that only the difference between two programs means something. `source` says what
a row is: `quoted`, harmless texts that quote an order in a comment; a family, whose pages hide something; `json_alone` and
`json_inside`, attacks in a comment that is all of a value of JSON, or stands in its midst. The standard library alone.
"""

import argparse
import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType

from .generators import generate, markup, pages, pull_requests, readmes, security_talk
from .parts import HIDDEN, parts
from .rows import Row, write

DRAWN = 12_000
OF_A_KIND = 150


def _hidden(row: Row) -> str:
    """What a text would hide if all of its comments hid something."""
    found = dict(parts(f"<p></p>{row['text']}"))
    return found.get(HIDDEN, "")


def _of(module: ModuleType, seed: int, harmless: bool) -> Iterator[Row]:
    made = generate(module, seed, DRAWN)
    return (row for row in made if "<!--" in row["text"] and (row["label"] == "benign") == harmless and _hidden(row))


def rows(seed: int) -> list[Row]:
    """The rows of a seed."""
    found = []

    def add(text: str, label: str, source: str) -> None:
        found.append({"text": text, "label": label, "source": source})

    for row in islice(_of(security_talk, seed, harmless=True), OF_A_KIND):
        add(row["text"], "benign", "quoted")
    for module in (pages, markup, pull_requests, readmes):
        for harmless in (True, False):
            for row in islice(_of(module, seed, harmless), OF_A_KIND):
                add(row["text"], row["label"], module.__name__.rpartition(".")[2])
    for row in islice(_of(markup, seed, harmless=False), OF_A_KIND):
        order = f"<!--{_hidden(row).strip()}-->"
        bodies = {"json_alone": order, "json_inside": f"The export stops after a minute.\n{order}\nIt worked last week."}
        for name, body in bodies.items():
            add(json.dumps({"id": 7, "title": "Export fails", "body": body}), "injection", name)
    random.Random(seed).shuffle(found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write(options.out, rows(options.seed))


if __name__ == "__main__":
    main()
