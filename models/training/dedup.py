"""Which rows say the same: near-duplicates among rows, and rows that share a long passage with the dev set.

Shingles are hashes of five words of the folded text; a minhash sketch finds candidates, the exact Jaccard decides.
"""

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

from .rows import Row

SHINGLE_WORDS = 5
NEAR = 0.8
# The sketch of a text: pairs among so many of its smallest shingles.
SMALLEST = 6
# So many words in a row that also stand in dev are a leak.
LEAK_WORDS = 13


def content(row: Row) -> str:
    """What a row says, without its label and source."""
    if "text" in row:
        return row["text"]
    action = row["action"]
    return f"{row['task']} {action['tool']} {sorted(action['arguments'].items())} {[call['tool'] for call in row['history']]}"


def words(text: str) -> list[str]:
    """The words of a text, folded; scripts without spaces give their characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.findall(r"[^\W\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]+|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]", folded)


def shingles(text: str, length: int = SHINGLE_WORDS) -> set[int]:
    """Hashes of each run of words; a short text is one shingle."""
    found = words(text)
    if len(found) <= length:
        return {_hash(" ".join(found))}
    return {_hash(" ".join(found[start : start + length])) for start in range(len(found) - length + 1)}


def _hash(text: str) -> int:
    raw = text.encode("utf-8", "surrogatepass")
    return zlib.crc32(raw) << 29 ^ zlib.adler32(raw)


def keys(marks: set[int]) -> list[tuple[int, int]]:
    """Pairs of the smallest shingles (a bottom-k minhash); sets that share a pair are candidates."""
    smallest = sorted(marks)[:SMALLEST]
    if len(smallest) == 1:
        return [(smallest[0], smallest[0])]
    return list(combinations(smallest, 2))


def jaccard(one: set[int], other: set[int]) -> float:
    """Shared part of two sets, from 0 to 1."""
    return len(one & other) / len(one | other) if one or other else 1.0


def drop_near_duplicates(rows: Iterable[Row], text_of: Callable[[Row], str] = content, near: float = NEAR) -> list[Row]:
    """Keeps the first of each group of rows with the same label that are nearly the same."""
    kept: list[Row] = []
    marks_of: list[set[int]] = []
    buckets: dict[tuple[int, ...], list[int]] = {}
    for row in rows:
        marks = shingles(text_of(row))
        pairs = keys(marks)
        rivals = {index for key in pairs for index in buckets.get(key, ())}
        if any(kept[index]["label"] == row["label"] and jaccard(marks, marks_of[index]) >= near for index in rivals):
            continue
        for key in pairs:
            buckets.setdefault(key, []).append(len(kept))
        kept.append(row)
        marks_of.append(marks)
    return kept


def drop_leaks(rows: Iterable[Row], dev: Sequence[Row], allowed: float = 0.0) -> list[Row]:
    """Drops rows that say just what a dev row says, or that share long runs of words with dev.

    `allowed` is the share of a row's long runs that may also stand in dev: none for our own rows, some for rows
    of dev's own sources, whose templates and footers are in both. At 1 only rows said twice are dropped.
    """
    whole = {" ".join(words(content(row))) for row in dev}
    runs = {mark for row in dev for mark in _long_runs(content(row))} if allowed < 1 else set()
    kept = []
    for row in rows:
        said = content(row)
        own = _long_runs(said) if runs else set()
        leaked = len(own & runs) > allowed * len(own)
        if not leaked and " ".join(words(said)) not in whole:
            kept.append(row)
    return kept


def _long_runs(text: str) -> set[int]:
    """Shingles of so many words; a text that is shorter has none."""
    return shingles(text, LEAK_WORDS) if len(words(text)) > LEAK_WORDS else set()
