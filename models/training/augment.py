"""How texts hide: encodings, invisible and look-alike characters, HTML, padding; each with its way back.

The list is that of the evasion suite. A disguise keeps the meaning: `undo` gives the text back where `exact` says so.
"""

import base64
import codecs
import html
import random
import unicodedata
import urllib.parse
from collections.abc import Callable

Disguise = Callable[[random.Random, str], str]

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
LOOK_ALIKES = str.maketrans("aceopxyijsABCEHKMOPTX", "асеорхуіјѕАВСЕНКМОРТХ")
GREEK = str.maketrans("ABEHIKMNOPTXYZo", "ΑΒΕΗΙΚΜΝΟΡΤΧΥΖο")
LEET = str.maketrans("aeiost", "431057")
UPSIDE_DOWN = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz")
TAGS = 0xE0000
FIRST_SELECTORS, MORE_SELECTORS = 0xFE00, 0xE0100
FULL_WIDTH = 0xFEE0
COMBINING = [chr(code) for code in range(0x0300, 0x0340)]


def encode_base64(rng: random.Random, text: str) -> str:
    """Standard or url-safe base64."""
    encode = rng.choice([base64.b64encode, base64.urlsafe_b64encode])
    return encode(text.encode()).decode()


def encode_base32(_rng: random.Random, text: str) -> str:
    """Base32 with padding."""
    return base64.b32encode(text.encode()).decode()


def encode_hex(_rng: random.Random, text: str) -> str:
    """Lower-case hex of the UTF-8 bytes."""
    return text.encode().hex()


def encode_ascii85(_rng: random.Random, text: str) -> str:
    """Ascii85 without framing."""
    return base64.a85encode(text.encode()).decode()


def encode_percent(_rng: random.Random, text: str) -> str:
    """Percent encoding of all that is not a letter or digit."""
    return urllib.parse.quote(text, safe="")


def encode_twice(rng: random.Random, text: str) -> str:
    """Base64 within base64."""
    return encode_base64(rng, encode_base64(rng, text))


def encode_rot13(_rng: random.Random, text: str) -> str:
    """Letters turned by thirteen."""
    return codecs.encode(text, "rot13")


def encode_entities(_rng: random.Random, text: str) -> str:
    """Every character as an HTML entity."""
    return "".join(f"&#{ord(character)};" for character in text)


def encode_escapes(_rng: random.Random, text: str) -> str:
    """Every character as a JSON escape."""
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def reverse(_rng: random.Random, text: str) -> str:
    """The text backwards, within a right-to-left override."""
    return "\u202e" + text[::-1] + "\u202c"


def sow_zero_width(rng: random.Random, text: str) -> str:
    """Invisible characters between some letters."""
    return "".join(character + (rng.choice(ZERO_WIDTH) if rng.random() < 0.35 else "") for character in text)


def swap_look_alikes(rng: random.Random, text: str) -> str:
    """Letters replaced by Cyrillic or Greek ones of the same shape."""
    return text.translate(rng.choice([LOOK_ALIKES, GREEK]))


def widen(_rng: random.Random, text: str) -> str:
    """ASCII as full-width forms."""
    return "".join(chr(ord(character) + FULL_WIDTH) if "!" <= character <= "~" else character for character in text)


def to_tags(rng: random.Random, text: str) -> str:
    """ASCII as invisible tag characters behind a word or an emoji."""
    hidden = "".join(chr(TAGS + ord(character)) if character.isascii() else character for character in text)
    return rng.choice(["🙂", "Note", "ok", "🏴"]) + hidden


def to_selectors(rng: random.Random, text: str) -> str:
    """UTF-8 bytes as variation selectors behind an emoji."""
    return rng.choice("😀👍✅🎉") + "".join(
        chr(FIRST_SELECTORS + byte) if byte < 16 else chr(MORE_SELECTORS + byte - 16) for byte in text.encode()
    )


def pile_marks(rng: random.Random, text: str) -> str:
    """Combining marks on letters."""
    return "".join(
        character + "".join(rng.choices(COMBINING, k=rng.randint(0, 3))) if character.isalpha() else character for character in text
    )


def leet(_rng: random.Random, text: str) -> str:
    """Digits for letters."""
    return text.translate(LEET)


def space_out(rng: random.Random, text: str) -> str:
    """Letters apart, words by a wider gap."""
    glue = rng.choice([" ", " ", "-", "."])
    return "   ".join(glue.join(word) for word in text.split(" "))


def turn_over(_rng: random.Random, text: str) -> str:
    """Upside-down letters."""
    return text.lower().translate(UPSIDE_DOWN)


def swap_vowels(rng: random.Random, text: str) -> str:
    """Some vowels replaced by others; people still read it."""
    return "".join(rng.choice("aeiou") if character in "aeiou" and rng.random() < 0.2 else character for character in text)


def split_up(rng: random.Random, text: str) -> str:
    """The text in pieces that a shell or a script puts together."""
    size = rng.randint(5, 12)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return rng.choice(
        [" + ".join(f'"{piece}"' for piece in pieces), "\n".join(f"part{index}={piece}" for index, piece in enumerate(pieces, 1))]
    )


def hide_in_html(rng: random.Random, text: str) -> str:
    """HTML that a browser does not show."""
    body = html.escape(text)
    return rng.choice(
        [
            f'<div style="display:none">{body}</div>',
            f'<span style="font-size:0">{body}</span>',
            f"<!-- {body.replace('--', '- -')} -->",
            f'<p style="position:absolute;left:-9999px">{body}</p>',
            f'<img src="pixel.gif" alt="{body}">',
            f'<span aria-label="{body}"></span>',
            f"<template>{body}</template>",
            f'<font color="#ffffff">{body}</font>',
            f"<div hidden>{body}</div>",
            f'<style>.n::after{{content:"{body}"}}</style>',
            f'<span style="opacity:0">{body}</span>',
            f'<meta name="description" content="{body}">',
        ]
    )


EXACT: dict[str, tuple[Disguise, Callable[[str], str]]] = {
    "base64": (encode_base64, lambda text: base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_")).decode()),
    "base32": (encode_base32, lambda text: base64.b32decode(text).decode()),
    "hex": (encode_hex, lambda text: bytes.fromhex(text).decode()),
    "ascii85": (encode_ascii85, lambda text: base64.a85decode(text).decode()),
    "percent": (encode_percent, urllib.parse.unquote),
    "rot13": (encode_rot13, lambda text: codecs.decode(text, "rot13")),
    "entities": (encode_entities, html.unescape),
    "escapes": (encode_escapes, lambda text: bytes.fromhex(text.replace("\\u", "")).decode("utf-16-be")),
    "reversed": (reverse, lambda text: text[1:-1][::-1]),
    "zero_width": (sow_zero_width, lambda text: "".join(character for character in text if character not in ZERO_WIDTH)),
    "full_width": (
        widen,
        lambda text: "".join(chr(ord(character) - FULL_WIDTH) if 0xFF01 <= ord(character) <= 0xFF5E else character for character in text),
    ),
    "marks": (pile_marks, lambda text: "".join(character for character in text if not unicodedata.combining(character))),
}
LOSSY: dict[str, Disguise] = {
    "base64_twice": encode_twice,
    "look_alikes": swap_look_alikes,
    "tags": to_tags,
    "selectors": to_selectors,
    "leet": leet,
    "spaced": space_out,
    "upside_down": turn_over,
    "vowels": swap_vowels,
    "pieces": split_up,
    "hidden_html": hide_in_html,
}
NAMES = (*EXACT, *LOSSY)
# What a reader cannot make out without decoding: for the evasion file, not for labels on raw text.
OPAQUE = frozenset(("base64", "base32", "hex", "ascii85", "percent", "escapes", "entities", "rot13", "base64_twice", "tags", "selectors"))
READABLE = tuple(name for name in NAMES if name not in OPAQUE)


def apply(name: str, rng: random.Random, text: str) -> str:
    """The text in a disguise."""
    return EXACT[name][0](rng, text) if name in EXACT else LOSSY[name](rng, text)


def disguise(rng: random.Random, text: str) -> tuple[str, str]:
    """A readable disguise drawn by lot, and the text in it."""
    name = rng.choice(READABLE)
    return name, apply(name, rng, text)


def pad(passage: str, filler: list[str], place: str) -> str:
    """The passage at the head, middle or tail of much harmless text."""
    spot = {"head": 0, "middle": len(filler) // 2, "tail": len(filler)}[place]
    return "\n\n".join([*filler[:spot], passage, *filler[spot:]])
