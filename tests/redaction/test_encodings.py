"""Every format in every encoding and wrapping, through `magistrate redact`: zero survivors."""

import collections

from decoders import survivor
from disguises import ENCODINGS, WRAPPINGS
from formats import FORMATS
from planting import planted
from redactor import redact

SEED = 150


def cases():
    for form in FORMATS:
        for encoding in ENCODINGS:
            yield form.name, encoding, *planted(form, encoding, SEED)


def summary(found):
    """How many survive by encoding, then each format with the encodings in which it does."""
    by_encoding = collections.Counter(encoding for _, encoding, _, _ in found)
    by_format = collections.defaultdict(list)
    for name, encoding, _, _ in found:
        by_format[name].append(encoding)
    lines = [f"survivors: {len(found)}", *(f"encoding {name:24} {count:4} of {len(FORMATS)} formats" for name, count in by_encoding.most_common())]
    for name, encodings in sorted(by_format.items(), key=lambda item: -len(item[1])):
        lines.append(f"format   {name:28} {len(encodings):2} of {len(ENCODINGS)}  [{' '.join(encodings)}]")
    return "\n".join(lines)


def test_the_decoders_read_every_encoding():
    unread = [(name, encoding) for name, encoding, text, parts in cases() if not survivor(parts, text)]
    assert unread == [], "a test that cannot read the secret proves nothing"


def test_no_secret_survives_in_any_encoding(tmp_path):
    planned = list(cases())
    assert len({name for name, *_ in planned}) >= 150
    assert len(ENCODINGS) >= 25
    answers = redact([text if encoding in WRAPPINGS else f"payload {text} end" for _, encoding, text, _ in planned], tmp_path)
    found = []
    for (name, encoding, text, parts), answer in zip(planned, answers, strict=True):
        if left := survivor(parts, answer):
            found.append((name, encoding, text, left))
    print(summary(found))
    assert not found, summary(found)
