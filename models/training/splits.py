"""How the corpus is cut: one source left out, one generator left out, and how much each source weighs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .rows import GENERATED, Row, family

# Given sources and generated families that the standing holdout keeps from training.
HOLDOUT = (
    "ASB",
    "agentdojo-slack",
    "TaskTracker-triggers(train)",
    "PyRIT templates",
    "gdm_stealth tickets",
    "tau2-retail",
    "gen:tickets",
    "gen:security_talk",
    "gen:quiet_requests",
    "gen:scope_finance",
    "gen:scope_messaging",
    "pkg:flask",
    "pkg:kubernetes",
)


@dataclass(frozen=True)
class Split:
    """What is trained on and what is judged; `left_out` names what only the second part holds."""

    left_out: str
    train: list[Row]
    test: list[Row]


def leave_one_out(rows: Sequence[Row], generated: bool) -> Iterator[Split]:
    """A split for each generated family, or for each given source."""
    names = sorted(
        {family(row) for row in rows if row["source"].startswith(GENERATED) == generated and not row["source"].startswith("pkg:")}
    )
    for name in names:
        yield hold_out(rows, (name,))


def hold_out(rows: Iterable[Row], names: Sequence[str]) -> Split:
    """Rows of the named families on one side, all others on the other; no group stands on both."""
    train, test = [], []
    for row in rows:
        (test if family(row) in names else train).append(row)
    groups = {row["group"] for row in test if "group" in row}
    return Split("+".join(names), [row for row in train if row.get("group") not in groups], test)


def weights(rows: Sequence[Row], power: float = 0.5) -> list[float]:
    """A weight for each row: a family counts by a power of its size, and both labels of a task count the same.

    With power 1 every row weighs the same, with 0 every family. The weights of all rows add up to their number.
    """
    sizes = Counter((family(row), row["label"]) for row in rows)
    raw = [sizes[family(row), row["label"]] ** (power - 1) for row in rows]
    harmless = ("benign", "in_scope")
    totals = {True: 0.0, False: 0.0}
    for row, weight in zip(rows, raw, strict=True):
        totals[row["label"] in harmless] += weight
    half = len(rows) / 2
    return [weight * half / totals[row["label"] in harmless] for row, weight in zip(rows, raw, strict=True)]
