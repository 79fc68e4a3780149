"""Markup and tool answers with text that no reader sees: most of it harmless, as on real pages, some of it an attack."""

import html
import json
import random
from collections.abc import Iterator

from ..banks import markup
from ..embedding import Family, insert, row
from ..grammar import Grammar
from ..payloads import Insert
from ..rows import Row
from ..world import World

FAMILY = "markup"
MIX = (("attack", 60), ("chore", 15), ("plain", 20), ("rule", 5))


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    family = Family(FAMILY, lambda _world, text: text, mix=MIX)
    kinds, weights = zip(*MIX, strict=True)
    for _ in range(count):
        world = World(rng)
        found = insert(world, rng.choices(kinds, weights)[0], family) if rng.random() < 0.72 else Insert("", "benign", "markup", "none")
        made = answer(world, found.text) if rng.random() < 0.35 else page(world, found.text)
        yield row(FAMILY, made, found)


def filled(world: World, bank: list[str]) -> str:
    """A text of one of the banks."""
    return Grammar(world.rng, {**world.others(), "placeholders": markup.PLACEHOLDERS}).fill(world.rng.choice(bank))


def hide(world: World, text: str, comment: bool) -> str:
    """A text that a browser does not show, the same ways for all."""
    rng, body = world.rng, html.escape(text, quote=True)
    if comment:
        return f"<!-- {text.replace('--', '- -')} -->"
    return rng.choice(
        [
            f'<div style="display:none">{body}</div>',
            f'<span class="sr-only">{body}</span>',
            f'<p hidden>{body}</p>',
            f'<template><p>{body}</p></template>',
            f'<img src="/{rng.randrange(999)}.png" alt="{body}">',
            f'<button aria-label="{body}">×</button>',
            f'<noscript>{body}</noscript>',
            f'<input type="hidden" name="note" value="{body}">',
            f'<span style="position:absolute;left:-9999px">{body}</span>',
            f'<meta name="description" content="{body}">',
        ]
    )


def page(world: World, passage: str) -> str:
    """A page: shown prose, hidden texts of its own, and the passage hidden like them."""
    rng = world.rng
    parts = [f"<p>{html.escape(world.paragraph(rng.randint(1, 3)))}</p>" for _ in range(rng.randint(1, 6))]
    parts += [hide(world, filled(world, markup.COMMENTS), True) for _ in range(rng.randint(0, 4))]
    parts += [hide(world, filled(world, markup.HIDDEN), False) for _ in range(rng.randint(0, 4))]
    parts += [f"<h{level}>{html.escape(world.fill('{^topic}'))}</h{level}>" for level in rng.sample([1, 2, 3], rng.randint(0, 2))]
    rng.shuffle(parts)
    if passage:
        parts.insert(rng.randint(0, len(parts)), hide(world, passage, rng.random() < 0.45))
    body = rng.choice(["\n", "\n", ""]).join(parts)
    if rng.random() < 0.5:
        return body
    return f"<!doctype html>\n<html><head><title>{html.escape(world.fill('{company}'))}</title></head>\n<body>{body}</body></html>"


def answer(world: World, passage: str) -> str:
    """A tool's answer: data, hints that the tool's maker wrote, and the passage in a field of its own or among the data."""
    rng = world.rng
    records = [
        {"id": rng.randrange(9999), "name": world.fill("{adjective} {noun}"), "note": world.paragraph(1) if rng.random() < 0.5 else filled(world, markup.HINTS)}
        for _ in range(rng.randint(1, 5))
    ]
    made: dict = {"status": rng.choice(["ok", "partial", 200, "done"]), "results": records}
    if rng.random() < 0.6:
        made[rng.choice(["hint", "message", "next", "_meta", "warning", "instructions"])] = filled(world, markup.HINTS)
    if passage and rng.random() < 0.5:
        rng.choice(records)[rng.choice(["note", "description", "comment", "bio", "title"])] = passage
    elif passage:
        made[rng.choice(["hint", "message", "notice", "_meta", "footer", "instructions"])] = passage
    keys = list(made)
    rng.shuffle(keys)
    return json.dumps({key: made[key] for key in keys}, ensure_ascii=rng.random() < 0.1, indent=rng.choice([None, 1, 2]))
