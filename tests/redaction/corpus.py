"""The seeded corpus: true secrets and look-alikes, as JSON lines, with the exact place of each secret.

Run as a program it writes the corpus to the path that it is given; nothing of it is kept in the repository.
"""

import json
import sys

import contexts
import lookalikes
from chance import Chance
from formats import FORMATS

SEED = 20261123
SECRETS_A_FORMAT = 10
LOOKALIKES_A_FORMAT = 9


def secrets(a_format=SECRETS_A_FORMAT, seed=SEED, forms=FORMATS):
    """True secrets, each in one of its format's texts; every text of a format comes before one comes twice."""
    for form in forms:
        chance = Chance(f"{seed} secret {form.name}")
        texts = contexts.of(form)
        chance.shuffle(texts)
        for number in range(a_format):
            kind, template = texts[number % len(texts)]
            secret = form.make(chance)
            text, start, end = contexts.fill(template, form, chance, secret.text)
            yield {
                "id": f"secret-{form.name}-{number:03}", "format": form.name, "context": kind, "text": text,
                "start": start, "end": end, "secret": secret.text, "parts": secret.parts,
            }


def looks_alike(a_format=LOOKALIKES_A_FORMAT, seed=SEED, forms=FORMATS):
    """Texts without a secret, each made after a format."""
    for form in forms:
        chance = Chance(f"{seed} look-alike {form.name}")
        kinds = list(lookalikes.KINDS.items())
        if form.vendor == "aws":
            kinds.append(("example", lookalikes.example))
        for number in range(a_format):
            kind, make = kinds[number % len(kinds)]
            yield {"id": f"alike-{form.name}-{number:03}", "format": form.name, "kind": kind, "text": make(form, chance)}


def write(path):
    with open(path, "w") as file:
        for case in [*secrets(), *looks_alike()]:
            file.write(json.dumps(case) + "\n")


if __name__ == "__main__":
    write(sys.argv[1])
