"""Runs many texts through one `magistrate redact` and tells what of a secret still stands in the answer."""

import re
import subprocess

from conftest import BINARY

MARKER = re.compile(r"\[redacted:[a-z0-9._-]+:[a-z2-7]{16}\]")
# A line that no rule can mistake for anything; texts must not hold one.
FENCE = "~~ text {} ends ~~"
# A run of a secret this long is no use to a thief and may stand there by chance.
HARMLESS = 8


def redact(texts, folder):
    """The texts after one pass; the fences between them must have stayed."""
    fenced = "".join(f"{text}\n{FENCE.format(at)}\n" for at, text in enumerate(texts))
    done = subprocess.run(
        [BINARY, "redact", "--data", folder], input=fenced.encode(), stdout=subprocess.PIPE, check=True, timeout=300,
    )
    answer, results, start = done.stdout.decode(), [], 0
    for at, text in enumerate(texts):
        fence = "\n" + FENCE.format(at) + "\n"
        end = answer.find(fence, start)
        assert end >= 0, f"what follows is gone too: {text[:200]!r}"
        results.append(answer[start:end])
        start = end + len(fence)
    return results


def left_of(parts, text):
    """The longest run of a secret's parts that is still readable in the text, if it could be of use."""
    text = MARKER.sub("\x00", text)
    for part in parts:
        size = harmless(part) + 1
        for at in range(len(part) - size + 1):
            if part[at:at + size] in text:
                end = at + size
                while end < len(part) and part[at:end + 1] in text:
                    end += 1
                return part[at:end]
    return ""


def harmless(part):
    return max(4, min(HARMLESS, len(part) // 4))
