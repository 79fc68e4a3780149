"""Finds any of many thousand secrets in any text, by stretches of fixed length."""

from decoders import readings
from redactor import MARKER

# A survivor is a run of this many signs of a part; shorter ones for passwords, which are short.
LONG, SHORT = 12, 8
LONG_PART = 24


class GramIndex:
    """Stretches of every part of every planted secret, each with what was planted."""

    def __init__(self):
        self.long, self.short = {}, {}

    def add(self, parts, label):
        for part in parts:
            size, grams = (LONG, self.long) if len(part) >= LONG_PART else (SHORT, self.short)
            assert len(part) >= size, f"a part of {label} is too short to be found again"
            for at in range(len(part) - size + 1):
                gram = part[at:at + size]
                # Digits alone may be a time stamp.
                if not gram.isdigit():
                    grams[gram] = label

    def hits(self, text):
        """What was planted and stands in the text as it is."""
        return {
            grams[gram] for size, grams in ((LONG, self.long), (SHORT, self.short))
            for gram in (text[at:at + size] for at in range(len(text) - size + 1)) if gram in grams
        }

    def decoded_hits(self, text):
        """What was planted and can be read in the text after any decoding."""
        found = set()
        for reading in readings(MARKER.sub(" \u00b7 ", text)):
            found |= self.hits(reading)
        return found
