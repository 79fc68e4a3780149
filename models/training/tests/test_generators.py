"""Whether every generator yields valid, distinct, correctly labelled rows, the same for the same seed."""

from collections import Counter

import pytest

from models.training import measure
from models.training.generators import INJECTION, generate, scope
from models.training.reserved import named_in
from models.training.rows import GENERATED

SAMPLE = 250


@pytest.fixture(scope="module")
def made():
    return {module.FAMILY: list(generate(module, 7, SAMPLE)) for module in INJECTION}


@pytest.mark.parametrize("family", [module.FAMILY for module in INJECTION])
def test_rows_are_labelled_as_generated_and_nearly_all_distinct(made, family):
    rows = made[family]
    assert len(rows) == SAMPLE
    assert {row["source"] for row in rows} == {GENERATED + family}
    assert all(row["generated"] for row in rows)
    assert len({row["text"] for row in rows}) > 0.97 * SAMPLE
    assert not any("{" + slot in row["text"] for row in rows for slot in ("ask}", "noun}", "person}", "sentence}", "task}"))


@pytest.mark.parametrize("family", [module.FAMILY for module in INJECTION])
def test_both_sides_are_there_in_similar_numbers_and_lengths(made, family):
    harmless = [row for row in made[family] if row["label"] == "benign"]
    attacks = [row for row in made[family] if row["label"] != "benign"]
    assert 0.25 * SAMPLE < len(attacks) < 0.7 * SAMPLE

    def median(rows):
        return sorted(len(row["text"]) for row in rows)[len(rows) // 2]

    assert 0.4 < median(harmless) / median(attacks) < 2.5


@pytest.mark.parametrize("family", [module.FAMILY for module in INJECTION])
def test_no_template_dominates(made, family):
    rows = made[family]
    assert measure.commonest_start(rows, 8) < 0.07
    # Some carriers are a few dozen paragraphs that people wrote: those repeat.
    assert measure.distinct_ratio(rows, 4) > (0.35 if family == "overrides" else 0.5)


def test_attacks_cover_styles_intents_and_languages(made):
    attacks = [row for rows in made.values() for row in rows if row["label"] == "injection"]
    assert len({row["style"].split("+")[0] for row in attacks}) >= 18
    assert len({row["intent"] for row in attacks}) >= 18
    assert len({row["lang"] for row in attacks}) >= 12
    styles = Counter(row["style"].split("+")[0] for row in attacks if row["lang"] == "en")
    assert max(styles.values()) < 0.2 * sum(styles.values())


def test_addresses_do_not_give_the_label_away(made):
    ends = {True: Counter(), False: Counter()}
    for rows in made.values():
        for row in rows:
            for word in row["text"].split():
                if "@" in word and "." in word:
                    ends[row["label"] == "benign"][word.strip(".,>\"'").rsplit(".", 1)[-1].lower()] += 1
    for end in ("example", "com", "net", "test"):
        shares = [ends[side][end] / max(1, sum(ends[side].values())) for side in (True, False)]
        assert abs(shares[0] - shares[1]) < 0.1, end


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    for module in INJECTION[:6]:
        assert list(generate(module, 3, 20)) == list(generate(module, 3, 20))
        assert list(generate(module, 3, 20)) != list(generate(module, 4, 20))


@pytest.mark.parametrize("domain", scope.DOMAINS, ids=lambda domain: domain.FAMILY)
def test_scope_rows_are_valid_and_of_all_kinds(domain):
    rows = list(scope.generate(domain, 7, 60))
    labels = Counter(row["label"] for row in rows)
    assert 0.5 < labels["drift"] / labels["in_scope"] < 2
    assert all(row["source"] == f"{GENERATED}scope_{domain.FAMILY}" and row["group"] for row in rows)
    assert len({row["kind"] for row in rows if row["label"] == "drift"}) >= 5
    assert not any("{" in row["task"] or "[[" in row["task"] for row in rows)


@pytest.mark.parametrize("domain", scope.DOMAINS, ids=lambda domain: domain.FAMILY)
def test_a_drifting_action_is_never_one_of_the_tasks_own(domain):
    actions = {}
    for row in scope.generate(domain, 7, 60):
        actions.setdefault((row["group"], row["label"]), []).append(row["action"])
    for (group, label), drifting in actions.items():
        if label == "drift":
            assert not any(action in actions.get((group, "in_scope"), []) for action in drifting)


def test_destinations_from_results_are_on_both_sides():
    rows = [row for domain in scope.DOMAINS for row in scope.generate(domain, 7, 60)]
    found = Counter((row["label"], row["destination_origin"]) for row in rows)
    assert found["in_scope", "result"] > 50 and found["drift", "result"] > 50
    assert found["drift", "new"] > found["in_scope", "new"]
    assert any(row["kind"] == "resisted" for row in rows)


def test_no_reserved_set_is_named(made):
    assert named_in("rows of NotInject") == "NotInject"
    assert not any(named_in(row["text"]) or named_in(row["source"]) for rows in made.values() for row in rows)
