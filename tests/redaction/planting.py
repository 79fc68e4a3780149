"""Makes the text to plant: a secret of a format, with the name that it needs, in an encoding or wrapping."""

import contexts
from chance import Chance
from disguises import ENCODINGS


def unit(form, chance):
    """A secret with no more around it than is needed to know it, and its parts."""
    secret = form.make(chance)
    if form.only_own:
        template = chance.choice(form.own)
    elif form.evident:
        template = chance.choice(("§S", "use §S now", "§N=§S"))
    else:
        template = chance.choice(("§N=§S", '"§n": "§S"', "§n: §S"))
    text, _, _ = contexts.fill(template, form, chance, secret.text)
    return text, secret.parts


def planted(form, encoding, seed):
    """The text to plant and the parts of the secret in it."""
    text, parts = unit(form, Chance(f"{seed} {form.name} {encoding}"))
    # A file may spell its line ends as an escape; then the lines are still parts.
    return ENCODINGS[encoding](text), parts
