"""A million lines without a secret: at most one in ten thousand is altered.

MAGISTRATE_HARMLESS_LINES asks for another number than the 100,000 that a debug build gets through quickly.
"""

import collections
import os
import subprocess

import harmless
from conftest import BINARY

NUMBER = int(os.environ.get("MAGISTRATE_HARMLESS_LINES", 100_000))
ALLOWED = 1 / 10_000
SHOWN = 12


def altered_lines(tmp_path):
    """Kind, line and answer of each line that was altered."""
    source, answer = tmp_path / "lines.txt", tmp_path / "answer.txt"
    kinds = []
    with open(source, "w") as file:
        for kind, line in harmless.lines(NUMBER, "harmless 1"):
            assert "\n" not in line and "\r" not in line
            kinds.append(kind)
            file.write(line + "\n")
    with open(source) as stdin, open(answer, "w") as stdout:
        subprocess.run([BINARY, "redact", "--data", tmp_path], stdin=stdin, stdout=stdout, check=True, timeout=900)
    with open(source) as before, open(answer) as after:
        for kind, line, result in zip(kinds, before, after, strict=True):
            if line != result:
                yield kind, line.rstrip("\n"), result.rstrip("\n")


def test_harmless_lines_stay_as_they_are(tmp_path):
    offenders = collections.defaultdict(list)
    for kind, line, result in altered_lines(tmp_path):
        offenders[kind].append((line, result))
    number = sum(map(len, offenders.values()))
    report = [f"{number} of {NUMBER} lines altered; allowed: {int(NUMBER * ALLOWED)}"]
    for kind, pairs in offenders.items():
        report.append(f"{kind}: {len(pairs)}")
        report += [f"  {around(line, result)}" for line, result in pairs[:SHOWN]]
    print("\n".join(report))
    assert number <= NUMBER * ALLOWED, "\n".join(report)


def around(line, result, width=60):
    """Where the two begin to differ, with what stands beside it."""
    same = len(os.path.commonprefix([line, result]))
    start = max(0, same - width)
    return f"{line[start:same + width]!r} -> {result[start:same + width]!r}"
