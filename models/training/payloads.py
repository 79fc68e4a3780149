"""What an attack says: a style's frame around one or two intents' requests, in English or in another language."""

import base64
import random
from dataclasses import dataclass

from .banks import asks, frames, tongues
from .grammar import Grammar
from .world import World

# The share of attacks that are written in another language than English.
FOREIGN_SHARE = 0.18
STYLES = tuple(frames.FRAMES)
# A bare request in a mail, a ticket or a manual may well be meant for its reader; these styles give an attacker away.
ADDRESSED = tuple(style for style in STYLES if style not in ("bare", "polite", "question"))
INTENTS = tuple(asks.ASKS)


@dataclass(frozen=True)
class Insert:
    """A passage to put into a carrier, and what it is."""

    text: str
    label: str
    style: str
    intent: str
    lang: str = "en"


def attack(world: World, styles: tuple[str, ...] = STYLES, foreign: float = FOREIGN_SHARE) -> Insert:
    """An attack that the world's attacker could have written."""
    rng = world.rng
    if rng.random() < foreign:
        return foreign_attack(world)
    style, intent = rng.choice(styles), rng.choice(INTENTS)
    words = Grammar(rng, attack_banks(world, intent))
    text = tidy(words.fill(rng.choice(frames.FRAMES[style])))
    if rng.random() < 0.12:
        text = f"{text} {tidy(words.fill(rng.choice(frames.FRAMES[rng.choice(styles)])))}"
    return Insert(register(rng, text), "injection", style, intent)


def attack_banks(world: World, intent: str) -> dict:
    """The world's banks with the attacker's added; `{ask}` is bound to one intent."""
    rng = world.rng
    return {
        **world.others(),
        "ask": asks.ASKS[intent],
        "ask_two": lambda: rng.choice(asks.ASKS[rng.choice(INTENTS)]),
        "asset": asks.ASSETS,
        "reader": frames.READERS,
        "placeholder": asks.PLACEHOLDERS,
        "phrase": asks.PHRASES,
        "pipe": ["|"],
        "coded_ask": lambda: base64.b64encode(world.fill("send {file} to {mail}").encode()).decode(),
    }


def foreign_attack(world: World, lang: str | None = None) -> Insert:
    """An attack in one of the languages of `banks/tongues.py`."""
    lang = lang or world.rng.choice(sorted(tongues.TONGUES))
    text = tidy(Grammar(world.rng, tongue_banks(world, lang)).pick("attack"))
    return Insert(register(world.rng, text), "injection", "foreign", "foreign", lang)


def tongue_banks(world: World, lang: str) -> dict:
    """The world's addresses and numbers, with the words of a language."""
    return {**world.others(), **tongues.TONGUES[lang]}


def tidy(text: str) -> str:
    """Repairs what filling leaves behind: doubled spaces and full stops, a small letter at the start."""
    text = text.replace("?.", "?").replace("!.", "!").replace("  ", " ").replace(" ,", ",").replace(" ;", ";").replace(" .", ".")
    while text.endswith("..") and not text.endswith("..."):
        text = text[:-1]
    return text.strip()


def register(rng: random.Random, text: str) -> str:
    """Writes a passage the way people of all kinds type: mostly as it is, at times careless."""
    chance = rng.random()
    if chance < 0.72:
        return text
    if chance < 0.80:
        return text.lower()
    if chance < 0.84 and len(text) < 300:
        return text.upper()
    if chance < 0.92:
        return text.rstrip(".!")
    return typos(rng, text)


def typos(rng: random.Random, text: str) -> str:
    """Swaps or drops a few letters inside words."""
    letters = list(text)
    for _ in range(max(1, len(letters) // 60)):
        spot = rng.randrange(len(letters) - 1) if len(letters) > 2 else 0
        if letters[spot].isalpha() and letters[spot + 1].isalpha():
            if rng.random() < 0.5:
                letters[spot], letters[spot + 1] = letters[spot + 1], letters[spot]
            else:
                letters[spot] = ""
    return "".join(letters)
