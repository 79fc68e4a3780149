"""What the scope model sees of an action: numbers that a rule could state, all between 0 and 1 or small counts.

The user's words are the task; *seen* is what earlier calls said or brought (arguments and results); what is in neither is *new*.
Task and arguments are compared lower-cased. Absent things give -1. `FEATURES` names the numbers, in order.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from .rows import Row
from .scope_words import (
    ASKED,
    CLASS_NAMES,
    CLASSES,
    DELEGATING,
    FILLER,
    RISKY,
    WIDE,
    leaves,
    places,
    set_flags,
    stem,
    tool_class,
    tool_words,
    words,
)

# A longer value with blanks in it is prose, not a name or a number.
SHORT = 60
ABSENT = -1.0

Pair = Callable[[str, str], float]


@lru_cache(4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words(text) if word not in FILLER)


@dataclass(frozen=True)
class Told:
    """What is known when an action is judged."""

    task: str
    task_words: frozenset[str]
    task_stems: frozenset[str]
    seen: str
    seen_words: frozenset[str]


@lru_cache(64)
def _task(task: str) -> tuple[str, frozenset[str], frozenset[str]]:
    return task.lower(), frozenset(words(task)), _stems(task)


def told(row: Row) -> Told:
    """The task and everything that earlier calls said."""
    parts: list[str] = []
    for call in row["history"]:
        parts += leaves(call["arguments"])
        if call.get("result"):
            parts.append(str(call["result"]))
    seen = "\n".join(parts).lower()
    return Told(*_task(row["task"]), seen, frozenset(words(seen)))


def share(found: Iterable[str], known: frozenset[str]) -> float:
    """The share of words that are known; absent without words."""
    listed = list(found)
    return sum(word in known for word in listed) / len(listed) if listed else ABSENT


def destination(row: Row) -> str | None:
    """Where the action sends something: what the row says, else the first address in a short value."""
    given = row["action"].get("destination")
    if given:
        return str(given).strip().lower()
    found = [place for leaf in leaves(row["action"]["arguments"]) for place in places(leaf)]
    return found[0] if found else None


def of_destination(where: str | None, kind: str, known: Told) -> list[float]:
    """Where the destination was named; `kind` is the call's class."""
    if not where:
        return [ABSENT] * 7
    in_task, in_seen = where in known.task, where in known.seen
    new = float(not in_task and not in_seen)
    return [
        float(in_task),
        float(in_seen),
        new,
        new if kind != "read" else 0.0,
        partly(where, known.task, known.task_words),
        max(partly(where, known.task, known.task_words), partly(where, known.seen, known.seen_words)),
        float(bool(places(where))),
    ]


def partly(where: str, text: str, known: frozenset[str]) -> float:
    """How far a text names a destination: words of a name, words before the `@` of a mail address, the host of a URL."""
    outside = places(where)
    if not outside:
        return share(words(where), known)
    if "@" in outside[0]:
        return share(words(outside[0].split("@")[0]), known)
    host = outside[0].split("://")[-1].split("/")[0].removeprefix("www.")
    return float(re.search(rf"(?<![\w.-]){re.escape(host)}", text.replace("www.", "")) is not None)


def is_short(value: str) -> bool:
    """Whether a value is a name, a number or an address."""
    return len(value) <= SHORT or not any(character.isspace() for character in value)


def of_values(values: list[str], known: Told) -> list[float]:
    """Where values and their words come from: short values apart from prose."""
    short = [value.lower() for value in values if is_short(value)]
    prose = [value for value in values if not is_short(value)]
    named = share([value for value in short], _Within(known.task))
    seen = share([value for value in short], _Within(known.seen))
    new = [value not in known.task and value not in known.seen for value in short]
    # An address counts as a whole, in `of_destination` and `of_places`: its words prove nothing.
    said = [word for value in short if places(value) != [value] for word in words(value) if word not in FILLER]
    told_prose = [word for value in prose for word in words(value) if word not in FILLER]
    numbers = [word for word in said if word.isdigit()]
    return [
        named,
        seen,
        sum(new) / len(new) if new else ABSENT,
        share(said, known.task_words),
        share([stem(word) for word in said], known.task_stems),
        share(said, known.task_words | known.seen_words),
        share(told_prose, known.task_words),
        share(told_prose, known.task_words | known.seen_words),
        share(numbers, known.task_words | known.seen_words),
        min(len(short), 8),
        min(len(prose), 3),
        min(sum(new), 4),
        min(sum(_is_name(value) for value in values if value.lower() not in known.task and value.lower() not in known.seen), 3),
    ]


def _is_name(value: str) -> bool:
    """Whether a value is one to three capitalised words."""
    parts = value.split()
    return 1 <= len(parts) <= 3 and all(part[0].isupper() and part[1:].islower() for part in parts)


class _Within(frozenset):
    """A text as the set of its parts."""

    def __new__(cls, text: str):
        made = super().__new__(cls)
        made.text = text
        return made

    def __contains__(self, part: object) -> bool:
        return part in self.text


def of_places(values: list[str], known: Told) -> list[float]:
    """Addresses anywhere in the values: how many, and how many are new."""
    found = {place for value in values for place in places(value)}
    new = [place for place in found if place not in known.task and place not in known.seen]
    return [min(len(found), 4), min(len(new), 4)]


def of_tool(row: Row, known: Told) -> list[float]:
    """How the tool fits the task and what was called before."""
    tool = row["action"]["tool"]
    name = [word for word in tool_words(tool) if word not in FILLER]
    verbs = {word for members in CLASSES.values() for word in members}
    nouns = [word for word in name if word not in verbs]
    before = [call["tool"] for call in row["history"]]
    earlier = frozenset(word for other in before for word in tool_words(other))
    kind = tool_class(tool)
    asked = frozenset(stem(word) for word in (*CLASSES.get(kind, ()), *ASKED.get(kind, ())))
    return [
        share([stem(word) for word in name], known.task_stems),
        share([stem(word) for word in nouns], known.task_stems),
        float(tool in before) if before else ABSENT,
        share(nouns, earlier) if before else ABSENT,
        float(any(tool_class(other) == kind for other in before)) if before else ABSENT,
        float(bool(asked & known.task_stems)) if asked else ABSENT,
        min(len(before), 6),
        sum(word in known.task_words for word in DELEGATING),
    ]


def of_class(kind: str) -> list[float]:
    """The tool's class, one number each."""
    return [float(kind == name) for name in CLASS_NAMES]


def of_risk(row: Row, values: list[str], known: Told) -> list[float]:
    """Words that attackers need, and words of wide rights, that the task did not say."""
    tool = row["action"]["tool"]
    said = frozenset(word for value in (*values, tool) for word in words(value.replace("_", " "))) | frozenset(
        word for value in values for word in value.lower().split()
    )
    risky = [word for word in RISKY if word in said]
    wide = {word for text in (*values, *set_flags(row["action"]["arguments"])) if is_short(text) for word in words(text)} & WIDE
    return [
        min(len(risky), 4),
        min(sum(word not in known.task_words for word in risky), 4),
        min(sum(stem(word) not in known.task_stems for word in wide), 3),
    ]


def of_meaning(row: Row, values: list[str], alike: Pair) -> list[float]:
    """How alike in meaning: task and tool, task and values, task and the whole call."""
    tool = " ".join(tool_words(row["action"]["tool"]))
    said = " ".join(values)[:600]
    task = row["task"][:1500]
    earlier = " ".join(word for call in row["history"] for word in tool_words(call["tool"]))[:600]
    return [
        alike(task, tool),
        alike(task, said) if said else ABSENT,
        alike(task, f"{tool} {said}"),
        max(alike(part, f"{tool} {said}") for part in sentences(task)),
        max(alike(part, tool) for part in sentences(task)),
        alike(earlier, tool) if earlier else ABSENT,
    ]


@lru_cache(1024)
def sentences(task: str) -> tuple[str, ...]:
    """The first 24 parts of a task between line ends, full stops, semicolons and question marks; the task if there are none."""
    parts = [part.strip() for part in re.split(r"[\n;?!]|\.\s", task)]
    return tuple(part for part in parts if len(part) > 3)[:24] or (task,)


def features(row: Row, alike: Pair) -> list[float]:
    """The numbers of a row, in the order of `FEATURES`."""
    known = told(row)
    values = leaves(row["action"]["arguments"])
    tool = row["action"]["tool"]
    return [
        *of_destination(destination(row), tool_class(tool), known),
        *of_values(values, known),
        *of_places(values, known),
        *of_tool(row, known),
        *of_class(tool_class(tool)),
        *of_risk(row, values, known),
        *of_meaning(row, values, alike),
    ]


FEATURES = (
    "destination_in_task",
    "destination_seen",
    "destination_new",
    "destination_new_acted_on",
    "destination_words_in_task",
    "destination_words_known",
    "destination_outside",
    "values_named",
    "values_seen",
    "values_new",
    "value_words_in_task",
    "value_stems_in_task",
    "value_words_known",
    "prose_words_in_task",
    "prose_words_known",
    "numbers_known",
    "short_values",
    "prose_values",
    "values_new_count",
    "names_new",
    "places",
    "places_new",
    "tool_words_in_task",
    "tool_nouns_in_task",
    "tool_used_before",
    "tool_nouns_before",
    "class_before",
    "class_asked",
    "calls_before",
    "delegating",
    *(f"class_{name}" for name in CLASS_NAMES),
    "risky",
    "risky_unasked",
    "wide_unasked",
    "alike_tool",
    "alike_values",
    "alike_call",
    "alike_call_best",
    "alike_tool_best",
    "alike_history",
)
