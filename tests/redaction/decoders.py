"""The test's own decoders: everything that a reader of the text could make of it, layer by layer."""

import base64
import binascii
import html
import quopri
import re
import unicodedata
import urllib.parse
import zlib

from disguises import CYRILLIC
from redactor import MARKER, left_of

LAYERS = 7
MAX_READINGS = 400
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
SPACED = re.compile(r"(?:(?<=\s)|^)(?:\S[ \t]){4,}\S(?=\s|$)")
LATIN = {ord(cyrillic): latin for latin, cyrillic in CYRILLIC.items()}


def _printable(data):
    text = data.decode("utf-8", "replace")
    good = sum(sign != "\ufffd" and (sign.isprintable() or sign in "\r\n\t\x00") for sign in text)
    return text if text and good / len(text) > 0.8 else None


def _bytes_read(data):
    if b"\x1f\x8b\x08" in data:
        stream = zlib.decompressobj(wbits=31)
        try:
            yield stream.decompress(data[data.index(b"\x1f\x8b\x08"):], 1 << 20).decode("utf-8", "replace")
        except zlib.error:
            pass
    if (text := _printable(data)) is not None:
        yield text


def _base64(text):
    for match in BASE64.finditer(text):
        run = match[0].replace("-", "+").replace("_", "/")
        for offset in range(4):
            whole = run[offset:offset + (len(run) - offset) // 4 * 4]
            rest = run[offset + len(whole):]
            whole += rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""
            try:
                yield from _bytes_read(base64.b64decode(whole))
            except binascii.Error:
                pass


def _hex(text):
    for match in HEX.finditer(text):
        yield from _bytes_read(bytes.fromhex(match[0]))


def _unescape(text):
    def one(match):
        if match[1] or match[2]:
            return chr(int(match[1] or match[2], 16))
        return {"n": "\n", "t": "\t", "r": "\r"}.get(match[3], match[3])
    # JSON writes what lies beyond 16 bits as two escapes.
    return ESCAPE.sub(one, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _visible(text):
    text = "".join(chr(ord(sign) - 0xE0000) if 0xE0020 <= ord(sign) < 0xE007F else sign for sign in text)
    return unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).translate(LATIN)


def _once(text):
    """Every reading that is one layer away."""
    if "%" in text:
        yield urllib.parse.unquote(text, errors="replace")
    if "+" in text:
        yield text.replace("+", " ")
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield _unescape(text)
    if "=" in text:
        yield quopri.decodestring(text.encode()).decode("utf-8", "replace")
    if "\x00" in text:
        yield text.replace("\x00", "")
    if not text.isascii():
        yield _visible(text)
    yield SPACED.sub(lambda match: re.sub(r"\s", "", match[0]), text)
    yield from _hex(text)
    yield from _base64(text)


def readings(text):
    """The text and then all that can be decoded from it, up to LAYERS deep."""
    seen, layer = {text}, [text]
    yield text
    for _ in range(LAYERS):
        deeper = []
        for found in (found for inner in layer for found in _once(inner)):
            if found not in seen:
                seen.add(found)
                deeper.append(found)
                yield found
        layer = deeper
        if not layer or len(seen) > MAX_READINGS:
            break


def survivor(parts, text):
    """What of the secret can be read in the text in any layer; nothing if it is gone."""
    for reading in readings(MARKER.sub(" \u00b7 ", text)):
        if left := left_of(parts, reading):
            return left
    return ""
