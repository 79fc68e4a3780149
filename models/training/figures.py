"""Figures of a classifier: ROC AUC, recall at a false-positive rate, and how a family left out is judged."""

from collections.abc import Iterator, Sequence

import numpy as np

from . import splits
from .rows import Row

HARMLESS = ("benign", "in_scope")
# Every third package passage is kept from training, for sources that hold attacks alone.
LENT_EVERY = 3


def auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """The chance that an attack scores above a harmless row; ties count half."""
    values, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    attacks, others = int(truth.sum()), int((~truth).sum())
    return float((ranks[truth].sum() - attacks * (attacks + 1) / 2) / (attacks * others)) if attacks and others else float("nan")


def threshold_at(truth: np.ndarray, scores: np.ndarray, rate: float) -> float:
    """The lowest threshold at which at most `rate` of the harmless rows score strictly above it."""
    harmless = np.sort(scores[~truth])[::-1]
    return float(harmless[int(rate * len(harmless))])


def recall_at(truth: np.ndarray, scores: np.ndarray, rate: float) -> float:
    """The share of attacks strictly above that threshold."""
    return float((scores[truth] > threshold_at(truth, scores, rate)).mean())


def sent_at(truth: np.ndarray, scores: np.ndarray, missed: float) -> float:
    """The share of harmless rows at or above the highest threshold that misses at most this share of the attacks."""
    attacks = np.sort(scores[truth])
    return float((scores[~truth] >= attacks[int(missed * len(attacks))]).mean())


def judged(rows: Sequence[Row], generated: bool) -> Iterator[tuple[str, list[Row], list[Row]]]:
    """Each family left out: its name, the rows to train on, the rows to judge.

    A family of attacks alone is judged against package passages that training does not see; a harmless one is skipped.
    """
    packages = [row for row in rows if row["source"].startswith("pkg:")]
    lent = packages[::LENT_EVERY]
    lent_ids = {id(row) for row in lent}
    for split in splits.leave_one_out(rows, generated):
        sides = {row["label"] in HARMLESS for row in split.test}
        if sides == {True}:
            continue
        if sides == {False}:
            yield split.left_out, [row for row in split.train if id(row) not in lent_ids], split.test + lent
        else:
            yield split.left_out, split.train, split.test


def table(found: dict[str, dict]) -> dict:
    """The figures with their means, weighted evenly."""
    means = {key: float(np.mean([figures[key] for figures in found.values()])) for key in next(iter(found.values()))}
    return {"families": found, "mean": means}
