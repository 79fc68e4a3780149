"""Who and what a row is about: people, firms, addresses, dates and numbers that agree with one another.

Addresses of attackers and of colleagues come from the same banks, so that a model cannot learn a name list.
"""

import base64
import random
from collections.abc import Mapping, Sequence
from functools import partial

from .banks import words
from .grammar import Bank, Grammar


class World(Grammar):
    """A grammar over the everyday banks, with what a family adds on top."""

    def __init__(self, rng: random.Random, banks: Mapping[str, Bank] | None = None):
        super().__init__(rng, {**self._own(rng), **(banks or {})})

    def _own(self, rng: random.Random) -> dict[str, Bank]:
        return {
            "first": words.FIRST_NAMES,
            "last": words.LAST_NAMES,
            "person": ["{first} {last}"],
            "company": ["{company_head} {company_tail}", "{company_head} {company_tail} [[Ltd|GmbH|Inc.|BV|& Co]]", "{last} & {last}"],
            "company_head": words.COMPANY_HEADS,
            "company_tail": words.COMPANY_TAILS,
            "domain": self.domain,
            "host": self.host,
            "url": self.url,
            "mail": self.mail,
            "handle": self.handle,
            "project": words.PROJECTS,
            "department": words.DEPARTMENTS,
            "topic": words.TOPICS,
            "product": words.PRODUCTS,
            "file": words.FILES,
            "city": words.CITIES,
            "month": words.MONTHS,
            "weekday": words.WEEKDAYS,
            "adjective": words.ADJECTIVES,
            "noun": words.NOUNS,
            "past": words.VERBS_PAST,
            "year": lambda: str(rng.randint(2015, 2027)),
            "day": lambda: str(rng.randint(1, 28)),
            "small": lambda: str(rng.randint(2, 19)),
            "number": lambda: str(rng.randint(100, 99999)),
            "percent": lambda: f"{rng.randint(1, 99)}[[|.{rng.randint(1, 9)}]] %",
            "hour": lambda: f"{rng.randint(7, 19)}:{rng.choice(['00', '15', '30', '45'])}",
            "date": ["{day} {month} {year}", "{month} {day}, {year}", "{iso}", "{weekday}", "{weekday} at {hour}"],
            "iso": lambda: f"{rng.randint(2019, 2027)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            "clock": lambda: f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}",
            "money": lambda: f"[[€|$|£|CHF ]]{rng.randint(9, 9999)}[[|.{rng.randint(10, 99)}]]",
            "hexid": lambda: f"{rng.getrandbits(rng.choice([28, 32, 48, 64])):x}",
            "version": lambda: f"{rng.randint(0, 12)}.{rng.randint(0, 30)}.{rng.randint(0, 12)}",
            "phone": lambda: f"+{rng.randint(1, 98)} {rng.randint(100, 999)} {rng.randint(100, 999)} {rng.randint(1000, 9999)}",
            "iban": lambda: f"{rng.choice(['DE', 'FR', 'NL', 'GB', 'ES'])}{rng.randint(10, 99)}{rng.randint(10**15, 10**16 - 1)}",
            "sentence": SENTENCES,
            "opening": OPENINGS,
        }

    def domain(self) -> str:
        """A made-up domain, of the kind firms and attackers alike register."""
        head = self.rng.choice(words.COMPANY_HEADS).lower()
        tail = self.rng.choice([*words.COMPANY_TAILS, *words.PROJECTS]).lower()
        glue = self.rng.choice(["", "", "-"])
        digits = str(self.rng.randint(1, 999)) if self.rng.random() < 0.12 else ""
        return f"{head}{glue}{tail}{digits}.{self.rng.choice(words.TOP_LEVELS)}"

    def host(self) -> str:
        """A domain, often with a host name before it."""
        return f"{self.rng.choice(words.HOST_HEADS)}.{self.domain()}" if self.rng.random() < 0.6 else self.domain()

    def url(self) -> str:
        """An address of a page, a file or an interface."""
        path = "/".join(self.rng.choice(words.NOUNS) for _ in range(self.rng.randint(0, 3)))
        query = f"?{self.rng.choice(['id', 'q', 'ref', 'd', 'v'])}={self.rng.randint(1, 9999)}" if self.rng.random() < 0.25 else ""
        return f"http{self.rng.choice(['s', 's', 's', ''])}://{self.host()}/{path}{query}"

    def mail(self) -> str:
        """A mail address of a person or a desk."""
        first, last = self.rng.choice(words.FIRST_NAMES).lower(), self.rng.choice(words.LAST_NAMES).lower()
        desk = self.rng.choice(["info", "billing", "support", "reports", "backup", "archive", "audit", "intake", "orders", "hr"])
        local = self.rng.choice(
            [f"{first}.{last}", f"{first}{last[0]}", f"{first[0]}{last}", f"{first}_{last}{self.rng.randint(1, 99)}", desk]
        )
        return f"{local}@{self.domain()}"

    def handle(self) -> str:
        """A user name."""
        first, noun = self.rng.choice(words.FIRST_NAMES).lower(), self.rng.choice(words.NOUNS)
        return self.rng.choice(
            [f"{first}{self.rng.randint(1, 999)}", f"{first}-{noun}", f"{noun}_{self.rng.randint(1, 99)}", f"{first[0]}{noun}"]
        )

    def others(self) -> dict[str, Bank]:
        """The banks for another grammar that draws from this world."""
        return {name: partial(self.pick, name) for name in self.names()}

    def pick_from(self, bank: Sequence[str]) -> str:
        """A filled template of a list."""
        return self.fill(self.rng.choice(bank))

    def paragraph(self, sentences: int) -> str:
        """Harmless prose of so many sentences."""
        return " ".join(self.pick("sentence") for _ in range(sentences))

    def filler(self, most: int = 3) -> str:
        """Zero or more harmless paragraphs."""
        return "\n\n".join(self.paragraph(self.rng.randint(1, 5)) for _ in range(self.rng.randint(0, most)))

    def blob(self, length: int) -> str:
        """Base64 of random bytes, as attachments and tokens look."""
        return base64.b64encode(self.rng.randbytes(length)).decode()


OPENINGS = [
    "In {month}",
    "Last {weekday}",
    "After the {topic}",
    "For now",
    "As {person} noted",
    "On the whole",
    "At {company}",
    "Since {year}",
    "Compared with {month}",
    "In {city}",
    "By {hour}",
    "Once the {noun} had arrived",
    "Although the {noun} was {adjective}",
    "Thanks to {department}",
    "Before the {topic} began",
    "With {small} people out",
    "To our surprise",
    "Luckily",
]
SENTENCES = [
    "{opening}, the {noun} was {past} [[by {person}|by {department}|in {city}|ahead of time|twice]].",
    "{opening}, {small} of the {noun}s were {past}, which left the {noun} rather {adjective}.",
    "The {topic} took [[{small} hours|longer than planned|most of {weekday}]] and ended with a {adjective} {noun}.",
    "{^person} {past} the {adjective} {noun} and {past} the {noun} [[for {department}|near {city}|with care|without trouble]].",
    "A {adjective} {noun} costs about {money}, a {adjective} one closer to {money}.",
    "We [[saw|counted|recorded]] {number} {noun}s in {month} {year}, up {percent} on the {month} before.",
    "[[Most|Some|Few|None]] of the visitors [[liked|mentioned|noticed|minded]] the {adjective} {noun}.",
    "The {product} feels {adjective}, [[but|and|though]] its {noun} is {adjective} [[after a week of use|in daily use|in the cold]].",
    "{^department} {past} the {noun} on {date}; the {noun} followed {small} days later.",
    "There [[is|was|will be]] a {adjective} {noun} next to the {noun}, {opening} it was {past} again.",
    "Version {version} {past} the {noun} and {past} a {adjective} {noun} that users had reported.",
    "{^company} opened its {adjective} {noun} in {city} with {small} staff and a {adjective} {noun}.",
    "[[Why|How|When]] the {noun} was {past} is [[still unclear|described in section {small}|known to {department}|not recorded]].",
    "It rained in {city}, so the {topic} was {past} and the {noun} {past} indoors.",
    "If the {noun} is {adjective}, the {noun} [[stays|becomes|remains|looks]] {adjective} too.",
    "{^first} and {first} [[disagree about|share|have {past}]] the {adjective} {noun} of the {topic}.",
    "Of {number} answers, {percent} called the {noun} {adjective} and {percent} {adjective}.",
    "Order {number} holds {small} {noun}s, one {product} and a {adjective} {noun}.",
    "The {noun} of {project} [[depends on|replaces|sits above|leads to]] the {adjective} {noun} of {year}.",
    "[[Our|Their|The]] {topic} [[went well|slipped by a week|was moved to {weekday}|needs another look]].",
    "Nobody [[had|has]] {past} the {noun}, yet the {noun} was {adjective} by {hour}.",
    "{opening}, {percent} of the {noun} budget, about {money}, went into the {topic}.",
]
