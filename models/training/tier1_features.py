"""What tier 1 sees: hashed n-grams of words and bytes, as numbers of table slots for each word.

Everything is defined over the UTF-8 bytes of `prepare(text)`, so that any language gives the same slots.

**Chunks.** ASCII letters are lower-cased. Bytes 0x00 to 0x20, `"'<>()[]{},;|` and the backtick (0x60) end a chunk. A chunk of at
least 7 bytes whose first `@` is neither its first nor its last byte and has a `.` behind it is the word `\\x01m` (a mail
address). One that holds `://` or starts with `www.` is `\\x01u`, or `\\x01q` if it also holds both `?` and `=`. One of at least
40 bytes, all of them letters, digits, `+ / = _ -`, is `\\x01b`. Every other chunk is cut into words.

**Words.** A word is a longest run of ASCII letters, digits, and bytes from 0x80; but a character of three bytes whose first is
0xE3 to 0xE9 (kana, Han) is a word of its own. A word of digits alone is `0`; one of at least 6 bytes with letters and two or more
digits is `\\x01i`; a word is cut after 24 bytes, and the rest is the next. Bytes between words, and those that end chunks,
are signs: each sign from 0x21 on, except one that repeats the byte before it, is a sign of the word that follows (those
after the last word are dropped).

**Slots.** All arithmetic is modulo 2^64. `fnv(bytes)` is FNV-1a with 64 bits. `mix(kind, a, b)` is

    h = (a * 0x9E3779B97F4A7C15 + b + kind * 0xC2B2AE3D27D4EB4F) * 0xD6E8FEB86659FD93;  h ^= h >> 32;  slot = h & (2^BITS - 1)

Word number i, with w = fnv(word), p = fnv of the word before, q = fnv of the one before that (both 0 where there is none),
has these slots, each as often as it comes up:

- mix(1, w, 0); mix(2, p, w); mix(3, q * 0x9E3779B97F4A7C15 + p, w); mix(4, q, w), where the word between may be any;
- mix(5, byte, w) for each of the last three signs before it, the nearest ones;
- unless it starts with 0x01, mix(6, g, 0) for each g of the 4-byte groups (little-endian numbers) of `^word$`, from its start on.
  A framed word of three bytes is one group.

**Windows.** `WINDOW` words from every `STEP`-th word on, until one reaches the last word.
"""

from functools import lru_cache

BITS = 18
WINDOW = 48
STEP = 24
MASK64 = (1 << 64) - 1
GOLDEN, SECOND, THIRD = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F
MAX_WORD_BYTES = 24
SIGNS_KEPT = 3

_ENDS = frozenset(b"\"'<>()[]{},;|`") | frozenset(range(0x21))
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789") | frozenset(range(0x80, 0x100))
_BLOB_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789+/=_-")
_DIGITS = frozenset(b"0123456789")

Token = tuple[bytes, bytes]


def fnv(data: bytes) -> int:
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & MASK64
    return value


def mix(kind: int, a: int, b: int) -> int:
    """The hash of two numbers and a kind of feature, 64 bits."""
    value = ((a * GOLDEN + b + kind * THIRD) * SECOND) & MASK64
    return value ^ (value >> 32)


def tokens(prepared: str) -> list[Token]:
    """Words with the signs that stand before each."""
    data = prepared.encode("utf-8", "surrogatepass").lower()
    found: list[Token] = []
    signs = bytearray()
    start, end = 0, len(data)
    while start < end:
        stop = start
        while stop < end and data[stop] not in _ENDS:
            stop += 1
        if stop > start:
            _chunk(data[start:stop], signs, found)
        if stop < end and data[stop] > 0x20 and not (stop > 0 and data[stop - 1] == data[stop]):
            signs.append(data[stop])
        start = stop + 1
    return found


def _chunk(chunk: bytes, signs: bytearray, found: list[Token]) -> None:
    """Adds a chunk's words, and leaves in `signs` what no word has followed."""
    if special := _special(chunk):
        found.append((special, bytes(signs[-SIGNS_KEPT:])))
        signs.clear()
        return
    at, end = 0, len(chunk)
    while at < end:
        if chunk[at] not in _WORD_BYTES:
            if at == 0 or chunk[at - 1] != chunk[at]:
                signs.append(chunk[at])
            at += 1
            continue
        stop = _word_end(chunk, at)
        found.append((_shape(chunk[at:stop]), bytes(signs[-SIGNS_KEPT:])))
        signs.clear()
        at = stop


def _word_end(chunk: bytes, at: int) -> int:
    if 0xE3 <= chunk[at] <= 0xE9:
        return min(at + 3, len(chunk))
    stop = at
    while stop < len(chunk) and chunk[stop] in _WORD_BYTES and not 0xE3 <= chunk[stop] <= 0xE9 and stop - at < MAX_WORD_BYTES:
        stop += 1
    return stop


@lru_cache(1 << 18)
def _special(chunk: bytes) -> bytes:
    at = chunk.find(b"@")
    if len(chunk) >= 7 and 0 < at < len(chunk) - 1 and chunk.find(b".", at) > 0:
        return b"\x01m"
    if b"://" in chunk or chunk.startswith(b"www."):
        return b"\x01q" if b"?" in chunk and b"=" in chunk else b"\x01u"
    if len(chunk) >= 40 and all(byte in _BLOB_BYTES for byte in chunk):
        return b"\x01b"
    return b""


@lru_cache(1 << 18)
def _shape(word: bytes) -> bytes:
    digits = sum(byte in _DIGITS for byte in word)
    if digits == len(word):
        return b"0"
    return b"\x01i" if len(word) >= 6 and digits >= 2 else word


@lru_cache(1 << 18)
def _own(word: bytes) -> tuple[int, tuple[int, ...]]:
    """A word's hash, and the hashes that depend on the word alone."""
    value = fnv(word)
    own = [mix(1, value, 0)]
    if word[0] != 1:
        framed = b"^" + word + b"$"
        own += [mix(6, int.from_bytes(framed[at : at + 4], "little"), 0) for at in range(max(1, len(framed) - 3))]
    return value, tuple(own)


def slots(found: list[Token], bits: int = BITS) -> list[list[int]]:
    """The slots of each word."""
    mask = (1 << bits) - 1
    made, before, earlier = [], 0, 0
    for word, signs in found:
        value, own = _own(word)
        hashes = [
            *own,
            mix(2, before, value),
            mix(3, (earlier * GOLDEN + before) & MASK64, value),
            mix(4, earlier, value),
            *(mix(5, sign, value) for sign in signs),
        ]
        made.append([number & mask for number in hashes])
        earlier, before = before, value
    return made


def window_starts(words: int) -> range:
    """Where windows begin, for so many words; at least one."""
    return range(0, max(1, words - WINDOW + STEP), STEP)
