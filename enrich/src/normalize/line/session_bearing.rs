//! Says of a request whether it bore a session, where its proxy logs headers or the word itself: a
//! request with a cookie or other credentials acts as somebody who has logged on (GUIDE.md S103).

use magistrate_event::{Class, Event, Field, Value};

use super::vocabulary::lower;

/// The longest name in the tables.
const MAX_KEY_BYTES: usize = 32;
/// What a proxy that knows it calls it.
const TOLD: &str = "session_bearing";

/// Headers that bear a session, as logs name them: plainly, as CGI, W3C Extended Log Format, CEF's
/// dictionary and the Elastic Common Schema do.
const HEADERS: [&str; 20] = [
    "cookie",
    "cookies",
    "http_cookie",
    "req_cookie",
    "request_cookie",
    "requestcookies",
    "cs(cookie)",
    "cs-cookie",
    "cs_cookie",
    "http.request.headers.cookie",
    "authorization",
    "http_authorization",
    "req_authorization",
    "request_authorization",
    "cs(authorization)",
    "cs_authorization",
    "x-api-key",
    "x_api_key",
    "http_x_api_key",
    "proxy_cookie",
];

/// Keys under which all headers of a request lie.
const ALL: [&str; 5] = [
    "headers",
    "request_headers",
    "req_headers",
    "request.headers",
    "requestheaders",
];

/// Fills whether the request of a line bore a session; not where the line tells of no such header.
pub(super) fn fill(event: &mut Event) {
    if event.class() != Class::HttpActivity {
        return;
    }
    let told = event
        .unmapped()
        .find_map(|(key, value)| flag(value).filter(|_| key == TOLD));
    let bearing = told.or_else(|| {
        let seen = event
            .unmapped()
            .filter_map(|(key, value)| by(event, key, value));
        seen.reduce(|one, other| one || other)
    });
    let Some(bearing) = bearing else {
        return;
    };
    event.set(Field::SessionBearing, Value::Bool(bearing));
    if told.is_some() {
        let (_, unmapped) = event.values_mut();
        let kept = std::mem::take(unmapped);
        for (key, value) in kept {
            if event.resolve(key) != TOLD {
                event.keep(key, value);
            }
        }
    }
}

const fn flag(value: &Value) -> Option<bool> {
    if let Value::Bool(flag) = value {
        Some(*flag)
    } else {
        None
    }
}

/// What one value says; none where it is no such header.
fn by(event: &Event, key: &str, value: &Value) -> Option<bool> {
    let mut buffer = [0; MAX_KEY_BYTES];
    let key = lower(key, &mut buffer)?;
    if HEADERS.contains(&key) {
        return Some(is_there(event, value));
    }
    let Value::Map(entries) = value else {
        return None;
    };
    // All headers are there: what is missing was not sent.
    ALL.contains(&key).then(|| {
        let mut entries = entries.iter();
        entries.any(|(name, value)| {
            let mut buffer = [0; MAX_KEY_BYTES];
            let name = lower(event.resolve(*name), &mut buffer);
            name.is_some_and(|name| HEADERS.contains(&name)) && is_there(event, value)
        })
    })
}

fn is_there(event: &Event, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Text(text) => !matches!(event.resolve(*text), "" | "-"),
        Value::List(items) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
        Value::Bool(true) | Value::Int(_) | Value::Double(_) | Value::Time(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::super::draft::Draft;
    use super::super::{cef, cef_fields, json};
    use super::*;

    fn told(line: &str) -> Option<bool> {
        let mut draft = Draft::new(Timestamp::default(), line.len());
        if let Some(at) = cef::find(line) {
            cef_fields::fill(&mut draft, &cef::parse(line, at).unwrap());
        } else {
            json::fill(&mut draft, line).unwrap();
        }
        fill(draft.event());
        let event = draft.finish();
        assert!(event.unmapped().all(|(key, _)| key != TOLD), "{line}");
        flag(event.value(Field::SessionBearing)?)
    }

    #[test]
    fn a_line_tells_whether_its_request_bore_a_session() {
        for (line, expected) in [
            (
                r#"{"url":"https://a.example/","session_bearing":true}"#,
                Some(true),
            ),
            (
                r#"{"url":"https://a.example/","session_bearing":false,"cookie":"a=b"}"#,
                Some(false),
            ),
            (
                r#"{"url":"https://a.example/","Cookie":"sid=x"}"#,
                Some(true),
            ),
            (
                r#"{"url":"https://a.example/","req_cookie":"-","req_authorization":"-"}"#,
                Some(false),
            ),
            (
                r#"{"url":"https://a.example/","req_cookie":"-","req_authorization":"Basic x"}"#,
                Some(true),
            ),
            (
                r#"{"url":"https://a.example/","request_headers":{"Accept":"*/*","X-Api-Key":"k"}}"#,
                Some(true),
            ),
            (
                r#"{"url":"https://a.example/","request_headers":{"Accept":"*/*"}}"#,
                Some(false),
            ),
            (
                "CEF:0|Acme|Proxy|1|1|GET|3|request=https://a.example/ requestMethod=GET requestCookies=sid\\=x",
                Some(true),
            ),
            (r#"{"url":"https://a.example/"}"#, None),
            (r#"{"cookie":"a=b"}"#, None),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
    }
}
