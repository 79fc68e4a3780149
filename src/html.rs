//! What pages that commands write have in common: one style, inside of the page, no scripts, and nothing from elsewhere.

use magistrate_event::Timestamp;

const STYLE: &str = include_str!("html/page.css");
/// The end of a page.
pub(crate) const END: &str = "</body></html>\n";

/// The begin of a page, with its title as a heading.
pub(crate) fn begin(title: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body><h1>{title}</h1>"
    )
}

/// Counts, large, each over its name.
pub(crate) fn figures(counts: &[(&str, u64)]) -> String {
    let each = |(name, count): &(&str, u64)| format!("<div><b>{count}</b>{}</div>", escaped(name));
    let divs: String = counts.iter().map(each).collect();
    format!("<section class=\"figures\">{divs}</section>")
}

/// Day and minute, UTC.
pub(crate) fn minute(time: Timestamp) -> String {
    let text = time.to_rfc3339();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// As text inside of an element or attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Direction marks and control characters would change how a line reads.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
