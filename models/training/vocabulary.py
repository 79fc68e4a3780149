"""The pruned WordPiece vocabulary, and texts as windows of its ids.

Kept are the special tokens, all single characters and their `##` forms, and each token that the corpus uses. The order of
the full vocabulary stays. A text becomes tokens without special ones; a window is `[CLS]`, at most `CONTENT` tokens, `[SEP]`.
Windows begin at every `STEP`-th token until one reaches the end.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from .prepare import prepare

CONTENT = 126
STEP = 110
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
# Longer texts are cut here in training: 60,000 characters are about 130 windows.
MAX_CHARACTERS = 60_000


def pruned(full: Path, texts: Iterable[str], least: int = 2) -> dict:
    """A `tokenizer.json` with the tokens that the texts use at least so often; `full` is MiniLM's."""
    from tokenizers import Tokenizer

    whole = Tokenizer.from_file(str(full))
    whole.no_padding()
    whole.no_truncation()
    counts: Counter[str] = Counter()
    batch: list[str] = []
    for text in texts:
        batch.append(prepare(text[:MAX_CHARACTERS]))
        if len(batch) == 512:
            counts.update(token for made in whole.encode_batch(batch, add_special_tokens=False) for token in made.tokens)
            batch = []
    counts.update(token for made in whole.encode_batch(batch, add_special_tokens=False) for token in made.tokens)
    spec = json.loads(full.read_text(encoding="utf-8"))
    model = spec["model"]
    kept = [
        token
        for token in sorted(model["vocab"], key=model["vocab"].get)
        if token in SPECIAL or counts[token] >= least or len(token.removeprefix("##")) == 1
    ]
    model["vocab"] = {token: index for index, token in enumerate(kept)}
    # Without added tokens a text that says `[SEP]` is words like any other.
    spec |= {"padding": None, "truncation": None, "post_processor": None, "added_tokens": []}
    return spec


def spans(tokens: int) -> list[tuple[int, int]]:
    """The windows of a text of so many tokens: first and behind the last."""
    return [(start, min(start + CONTENT, tokens)) for start in range(0, max(1, tokens - CONTENT + STEP), STEP)]


def encoded(tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """The ids of each text, without special tokens."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    found: list[list[int]] = []
    for start in range(0, len(texts), 512):
        batch = [prepare(text[:MAX_CHARACTERS]) for text in texts[start : start + 512]]
        found += [made.ids for made in tokenizer.encode_batch(batch, add_special_tokens=False)]
    return found
