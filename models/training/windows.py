"""Windows of the whole corpus for tier 2: ids, which row a window belongs to, and which windows a row is trained on.

An attack's label holds for the text, not for each window (multiple-instance learning): a draw takes the window that the model
so far finds worst, at times the next one. A harmless row gives its worst window in half of the draws, any in the other half.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .encoder import LABELS
from .rows import Row
from .vocabulary import CONTENT, spans

EXPLORE = 0.15
HARD = 0.5
# The share of draws of short rows that are put into a carrier.
SPLICED = 0.3
# Short texts of these families are put into carriers: what they say is an attack, or no order, wherever it stands.
LENT = {
    "benign": ("S-Labs", "neuralchemy", "gen:talk", "talk:"),
    "injection": ("S-Labs", "neuralchemy", "yanismiraoui", "gen:direct", "gen:tongues_only", "gen:guarded", "gen:overrides", "gen:spoken", "ASB"),
    "jailbreak": ("neuralchemy", "gen:jailbreaks", "TaskTracker"),
}
LENT_TOKENS = 70
CARRIER_TOKENS = 24
DRAWS = 4096


@dataclass
class Corpus:
    """Rows as windows of ids without special tokens.

    `label[r]` numbers `encoder.LABELS`; row r has the windows `of[r]` to `of[r + 1]`; `worst[k]` is the last known log odds of
    window k, at first from tier 1; `lent` marks rows that may be put into the windows of `carriers`.
    """

    ids: list[np.ndarray]
    label: np.ndarray
    of: np.ndarray
    worst: np.ndarray
    lent: np.ndarray
    carriers: list[int]

    def windows(self, row: int) -> range:
        """The windows of a row."""
        return range(int(self.of[row]), int(self.of[row + 1]))


@dataclass(frozen=True)
class Draw:
    """One training example: ids, label, and the window that it is, or -1 for a spliced one."""

    ids: np.ndarray
    label: int
    window: int


def corpus(rows: Sequence[Row], ids: Sequence[Sequence[int]], most: int = 40) -> Corpus:
    """At most so many windows a row: the first ones."""
    made, of, lent, carriers = [], [0], [], []
    for row, tokens in zip(rows, ids, strict=True):
        own = [np.array(tokens[first:last], np.int32) for first, last in spans(len(tokens))[:most]]
        short = len(tokens) <= LENT_TOKENS
        lent.append(short and row["source"].startswith(LENT[row["label"]]))
        if row["label"] == "benign" and (row["source"].startswith("pkg:") or row.get("generated")) and not short:
            carriers += [len(made) + at for at, window in enumerate(own) if len(window) >= CARRIER_TOKENS]
        made += own
        of.append(len(made))
    label = np.array([LABELS.index(row["label"]) for row in rows])
    return Corpus(made, label, np.array(of), np.zeros(len(made), np.float32), np.array(lent), carriers)


def pick(data: Corpus, row: int, rng: random.Random) -> int:
    """The window of a row to train on now."""
    spots = data.windows(row)
    if len(spots) == 1:
        return spots[0]
    order = np.argsort(-data.worst[spots[0] : spots[-1] + 1], kind="stable")
    if data.label[row]:
        return spots[int(order[int(rng.random() < EXPLORE)])]
    return spots[int(order[0])] if rng.random() < HARD else rng.choice(spots)


def spliced(passage: np.ndarray, carrier: np.ndarray, rng: random.Random) -> np.ndarray:
    """The passage at a random place of the carrier, which is cut to fit a window."""
    room = CONTENT - len(passage)
    if len(carrier) > room:
        start = rng.randint(0, len(carrier) - room)
        carrier = carrier[start : start + room]
    at = rng.randint(0, len(carrier))
    return np.concatenate([carrier[:at], passage, carrier[at:]])


def draws(data: Corpus, weight: np.ndarray, rng: random.Random, count: int = DRAWS) -> list[Draw]:
    """So many rows drawn by weight, each as one window."""
    made = []
    for row in rng.choices(range(len(weight)), weight, k=count):
        window = pick(data, row, rng)
        ids, label = data.ids[window], int(data.label[row])
        if data.lent[row] and rng.random() < SPLICED:
            made.append(Draw(spliced(ids, data.ids[rng.choice(data.carriers)], rng), label, -1))
        else:
            made.append(Draw(ids, label, window))
    return made


def batched(found: Sequence[Draw], tokens: int, rng: random.Random) -> Iterator[list[Draw]]:
    """Draws of like length together, at most so many padded tokens a batch, in random order."""
    made: list[list[Draw]] = [[]]
    for draw in sorted(found, key=lambda draw: len(draw.ids)):
        if (len(made[-1]) + 1) * padded(len(draw.ids)) > tokens:
            made.append([])
        made[-1].append(draw)
    rng.shuffle(made)
    return iter(made)


def padded(content: int) -> int:
    """The length of a window with `[CLS]` and `[SEP]`, filled up to a multiple of 8."""
    return -(-(content + 2) // 8) * 8
