"""Issues, pull requests, review comments and commit logs of code hosts."""

import json
import random
from collections.abc import Iterator

from ..embedding import Family, among, depth, rows as family_rows
from ..payloads import ADDRESSED
from ..rows import Row
from ..world import World

FAMILY = "pull_requests"
TITLES = [
    "[[Fix|Add|Remove|Rename|Speed up|Document]] {noun} [[in {noun}|for {project}|when {noun} is {adjective}|]]",
    "{noun}: [[crash|leak|wrong result]] [[after update to {version}|on {weekday}]]",
    "Bump {noun} from {version} to {version}",
    "[[feat|fix|docs|chore|refactor]]({noun}): {past} the {noun}",
    "{^noun} is {adjective} [[with large|with empty|without]] {noun}s",
]
SECTIONS = [
    "### Steps to reproduce\n1. Open the {noun}\n2. [[Click|Select|Drag]] the {noun}\n3. See the error",
    "### Expected\nThe {noun} is {past}.\n\n### Actual\nThe {noun} stays {adjective}.",
    "```\nError: {noun} {hexid} not {past}\n    at {noun}.{noun} (src/{noun}.ts:{number}:{small})\n```",
    "**Version**: {version}\n**OS**: [[Linux|macOS|Windows]]",
    "- [x] tests added\n- [ ] docs {past}",
    "Closes #{number}.",
    "```diff\n- let {noun} = {small};\n+ let {noun} = {number};\n```",
    "{sentence}",
    "{sentence} {sentence}",
    "/cc @{handle}",
    "<!-- [[Please fill in the template|Do not remove this line|Describe the change]] -->",
    "LGTM, [[one nit|nice|thanks]]: {noun} should be {adjective}.",
]


def carrier(world: World, passage: str) -> str:
    """An issue or a pull request with the passage in its text, a comment, a hidden comment or a commit."""
    rng = world.rng
    title = world.fill(rng.choice(TITLES))
    parts = [world.fill(rng.choice(SECTIONS)) for _ in range(rng.choice([1, 2, 4, 8]))]
    hidden = rng.random() < 0.15
    put = f"<!-- {passage.replace('--', '- -')} -->" if hidden else passage
    parts.insert(rng.randint(0, len(parts)), put)
    shape = rng.choice(["markdown", "json", "comments", "log", "long"])
    if shape == "markdown":
        return f"# {title} #{rng.randint(1, 9999)}\n\n" + "\n\n".join(parts)
    if shape == "json":
        issue = {
            "number": rng.randint(1, 9999),
            "title": title,
            "user": {"login": world.pick("handle")},
            "state": rng.choice(["open", "closed"]),
            "labels": [world.pick("noun")],
            "body": "\n\n".join(parts),
            "comments": rng.randint(0, 40),
        }
        return json.dumps(issue, ensure_ascii=False, indent=rng.choice([None, 2]))
    if shape == "comments":
        return f"{title}\n\n" + "\n\n".join(f"@{world.pick('handle')} commented on {world.pick('iso')}:\n{part}" for part in parts)
    if shape == "log":
        return "\n\n".join(
            f"commit {world.pick('hexid')}\nAuthor: {world.pick('person')} <{world.pick('mail')}>\nDate:   {world.pick('iso')}\n\n"
            + "\n".join(f"    {line}" for line in (world.fill(rng.choice(TITLES)) + "\n\n" + part).split("\n"))
            for part in parts
        )
    return f"{title}\n\n" + among(world, put, *depth(world))


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier, ADDRESSED), rng, count)
