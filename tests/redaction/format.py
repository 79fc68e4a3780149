"""What a secret format is: how one is made, under which names and in which texts it stands."""

import dataclasses
import re
from collections.abc import Callable

from chance import Chance

FIELD = re.compile(r"\{([A-Za-z]+)(?::(\d+))?\}")


@dataclasses.dataclass(frozen=True)
class Secret:
    """The text whose place is the exact span, and the parts of it of which nothing may be left."""

    text: str
    parts: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Format:
    """One kind of secret of one issuer, or for one purpose.

    `evident`: the secret is known by its own look, so it counts wherever it stands. Otherwise only
    a name beside it tells, as its vendor's manual and programs write it. `own`: templates of texts in
    which it stands; when `only_own`, no others.
    """

    name: str
    make: Callable[[Chance], Secret]
    names: tuple[str, ...]
    evident: bool
    own: tuple[str, ...] = ()
    only_own: bool = False
    pattern: str = ""

    @property
    def vendor(self):
        return self.name.partition(".")[0]


def expand(pattern, chance):
    """The pattern with its fields filled: `ghp_{a:36}`, `{uuid}`."""
    def field(match):
        kind, length = match.groups()
        return chance.uuid() if kind == "uuid" else chance.some(kind, int(length))
    return FIELD.sub(field, pattern)


def of_pattern(pattern):
    """A maker; what follows `|`, or else the fixed beginning, must not survive."""
    public, bar, rest = pattern.partition("|")
    if not bar:
        start = FIELD.search(pattern).start()
        public, rest = pattern[:start], pattern[start:]

    def make(chance):
        kept, lost = expand(public, chance), expand(rest, chance)
        return Secret(kept + lost, (lost,))
    return make


def whole(function, public=0):
    """A maker of secrets whose first `public` signs are no secret."""
    def make(chance):
        text = function(chance)
        return Secret(text, (text[public:],))
    return make


def evident(name, pattern, names, *own):
    """A format that is known by its own look."""
    return Format(name, of_pattern(pattern), tuple(names.split()), True, own, pattern=pattern)


def named(name, pattern, names, *own):
    """A format that only the name beside it tells."""
    return Format(name, of_pattern(pattern), tuple(names.split()), False, own, pattern=pattern)


def made(name, make, names, *own, only_own=False, evident=True):
    """A format with a function of its own that makes a `Secret`."""
    return Format(name, make, tuple(names.split()), evident, own, only_own)


def placed(name, pattern, *own):
    """A format that stands only in texts of its own, such as a line of a configuration file."""
    return Format(name, of_pattern(pattern), (), False, own, True, pattern)
