//! Finds the local part of an e-mail address (RFC 5321 section 4.1.2); its domain is kept, because
//! policies ask where mail goes.

use magistrate_event::Span;

use crate::redact::ascii::{byte, byte_before, is_at};

/// RFC 5321 section 4.5.3.1.1, in octets; here characters.
const MAX_LOCAL_LEN: usize = 64;
/// RFC 5321 section 4.5.3.1.2.
const MAX_DOMAIN_LEN: usize = 255;
/// Longer userinfo of a URL is none.
const MAX_USERINFO_LEN: usize = 128;

/// Accounts of machines and mailboxes that nobody reads.
const NOBODY: [&str; 8] = [
    "git", "hg", "svn", "root", "ubuntu", "ec2-user", "noreply", "no-reply",
];

/// Top-level domains of private networks and examples, which the public list lacks (RFC 2606, RFC
/// 6762 appendix G, RFC 9476).
const PRIVATE_SUFFIXES: [&str; 9] = [
    "alt", "corp", "example", "home", "internal", "intranet", "lan", "local", "test",
];

/// The local part of the address whose `@` stands at `at`.
pub(crate) fn local_part(text: &str, at: usize) -> Option<Span> {
    let start = start_of_local(text, at)?;
    let local = text.get(start..at)?;
    if NOBODY
        .iter()
        .any(|nobody| local.eq_ignore_ascii_case(nobody))
    {
        return None;
    }
    let domain = domain(text.get(at + 1..)?)?;
    let after = byte(text.as_bytes(), at + 1 + domain.len());
    if after == b'(' || !is_mail_domain(domain) || is_userinfo(text.as_bytes(), at) {
        return None;
    }
    Span::new(start, at).ok()
}

/// Where the characters before the `@` begin that can be a local part.
fn start_of_local(text: &str, at: usize) -> Option<usize> {
    let mut start = at;
    let mut count = 0;
    while let Some(len) = last_local(text, start) {
        if count == MAX_LOCAL_LEN {
            return None;
        }
        start -= len;
        count += 1;
    }
    // A name or a parameter may stand before it: `to=ana@…`, `?a=b&to=ana@…`.
    let local = text.get(start..at)?;
    start += local.rfind(['=', '&']).map_or(0, |sign| sign + 1);
    start += escape_len(text.as_bytes(), start);
    let local = text.get(start.min(at)..at)?;
    start += local.len() - local.trim_start_matches(['.', '-', '\'', '+', '~']).len();
    let local = text.get(start..at)?;
    let has_letter = local.contains(char::is_alphanumeric);
    (has_letter && !local.ends_with('.') && !local.contains("..")).then_some(start)
}

/// The length of the character before `end`, if it can stand in a local part.
fn last_local(text: &str, end: usize) -> Option<usize> {
    let last = byte_before(text.as_bytes(), end);
    if last.is_ascii() {
        let is_sign = || matches!(last, b'.' | b'_' | b'+' | b'-' | b'\'' | b'&' | b'=' | b'~');
        return (last.is_ascii_alphanumeric() || is_sign()).then_some(1);
    }
    let c = text.get(..end)?.chars().next_back()?;
    c.is_alphanumeric().then_some(c.len_utf8())
}

/// How many bytes from `start` on belong to an escape that began before: `\n`, `\u003c`, `%3A`.
fn escape_len(text: &[u8], start: usize) -> usize {
    let is_hex = |distance: usize| byte(text, start + distance).is_ascii_hexdigit();
    match byte_before(text, start) {
        b'%' if is_hex(0) && is_hex(1) => 2,
        b'\\' if byte(text, start) == b'u' && (1..=4).all(is_hex) => 5,
        b'\\' if matches!(byte(text, start), b'n' | b'r' | b't' | b'b' | b'f') => 1,
        _ => 0,
    }
}

/// The domain that `text` begins with: two labels at least.
fn domain(text: &str) -> Option<&str> {
    let is_ascii_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let bytes = text.as_bytes().iter().take(MAX_DOMAIN_LEN + 1);
    let mut end = bytes.take_while(|byte| is_ascii_part(byte)).count();
    if end <= MAX_DOMAIN_LEN && !byte(text.as_bytes(), end).is_ascii() {
        let is_part = |c: char| match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => is_ascii_part(&byte),
            Ok(_) | Err(_) => c.is_alphanumeric(),
        };
        end = text
            .char_indices()
            .take(MAX_DOMAIN_LEN + 1)
            .find(|(_, c)| !is_part(*c))
            .map_or(text.len(), |(end, _)| end);
    }
    let domain = text.get(..end)?;
    if domain.len() > MAX_DOMAIN_LEN {
        return None;
    }
    let domain = domain.trim_end_matches(['.', '-']);
    domain.contains('.').then_some(domain)
}

fn is_mail_domain(domain: &str) -> bool {
    let mut labels = domain.split('.');
    let is_label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    if !labels.clone().all(is_label) {
        return false;
    }
    // `lodash@4.17.21-beta.next` is a version.
    let is_number = |label: Option<&str>| {
        label.is_some_and(|label| label.starts_with(|c: char| c.is_ascii_digit()))
    };
    if is_number(labels.next()) && is_number(labels.next()) {
        return false;
    }
    domain.rsplit('.').next().is_some_and(is_suffix)
}

/// Whether `label` is a top-level domain: `img@2x.png` and `user@1000.service` are files.
fn is_suffix(label: &str) -> bool {
    if matches!(
        label,
        "com" | "org" | "net" | "de" | "io" | "dev" | "ai" | "eu" | "uk"
    ) {
        return true;
    }
    let lower = label.to_lowercase();
    let known = || psl::suffix(lower.as_bytes()).is_some_and(|suffix| suffix.is_known());
    PRIVATE_SUFFIXES.contains(&lower.as_str()) || known()
}

/// Whether the `@` at `at` ends the userinfo of a URL: `ssh://ana@example.com`.
fn is_userinfo(text: &[u8], at: usize) -> bool {
    let from = at.saturating_sub(MAX_USERINFO_LEN);
    let before = text.get(from..at).unwrap_or_default();
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | 0..=b' ');
    let Some(end) = before.iter().rposition(ends) else {
        return false;
    };
    let slash = from + end;
    byte(text, slash) == b'/' && slash >= 2 && is_at(text, slash - 2, b"://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> Option<&str> {
        let at = text.rfind('@').unwrap();
        local_part(text, at).map(|span| text.get(span.start()..span.end()).unwrap())
    }

    #[test]
    fn the_local_part_of_an_address_is_found() {
        for (text, wanted) in [
            ("ana@example.com", "ana"),
            ("<Ana.Silva+tag@mail.example.co.uk>", "Ana.Silva+tag"),
            ("mailto:ana@example.com?x", "ana"),
            ("mailto%3Aana@example.com", "ana"),
            ("\"to\":\"ana@example.com\"", "ana"),
            (r"line\nana@example.com", "ana"),
            (r"\u003cana@example.com\u003e", "ana"),
            ("a=b&to=ana@example.com", "ana"),
            ("https://example.com/u/ana@example.com", "ana"),
            ("https://example.com/?u=ana@example.com", "ana"),
            ("o'neil@example.ie.", "o'neil"),
            ("josé@example.es", "josé"),
            ("“ana@example.com”", "ana"),
            ("ana@büro.example.de", "ana"),
            ("ana@host.corp", "ana"),
            ("ana@example.COM", "ana"),
            ("12345@qq.com", "12345"),
            ("...ana@example.com", "ana"),
        ] {
            assert_eq!(local(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn other_uses_of_the_sign_are_left_alone() {
        for text in [
            "@types/node",
            "import x from '@scope/pkg.io'",
            "name@1.2.3",
            "lodash@4.17.21-beta.dev",
            "react@^18.0.0",
            "image@sha256:0123456789abcdef",
            "git@github.com:org/repo.git",
            "Claude <noreply@anthropic.com>",
            "ssh://ana@example.com/x",
            "postgres://ana:pw@db.example.com/x",
            "root@10.0.0.1",
            "ana@localhost",
            "img@2x.png",
            "user@1000.service",
            r"\n@app.route",
            "@app.route",
            "x@app.run(",
            "ana@",
            "@",
            "ana@.com",
            "ana@-x.com",
            "[redacted:personal.email:abcdefghijklmnop]@example.com",
            "a..b@",
        ] {
            assert_eq!(local(text), None, "{text}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        assert_eq!(local(&long), None);
        let long = format!("a@{}com", "a.".repeat(200));
        assert_eq!(local(&long), None);
    }
}
