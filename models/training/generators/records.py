"""Machine output: JSON, YAML, XML, CSV, key-value and log lines with the passage in one value."""

import csv
import io
import json
import random
from collections.abc import Iterator
from typing import Any

from ..embedding import Family, rows as family_rows
from ..rows import Row
from ..world import World

FAMILY = "records"
LOGS = [
    "{iso}T{clock}Z [[INFO|WARN|DEBUG|ERROR]] {noun}.{noun}: {past} {noun} {hexid} in {small}ms",
    "{month} {day} {clock} {noun}-{small} {noun}[{number}]: {noun} {past}",
    '10.{small}.{small}.{small} - {handle} [{iso}] "GET /{noun}/{number} HTTP/1.1" 200 {number}',
    'level=[[info|warn]] ts={iso} msg="{noun} {past}" {noun}={small} id={hexid}',
    "   Compiling {noun} v{version}",
    "[{clock}] {noun}: {adjective} ({percent})",
    "{clock} {handle} sudo: {noun} ; PWD=/srv/{noun} ; COMMAND=/usr/bin/{noun}",
    "npm warn deprecated {noun}@{version}: use {noun} instead",
    "FAILED tests/test_{noun}.py::test_{noun} - assert {small} == {number}",
]


def value(world: World) -> Any:
    """A value as interfaces return it."""
    rng = world.rng
    return rng.choice(
        [
            lambda: rng.randint(0, 99999),
            lambda: round(rng.random() * 100, 2),
            lambda: rng.random() < 0.5,
            lambda: None,
            lambda: world.pick("noun"),
            lambda: world.pick("person"),
            lambda: world.pick("iso"),
            lambda: world.pick("url"),
            lambda: world.pick("hexid"),
            lambda: world.pick("sentence"),
            lambda: world.pick("city"),
            lambda: world.pick("mail"),
        ]
    )()


def record(world: World, fields: list[str]) -> dict[str, Any]:
    return {field: value(world) for field in fields}


def carrier(world: World, passage: str) -> str:
    """A listing in one of the formats; the passage is a value, at times a key's neighbour or nested deep."""
    rng = world.rng
    shape = rng.choice(["json", "json", "nested", "yaml", "xml", "csv", "log", "log", "pairs", "markdown"])
    if shape == "log":
        lines = [world.fill(rng.choice(LOGS)) for _ in range(rng.choice([2, 5, 12, 40, 90]))]
        head = world.fill("{iso}T{clock}Z [[INFO|WARN]] {noun}: [[user agent|message|body|query|name]]=")
        lines.insert(rng.randint(0, len(lines)), head + rng.choice([passage, json.dumps(passage, ensure_ascii=False)]))
        return "\n".join(lines)
    fields = list(dict.fromkeys([rng.choice(["id", "name", "title", "key"]), *(world.pick("noun") for _ in range(rng.randint(1, 6)))]))
    carried = rng.choice(
        ["description", "comment", "notes", "content", "text", "bio", "message", "summary", "review", "caption", "error", "details"]
    )
    records = [record(world, [*fields, carried]) for _ in range(rng.choice([1, 1, 2, 4, 9]))]
    rng.choice(records)[carried] = passage
    for other in records:
        if other[carried] is not passage:
            other[carried] = world.paragraph(rng.randint(1, 2))
    return FORMATS[shape](world, records)


def as_json(world: World, records: list[dict]) -> str:
    rng = world.rng
    found = (
        records[0]
        if len(records) == 1
        else rng.choice([records, {"items": records, "total": len(records)}, {"status": "ok", "data": {"results": records}}])
    )
    return json.dumps(found, ensure_ascii=rng.random() < 0.3, indent=rng.choice([None, None, 2, 4]))


def as_nested(world: World, records: list[dict]) -> str:
    inner = json.dumps(records, ensure_ascii=False)
    return json.dumps(
        {world.pick("noun"): {"type": "tool_result", "content": [{"type": "text", "text": inner}]}, "is_error": False}, ensure_ascii=False
    )


def as_yaml(_world: World, records: list[dict]) -> str:
    def line(key: str, found: Any) -> str:
        return f"{key}: " + (
            "|\n    " + found.replace("\n", "\n    ") if isinstance(found, str) and "\n" in found else json.dumps(found, ensure_ascii=False)
        )

    return "\n".join("- " + "\n  ".join(line(key, found) for key, found in each.items()) for each in records)


def as_xml(_world: World, records: list[dict]) -> str:
    return (
        "<items>"
        + "".join("<item>" + "".join(f"<{key}>{found}</{key}>" for key, found in each.items()) + "</item>" for each in records)
        + "</items>"
    )


def as_csv(_world: World, records: list[dict]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def as_pairs(_world: World, records: list[dict]) -> str:
    return "\n\n".join("\n".join(f"{key}: {found}" for key, found in each.items()) for each in records)


def as_markdown(_world: World, records: list[dict]) -> str:
    head = list(records[0])
    cells = [[str(found).replace("\n", " ") for found in each.values()] for each in records]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(line) + " |" for line in cells)])


FORMATS = {"json": as_json, "nested": as_nested, "yaml": as_yaml, "xml": as_xml, "csv": as_csv, "pairs": as_pairs, "markdown": as_markdown}


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier), rng, count)
