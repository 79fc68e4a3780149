"""Whether duplicates and leaks go, splits keep sources apart, and a build is complete and repeatable."""

import gzip
import json
from pathlib import Path

import pytest

from models.training import build, dedup, reserved, splits
from models.training.grammar import Grammar
from models.training.rows import BadRow, check, read, write

DATA = Path(__file__).parent.parent / "data"
LONG = "The quick brown fox jumps over the lazy dog while the old miller counts his sacks of flour beside the river in the rain"


def row(text, label="benign", source="gen:a"):
    return {"text": text, "label": label, "source": source, "license": "Apache-2.0"}


def test_planted_near_duplicates_are_removed_and_others_stay():
    near = LONG.replace("rain", "rain today")
    rows = [row(LONG), row(near), row(LONG.upper()), row("Something else altogether"), row(LONG, "injection")]
    assert [kept["text"] for kept in dedup.drop_near_duplicates(rows)] == [LONG, "Something else altogether", LONG]


def test_many_planted_duplicates_are_all_found_among_many_rows():
    others = [row(" ".join(f"{word}{number}" for word in LONG.split())) for number in range(300)]
    planted = [row(other["text"] + " end") for other in others]
    assert dedup.drop_near_duplicates(others + planted) == others


def test_rows_that_share_a_long_run_with_dev_are_dropped():
    dev = [row(LONG)]
    leaking = row("Before. " + LONG + " After that, more words follow here.")
    assert dedup.drop_leaks([leaking, row("quick brown fox"), row(LONG.lower())], dev) == [row("quick brown fox")]


def test_rows_of_devs_own_sources_may_share_a_template():
    shared = row(LONG + " " + " ".join(f"word{number}" for number in range(60)))
    assert dedup.drop_leaks([shared], [row(LONG)], allowed=0.6) == [shared]
    assert dedup.drop_leaks([row(LONG)], [row(LONG)], allowed=1) == []


def test_a_split_never_leaks_a_source_or_a_group():
    rows = [
        row("a", source="gen:a"),
        row("b", source="gen:b"),
        row("c", source="BIPIA/code"),
        row("d", source="BIPIA/text"),
        {**row("e", source="ASB"), "group": "g"},
        {**row("f", source="gen:a"), "group": "g"},
    ]
    for generated in (True, False):
        for split in splits.leave_one_out(rows, generated):
            assert {splits.family(found) for found in split.test} == {split.left_out}
            assert split.left_out not in {splits.family(found) for found in split.train}
            assert not {found.get("group") for found in split.train} & {found["group"] for found in split.test if "group" in found}


def test_weights_balance_sides_and_lift_small_sources():
    rows = [row("x", source="big")] * 90 + [row("x", source="small")] * 10 + [row("x", "injection", "big")] * 50
    found = splits.weights(rows)
    assert sum(found) == pytest.approx(len(rows))
    assert sum(found[:100]) == pytest.approx(sum(found[100:]))
    assert found[95] > found[0]


def test_bad_rows_are_refused():
    for bad in (
        {**row("x"), "label": "drift"},
        row(" "),
        {**row("x"), "license": ""},
        {"task": "t", "history": [], "action": {"tool": "a"}, "label": "drift", "source": "s", "license": "l", "group": "g"},
    ):
        with pytest.raises(BadRow):
            check(bad)


def test_kept_slots_agree_and_alternations_resolve():
    import random

    words = Grammar(random.Random(1), {"name": ["a", "b", "c", "d"], "link": ["[[[x]]](u)"]})
    first, second = words.fill("{name.1} {^name.1}").split()
    assert second == first.upper()
    assert words.fill("{link}") == "[x](u)"
    with pytest.raises(KeyError):
        words.fill("{nobody}")


def test_written_rows_read_back_and_gzip_is_repeatable(tmp_path):
    rows = [row("zwölf \U000e0041 \u200b"), row("b")]
    for name in ("a.jsonl", "a.jsonl.gz"):
        write(tmp_path / name, rows)
        assert read(tmp_path / name) == rows
    before = (tmp_path / "a.jsonl.gz").read_bytes()
    write(tmp_path / "a.jsonl.gz", rows)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == before


def test_no_row_of_the_repository_names_a_reserved_set_as_its_source():
    for path in sorted(DATA.rglob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            sources = {json.loads(line)["source"] for line in file}
        assert not [source for source in sources if reserved.named_in(source)], path


def test_the_data_folder_stays_small():
    assert sum(path.stat().st_size for path in DATA.rglob("*.gz")) < 12_000_000


@pytest.fixture(scope="module")
def small_data(tmp_path_factory):
    """The data folder with few rows of each file."""
    folder = tmp_path_factory.mktemp("data")
    for path in sorted(DATA.rglob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for number, line in enumerate(file) if number % 60 == 0]
        write(folder / path.relative_to(DATA), rows)
    return folder


def test_a_build_is_complete_and_repeatable(small_data, tmp_path):
    one = build.build(small_data, tmp_path / "one", seed=5, per_family=12, groups=6)
    two = build.build(small_data, tmp_path / "two", seed=5, per_family=12, groups=6)
    assert one == two
    assert set(one["files"]) == {
        "injection/train.jsonl",
        "injection/dev.jsonl",
        "injection/holdout.jsonl",
        "injection/evasion.jsonl",
        "scope/train.jsonl",
        "scope/dev.jsonl",
        "scope/holdout.jsonl",
    }
    for name, found in one["files"].items():
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        assert found["rows"] > 0
    held = {found.split("/")[0] for found in one["files"]["injection/holdout.jsonl"]["families"]}
    trained = {found.split("/")[0] for found in one["files"]["injection/train.jsonl"]["families"]}
    assert held and not held & trained
