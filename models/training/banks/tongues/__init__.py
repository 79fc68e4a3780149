"""Attacks and harmless counterparts in languages other than English, as banks for each language.

`attack` and `benign` are the starts; `act` is what an attacker wants, `chore` what people ask of one another.
"""

from . import eastern, southern, western
from .direct import DIRECT, HARMLESS

_BANKS: dict[str, dict[str, list[str]]] = {**western.TONGUES, **eastern.TONGUES, **southern.TONGUES}
TONGUES: dict[str, dict[str, list[str]]] = {
    lang: {**banks, "attack": banks["attack"] + DIRECT[lang], "benign": banks["benign"] + HARMLESS[lang]} for lang, banks in _BANKS.items()
}
