"""Seeded chance: made-up but well-formed stretches of text, and the checksums that some vendors add."""

import hashlib
import random
import string
import uuid
import zlib

DIGITS = string.digits
LOWER = string.ascii_lowercase
UPPER = string.ascii_uppercase
ALNUM = string.ascii_letters + DIGITS
HEX = "0123456789abcdef"
# What stands between the braces of a pattern such as `ghp_{a:36}`.
ALPHABETS = {
    "a": ALNUM,
    "b": ALNUM + "+/",
    "d": DIGITS,
    "h": HEX,
    "H": HEX.upper(),
    "l": LOWER,
    "n": LOWER + DIGITS,
    "u": UPPER,
    "v": UPPER + DIGITS,
    "w": ALNUM + "-_",
    "x": LOWER + "234567",
    "X": UPPER + "234567",
    "s": ALNUM,
    "z": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE62 = DIGITS + UPPER + LOWER
BASE36 = DIGITS + LOWER


class Chance(random.Random):
    """A source of chance that is the same in every run for one seed."""

    def some(self, kind, length):
        """`length` signs of one of the ALPHABETS; never so few different ones that it looks like filler."""
        alphabet = ALPHABETS[kind]
        while length:
            text = "".join(self.choices(alphabet, k=length))
            mixed = kind not in "asbw" or length < 8 or (
                any(sign.isdigit() for sign in text) and any(sign.isupper() for sign in text)
                and any(sign.islower() for sign in text)
            )
            ends_well = text[-1:] not in "-_" and text[:1] not in "-_" if length else True
            if mixed and ends_well and len(set(text)) > min(length, len(alphabet)) // 3:
                return text
        return ""

    def uuid(self):
        return str(uuid.UUID(int=self.getrandbits(128), version=4))

    def password(self, length=16):
        """A password as a password manager makes it, without the signs that end a URL or a shell word."""
        return self.some("a", length - 3) + self.choice("!*^+-_~") + self.some("a", 2)


def digits_in_base(number, alphabet, width):
    """`number` written with `alphabet`, padded on the left."""
    text = ""
    while number:
        number, rest = divmod(number, len(alphabet))
        text = alphabet[rest] + text
    return text.rjust(width, alphabet[0])


def crc_base62(text):
    """The six signs at the end of GitHub's and npm's tokens."""
    return digits_in_base(zlib.crc32(text.encode()), BASE62, 6)


def crc_hex(text):
    return f"{zlib.crc32(text.encode()):08x}"


def base58check(payload):
    """Bitcoin's base58 with four bytes of double SHA-256."""
    payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    return digits_in_base(int.from_bytes(payload), BASE58, 0)
