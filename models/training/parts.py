"""What of a text is judged for itself: what a page shows, what it hides, where links lead; `models/src/prepare` does the same.

Tokens are those of `html.parser`, on the Rust side those of the HTML standard; on broken markup the two differ, so that the golden
cases (`models/tests/golden_parts.jsonl`) hold pages with whole tags alone. The standard library alone.
"""

import re
from html.parser import HTMLParser

from .styles import PAGE, Ground, Sheet, ground_of, look, swallows_named

WHOLE, VISIBLE, HIDDEN, LINK = "whole", "visible", "hidden", "link"

ELEMENTS = frozenset(
    """a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br button
    canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption
    figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li
    link main map mark marquee menu meta meter nav nobr noembed noframes noscript object ol optgroup option output p param picture
    pre progress q rb rp rt rtc ruby s samp script search section select slot small source span strike strong style sub summary sup
    svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr""".split()
)
OF_LINES = frozenset(
    """address article aside blockquote body br button caption center dd details dialog dir div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav ol optgroup option p pre search section select
    summary table tbody td textarea tfoot th thead title tr ul""".split()
)
VOID = frozenset("area base basefont bgsound br col embed frame hr img input link meta param source track wbr".split())
UNSHOWN = frozenset("applet audio canvas datalist iframe noembed noframes noscript object script style template video".split())
CLOSED_BY_NEXT = frozenset("dd dt li option p td th tr".split())

TARGETS = frozenset("href src action formaction data poster cite background srcset ping longdesc xlink:href".split())
FOR_PEOPLE = frozenset("alt title placeholder value content summary label standby abbr srcdoc".split())
WORDS_FOR_PEOPLE, WORDS_FOR_MACHINES, UNSPACED = 2, 5, 6
MAX_LINK_TEXT = 1024
MAX_NAME = 10

_SIGN = re.compile(r"<!--|(?<![A-Za-z0-9_)\]])<([A-Za-z])(?=[ \t\n\f\r/>])[^<>]*>|<([A-Za-z0-9]{2,10})(?=[ \t\n\f\r/>])[^<>]*>")
_QUOTES = "\"'`“”„«»‘’‚"
_QUOTED = re.compile(rf"-->\\*[{_QUOTES}]")
MAX_QUOTED = 1024
_INLINE = re.compile(
    r"""\[([^\[\]\n]{0,1000})\]\([ \t]*<?([^\s()<>]{1,2000})>?(?:[ \t]+["'(]([^"'()\n]{0,1000})["')])?[ \t]*\)"""
)
_DEFINED = re.compile(
    r"""^ {0,3}\[([^\[\]\n]{1,1000})\]:[ \t]*<?([^\s<>]{1,2000})>?[ \t]+["'(]([^"'()\n]{0,1000})["')][ \t\r]*$""", re.MULTILINE
)
_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def is_html(text: str) -> bool:
    """Whether a text has a comment, other than between quotes, or a whole start tag of HTML."""
    return any(
        not _is_quoted(text, found) if (name := found[1] or found[2]) is None else name.lower() in ELEMENTS
        for found in _SIGN.finditer(text)
    )


def _is_quoted(text: str, sign: re.Match[str]) -> bool:
    if text[sign.start() - 1 : sign.start()] not in tuple(_QUOTES):
        return False
    near = text[sign.end() :].encode()[: MAX_QUOTED].decode(errors="ignore")
    end = near.find("-->")
    return end >= 0 and _QUOTED.match(near, end) is not None


def parts(text: str) -> list[tuple[str, str]]:
    """The parts of a text, not prepared yet: all of it as it is written, of HTML what it shows and what it hides, links."""
    page = _Page()
    if is_html(text):
        page.feed(text)
        page.close()
    _markdown(text, page.links)
    lines = ((VISIBLE, page.visible), (HIDDEN, page.hidden), (LINK, page.links))
    found = [(name, "".join(one.text)) for name, one in lines]
    return [(WHOLE, text), *((name, one) for name, one in found if one.strip(" \t\n\f\r"))]


class _Lines:
    """A text that is being put together."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def add(self, more: str) -> None:
        if more:
            self.text.append(more)

    def line(self) -> None:
        if self.text and not self.text[-1].endswith("\n"):
            self.text.append("\n")


class _Page(HTMLParser):
    # Their text has no tags, as where scripts run.
    CDATA_CONTENT_ELEMENTS = ("script", "style", "iframe", "noembed", "noscript", "xmp")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.visible, self.hidden, self.links = _Lines(), _Lines(), _Lines()
        self.sheet = Sheet()
        self.stack: list[tuple[str, bool, Ground]] = []
        self.in_sheet = False
        self.link_left = 0

    def inside(self) -> tuple[bool, Ground]:
        return self.stack[-1][1:] if self.stack else (False, PAGE)

    def shown(self) -> _Lines:
        return self.hidden if self.inside()[0] else self.visible

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag, attrs, closed=False)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag, attrs, closed=True)

    def _start(self, tag: str, attrs: list[tuple[str, str | None]], *, closed: bool) -> None:
        if tag not in ELEMENTS:
            self.shown().add(self.get_starttag_text() or "")
            return
        is_link = self._attributes(tag, attrs)
        if tag in CLOSED_BY_NEXT and self.stack and self.stack[-1][0] == tag:
            self.stack.pop()
        outside, behind = self.inside()
        hides, ground = self._hides(tag, {name: value or "" for name, value in attrs}, behind)
        if tag in OF_LINES:
            self.shown().line()
        self.in_sheet = tag == "style"
        if is_link:
            self.link_left = MAX_LINK_TEXT
        if tag in VOID or closed:
            return
        if hides and not outside:
            self.hidden.line()
        self.stack.append((tag, outside or hides, ground))

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> bool:
        """Reads the attributes as texts and targets; whether the tag is a link with a target."""
        is_link = False
        for name, value in attrs:
            if not value:
                continue
            if name in TARGETS:
                if value.startswith("#") or value.startswith("data:") and ";base64," in value:
                    continue
                is_link |= tag == "a"
                into = self.links
            elif name in ("color", "bgcolor"):
                into = self.hidden if _has_words(value, WORDS_FOR_MACHINES) else None
            else:
                people = name in FOR_PEOPLE or name.startswith(("aria-", "data-"))
                into = self.hidden if _has_words(value, WORDS_FOR_PEOPLE if people else WORDS_FOR_MACHINES) else None
            if into is not None:
                into.line()
                into.add(value)
        return is_link

    def _hides(self, tag: str, attrs: dict[str, str], behind: Ground) -> tuple[bool, Ground]:
        before = ground_of(attrs["bgcolor"].lower()) if "bgcolor" in attrs else None
        hides, ground = look(attrs.get("style", ""), behind if before is None else before)
        return (
            hides
            or "hidden" in attrs
            or tag in UNSHOWN
            or self.sheet.hides_class(attrs.get("class", ""))
            or self.sheet.hides_id(attrs.get("id", ""))
            or swallows_named(ground, attrs.get("color", "")),
            ground,
        )

    def handle_endtag(self, tag: str) -> None:
        if tag not in ELEMENTS:
            self.shown().add(f"</{tag}>")
            return
        self.in_sheet = False
        was = self.inside()[0]
        if any(open_tag == tag for open_tag, _, _ in self.stack):
            while self.stack.pop()[0] != tag:
                pass
        if was and not self.inside()[0]:
            self.hidden.line()
        if tag in OF_LINES:
            self.shown().line()
        if tag == "a":
            self.link_left = 0

    def handle_data(self, data: str) -> None:
        if self.in_sheet:
            self.sheet.read(data)
        size = len(data.encode())
        if self.link_left >= size:
            self.link_left -= size
            self.links.add(" ")
            self.links.add(data)
        self.shown().add(data)

    def handle_comment(self, data: str) -> None:
        self.hidden.line()
        self.hidden.add(data)
        self.hidden.line()

    def handle_pi(self, data: str) -> None:
        self.handle_comment("?" + data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment("[" + data + "]]")


def _has_words(value: str, count: int) -> bool:
    """Whether a value has as many words of letters, or as many letters beyond ASCII."""
    bare = (word.strip(_PUNCTUATION) for word in re.split("[ \t\n\f\r]+", value))
    beyond = sum(not letter.isascii() and letter.isalpha() for letter in value)
    return sum(word.isalpha() for word in bare) >= count or beyond >= UNSPACED


def _markdown(text: str, links: _Lines) -> None:
    for sign, pattern in (("](", _INLINE), ("]:", _DEFINED)):
        if sign not in text:
            continue
        for found in pattern.finditer(text):
            links.line()
            links.add(" ".join(group for group in found.groups() if group is not None and not group.startswith("data:")))


