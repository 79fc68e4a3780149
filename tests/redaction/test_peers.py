"""Recall and precision on one seeded corpus: ours are each at least those of betterleaks and of kingfisher."""

import collections
import json

import pytest

import corpus
from peers import PEERS
from redactor import left_of, redact

# A peer has found a secret if what it reports shares this many signs with it: generous to the peer.
SHARED = 8


class Score:
    """What one tool found among the true secrets and wrongly among the look-alikes."""

    def __init__(self, name, found, wrong, secrets):
        self.name, self.found, self.wrong = name, found, wrong
        self.recall = len(found) / secrets
        self.precision = len(found) / max(1, len(found) + len(wrong))

    def __str__(self):
        return (f"{self.name:12} recall {self.recall:7.2%}  precision {self.precision:7.2%}  "
                f"found {len(self.found):5}  wrong {len(self.wrong):4}")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Every case by its id, read back from the JSON lines."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    corpus.write(path)
    return {case["id"]: case for case in map(json.loads, path.read_text().splitlines())}


@pytest.fixture(scope="module")
def ours(cases, tmp_path_factory):
    """Our score, with what is left of the secrets that survive and how wrong ones were altered."""
    folder = tmp_path_factory.mktemp("ours")
    answers = dict(zip(cases, redact([case["text"] for case in cases.values()], folder), strict=True))
    again = redact(answers.values(), folder)
    missed, found, wrong = {}, set(), {}
    for key, case in cases.items():
        if "secret" not in case:
            if answers[key] != case["text"]:
                wrong[key] = answers[key]
        elif left := left_of(case["parts"], answers[key]):
            missed[key] = left
        else:
            found.add(key)
    score = Score("magistrate", found, wrong, sum("secret" in case for case in cases.values()))
    score.missed = missed
    score.changed_again = [key for key, twice in zip(cases, again, strict=True) if twice != answers[key]]
    return score


@pytest.fixture(scope="module")
def peers(cases, tmp_path_factory):
    """The peers' scores over the same texts, one in a file."""
    folder = tmp_path_factory.mktemp("files")
    for key, case in cases.items():
        (folder / f"{key}.txt").write_text(case["text"] + "\n")
    secrets = sum("secret" in case for case in cases.values())
    scores = []
    for name, scan in PEERS.items():
        found, wrong = set(), set()
        for key, text in scan(folder, tmp_path_factory.mktemp(name) / "report.json"):
            if "secret" not in cases[key]:
                wrong.add(key)
            elif shares(cases[key]["secret"], text):
                found.add(key)
        scores.append(Score(name, found, wrong, secrets))
    return scores


def shares(secret, text):
    return any(secret[at:at + SHARED] in text for at in range(max(1, len(secret) - SHARED + 1)))


def report(ours, peers, cases):
    """The table, and what we miss or alter by format."""
    lines = ["", *map(str, [ours, *peers]), ""]
    total = collections.Counter(case["format"] for case in cases.values() if "secret" in case)
    missed = collections.defaultdict(list)
    for key in ours.missed:
        missed[cases[key]["format"]].append(key)
    for name, keys in sorted(missed.items(), key=lambda item: -len(item[1])):
        texts = " ".join(sorted({cases[key]["context"] for key in keys}))
        also = ", ".join(f"{peer.name} {sum(key in peer.found for key in keys)}" for peer in peers)
        lines.append(f"missed  {name:28} {len(keys):2} of {total[name]:2}  [{texts}]  of these found by {also}")
    for key, answer in sorted(ours.wrong.items()):
        lines.append(f"altered {cases[key]['format']:28} {cases[key]['kind']:13} {cases[key]['text']!r} -> {answer!r}")
    return "\n".join(lines)


def test_the_corpus_is_large_and_true(cases):
    secrets = [case for case in cases.values() if "secret" in case]
    assert len(secrets) >= 3000
    assert len(cases) - len(secrets) >= 3000
    assert len({case["format"] for case in secrets}) >= 160
    for case in secrets:
        assert 0 <= case["start"] < case["end"] <= len(case["text"])
        assert all(left_of([part], case["text"]) for part in case["parts"]), case["id"]


@pytest.mark.parametrize("measure", ["recall", "precision"])
def test_ours_is_at_least_that_of_each_peer(cases, ours, peers, measure):
    table = report(ours, peers, cases)
    print(table)
    for peer in peers:
        assert getattr(ours, measure) >= getattr(peer, measure), f"{measure} below {peer.name}:\n{table}"


def test_no_format_is_missed_altogether(cases, ours):
    seen = {cases[key]["format"] for key in ours.found}
    assert {case["format"] for case in cases.values() if "secret" in case} - seen == set()


def test_a_second_pass_changes_nothing(ours):
    assert ours.changed_again == []
