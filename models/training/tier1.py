"""Tier 1: a linear model over hashed n-grams, trained on windows, the guilty window of an attack chosen by the model itself.

    python -m models.training.tier1 fit CORPUS --out FOLDER              # weights, and scores of holdout, dev and evasion
    python -m models.training.tier1 leave-one-out CORPUS --out FOLDER    # figures with each source left out

`tier1_features` defines the slots. A window's logit is

    bias + sum of weight[slot] over the window's slots / sqrt(number of those slots)

and a text's is the largest of its windows'. Needs numpy, scipy and scikit-learn.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import splits
from .baseline import sampled
from .figures import HARMLESS, auc, judged, recall_at, sent_at, table
from .prepare import prepare
from .rows import Row, read
from .tier1_features import BITS, WINDOW, slots, tokens, window_starts

POWER = 0.5
ROUNDS = 3
# Passes of stochastic gradient descent in each round.
PASSES = 2
ALPHA = 2e-5
AVERAGE = False


@dataclass(frozen=True)
class Windows:
    """All windows of a corpus as ranges of one array of slots.

    `flat` int32, the slots of all words in order; window k is `flat[first[k]:last[k]]`; it belongs to row `row[k]`, and the
    windows of row r are `of[r]` to `of[r + 1]`.
    """

    flat: np.ndarray
    first: np.ndarray
    last: np.ndarray
    row: np.ndarray
    of: np.ndarray

    @property
    def root(self) -> np.ndarray:
        """The square root of the number of slots of each window, at least 1."""
        return np.sqrt(np.maximum(1, self.last - self.first))


def featurised(texts: Sequence[str]) -> Windows:
    """The windows of texts."""
    flat, first, last, row, of, base = [], [], [], [], [0], 0
    for index, text in enumerate(texts):
        words = slots(tokens(prepare(text)))
        ends = np.cumsum([0, *map(len, words)])
        flat.append(np.fromiter((slot for word in words for slot in word), np.int32, int(ends[-1])))
        for start in window_starts(len(words)):
            first.append(base + ends[start])
            last.append(base + ends[min(start + WINDOW, len(words))])
            row.append(index)
        base += int(ends[-1])
        of.append(len(first))
    return Windows(
        np.concatenate(flat), np.array(first, np.int64), np.array(last, np.int64), np.array(row, np.int32), np.array(of, np.int64)
    )


def logits(windows: Windows, weights: np.ndarray, bias: float) -> np.ndarray:
    """The logit of each window."""
    sums = np.concatenate([[0.0], np.cumsum(weights[windows.flat], dtype=np.float64)])
    return (sums[windows.last] - sums[windows.first]) / windows.root + bias


def row_scores(windows: Windows, scores: np.ndarray) -> np.ndarray:
    """The largest logit of each row."""
    return np.maximum.reduceat(scores, windows.of[:-1])


def chosen(windows: Windows, scores: np.ndarray, attack: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """How much each window counts: an attack's best window alone; half of a harmless row on its worst, half on all."""
    best = np.zeros(len(scores))
    top = row_scores(windows, scores)[windows.row]
    best[scores >= top] = 1.0
    counts = np.diff(windows.of)
    best /= np.add.reduceat(best, windows.of[:-1])[windows.row]
    even = (1 / counts)[windows.row]
    return weight[windows.row] * np.where(attack[windows.row], best, 0.5 * best + 0.5 * even)


def as_matrix(windows: Windows, used: np.ndarray):
    """The used windows as a sparse matrix of slots; each row is divided by the root of its size."""
    from scipy.sparse import csr_matrix

    sizes = (windows.last - windows.first)[used]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    columns = windows.flat[np.repeat(windows.first[used] - ends[:-1], sizes) + np.arange(ends[-1])]
    return csr_matrix((np.repeat(1 / windows.root[used], sizes), columns, ends), (len(used), 1 << BITS))


def fit(windows: Windows, attack: np.ndarray, weight: np.ndarray, rounds: int = ROUNDS) -> tuple[np.ndarray, float]:
    """Weights of slots and the bias; rows of weight 0 take no part. Each round chooses windows anew."""
    from sklearn.linear_model import SGDClassifier

    known = np.flatnonzero(weight[windows.row] > 0)
    matrix = as_matrix(windows, known)
    truth = attack[windows.row[known]]
    scores = np.zeros(len(windows.first))
    made = SGDClassifier(loss="log_loss", alpha=ALPHA, random_state=0, average=AVERAGE)
    for _ in range(rounds):
        count = chosen(windows, scores, attack, weight)[known]
        used = np.flatnonzero(count > 0)
        part, share = matrix[used], count[used] / count[used].mean()
        for _pass in range(PASSES):
            made.partial_fit(part, truth[used], [False, True], share)
        scores = logits(windows, made.coef_[0], float(made.intercept_[0]))
    return made.coef_[0], float(made.intercept_[0])


def quantised(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights as int8 and the scale that gives them back."""
    scale = float(np.quantile(np.abs(weights), 0.9999) / 127)
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale


def row_weights(rows: Sequence[Row], power: float) -> np.ndarray:
    """`splits.weights` as an array."""
    return np.array(splits.weights(rows, power))


def leave_one_out(rows: Sequence[Row], generated: bool, power: float) -> dict[str, dict]:
    """Figures for each family left out; a family with one side is judged with `figures.judged`."""
    windows = featurised([row["text"] for row in rows])
    attack = np.array([row["label"] not in HARMLESS for row in rows])
    place = {id(row): index for index, row in enumerate(rows)}
    found = {}
    for name, train, test in judged(rows, generated):
        weight = np.zeros(len(rows))
        weight[[place[id(row)] for row in train]] = row_weights(train, power)
        weights, bias = fit(windows, attack, weight)
        at = [place[id(row)] for row in test]
        scores = row_scores(windows, logits(windows, weights, bias))[at]
        found[name] = {
            "rows": len(at),
            "auc": auc(attack[at], scores),
            "at_1": recall_at(attack[at], scores, 0.01),
            "sent_at_2": sent_at(attack[at], scores, 0.02),
        }
        print(f"{name:34}", " ".join(f"{value:.3f}" for value in found[name].values()), flush=True)
    return found


def thinned(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows of each family and side; of each package a tenth of that."""
    packages = [row for row in rows if row["source"].startswith("pkg:")]
    return sampled([row for row in rows if not row["source"].startswith("pkg:")], most) + sampled(packages, most // 10)


def fitted(rows: Sequence[Row], power: float) -> tuple[np.ndarray, float, float]:
    """int8 weights, their scale, and the bias."""
    attack = np.array([row["label"] not in HARMLESS for row in rows])
    weights, bias = fit(featurised([row["text"] for row in rows]), attack, row_weights(rows, power))
    numbers, scale = quantised(weights)
    return numbers, scale, bias


def scored(texts: Sequence[str], numbers: np.ndarray, scale: float, bias: float) -> np.ndarray:
    """The logit of each text under the shipped weights."""
    weights, found = numbers * np.float64(scale), []
    for start in range(0, len(texts), 2000):
        windows = featurised(texts[start : start + 2000])
        found.append(row_scores(windows, logits(windows, weights, bias)))
    return np.concatenate(found)


def write(out: Path, numbers: np.ndarray, scale: float, bias: float) -> None:
    """`tier1.safetensors`: `weights` int8, `scale` and `bias` float32."""
    from safetensors.numpy import save_file

    out.mkdir(parents=True, exist_ok=True)
    tensors = {"weights": numbers, "scale": np.array([scale], np.float32), "bias": np.array([bias], np.float32)}
    save_file(tensors, str(out / "tier1.safetensors"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("fit", "leave-one-out"))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--generated", action="store_true", help="leave generated families out, not given sources")
    parser.add_argument("--power", type=float, default=POWER)
    parser.add_argument("--most", type=int, default=800, help="rows of each family and side; of each package a tenth")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.what == "leave-one-out":
        rows = thinned([row for part in ("train", "holdout") for row in read(options.corpus / f"injection/{part}.jsonl")], options.most)
        found = table(leave_one_out(rows, options.generated, options.power))
        (options.out / "tier1_left_out.json").write_text(json.dumps(found, indent=1))
        return
    model = fitted(thinned(read(options.corpus / "injection/train.jsonl"), options.most), options.power)
    write(options.out, *model)
    for part in ("holdout", "dev", "evasion"):
        if rows := read(options.corpus / f"injection/{part}.jsonl"):
            np.save(options.out / f"tier1_{part}.npy", scored([row["text"] for row in rows], *model))


if __name__ == "__main__":
    main()
