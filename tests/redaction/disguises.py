"""The encodings, disguises and wrappings in which a secret may come, each a function from text to text."""

import base64
import gzip
import html
import json
import quopri
import urllib.parse

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
# Latin letters and the Cyrillic ones that look the same.
CYRILLIC = {
    "a": "а", "c": "с", "e": "е", "o": "о", "p": "р", "x": "х", "y": "у", "i": "і", "s": "ѕ", "j": "ј", "A": "А", "B": "В",
    "C": "С", "E": "Е", "H": "Н", "K": "К", "M": "М", "O": "О", "P": "Р", "T": "Т", "X": "Х", "S": "Ѕ", "I": "І", "J": "Ј",
}


def percent_all(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def base64_plain(text):
    return base64.b64encode(text.encode()).decode()


def hexadecimal(text):
    return text.encode().hex()


def in_json(text):
    return json.dumps({"n": 1, "value": text})


def html_with(form):
    return lambda text: "".join(form.format(ord(sign)) for sign in text)


def gzip_base64(text):
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def utf16_base64(text):
    return base64.b64encode(text.encode("utf-16-le")).decode()


def tag_block(text):
    return "".join(chr(0xE0000 + ord(sign)) if 0x20 <= ord(sign) < 0x7F else sign for sign in text)


def zero_width(text):
    return "".join(sign + ZERO_WIDTH[at % len(ZERO_WIDTH)] for at, sign in enumerate(text))


def zero_width_once(text):
    middle = len(text) // 2
    return text[:4] + "\u200b" + text[4:middle] + "\u200d" + text[middle:]


def bidi(text):
    return "\u202e" + "\u2066".join(text[at:at + 5] for at in range(0, len(text), 5)) + "\u2069\u202c"


def fullwidth(text):
    return "".join(chr(ord(sign) + 0xFEE0) if 0x21 <= ord(sign) <= 0x7E else sign for sign in text)


def mathematical(text):
    """Mathematical monospace letters and digits, which NFKC takes back."""
    def one(sign):
        for first, start in (("a", 0x1D68A), ("A", 0x1D670), ("0", 0x1D7F6)):
            if first <= sign <= chr(ord(first) + (9 if first == "0" else 25)):
                return chr(start + ord(sign) - ord(first))
        return sign
    return "".join(map(one, text))


def multipart(text):
    return ('--X7f\r\nContent-Disposition: form-data; name="note"\r\nContent-Type: text/plain\r\n\r\n' + text + "\r\n--X7f--")


LAYERS = {
    "plain": str,
    "percent": lambda text: urllib.parse.quote(text, safe=""),
    "percent-all": percent_all,
    "percent-twice": lambda text: urllib.parse.quote(percent_all(text), safe=""),
    "form-plus": lambda text: urllib.parse.quote_plus(text),
    "base64": base64_plain,
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64-unpadded": lambda text: base64_plain(text).rstrip("="),
    "base64-shifted": lambda text: base64_plain("k:" + text + ";"),
    "base64-twice": lambda text: base64_plain(base64_plain(text)),
    "hex": hexadecimal,
    "hex-upper": lambda text: hexadecimal(text).upper(),
    "backslash-x": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "backslash-u": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "json": in_json,
    "json-in-json": lambda text: in_json(in_json(text)),
    "json-three-deep": lambda text: in_json(in_json(in_json(text))),
    "html-decimal": html_with("&#{};"),
    "html-hex": html_with("&#x{:X};"),
    "html-named": lambda text: f'<p title="{html.escape(text)}">',
    "quoted-printable": lambda text: quopri.encodestring(text.encode(), quotetabs=True).decode(),
    "quoted-printable-all": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "utf16-base64": utf16_base64,
    "utf16-raw": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "gzip-base64": gzip_base64,
    "data-url": lambda text: f"data:text/plain;base64,{base64_plain(text)}",
    "tag-block": tag_block,
    "zero-width": zero_width,
    "zero-width-once": zero_width_once,
    "bidi": bidi,
    "fullwidth": fullwidth,
    "mathematical": mathematical,
    "cyrillic": lambda text: "".join(CYRILLIC.get(sign, sign) for sign in text),
    "spaced-out": " ".join,
    "five-layers": lambda text: base64_plain(in_json(percent_all(in_json(hexadecimal(text))))),
    "gzip-in-json-in-base64": lambda text: base64_plain(in_json(gzip_base64(text))),
}
WRAPPINGS = {
    "yaml": lambda text: f"spec:\n  note: {json.dumps(text)}\n  n: 1",
    "env": lambda text: f"export NOTE='{text}'",
    "curl-header": lambda text: f"curl -s -H {json.dumps('X-Note: ' + text)} https://a.example/",
    "url-query": lambda text: f"https://a.example/find?q={urllib.parse.quote(text, safe='')}&n=1",
    "url-userinfo": lambda text: f"https://ana:{urllib.parse.quote(text, safe='')}@a.example/x",
    "url-path": lambda text: f"GET /v1/{urllib.parse.quote(text, safe='')}/x HTTP/1.1",
    "multipart": multipart,
    "cookie": lambda text: f"Cookie: theme=dark; v={urllib.parse.quote(text, safe='')}; lang=de",
    "xml": lambda text: f"<note><body>{html.escape(text)}</body></note>",
    "cdata": lambda text: f"<note><![CDATA[{text}]]></note>",
    "csv": lambda text: 'a,"{}",2026'.format(text.replace('"', '""')),
    "shell-json": lambda text: f"curl -d {json.dumps(json.dumps({'t': text}))} https://a.example/",
    "markdown": lambda text: f"```\n{text}\n```",
}
ENCODINGS = {**LAYERS, **WRAPPINGS}
