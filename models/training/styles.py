"""Which styles keep text from being seen; `models/src/prepare/style` does the same. The standard library alone."""

import re
from typing import Literal

Rgb = tuple[int, int, int]
# A colour behind the text, or something else whose colour is not known.
Ground = Rgb | Literal["other"]
CLEAR: Literal["clear"] = "clear"
PAGE: Ground = (255, 255, 255)

ALIKE = 16
MAX_OPACITY = 0.05
MAX_NAMES = 1000
NAMED: dict[str, Rgb] = {
    "white": (255, 255, 255),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240),
    "mintcream": (245, 255, 250),
    "azure": (240, 255, 255),
    "whitesmoke": (245, 245, 245),
    "black": (0, 0, 0),
    "gray": (128, 128, 128),
}
_NUMBER = re.compile(r"[0-9+\-.]*")
_SIMPLE = re.compile(r"[.#][A-Za-z0-9_-]+")
_FAR = frozenset("text-indent left right top bottom inset margin margin-left margin-right margin-top margin-bottom".split())


def look(style: str, behind: Ground) -> tuple[bool, Ground]:
    """Whether text in a style is not seen, and what stands behind it."""
    ground, colour = behind, None
    hidden = clipped = without_size = False
    for declaration in style.split(";"):
        name, colon, value = declaration.partition(":")
        if not colon:
            continue
        name, value = name.strip().lower(), value.lower().replace("!important", "").strip()
        if name in ("background", "background-color"):
            ground = ground_of(value) or ground
        elif name in ("color", "-webkit-text-fill-color"):
            colour = _colour(value) or colour
        elif name in ("overflow", "overflow-x", "overflow-y"):
            clipped |= value in ("hidden", "clip")
        elif name in ("width", "height", "max-width", "max-height"):
            without_size |= _is_nothing(value)
        else:
            hidden |= _hides(name, value)
    return hidden or clipped and without_size or colour is not None and _swallows(ground, colour), ground


def ground_of(value: str) -> Ground | None:
    """What a background says; nothing where it changes nothing."""
    colour = _colour(value)
    if colour == CLEAR or colour is None and value in ("", "none", "inherit", "initial", "unset"):
        return None
    return "other" if colour is None else colour


def swallows_named(ground: Ground, value: str) -> bool:
    """Whether text of a named colour cannot be seen."""
    colour = _colour(value)
    return colour is not None and _swallows(ground, colour)


class Sheet:
    """The classes and ids that style sheets inside a page hide, by rules whose selector is nothing else."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def read(self, css: str) -> None:
        """Takes the rules of a sheet into account."""
        for block in css.split("}"):
            before, brace, declarations = block.rpartition("{")
            if not brace or "print" in before or not look(declarations, "other")[0]:
                continue
            for name in map(str.strip, re.split("[{;]", before)[-1].split(",")):
                if _SIMPLE.fullmatch(name) and len(self.names) < MAX_NAMES:
                    self.names.add(name)

    def hides_class(self, classes: str) -> bool:
        """Whether one of the classes is hidden."""
        return any("." + one in self.names for one in classes.split())

    def hides_id(self, name: str) -> bool:
        """Whether the element with that id is hidden."""
        return "#" + name in self.names


def _swallows(ground: Ground, colour: Rgb | Literal["clear"]) -> bool:
    if colour == CLEAR:
        return True
    return ground != "other" and all(abs(one - other) <= ALIKE for one, other in zip(ground, colour, strict=True))


def _colour(value: str) -> Rgb | Literal["clear"] | None:
    value = value.strip().lower()
    if value == "transparent":
        return CLEAR
    if value in NAMED:
        return NAMED[value]
    if value.startswith("#"):
        digits = value[1:]
        if not re.fullmatch("[0-9a-f]*", digits) or len(digits) not in (3, 4, 6, 8):
            return None
        wide = digits if len(digits) > 4 else "".join(digit * 2 for digit in digits)
        found = [int(wide[at : at + 2], 16) for at in range(0, len(wide), 2)]
        return CLEAR if found[3:] == [0] else (found[0], found[1], found[2])
    numbers = re.fullmatch(r"rgba?\((.*)\)", value)
    if numbers is None:
        return None
    sizes = [_number(one) for one in re.split("[, /]", numbers[1]) if one]
    if None in sizes or len(sizes) not in (3, 4):
        return None
    red, green, blue = (int(min(max(size * 2.55 if unit == "%" else size, 0), 255)) for size, unit in sizes[:3])
    return CLEAR if len(sizes) == 4 and sizes[3][0] <= MAX_OPACITY else (red, green, blue)


def _number(value: str) -> tuple[float, str] | None:
    digits = _NUMBER.match(value)[0]
    try:
        return float(digits), value[len(digits) :].strip()
    except ValueError:
        return None


def _hides(name: str, value: str) -> bool:
    number = _number(value)
    if name == "display":
        return value == "none"
    if name == "visibility":
        return value in ("hidden", "collapse")
    if name == "content-visibility":
        return value == "hidden"
    if name == "opacity":
        return number is not None and (number[0] / 100 if number[1] == "%" else number[0]) <= MAX_OPACITY
    if name == "font-size":
        return _is_tiny(value)
    if name == "font":
        return any(map(_is_tiny, re.split("[ /]", value)))
    if name == "clip":
        return value.startswith(("rect(0", "rect(1px"))
    if name == "clip-path":
        return value.startswith(("inset(50%", "inset(100%", "circle(0"))
    if name == "transform":
        return _transformed_away(value)
    return name in _FAR and any(map(_is_far, value.split(" ")))


def _transformed_away(value: str) -> bool:
    for step in value.split(")"):
        name, bracket, numbers = step.partition("(")
        name, sizes = name.strip(), [one.strip() for one in numbers.split(",")]
        if not bracket:
            continue
        if name.startswith("scale"):
            if any((number := _number(one)) is not None and number[0] == 0 for one in sizes):
                return True
        elif name.startswith("translate") and any(map(_is_far, sizes)):
            return True
    return False


def _is_tiny(value: str) -> bool:
    number = _number(value)
    return number is not None and number[0] <= {"px": 2, "pt": 2, "em": 0.15, "rem": 0.15, "%": 10}.get(number[1], 0)


def _is_nothing(value: str) -> bool:
    number = _number(value)
    return number is not None and number[0] <= (number[1] == "px")


def _is_far(value: str) -> bool:
    number = _number(value)
    if number is None:
        return False
    size, unit = number
    least, most = {
        "": (-500, 5000),
        "px": (-500, 5000),
        "pt": (-500, 5000),
        "em": (-50, 500),
        "rem": (-50, 500),
        "ch": (-50, 500),
        "vw": (-100, 200),
        "vh": (-100, 200),
        "%": (-100, 200),
    }.get(unit, (float("-inf"), float("inf")))
    return size <= least or size >= most
