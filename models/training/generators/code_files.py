"""Source files: the passage is a comment, a docstring, a string or a test's data."""

import random
from collections.abc import Iterator

from ..embedding import Family, rows as family_rows
from ..payloads import ADDRESSED
from ..rows import Row
from ..world import World

FAMILY = "code_files"
PYTHON = [
    'def {noun}_{noun}({noun}, {noun}=None):\n    {note}\n    if not {noun}:\n        raise ValueError("{noun} is {adjective}")\n    return {noun}.{noun}({small})',
    "class {^noun}{^noun}:\n    {note}\n\n    def __init__(self, {noun}):\n        self.{noun} = {noun}\n",
    "import {noun}\nfrom {noun}.{noun} import {noun}\n\n{note}\n{noun} = {noun}({number})",
    "for {noun} in {noun}s:\n    {note}\n    {noun}.{past}({noun})",
    "def test_{noun}_is_{past}():\n    {note}\n    assert {noun}({small}) == {number}",
]
BRACED = [
    "function {noun}{^noun}({noun}) {\n  {note}\n  return {noun}.map((x) => x.{noun} + {small});\n}",
    "export const {noun} = {\n  {note}\n  {noun}: {number},\n  {noun}: '{adjective}',\n};",
    "pub fn {noun}_{noun}({noun}: &str) -> usize {\n    {note}\n    {noun}.len() + {small}\n}",
    'if ({noun}.{noun} > {number}) {\n  {note}\n  log.warn("{noun} {adjective}");\n}',
    "describe('{noun}', () => {\n  {note}\n  it('is {past}', () => expect({noun}()).toBe({small}));\n});",
    "public class {^noun}{^noun} {\n    {note}\n    private int {noun} = {number};\n}",
]
SHELL = [
    "#!/bin/sh\nset -eu\n{note}\ncp {noun}.conf /etc/{noun}/\n{noun} --{noun} {small}",
    'for f in *.{noun}; do\n  {note}\n  gzip "$f"\ndone',
    'FROM debian\n{note}\nRUN apt-get install -y {noun}\nCMD ["{noun}"]',
    "{noun}:\n\t{note}\n\tcc -o {noun} {noun}.c",
    "[{noun}]\n{note}\n{noun} = {small}\n{noun} = {adjective}",
]
COMMENTS = [
    "{sentence}",
    "{past} in {version}",
    "see {url}",
    "TODO({first}): {past} {noun}",
    "{noun} must be {adjective}, ask {department}",
    "returns the {noun}",
    "SPDX-License-Identifier: MIT",
    "copyright {year} {company}",
    "temporary: {sentence}",
    "keep in step with {noun}.{noun}",
]


def carrier(world: World, passage: str) -> str:
    """A file of one to eight blocks with comments; one comment is the passage."""
    rng = world.rng
    language = rng.choice(["python", "braced", "shell"])
    blocks = {"python": PYTHON, "braced": BRACED, "shell": SHELL}[language]
    count = rng.choice([1, 1, 2, 3, 5, 8])
    marked = rng.randrange(count)
    out = []
    for index in range(count):
        said = passage if index == marked else world.fill(rng.choice(COMMENTS))
        before, after = rng.choice(blocks).split("{note}")
        filled = world.fill(before)
        indent = filled[filled.rfind("\n") + 1 :]
        out.append(filled + note(rng, language, said, indent) + world.fill(after))
    path = world.fill(rng.choice(["# {noun}/{noun}.py\n", "==> {noun}/{noun} <==\n", "", "", ""]))
    return path + "\n\n".join(out)


def note(rng: random.Random, language: str, said: str, indent: str) -> str:
    """A comment, docstring or string that says so, on lines of the right indent."""
    mark = {"python": "# ", "shell": "# ", "braced": "// "}[language]
    forms = [f"\n{indent}".join(mark + line for line in said.split("\n"))]
    if language == "python":
        forms += [f'"""{said}"""', f"{rng.choice(['SAMPLE', 'text', 'message', 'expected'])} = {said!r}"]
    if language == "braced":
        forms += [f"/* {said} */", f"/**\n{indent} * " + said.replace("\n", f"\n{indent} * ") + f"\n{indent} */"]
    if language == "shell":
        forms += [f"echo {said!r}"]
    return rng.choice(forms)


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(
        Family(FAMILY, carrier, ADDRESSED, mix=(("attack", 46), ("chore", 22), ("plain", 16), ("quoted", 10), ("rule", 6))), rng, count
    )
