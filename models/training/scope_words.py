"""Words, values and classes of calls, as the scope model sees them. Lists are data for the Rust side too."""

import json
import re
from typing import Any

# A call's class is that of the first word of its tool's name that stands here; else of a later one; else `other`.
CLASSES: dict[str, tuple[str, ...]] = {
    "send": tuple("send post share forward reply invite publish email notify tweet message sms upload push export transmit".split()),
    "pay": tuple("pay transfer purchase buy order checkout refund withdraw deposit donate subscribe invest trade sell bill".split()),
    "delete": tuple(
        "delete remove erase drop purge cancel revoke unsubscribe terminate kill wipe clear uninstall disable unfollow".split()
    ),
    "grant": tuple(
        ("grant permission permissions role unlock authorize allow approve access password credential credentials key token login").split()
    ),
    "write": tuple(
        (
            "create update add set write edit modify change append insert save schedule book reserve make put rename move "
            "copy mkdir touch register submit upsert assign merge commit manage exchange return apply configure install"
        ).split()
    ),
    "run": tuple("bash shell exec execute run command terminal script powershell python sh call invoke deploy restart start stop".split()),
    "read": tuple(
        (
            "get read list search find fetch view show check query lookup retrieve download browse open visit cat ls grep "
            "glob count describe calculate compute convert compare analyze verify cd diff sort summarize estimate predict "
            "solve"
        ).split()
    ),
}
CLASS_NAMES = (*CLASSES, "other")
# What a task says when it asks for a call of the class. Words of CLASSES count too.
ASKED: dict[str, tuple[str, ...]] = {
    "send": tuple("mail tell write answer contact inform message report give text ping respond let know".split()),
    "pay": tuple("payment money settle invoice send wire rent price amount owe split cover buying stock shares".split()),
    "delete": tuple("cleanup clean rid stop discard drop trash undo reject".split()),
    "grant": tuple("let give permit share sign log enable account secret lock".split()),
    "write": tuple(
        (
            "new note fix put enter fill store remind plan correct replace refactor implement draft swap record organize "
            "arrange appointment meeting"
        ).split()
    ),
    "run": tuple(
        ("build test tests compile install check print files directory folder find list count process file display search fix").split()
    ),
    "read": tuple(
        (
            "what which who when where how is are tell summary summarise look see know please give display info information "
            "details status review any"
        ).split()
    ),
}
RISKY = tuple(
    (
        "password passwd secret credential credentials token ssn id_rsa ssh authorized_keys shadow private apikey api_key cvv "
        "crontab bashrc base64 nc ngrok pastebin webhook exfil sudoers chmod curl wget eval env printenv netrc aws "
        "confidential security code 2fa otp pin"
    ).split()
)
# Words of tasks that leave it to a text what is to be done, or to whom.
DELEGATING = tuple(
    (
        "todo todos actions instructions tasks steps listed mentioned specified described each every everyone all attendees "
        "participants members users found according based"
    ).split()
)
WIDE = frozenset(
    (
        "admin anyone approve checkout editor everybody everyone force forever full merge owner permanent public recursive "
        "root sudo unlimited"
    ).split()
)
FILLER = frozenset(("a an and as at be by for from i in is it me my of on or our that the this to us with you your").split())
_WORD = re.compile(r"[A-Za-z0-9\u0080-\U0010ffff]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLACE = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[^\s\"'<>|;,)]+"
    r"|\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b"
    r"|\b(?:\d{1,3}\.){3}\d{1,3}\b"
    r"|\b(?:[\w-]+\.)+(?:com|org|net|io|dev|co|example|app|ru|info|biz|uk|de|eu)\b"
)


def words(text: str) -> list[str]:
    """Lower-cased runs of ASCII letters, digits and all beyond ASCII."""
    return [word.lower() for word in _WORD.findall(text)]


def stem(word: str) -> str:
    """A word without a common English ending, if three characters stay."""
    for ending in ("ations", "ation", "ings", "ing", "ments", "ment", "ers", "ies", "ed", "er", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def tool_words(tool: str) -> list[str]:
    """The words of a tool's name: cut at signs and where capitals begin."""
    return words(_CAMEL.sub(" ", tool))


def tool_class(tool: str) -> str:
    """The class of a call by its tool's name."""
    for word in tool_words(tool):
        for name, members in CLASSES.items():
            if word in members:
                return name
    return "other"


def leaves(value: Any) -> list[str]:
    """The texts and numbers in arguments, in order; a JSON object or list inside a string is opened."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    if value is None or isinstance(value, bool):
        return []
    text = str(value).strip()
    if text[:1] in ("{", "[") and text[-1:] in ("}", "]"):
        try:
            return leaves(json.loads(text))
        except ValueError:
            pass
    return [text] if text else []


def set_flags(value: Any) -> list[str]:
    """The names of arguments that are true, at any depth of objects."""
    if not isinstance(value, dict):
        return []
    return [name for key, inner in value.items() for name in ([key] if inner is True else set_flags(inner))]


def places(text: str) -> list[str]:
    """Mail addresses, URLs, hosts, IP addresses and IBANs in a text, lower-cased."""
    return [found.rstrip("./").lower() for found in _PLACE.findall(text)]
