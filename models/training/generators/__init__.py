"""Which generators there are; each is a module with `FAMILY` and `rows(rng, count)`, a pure function of its source."""

import random
from collections.abc import Iterator
from types import ModuleType

from ..rows import Row, check
from . import (
    agent_rules,
    calendars,
    chats,
    code_files,
    collected,
    direct,
    feeds,
    guarded,
    jailbreaks,
    mails,
    markup,
    pages,
    overrides,
    papers,
    personas,
    pull_requests,
    quiet_requests,
    readmes,
    records,
    security_talk,
    spoken,
    spreadsheets,
    talk,
    tickets,
    tool_catalogues,
    tongues_only,
    trigger_words,
)

INJECTION: tuple[ModuleType, ...] = (
    agent_rules,
    calendars,
    chats,
    code_files,
    collected,
    direct,
    feeds,
    guarded,
    jailbreaks,
    mails,
    markup,
    pages,
    overrides,
    papers,
    personas,
    pull_requests,
    quiet_requests,
    readmes,
    records,
    security_talk,
    spoken,
    spreadsheets,
    talk,
    tickets,
    tool_catalogues,
    tongues_only,
    trigger_words,
)


def generate(module: ModuleType, seed: int, count: int) -> Iterator[Row]:
    """Checked rows of one generator; its random source depends on the seed and its name alone."""
    rng = random.Random(f"{seed}/{module.FAMILY}")
    for row in module.rows(rng, count):
        yield check(row)
