//! Links and images of Markdown: their texts, targets and titles, which a page that is shown hides.

use std::sync::LazyLock;

use memchr::memmem;
use regex::Regex;

use super::pieces::Pieces;

/// `[text](target "title")`, an image likewise.
static INLINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = r#"\[([^\[\]\n]{0,1000})\]\([ \t]*<?([^\s()<>]{1,2000})>?(?:[ \t]+["'(]([^"'()\n]{0,1000})["')])?[ \t]*\)"#;
    Regex::new(pattern).ok()
});
/// `[name]: target "title"` on a line of its own, with which comments are written, too.
static DEFINED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = r#"(?m)^ {0,3}\[([^\[\]\n]{1,1000})\]:[ \t]*<?([^\s<>]{1,2000})>?[ \t]+["'(]([^"'()\n]{0,1000})["')][ \t\r]*$"#;
    Regex::new(pattern).ok()
});
/// Targets that hold a picture and no words.
const IN_PLACE: &str = "data:";

/// Adds a line for each link and image in `text`.
pub(super) fn of_markdown(text: &str, links: &mut Pieces) {
    for (sign, pattern) in [("](", &INLINE), ("]:", &DEFINED)] {
        if memmem::find(text.as_bytes(), sign.as_bytes()).is_none() {
            continue;
        }
        for found in pattern.iter().flat_map(|one| one.captures_iter(text)) {
            let mut groups = (1..=3).filter_map(|number| found.get(number)).peekable();
            if let Some(first) = groups.peek() {
                links.line(first.start());
            }
            let told = groups.filter(|group| !group.as_str().starts_with(IN_PLACE));
            for (number, group) in told.enumerate() {
                if number > 0 {
                    links.replace(" ", group.start()..group.start());
                }
                links.keep(text, group.range());
            }
        }
    }
}
