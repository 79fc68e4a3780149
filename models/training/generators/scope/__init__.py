"""Which domains of tasks there are for scope drift; each is a module with `FAMILY` and `SCENARIOS`."""

import random
from collections.abc import Iterator

from ... import drift
from ...rows import Row, check
from . import browsing, calendar, cloud, code, crm, files, finance, hr, mail, messaging, shell

DOMAINS = (browsing, calendar, cloud, code, crm, files, finance, hr, mail, messaging, shell)


def generate(domain, seed: int, groups: int) -> Iterator[Row]:
    """Checked rows of so many tasks of one domain."""
    rng = random.Random(f"{seed}/scope/{domain.FAMILY}")
    others = [scenario for other in DOMAINS if other is not domain for scenario in other.SCENARIOS]
    for number in range(groups):
        for row in drift.rows_of_task(rng, domain.FAMILY, domain.SCENARIOS, others, number):
            yield check(row)
