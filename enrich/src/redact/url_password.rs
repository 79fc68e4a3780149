//! Finds the password of `scheme://user:password@host` (RFC 3986 section 3.2.1).

use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE, slice};
use super::placeholder::is_placeholder;

/// Longer authorities are none.
const MAX_LEN: usize = 2048;

/// The password of the URL whose `://` ends at `start`.
pub(crate) fn url_password(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let mut colon = None;
    let mut at_sign = None;
    for (offset, &byte) in slice(text, start, start + MAX_LEN).iter().enumerate() {
        match byte {
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' => break,
            KEY_END_BYTE | VALUE_END_BYTE | 0..=b' ' => break,
            b':' => colon = colon.or(Some(offset)),
            b'@' => at_sign = Some(offset),
            _ => {}
        }
    }
    let from = start + colon? + 1;
    let to = start + at_sign?;
    let password = text.get(from..to)?;
    (!is_placeholder(password) && !begins_with_port(password)).then_some((from, to))
}

/// `http://host:80,user@example.com` has a port, not a password.
fn begins_with_port(password: &[u8]) -> bool {
    let digits = password
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    digits > 0 && password.get(digits) == Some(&b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_found_and_nothing_else() {
        for (text, password) in [
            ("u:pw@h/p", Some("pw")),
            (":pw@h", Some("pw")),
            ("u:p@w@h:80/x", Some("p@w")),
            ("u:p%40w@h", Some("p%40w")),
            ("u:пароль@h", Some("пароль")),
            ("h:80/u@x", None),
            ("h/x?a:b@c", None),
            ("u@h", None),
            ("u:@h", None),
            ("u:$PW@h", None),
            ("u:***@h", None),
            ("h:80 u@x", None),
            ("h:80,u@x", None),
            ("", None),
        ] {
            let found =
                url_password(text.as_bytes(), 0).map(|(from, to)| text.get(from..to).unwrap());
            assert_eq!(found, password, "{text}");
        }
    }
}
