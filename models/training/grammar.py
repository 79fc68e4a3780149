"""How a template becomes text: alternations, slots, and slots that keep their value.

`[[a|b|]]` picks one branch, inner ones first. `{name}` is filled from a bank, whose entries are templates
themselves. `{name.1}` keeps its value for the life of the grammar; `{^name}` starts with a capital.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence

Bank = Sequence[str] | Callable[[], str]

_ALTERNATION = re.compile(r"\[\[(?!\[)((?:(?!\[\[|\]\]).)*)\]\]", re.DOTALL)
_SLOT = re.compile(r"\{(\^?)([a-z][a-z_]*)(\.\d+)?\}")
_MAX_DEPTH = 12


class Grammar:
    """Fills templates from banks; one grammar is one small world in which kept slots agree."""

    def __init__(self, rng: random.Random, banks: Mapping[str, Bank]):
        self.rng = rng
        self._banks = banks
        self._kept: dict[str, str] = {}

    def names(self) -> list[str]:
        """The names of all banks."""
        return list(self._banks)

    def pick(self, bank: str) -> str:
        """A filled entry of a bank."""
        found = self._banks[bank]
        return self.fill(found() if callable(found) else self.rng.choice(found))

    def fill(self, template: str, depth: int = 0) -> str:
        """Fills every alternation and slot. An unknown slot raises `KeyError`: a template is at fault."""
        if depth > _MAX_DEPTH:
            raise ValueError(f"template goes round in circles: `{template[:60]}`")
        text, count = template, 1
        while count:
            text, count = _ALTERNATION.subn(lambda found: self.rng.choice(found[1].split("|")), text)
        return _SLOT.sub(lambda found: self._slot(found, depth), text)

    def _slot(self, found: re.Match[str], depth: int) -> str:
        capital, name, number = found.groups()
        key = name + number if number else ""
        if key in self._kept:
            value = self._kept[key]
        else:
            bank = self._banks[name]
            value = self.fill(bank() if callable(bank) else self.rng.choice(bank), depth + 1)
            if key:
                self._kept[key] = value
        return value[:1].upper() + value[1:] if capital else value
