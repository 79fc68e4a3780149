//! What the words of log lines mean in OCSF's numbers.
//!
//! The columns that these functions fill must be empty before.

use std::net::IpAddr;

use magistrate_event::{Class, Event, Field};

use super::draft::{add_int, add_text};

/// OCSF's `activity_id` of HTTP Activity (4002) for an upper-case method.
pub(super) fn http_activity(method: &str) -> u8 {
    match method {
        "" | "-" | "NONE" => 0,
        "CONNECT" => 1,
        "DELETE" => 2,
        "GET" => 3,
        "HEAD" => 4,
        "OPTIONS" => 5,
        "POST" => 6,
        "PUT" => 7,
        "TRACE" => 8,
        _ => 99,
    }
}

/// Whether `word` is an HTTP method, in any case: other things are called `method` too.
pub(super) fn is_known_method(word: &str) -> bool {
    let mut buffer = [0; 16];
    matches!(
        lower(word, &mut buffer),
        Some(
            "connect"
                | "delete"
                | "get"
                | "head"
                | "options"
                | "patch"
                | "post"
                | "put"
                | "trace"
                | "copy"
                | "lock"
                | "mkcol"
                | "move"
                | "propfind"
                | "proppatch"
                | "purge"
                | "report"
                | "search"
                | "unlock"
        )
    )
}

/// OCSF's `activity_id` of Network Activity (4001) for traffic.
pub(super) const NETWORK_TRAFFIC: u8 = 6;

/// Makes `event` an HTTP Activity of `method`, which may be in any case.
pub(super) fn set_method(event: &mut Event, method: &str) {
    let lower = method.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = lower.then(|| method.to_ascii_uppercase());
    let method = upper.as_deref().unwrap_or(method);
    event.classify(Class::HttpActivity, http_activity(method));
    if http_activity(method) != 0 {
        add_text(event, Field::HttpMethod, method);
    }
}

/// What became of a request: `action_id` and `disposition_id` of the security_control profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    action: i64,
    disposition: i64,
}

impl Outcome {
    /// Let through.
    pub(super) const ALLOWED: Self = Self::new(1, 1);
    /// Held off.
    pub(super) const BLOCKED: Self = Self::new(2, 2);

    const fn new(action: i64, disposition: i64) -> Self {
        Self {
            action,
            disposition,
        }
    }

    /// The outcome that a device's word means; none for words that it does not know.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        let mut buffer = [0; 16];
        let outcome = match lower(word.trim(), &mut buffer)? {
            "allow" | "allowed" | "permit" | "permitted" | "pass" | "passed" | "accept"
            | "accepted" | "forward" | "forwarded" | "passthrough" => Self::ALLOWED,
            "block" | "blocked" | "deny" | "denied" | "prevent" | "prevented" => Self::BLOCKED,
            "quarantine" | "quarantined" => Self::new(2, 3),
            "drop" | "dropped" | "discard" => Self::new(2, 6),
            "reset" => Self::new(2, 21),
            "reject" | "rejected" => Self::new(2, 25),
            "detect" | "detected" => Self::new(3, 15),
            "log" | "logged" | "monitor" | "monitored" => Self::new(3, 17),
            "alert" | "alerted" => Self::new(3, 19),
            _ => return None,
        };
        Some(outcome)
    }

    /// Fills the two columns.
    pub(super) fn set(self, event: &mut Event) {
        add_int(event, Field::ActionId, self.action);
        add_int(event, Field::DispositionId, self.disposition);
    }
}

/// OCSF's `severity_id` of a severity of syslog, 0 (emergency) to 7 (debug).
pub(super) const fn severity_of_syslog(severity: u8) -> i64 {
    match severity {
        0 => 6,
        1 | 2 => 5,
        3 => 4,
        4 => 3,
        _ => 1,
    }
}

/// OCSF's `severity_id` of a word, as loggers and CEF use them.
pub(super) fn severity_of_word(word: &str) -> Option<i64> {
    let mut buffer = [0; 16];
    let severity = match lower(word.trim(), &mut buffer)? {
        "unknown" => 0,
        "trace" | "debug" | "info" | "information" | "informational" | "notice" => 1,
        "low" => 2,
        "warn" | "warning" | "medium" => 3,
        "err" | "error" | "high" => 4,
        "very-high" | "crit" | "critical" | "alert" => 5,
        "fatal" | "panic" | "emerg" | "emergency" => 6,
        _ => return None,
    };
    Some(severity)
}

/// Fills `status_id` and `http_response.code` from an HTTP status; 0 means that none was sent.
pub(super) fn set_http_status(event: &mut Event, status: i64) {
    let status_id = match status {
        100..400 => 1,
        400..1000 => 2,
        _ => 0,
    };
    add_int(event, Field::StatusId, status_id);
    if (100..1000).contains(&status) {
        add_int(event, Field::HttpCode, status);
    }
}

/// Fills the user's name, and the mail address where the name is one.
pub(super) fn set_user(event: &mut Event, user: &str) {
    add_text(event, Field::UserName, user);
    if is_mail_address(user) && event.value(Field::UserEmail).is_none() {
        add_text(event, Field::UserEmail, user);
    }
}

/// Whether `user` is a mail address; a Kerberos principal (`ana@EXAMPLE.COM`) is none.
pub(super) fn is_mail_address(user: &str) -> bool {
    user.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && domain.contains('.')
            && domain.bytes().any(|byte| byte.is_ascii_lowercase())
            && !user.bytes().any(|byte| byte.is_ascii_whitespace())
    })
}

/// Fills `ip` when `text` is an address, else `name`.
pub(super) fn set_endpoint(event: &mut Event, ip: Field, name: Field, text: &str) {
    let field = if is_address(text) { ip } else { name };
    add_text(event, field, text);
}

/// Whether `text` is an IPv4 or IPv6 address, with or without brackets.
pub(super) fn is_address(text: &str) -> bool {
    let starts_like_one = text
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_hexdigit() || matches!(first, b':' | b'['));
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    starts_like_one && bare.parse::<IpAddr>().is_ok()
}

/// `text` in lower case, without a heap allocation; none when it does not fit `buffer`.
pub(super) fn lower<'a>(text: &str, buffer: &'a mut [u8]) -> Option<&'a str> {
    let buffer = buffer.get_mut(..text.len())?;
    buffer.copy_from_slice(text.as_bytes());
    buffer.make_ascii_lowercase();
    std::str::from_utf8(buffer).ok()
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::*;

    fn event() -> Event {
        Event::new(Class::BaseEvent, 0, Timestamp::default())
    }

    #[test]
    fn methods_become_activities() {
        let cases = [
            ("get", 3, "GET"),
            ("CONNECT", 1, "CONNECT"),
            ("PROPFIND", 99, "PROPFIND"),
        ];
        for (method, activity, shown) in cases {
            let mut event = event();
            set_method(&mut event, method);
            assert_eq!(
                (event.class(), event.activity()),
                (Class::HttpActivity, activity)
            );
            assert_eq!(event.text(Field::HttpMethod), Some(shown));
        }
        let mut event = event();
        set_method(&mut event, "NONE");
        assert_eq!((event.activity(), event.text(Field::HttpMethod)), (0, None));
    }

    #[test]
    fn words_become_outcomes_and_severities() {
        assert_eq!(Outcome::of_word("Allowed"), Some(Outcome::ALLOWED));
        assert_eq!(Outcome::of_word(" DENY "), Some(Outcome::BLOCKED));
        assert_eq!(Outcome::of_word("drop"), Some(Outcome::new(2, 6)));
        assert_eq!(Outcome::of_word("a word that is far too long"), None);
        assert_eq!(severity_of_word("Very-High"), Some(5));
        assert_eq!(severity_of_word("loud"), None);
        assert_eq!(
            (0..8).map(severity_of_syslog).collect::<Vec<_>>(),
            [6, 5, 5, 4, 3, 1, 1, 1]
        );
    }

    #[test]
    fn a_user_that_is_an_address_fills_both_columns() {
        let cases = [
            ("ana@example.com", true),
            ("ana@EXAMPLE.COM", false),
            ("ana", false),
            ("@example.com", false),
            ("a b@example.com", false),
        ];
        for (user, mail) in cases {
            let mut event = event();
            set_user(&mut event, user);
            assert_eq!(event.text(Field::UserName), Some(user));
            assert_eq!(event.text(Field::UserEmail).is_some(), mail, "{user}");
        }
    }

    #[test]
    fn a_status_tells_success() {
        for (status, id, code) in [(200, 1, Some(200)), (407, 2, Some(407)), (0, 0, None)] {
            let mut event = event();
            set_http_status(&mut event, status);
            assert_eq!(event.int(Field::StatusId), Some(id));
            assert_eq!(event.int(Field::HttpCode), code);
        }
    }
}
