"""Whether the shipped files are those of the card, and the golden vectors those of the definitions."""

import hashlib
import json
import math
import struct
from pathlib import Path

import pytest

from models.training import trees
from models.training.prepare import prepare
from models.training.scope_features import FEATURES, features
from models.training.tier1_features import WINDOW, slots, tokens, window_starts

WEIGHTS = Path(__file__).parents[2] / "weights"
GOLDEN = json.loads((WEIGHTS / "golden.json").read_text(encoding="utf-8"))
CARD = json.loads((WEIGHTS / "card.json").read_text(encoding="utf-8"))
MOST_BYTES = 40 << 20


def tensors(name):
    """The header of a safetensors file, and its data."""
    body = (WEIGHTS / name).read_bytes()
    size = struct.unpack("<Q", body[:8])[0]
    return json.loads(body[8 : 8 + size]), memoryview(body)[8 + size :]


@pytest.fixture(scope="module")
def tier1():
    header, data = tensors("tier1.safetensors")

    def part(name):
        first, last = header[name]["data_offsets"]
        return data[first:last]

    return part("weights").cast("b"), struct.unpack("<f", part("scale"))[0], struct.unpack("<f", part("bias"))[0]


def test_files_are_those_of_the_card():
    assert {name: one["sha256"] for name, one in CARD["files"].items()} == {
        name: hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() for name in CARD["files"]
    }
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < MOST_BYTES


@pytest.mark.parametrize("one", GOLDEN["texts"], ids=range(len(GOLDEN["texts"])))
def test_texts_give_the_golden_slots_and_logits(one, tier1):
    assert prepare(one["text"]) == one["prepared"]
    words = slots(tokens(one["prepared"]))
    body = b"".join(slot.to_bytes(4, "little") for word in words for slot in word)
    assert (len(words), hashlib.sha256(body).hexdigest()) == (one["words"], one["slots_sha256"])
    weights, scale, bias = tier1
    for start, expected in zip(window_starts(len(words)), one["tier1_windows"], strict=True):
        own = [slot for word in words[start : start + WINDOW] for slot in word]
        assert bias + scale * sum(weights[slot] for slot in own) / math.sqrt(max(1, len(own))) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("one", GOLDEN["actions"], ids=range(len(GOLDEN["actions"])))
def test_actions_give_the_golden_numbers_and_score(one):
    found = dict(zip(FEATURES, features(one, lambda first, second: 0.0), strict=True))
    for name, value in one["features"].items():
        if not name.startswith("alike_"):
            assert found[name] == pytest.approx(value, abs=1e-6), name
    model = json.loads((WEIGHTS / "scope.json").read_text(encoding="utf-8"))
    assert model["features"] == list(FEATURES)
    assert trees.score(model, list(one["features"].values())) == pytest.approx(one["score"], abs=1e-3)


def test_tier2_has_the_tensors_of_its_shape():
    header, _ = tensors("tier2.safetensors")
    shape = json.loads(header["__metadata__"]["shape"])
    vocabulary = json.loads((WEIGHTS / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert header["words.weight"]["shape"] == [len(vocabulary), shape["width"]]
    assert vocabulary["[PAD]"] == 0 and {"[CLS]", "[SEP]", "[UNK]"} <= vocabulary.keys()
    assert all(f"layers.{at}.down.weight" in header for at in range(shape["layers"]))
    assert {one["dtype"] for name, one in header.items() if name != "__metadata__"} == {"F16"}
