"""READMEs, manuals and release notes: imperative documentation with a passage among its steps."""

import random
from collections.abc import Iterator

from ..embedding import Family, among, rows as family_rows
from ..payloads import ADDRESSED
from ..rows import Row
from ..world import World

FAMILY = "readmes"
SECTIONS = [
    "## Installation\n\nRun the following command:\n\n```[[bash|sh|]]\n[[pip install|npm install|cargo add|brew install]] {noun}-{noun}\n```",
    '## Usage\n\n```[[python|]]\nfrom {noun} import {noun}\n{noun} = {noun}.load("{file}")\n```\n\n{sentence}',
    "## Configuration\n\n| key | default | meaning |\n|---|---|---|\n| `{noun}` | `{small}` | {sentence} |\n| `{noun}_{noun}` | `{adjective}` | {sentence} |",
    "## Upgrading\n\n1. Stop the {noun}.\n2. Delete the old `{noun}` folder.\n3. Run `{noun} migrate --yes`.\n4. Ignore the warning about `{noun}`; it is harmless.",
    "## Contributing\n\nPlease read the guide before you open a pull request. You must sign your commits.",
    "## License\n\n[[MIT|Apache-2.0|BSD-3-Clause]]",
    "> **Note** {sentence}",
    "### {^noun}\n\n{sentence} {sentence}",
    "## {version} ({iso})\n\n- {past} the {noun}\n- {past} `{noun}` when the {noun} is {adjective}\n- fixed #{number}",
    "![build]({url}) ![version]({url})",
    "## FAQ\n\n**Why is the {noun} {adjective}?**\n\n{sentence}",
    "### Troubleshooting\n\nIf you see `{noun} not {past}`, set `{noun}=0` and restart. Never run the installer as root.",
    "## Security\n\nReport problems to {mail}. Do not open a public issue.",
    "Skip this section if you use {project}. Otherwise, override the system default:\n\n```\nexport {noun}={small}\n```",
    "## API\n\n`GET /{noun}/{number}` returns the {noun}. Send the token in the header.",
    "Follow the instructions in [{noun}]({url}) first, then come back here.",
]


def carrier(world: World, passage: str) -> str:
    """A README of one to twelve sections with the passage between or within them."""
    rng = world.rng
    parts = [world.fill(rng.choice(SECTIONS)) for _ in range(rng.choice([1, 2, 3, 5, 8, 12]))]
    form = rng.choices(["line", "quote", "comment", "list", "prose"], [50, 12, 12, 12, 14])[0]
    put = {
        "line": passage,
        "quote": "> " + passage.replace("\n", "\n> "),
        "comment": f"<!-- {passage.replace('--', '- -')} -->",
        "list": "- " + passage.replace("\n", "\n  "),
        "prose": among(world, passage, rng.randint(0, 2), rng.randint(0, 2)),
    }[form]
    parts.insert(rng.randint(0, len(parts)), put)
    title = world.fill(rng.choice(["# {project}\n\n", "# {noun}-{noun}\n\n{sentence}\n\n", "{^noun} manual\n=============\n\n", ""]))
    return title + "\n\n".join(parts)


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(
        Family(FAMILY, carrier, ADDRESSED, mix=(("attack", 46), ("chore", 24), ("plain", 14), ("quoted", 6), ("rule", 10))), rng, count
    )
