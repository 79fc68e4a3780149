"""What a text looks like to both models: invisible, look-alike and stretched characters brought back to plain letters.

The steps, in order; a text of ASCII alone skips steps 1 to 5.

1. What stands between U+202E and U+202C (or the end) is turned round.
2. Tag characters U+E0020 to U+E007E become the ASCII that they carry.
3. NFKD; characters of `DROPPED` and combining marks of `MARKS` are dropped; NFC.
4. Words that mix ASCII letters with look-alikes get ASCII ones; so do words of look-alikes alone, unless the text has a
   word with other letters of those scripts.
5. In a text with at least `TURNED_MIN` upside-down letters, words that have one are set upright.
6. Three or more single letters or digits with the same one of ` `, `-`, `.`, `_` between them are joined.
7. A redaction marker `[redacted:personal.email:token]` becomes `person`, any other `[redacted:kind.part:token]`
   becomes `[redacted kind part]`.
"""

import re
import unicodedata

from .augment import GREEK, LOOK_ALIKES, UPSIDE_DOWN

TO_LATIN = {**{look: plain for plain, look in GREEK.items()}, **{look: plain for plain, look in LOOK_ALIKES.items()}}
UPRIGHT = {turned: plain for plain, turned in UPSIDE_DOWN.items()}
# Upside-down letters that are no ASCII and no letters of a common language.
TURNED_ONLY = frozenset(code for code in UPRIGHT if code > 0x7F)

TURNED_MIN = 4
FOREIGN = 0.02

# Pairs of first and last code point.
DROPPED = (
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)
MARKS = ((0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))

_REVERSED = re.compile("\u202e([^\u202c]*)\u202c?")
_TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
_INVISIBLE = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in DROPPED + MARKS) + "]")
# Words for steps 4 and 5: ASCII letters, Greek, Cyrillic, and the letters of the two tables.
_EXTRA = "".join(chr(code) for code in sorted(TURNED_ONLY))
_WORD = re.compile(f"[A-Za-z\u0370-\u03ff\u0400-\u052f{_EXTRA}]+")
_SPACED = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]([ \-._])[A-Za-z0-9](?:\1[A-Za-z0-9])+(?![A-Za-z0-9])")
_MARKER = re.compile(r"\[redacted:([a-z0-9_.]{1,60}):[a-z2-7]{16}\]")


def prepare(text: str) -> str:
    """The text as both models read it."""
    if not text.isascii():
        text = _plain(text)
    text = _SPACED.sub(lambda found: found[0].replace(found[1], ""), text)
    return _MARKER.sub(_said, text) if "[redacted:" in text else text


def foreign_share(prepared: str) -> float:
    """The share of characters of a prepared text in scripts that MiniLM's vocabulary spells letter by letter, 0 for an empty one.

    Those are U+0370 to U+1FFF and U+2E80 to U+FFFF. From `FOREIGN` on, a text's score is tier 2's log odds plus tier 1's logit,
    since tier 1 reads all scripts alike.
    """
    counted = sum(0x370 <= ord(character) <= 0x1FFF or 0x2E80 <= ord(character) <= 0xFFFF for character in prepared)
    return counted / len(prepared) if prepared else 0.0


def _said(marker: re.Match) -> str:
    kind = marker[1]
    return "person" if kind == "personal.email" else f"[redacted {kind.replace('.', ' ')}]"


def _plain(text: str) -> str:
    if "\u202e" in text:
        text = _REVERSED.sub(lambda found: found[1][::-1], text)
    text = unicodedata.normalize("NFKD", text.translate(_TAGS))
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    codes = {ord(character) for character in set(text)}
    if codes & TO_LATIN.keys():
        foreign = any(_is_foreign(word[0]) for word in _WORD.finditer(text))
        text = _WORD.sub(lambda word: _latin(word[0], foreign), text)
    if codes & TURNED_ONLY and sum(ord(character) in TURNED_ONLY for character in text) >= TURNED_MIN:
        text = _WORD.sub(lambda word: _upright(word[0]), text)
    return text


def _is_foreign(word: str) -> bool:
    """Whether a word has Greek or Cyrillic letters that look like no ASCII letter."""
    return any(0x370 <= ord(character) <= 0x52F and ord(character) not in TO_LATIN for character in word)


def _latin(word: str, foreign: bool) -> str:
    mixed = any(character.isascii() for character in word)
    return word.translate(TO_LATIN) if mixed and not _is_foreign(word) or not foreign else word


def _upright(word: str) -> str:
    return word.translate(UPRIGHT) if any(ord(character) in TURNED_ONLY for character in word) else word
