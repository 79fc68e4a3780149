//! The elements of HTML: which names are ones, which begin a line, which have no end, which are not shown.

/// HTML's elements, those that went out of use too, sorted.
const NAMES: [&str; 133] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "basefont",
    "bdi",
    "bdo",
    "bgsound",
    "big",
    "blink",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "marquee",
    "menu",
    "meta",
    "meter",
    "nav",
    "nobr",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "pre",
    "progress",
    "q",
    "rb",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "s",
    "samp",
    "script",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];
/// Begin and end lines; the others stand within one.
const OF_LINES: &str = " address article aside blockquote body br button caption center dd details dialog dir div dl dt \
    fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav ol optgroup \
    option p pre search section select summary table tbody td textarea tfoot th thead title tr ul ";
/// Have no end.
const VOID: &str =
    " area base basefont bgsound br col embed frame hr img input link meta param source track wbr ";
/// Show nothing of what stands in them.
const UNSHOWN: &str = " applet audio canvas datalist iframe noembed noframes noscript object script style template video ";
/// Hold text without tags.
const RAW: &str = " script style textarea title ";
/// End where another of them begins.
const CLOSED_BY_NEXT: &str = " dd dt li option p td th tr ";

/// An element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element(usize);

impl Element {
    /// How many there are.
    pub(super) const COUNT: usize = NAMES.len();

    /// The one with that name, in lower case.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let found = NAMES.binary_search_by(|one| one.as_bytes().cmp(name));
        found.ok().map(Self)
    }

    /// Its number, less than [`Element::COUNT`].
    pub(super) const fn number(self) -> usize {
        self.0
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.get(self.0).copied().unwrap_or_default()
    }

    pub(super) fn is_of_lines(self) -> bool {
        self.is_in(OF_LINES)
    }

    pub(super) fn is_void(self) -> bool {
        self.is_in(VOID)
    }

    pub(super) fn is_unshown(self) -> bool {
        self.is_in(UNSHOWN)
    }

    pub(super) fn is_raw(self) -> bool {
        self.is_in(RAW)
    }

    pub(super) fn is_closed_by_next(self) -> bool {
        self.is_in(CLOSED_BY_NEXT)
    }

    fn is_in(self, list: &str) -> bool {
        let mut names = list.split_ascii_whitespace();
        names.any(|name| name == self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_lists_hold_names_alone() {
        assert!(NAMES.is_sorted());
        for list in [OF_LINES, VOID, UNSHOWN, RAW, CLOSED_BY_NEXT] {
            for name in list.split_ascii_whitespace() {
                assert_eq!(Element::named(name.as_bytes()).unwrap().name(), name);
            }
        }
        assert_eq!(Element::named(b"string"), None);
    }
}
