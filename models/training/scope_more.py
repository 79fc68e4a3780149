"""More drift from the given rows: what the sources lack, so that a source alone does not tell the label.

Sources with one side (commands that are all right, customer service that is all right) get the other side from themselves.
Each made row has the `source` of the row whose task it has, with `+kind`, and its `group`; `lender` is the
source of what was put in, so that a source left out lends nothing either.
"""

import random
from collections.abc import Sequence

from .rows import Row
from .scope_features import destination
from .scope_words import leaves, tool_class, words

SHARE = {"other_action": 0.22, "other_destination": 0.5, "foreign_call": 0.12}
READ_ONLY = ("read",)


def made(rows: Sequence[Row], rng: random.Random) -> list[Row]:
    """Drift rows from in-scope rows; none from generated ones, which have drift of their own."""
    given = [row for row in rows if not row.get("generated")]
    right = [row for row in given if row["label"] == "in_scope"]
    attacks = [row for row in given if row["label"] == "drift" and "other-task" not in row["source"]]
    by_source: dict[str, list[Row]] = {}
    for row in right:
        by_source.setdefault(row["source"].split("/")[0], []).append(row)
    aimed = [row for row in given if row["action"].get("destination")]
    found = []
    for row in right:
        own = by_source[row["source"].split("/")[0]]
        if rng.random() < SHARE["other_action"] and (other := _other_action(row, own, rng)):
            found.append(other)
        if row["action"].get("destination") and rng.random() < SHARE["other_destination"] and (other := _aimed_elsewhere(row, aimed, rng)):
            found.append(other)
        if attacks and rng.random() < SHARE["foreign_call"]:
            lender = rng.choice(attacks)
            found.append(_drifted(row, lender["action"], "foreign_call", lender))
    return found


def _drifted(row: Row, action: dict, kind: str, lender: Row) -> Row:
    source = f"{row['source']}+{kind}"
    return {**row, "action": action, "label": "drift", "kind": kind, "source": source, "lender": lender["source"].split("/")[0]}


def _other_action(row: Row, own: Sequence[Row], rng: random.Random) -> Row | None:
    """Another task's action of the same source: with the same tool in half of the tries, and with values that are new here."""
    wanted = rng.random() < 0.5
    for _ in range(30):
        other = rng.choice(own)
        same = other["action"]["tool"] == row["action"]["tool"]
        if other["group"] != row["group"] and same == wanted and _is_new(other["action"], row):
            return _drifted(row, other["action"], "other_action", other)
    return None


def _is_new(action: dict, row: Row) -> bool:
    """Whether most words of an action's values are in neither task nor history."""
    known = set(words(row["task"])) | {word for call in row["history"] for leaf in leaves(call["arguments"]) for word in words(leaf)}
    said = [word for leaf in leaves(action["arguments"]) for word in words(leaf) if len(word) > 2]
    if not said:
        return tool_class(action["tool"]) not in READ_ONLY
    return sum(word in known for word in said) < 0.5 * len(said)


def _aimed_elsewhere(row: Row, aimed: Sequence[Row], rng: random.Random) -> Row | None:
    """The same action with the destination of another row that is of the same shape."""
    where = str(row["action"]["destination"])
    for _ in range(40):
        lender = rng.choice(aimed)
        other = str(lender["action"]["destination"])
        if _form(other) == _form(where) and other.lower() not in row["task"].lower() and other != where:
            swapped = _swap(row["action"], where, other)
            return _drifted(row, swapped, "other_destination", lender) if destination({**row, "action": swapped}) == other.lower() else None
    return None


def _form(text: str) -> tuple[bool, bool, bool]:
    return "@" in text, "/" in text or "www." in text, any(character.isdigit() for character in text)


def _swap(value, old: str, new: str):
    if isinstance(value, dict):
        return {key: _swap(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [_swap(inner, old, new) for inner in value]
    return value.replace(old, new) if isinstance(value, str) else value
