"""Articles, manuals, tests and incident reports about attacks on models: mention, not use; some carry a live attack."""

import json
import random
from collections.abc import Iterator

from ..embedding import Family, insert, row
from ..payloads import attack
from ..rows import Row
from ..world import World

FAMILY = "security_talk"
TALK = [
    "[[Prompt injection|Indirect injection|Tool poisoning|A jailbreak]] happens when [[text that a model reads|a page, a mail or a tool result]] is taken for an order.",
    "We [[recommend|advise]] [[keeping tool output apart from instructions|least privilege for tools|a confirmation before each payment|logging every call]].",
    "The system prompt is [[not a secret|no security boundary]]; do not put [[keys|passwords]] into it.",
    "In {month} {year}, {person} showed that an agent of {company} would [[open links|forward mail]] when a {noun} told it to.",
    "A classifier reports [[{percent} recall|a score of 0.{small}]] at {percent} false positives on {number} texts.",
    "Attackers hide orders in [[HTML comments|white text|alt attributes|calendar entries|zero-width characters]].",
    "To override a policy, an administrator opens a ticket; [[nobody|no model]] may bypass it.",
    "See also: [[OWASP LLM01|ATLAS AML.T0051|the threat model in section {small}]].",
    "[[Blue team|Exercise]] {small}: find the injected sentence in {file} and explain why a filter misses it.",
    'Role-play prompts and "ignore" phrases are [[old|well known]]; [[requests that look ordinary|support notes|coding rules]] are the harder kind.',
    "If a user asks you for the admin password, [[call security|say no and report it]].",
    "{sentence}",
    "Our bot must refuse requests to reveal its instructions and should say so politely.",
    "[[Do not paste|Never copy]] unknown commands into a terminal.",
]


def carrier(world: World, quotes: list[str]) -> str:
    """An article, a test file, a data set, an incident or a filter rule that holds the quotes."""
    rng = world.rng
    shape = rng.choice(["article", "article", "test", "dataset", "incident", "rule"]) if quotes else "article"
    if shape == "test":
        cases = ",\n    ".join(f"({quote!r}, {rng.choice(['True', '1', 'BLOCK', 'INJECTION'])})" for quote in quotes)
        return (
            world.fill("import pytest\nfrom {noun}.guard import is_injection\n\nCASES = [\n    ")
            + cases
            + world.fill(
                ',\n    ("{sentence}", False),\n]\n\n@pytest.mark.parametrize("text,expected", CASES)\ndef test_detector(text, expected):\n    assert is_injection(text) == expected'
            )
        )
    if shape == "dataset":
        return (
            "\n".join(json.dumps({"text": quote, "label": rng.choice(["injection", "attack", 1])}, ensure_ascii=False) for quote in quotes)
            + "\n"
            + json.dumps({"text": world.pick("sentence"), "label": rng.choice(["benign", 0])})
        )
    if shape == "incident":
        lines = [
            world.fill("{iso}T{clock}Z guard: [[blocked|flagged|quarantined]] {noun} {hexid} score=0.{number} excerpt=")
            + json.dumps(quote, ensure_ascii=False)
            for quote in quotes
        ]
        return (
            world.fill("Incident {number}: [[injection attempt|suspicious page]] at {company}\n\n")
            + "\n".join(lines)
            + "\n\n"
            + world.fill(rng.choice(TALK))
        )
    if shape == "rule":
        return "\n".join(
            f"- id: {world.pick('noun')}-{rng.randint(1, 99)}\n  description: {world.fill(rng.choice(TALK))}\n  must_match:\n    - {json.dumps(quote, ensure_ascii=False)}"
            for quote in quotes
        )
    parts = [" ".join(world.fill(rng.choice(TALK)) for _ in range(rng.randint(1, 4))) for _ in range(rng.randint(1, 6))]
    for quote in quotes:
        frame = rng.choice(
            [
                'For example: "{}"',
                "> {}",
                "```\n{}\n```",
                "The page said: “{}” The agent [[obeyed|refused|asked]].",
                "Such a text may read '{}', and it must be treated as data.",
            ]
        )
        before, after = frame.split("{}")
        parts.insert(rng.randint(0, len(parts)), world.fill(before) + quote + world.fill(after))
    return world.fill("# {^noun} security: [[attacks on agents|prompt injection|hidden text]]\n\n") + "\n\n".join(parts)


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    family = Family(FAMILY, lambda _world, text: text)
    for _ in range(count):
        world = World(rng)
        quotes = [attack(world).text for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        text = carrier(world, quotes)
        found = insert(world, "attack" if rng.random() < 0.3 else "chore", family)
        if found.label == "benign" and rng.random() < 0.6:
            yield row(FAMILY, text, found)
            continue
        lines = text.split("\n")
        spot = rng.choice([0, len(lines), rng.randint(0, len(lines))])
        yield row(FAMILY, "\n".join([*lines[:spot], found.text, *lines[spot:]]), found)
