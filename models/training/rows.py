"""What a row of the corpus is, and how rows are read and written."""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]

INJECTION_LABELS = ("benign", "injection", "jailbreak")
SCOPE_LABELS = ("in_scope", "drift")
GENERATED = "gen:"
LICENCE = "Apache-2.0 (this project)"


class BadRow(ValueError):
    """A row that does not have the shape of its task."""


def check(row: Row) -> Row:
    """Returns the row, or raises `BadRow` that says what is wrong with it."""
    text_row = "text" in row
    allowed = INJECTION_LABELS if text_row else SCOPE_LABELS
    if row.get("label") not in allowed:
        raise BadRow(f"label `{row.get('label')}` is none of {allowed}")
    for field in ("source", "license"):
        if not isinstance(row.get(field), str) or not row[field]:
            raise BadRow(f"field `{field}` is missing or empty")
    if text_row:
        if not isinstance(row["text"], str) or not row["text"].strip():
            raise BadRow("field `text` is empty")
        return row
    return _check_scope(row)


def _check_scope(row: Row) -> Row:
    if not isinstance(row.get("task"), str) or not row["task"].strip():
        raise BadRow("field `task` is empty")
    if not isinstance(row.get("group"), str) or not row["group"]:
        raise BadRow("field `group` is missing or empty")
    for call in [*row["history"], row["action"]]:
        if not isinstance(call.get("tool"), str) or not isinstance(call.get("arguments"), dict):
            raise BadRow("a call needs `tool` and `arguments`")
    return row


def family(row: Row) -> str:
    """The part of a source that names where it came from, such as `BIPIA` of `BIPIA/text`."""
    return row["source"].split("/")[0]


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """One JSON object a line, keys sorted, so that equal rows are equal bytes."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n"


def read(path: Path) -> list[Row]:
    """Reads `.jsonl` or `.jsonl.gz`."""
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [check(json.loads(line)) for line in body.decode("utf-8", "surrogatepass").split("\n") if line]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Writes `.jsonl` or `.jsonl.gz`; the same rows give the same bytes."""
    body = "".join(lines(rows)).encode("utf-8", "surrogatepass")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".gz":
        path.write_bytes(body)
        return
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(body)
