"""A small table of word meanings: MiniLM's own output for each token alone, reduced to 64 numbers.

Recipe of Model2Vec: each token goes through MiniLM as `[CLS] token [SEP]`, the mean of the last states is taken, the tokens'
vectors are centred and projected on their first `WIDTH` principal axes, then scaled by ln(2 + id), which is about a word's rarity,
since MiniLM's vocabulary is ordered by frequency. A text's vector is the sum of its tokens', likeness is the cosine.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

WIDTH = 64
MAX_TOKENS = 256


def made(base: Path, cache: Path) -> np.ndarray:
    """(V, WIDTH) float32 for the pruned vocabulary. Needs torch; 20 seconds."""
    import torch
    from safetensors.torch import load_file

    from .encoder import Shape
    from .shrink import start
    from .tier2 import old_ids, special

    known = old_ids(cache, base)
    rows = load_file(str(base / "model.safetensors"))["embeddings.word_embeddings.weight"].shape[0]
    assert rows >= len(known)
    cls, sep = special(cache)
    model = start(base / "model.safetensors", Shape(len(known), 6, 384, 12, 1536), known, [[cls, sep]]).eval()
    found = []
    with torch.no_grad():
        for first in range(0, len(known), 2048):
            tokens = torch.arange(first, min(first + 2048, len(known)))
            ids = torch.stack([torch.full_like(tokens, cls), tokens, torch.full_like(tokens, sep)], 1)
            found.append(model.hidden(ids, torch.ones_like(ids, dtype=torch.bool)).mean(1).numpy())
    vectors = np.concatenate(found)
    vectors -= vectors.mean(0)
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    return (vectors @ axes[:WIDTH].T * np.log(2 + np.arange(len(known)))[:, None]).astype(np.float32)


def quantised(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 rows and the float32 scale of each; every number is `int8 * scale`."""
    scale = np.maximum(np.abs(table).max(1), 1e-9) / 127
    return np.rint(table / scale[:, None]).astype(np.int8), scale.astype(np.float32)


class Alike:
    """Likeness in meaning of two texts, from -1 to 1; 0 if either has no tokens."""

    def __init__(self, tokenizer, numbers: np.ndarray, scale: np.ndarray):
        self._tokenizer = tokenizer
        self._table = numbers.astype(np.float32) * scale[:, None]
        self._vector = lru_cache(8192)(self._summed)

    def _summed(self, text: str) -> np.ndarray:
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids[:MAX_TOKENS]
        total = self._table[ids].sum(0) if ids else np.zeros(self._table.shape[1], np.float32)
        size = float(np.linalg.norm(total))
        return total / size if size else total

    def __call__(self, one: str, other: str) -> float:
        return float(self._vector(one) @ self._vector(other))
