"""Attacks and harmless counterparts in languages other than English, as banks for each language.

`attack` and `benign` are the starts; `act` is what an attacker wants, `chore` what people ask of one another.
"""

from . import eastern, southern, western

TONGUES: dict[str, dict[str, list[str]]] = {**western.TONGUES, **eastern.TONGUES, **southern.TONGUES}
