//! Finds IP addresses that lead to somebody: neither loopback nor unspecified.

use std::net::IpAddr;

use magistrate_event::Span;

use crate::redact::ascii::is_word;

/// The longest address: IPv6 with an IPv4 tail.
const MAX_LEN: usize = 45;

/// Calls `visit` with every address in `text`.
pub(crate) fn each(text: &str, mut visit: impl FnMut(Span)) {
    let mut from = 0;
    for sign in memchr::memchr2_iter(b'.', b':', text.as_bytes()) {
        if sign < from {
            continue;
        }
        let (start, end) = around(text.as_bytes(), sign, from);
        from = end.max(sign + 1);
        if let Some(span) = address(text, start, end) {
            visit(span);
        }
    }
}

/// The run of signs of an address around `sign`, not before `from`.
fn around(text: &[u8], sign: usize, from: usize) -> (usize, usize) {
    let part = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    let before = text.get(from.max(sign.saturating_sub(MAX_LEN))..sign);
    let before = before
        .unwrap_or_default()
        .iter()
        .rev()
        .take_while(|byte| part(byte))
        .count();
    let after = text
        .get(sign..)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| part(byte))
        .count();
    (sign - before, sign + after)
}

fn address(text: &str, start: usize, end: usize) -> Option<Span> {
    let whole = text.get(start..end)?;
    if whole.len() > MAX_LEN + 8 {
        return None;
    }
    // `10.1.2.3:80` and `host 10.1.2.3.`
    let trimmed = whole.trim_end_matches(['.', ':']);
    let without_port = trimmed.split(':').next().unwrap_or_default();
    let shown = [trimmed, without_port]
        .into_iter()
        .find(|shown| shown.parse::<IpAddr>().is_ok_and(is_somebody))?;
    let bytes = text.as_bytes();
    let before = start
        .checked_sub(1)
        .and_then(|before| bytes.get(before))
        .copied()
        .unwrap_or(0);
    let after = bytes.get(start + shown.len()).copied().unwrap_or(0);
    let stands_alone = !is_word(before) && before != b'-' && !is_word(after);
    let names_nobody = shown.contains(':') && !shown.bytes().any(|byte| byte.is_ascii_digit());
    if !stands_alone || names_nobody {
        return None;
    }
    Span::new(start, start + shown.len()).ok()
}

const fn is_somebody(address: IpAddr) -> bool {
    !address.is_loopback() && !address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        each(text, |span| {
            found.push(text.get(span.start()..span.end()).unwrap())
        });
        found
    }

    #[test]
    fn addresses_are_found_and_look_alikes_are_not() {
        for (text, wanted) in [
            (
                "from 10.1.2.3 to 203.0.113.9:443.",
                vec!["10.1.2.3", "203.0.113.9"],
            ),
            ("http://203.0.113.9/x", vec!["203.0.113.9"]),
            ("[2001:db8::1]:443", vec!["2001:db8::1"]),
            (
                "fe80::1ff:fe23:4567:890a%eth0",
                vec!["fe80::1ff:fe23:4567:890a"],
            ),
            ("::ffff:203.0.113.9", vec!["::ffff:203.0.113.9"]),
            ("127.0.0.1 ::1 0.0.0.0", vec![]),
            ("12:30:45 1.2.3 a::b std::fs x.y", vec![]),
            ("v1.2.3.4 1.2.3.4x 256.1.1.1 1.2.3.4.5", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }
}
