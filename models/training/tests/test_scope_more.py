"""Whether rows made from given ones are drift, say who lent what, and leave generated rows alone."""

import random

from models.training import scope_more


def row(task, tool, arguments, source, label="in_scope", group="g", **more):
    action = {"tool": tool, "arguments": arguments, **({"destination": arguments["to"]} if "to" in arguments else {})}
    return {"task": task, "history": [], "action": action, "label": label, "source": source, "group": group, **more}


ROWS = [
    row("Write to ana@birch.example", "send", {"to": "ana@birch.example", "body": "hello"}, "One/runs", group="a"),
    row("Write to bo@elm.example", "send", {"to": "bo@elm.example", "body": "the numbers"}, "Two/runs", group="b"),
    row("Water the plants", "wire", {"to": "eve@fir.example"}, "Three/attack", "drift", group="c"),
    row("Water the plants", "water", {"to": "roof@ash.example"}, "gen:x", group="d", generated=True),
]


def made():
    return [one for seed in range(40) for one in scope_more.made(ROWS, random.Random(seed))]


def test_made_rows_are_drift_and_name_their_lender():
    rows = made()
    assert {one["kind"] for one in rows} >= {"other_destination", "foreign_call"}
    assert all(one["label"] == "drift" and one["lender"] in ("One", "Two", "Three") for one in rows)
    assert all(one["source"].endswith("+" + one["kind"]) and not one.get("generated") for one in rows)


def test_a_swapped_destination_is_not_in_the_task():
    swapped = [one for one in made() if one["kind"] == "other_destination"]
    assert swapped and all(one["action"]["arguments"]["to"] == one["action"]["destination"] for one in swapped)
    assert not any(one["action"]["destination"] in one["task"] for one in swapped)


def test_given_rows_stay_as_they_are():
    before = repr(ROWS)
    made()
    assert repr(ROWS) == before
