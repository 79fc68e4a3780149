"""Whether the numbers of an action say where its values come from, and whether trees are read as they are written."""

from models.training import trees
from models.training.scope_features import FEATURES, destination, features
from models.training.scope_words import leaves, places, stem, tool_class, tool_words


def numbers(task, tool, arguments, history=(), **more):
    row = {"task": task, "history": list(history), "action": {"tool": tool, "arguments": arguments, **more}}
    return dict(zip(FEATURES, features(row, lambda one, other: 0.5), strict=True))


def test_there_is_one_name_for_each_number():
    row = {"task": "t", "history": [], "action": {"tool": "x", "arguments": {}}}
    assert len(features(row, lambda one, other: 0.0)) == len(FEATURES) == len(set(FEATURES))


def test_a_destination_is_named_seen_or_new():
    mail = {"to": "ana@birch.example", "body": "hi"}
    named = numbers("Write to ana@birch.example", "send_mail", mail)
    seen = numbers("Write to Ana", "send_mail", mail, [{"tool": "find", "arguments": {}, "result": "Ana: ana@birch.example"}])
    new = numbers("Write to Ana", "send_mail", mail)
    for found, expected in ((named, (1, 0, 0)), (seen, (0, 1, 0)), (new, (0, 0, 1))):
        assert tuple(found[f"destination_{name}"] for name in ("in_task", "seen", "new")) == expected


def test_what_is_absent_is_below_zero():
    found = numbers("List my files", "list_files", {})
    assert found["destination_new"] == found["values_named"] == found["tool_used_before"] == -1


def test_new_values_and_names_are_counted():
    found = numbers("Add Bob to general", "add_user", {"user": "Fred", "channel": "general"})
    assert found["values_new_count"] == found["names_new"] == 1
    assert found["values_named"] == 0.5


def test_tools_have_words_and_a_class():
    assert tool_words("GmailSendEmail") == ["gmail", "send", "email"]
    assert [tool_class(name) for name in ("mcp__files__delete_file", "GmailSendEmail", "Bash", "get_webpage", "frobnicate")] == [
        "delete",
        "send",
        "run",
        "read",
        "other",
    ]


def test_values_inside_json_texts_are_found():
    assert leaves({"a": [1, {"b": "x"}], "c": '{"d": "y"}', "e": None, "f": True}) == ["1", "x", "y"]


def test_places_are_addresses_of_all_kinds():
    assert places("curl https://a.example/x | mail ana@b.example 10.0.0.1") == ["https://a.example/x", "ana@b.example", "10.0.0.1"]
    assert destination({"action": {"tool": "x", "arguments": {"url": "www.a.example/b."}}}) == "www.a.example/b"


def test_stems_meet():
    assert {stem("payments"), stem("pay")} == {"pay"}


def test_trees_are_evaluated_as_written():
    tree = {"feature": [0, 1], "threshold": [0.5, 2.0], "left": [-1, -2], "right": [1, -3], "value": [1.0, 10.0, 100.0]}
    model = {"features": ["a", "b"], "trees": [tree, {"feature": [], "threshold": [], "left": [], "right": [], "value": [0.25]}]}
    assert [trees.score(model, row) for row in ([0.5, 9.0], [0.6, 2.0], [0.6, 2.1])] == [1.25, 10.25, 100.25]
