"""How varied a family is: the share of its n-grams that are distinct, and how much its commonest rows weigh."""

from collections import Counter
from collections.abc import Iterable

from .dedup import content, words
from .rows import Row

# Equal samples, since the ratio falls with the amount of text.
SAMPLE_WORDS = 20_000


def distinct_ratio(rows: Iterable[Row], length: int, sample_words: int = SAMPLE_WORDS) -> float:
    """Distinct n-grams over all n-grams, within the first so many words."""
    seen, total, used = set(), 0, 0
    for row in rows:
        said = words(content(row))[:400]
        used += len(said)
        runs = [tuple(said[at : at + length]) for at in range(len(said) - length + 1)]
        seen.update(runs)
        total += len(runs)
        if used >= sample_words:
            break
    return len(seen) / total if total else 1.0


def commonest_start(rows: Iterable[Row], length: int = 6) -> float:
    """The share of rows that begin with the commonest first words: a dominating template shows here."""
    starts = Counter(tuple(words(content(row))[:length]) for row in rows)
    return max(starts.values()) / sum(starts.values()) if starts else 0.0


def length_band(row: Row) -> str:
    """The length of a row's text in words, as a band."""
    count = len(content(row).split())
    for most in (8, 30, 100, 300, 1000):
        if count <= most:
            return f"<={most:04}"
    return ">1000"
