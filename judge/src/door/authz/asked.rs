//! Reads the judged request out of what a proxy says about it.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use magistrate_event::{Action, Occasion};

use super::ENVOY_PREFIX;
use crate::door::fault::Fault;
use crate::request::Request;

/// With it Envoy marks a body of which it has only a part.
pub(in crate::door) const PARTIAL: &str = "x-envoy-auth-partial-body";

/// The judged request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::door) struct Asked {
    url: String,
    method: String,
    session: Option<String>,
    prompt: Option<String>,
    media_type: Option<String>,
    is_packed: bool,
    session_bearing: Option<bool>,
    body: Option<Body>,
}

/// Where a request goes, as its proxy tells it.
#[derive(Debug, Clone, Copy)]
pub(in crate::door) struct Place<'a> {
    pub(in crate::door) method: &'a str,
    /// Unless a header tells what it was before other proxies.
    pub(in crate::door) scheme: Option<&'a str>,
    pub(in crate::door) host: &'a str,
    /// With its query.
    pub(in crate::door) path: &'a str,
}

/// What the proxy sent of the judged request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Body {
    text: String,
    bytes: Option<Bytes>,
    is_whole: bool,
}

impl Asked {
    /// nginx: address and method are in the headers that the generated configuration sets; the
    /// ingress controller sets the same.
    pub(super) fn of_nginx(head: &Parts) -> Result<Self, Fault> {
        let headers = &head.headers;
        let url = needed(headers, "x-original-url")?;
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        check_host(rest.split(['/', '?', '#']).next().unwrap_or_default())?;
        Self::of(headers, url, needed(headers, "x-original-method")?)
    }

    /// Traefik and Caddy: they are in the `X-Forwarded-…` headers.
    pub(super) fn of_forward_auth(head: &Parts) -> Result<Self, Fault> {
        let headers = &head.headers;
        let host = needed(headers, "x-forwarded-host")?;
        let scheme = needed(headers, "x-forwarded-proto")?;
        let path = needed(headers, "x-forwarded-uri")?;
        Self::of(
            headers,
            address(&scheme, &host, &path)?,
            needed(headers, "x-forwarded-method")?,
        )
    }

    /// Envoy: method, host and body are the judged request's own; its path follows the prefix.
    pub(super) fn of_envoy(head: &Parts, body: &Bytes) -> Result<Self, Fault> {
        let headers = &head.headers;
        let whole = head.uri.path_and_query().map_or("", |whole| whole.as_str());
        let authority = head.uri.authority().map(ToString::to_string);
        let host = one(headers, "host")?.or(authority);
        let place = Place {
            method: head.method.as_str(),
            scheme: None,
            host: host.as_deref().unwrap_or_default(),
            path: whole.strip_prefix(ENVOY_PREFIX).unwrap_or_default(),
        };
        let mut asked = Self::at(place, headers)?;
        asked.session_bearing = bears_session(headers, &SURE);
        let is_partial = one(headers, PARTIAL)?;
        asked.add_body(body, is_partial.as_deref() != Some("true"));
        Ok(asked)
    }

    /// A request at a place that its proxy tells.
    pub(in crate::door) fn at(place: Place<'_>, headers: &HeaderMap) -> Result<Self, Fault> {
        if place.host.is_empty() {
            return Err(missing("host"));
        }
        if place.method.is_empty() {
            return Err(missing(":method"));
        }
        let forwarded = one(headers, "x-forwarded-proto")?;
        let scheme = forwarded.as_deref().or(place.scheme).unwrap_or("https");
        let url = address(scheme, place.host, place.path)?;
        let mut asked = Self::of(headers, url, place.method.to_owned())?;
        asked.session_bearing = Some(bears_session(headers, &LOGGED_ON).is_some());
        Ok(asked)
    }

    /// Adds what the proxy sent of the body. Compressed text is no text; a character that was cut in
    /// two must not hide the others.
    pub(in crate::door) fn add_body(&mut self, body: &[u8], is_whole: bool) {
        if !body.is_empty() && !self.is_packed {
            self.body = Some(Body {
                text: String::from_utf8_lossy(body).into_owned(),
                bytes: no_text(body),
                is_whole,
            });
        }
    }

    /// Where the request goes.
    pub(in crate::door) fn url(&self) -> &str {
        &self.url
    }

    /// Whose session it is.
    pub(in crate::door) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Whether its body can be read.
    pub(in crate::door) const fn is_readable(&self) -> bool {
        !self.is_packed
    }

    fn of(headers: &HeaderMap, url: String, method: String) -> Result<Self, Fault> {
        Ok(Self {
            url,
            method,
            // Claude Code sends them with what it asks its model.
            session: one(headers, "x-claude-code-session-id")?,
            prompt: one(headers, "x-claude-code-prompt-id")?,
            media_type: one(headers, "content-type")?,
            is_packed: headers.contains_key(header::CONTENT_ENCODING),
            session_bearing: bears_session(headers, &SURE),
            body: None,
        })
    }

    /// The question about it.
    pub(in crate::door) fn into_request(self) -> Request {
        let mut action = Action {
            occasion: Some(Occasion::Request),
            prompt_id: self.prompt,
            session_bearing: self.session_bearing,
            ..Action::default()
        };
        action.session.id = self.session;
        action.destination.url = Some(self.url);
        action.destination.method = Some(self.method);
        action.content.media_type = self.media_type;
        if let Some(body) = self.body {
            action.content.text = Some(body.text);
            action.content.bytes = body.bytes;
            action.content.truncated = Some(!body.is_whole);
        }
        Request {
            action,
            ..Request::default()
        }
    }
}

/// A request with one of these acts as somebody who has logged on.
const LOGGED_ON: [&str; 3] = ["cookie", "x-api-key", "authorization"];
/// Those of them that are the judged request's own even where the caller shows a token of the judge's.
const SURE: [&str; 2] = ["cookie", "x-api-key"];

/// Whether one of `names` is there; none where that proves nothing.
fn bears_session(headers: &HeaderMap, names: &[&str]) -> Option<bool> {
    let mut names = names.iter();
    names
        .any(|name| headers.contains_key(*name))
        .then_some(true)
}

/// The body as it is, where it is no text: what its files are shows in their bytes.
pub(in crate::door) fn no_text(body: &[u8]) -> Option<Bytes> {
    let is_text = std::str::from_utf8(body).is_ok();
    (!is_text).then(|| Bytes::copy_from_slice(body))
}

fn address(scheme: &str, host: &str, path: &str) -> Result<String, Fault> {
    let is_path = path.is_empty() || path.starts_with(['/', '?']);
    if !is_path || !["http", "https", "ws", "wss"].contains(&scheme) {
        let message = "scheme or path of the judged request is none";
        return Err(Fault::Malformed(message.to_owned()));
    }
    check_host(host)?;
    Ok(format!("{scheme}://{host}{path}"))
}

/// Whether the host is no more than a host: `ok.example@evil.example` names another one than it
/// seems, and what cannot be read no policy knows.
fn check_host(host: &str) -> Result<(), Fault> {
    let is_sound = |c: char| c.is_alphanumeric() || ".-_:[]".contains(c);
    if host.is_empty() || !host.chars().all(is_sound) {
        let message = "host of the judged request is none";
        return Err(Fault::Malformed(message.to_owned()));
    }
    Ok(())
}

fn needed(headers: &HeaderMap, name: &str) -> Result<String, Fault> {
    let value = one(headers, name)?.filter(|value| !value.is_empty());
    value.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Fault {
    Fault::Malformed(format!(
        "header `{name}` is missing; `magistrate generate` prints configurations that send it"
    ))
}

/// The value of a header. Where it is there twice nobody knows which one the proxy has set.
pub(in crate::door) fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, Fault> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(Fault::Malformed(format!("header `{name}` is no UTF-8"))),
        },
        (Some(_), Some(_)) => Err(Fault::Malformed(format!("header `{name}` is there twice"))),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request as HttpRequest;

    use super::*;

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = HttpRequest::builder().method("PUT").uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn place(asked: Result<Asked, Fault>) -> Result<(String, String), String> {
        let asked = asked.map_err(|fault| fault.to_string())?;
        Ok((asked.method, asked.url))
    }

    #[test]
    fn each_proxy_says_method_and_address_in_its_own_way() {
        let expected = Ok(("PUT".to_owned(), "https://a.example:8443/x?y=1".to_owned()));
        let nginx = [
            ("x-original-url", "https://a.example:8443/x?y=1"),
            ("x-original-method", "PUT"),
        ];
        assert_eq!(
            place(Asked::of_nginx(&head("/authz/nginx", &nginx))),
            expected
        );
        let forward = [
            ("x-forwarded-method", "PUT"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "a.example:8443"),
            ("x-forwarded-uri", "/x?y=1"),
        ];
        let asked = Asked::of_forward_auth(&head("/authz/forward-auth", &forward));
        assert_eq!(place(asked), expected);
        let envoy = head("/authz/envoy/x?y=1", &[("host", "a.example:8443")]);
        assert_eq!(place(Asked::of_envoy(&envoy, &Bytes::new())), expected);
    }

    #[test]
    fn what_a_proxy_leaves_open_is_refused() {
        let url = ("x-original-url", "https://a.example/");
        let method = ("x-original-method", "GET");
        for (headers, expected) in [
            (vec![], "`x-original-url` is missing"),
            (vec![url], "`x-original-method` is missing"),
            (vec![url, ("x-original-method", "")], "is missing"),
            (vec![url, url, method], "is there twice"),
            (
                vec![
                    ("x-original-url", "https://ok.example@evil.example/"),
                    method,
                ],
                "host",
            ),
            (vec![("x-original-url", "https:///x"), method], "host"),
            (vec![("x-original-url", "/x"), method], "host"),
            (vec![("x-original-url", "https://a b/"), method], "host"),
        ] {
            let told = place(Asked::of_nginx(&head("/authz/nginx", &headers))).unwrap_err();
            assert!(told.contains(expected), "{headers:?}: {told}");
        }
        let other = |name: &'static str, value: &'static str| {
            let mut headers = vec![
                ("x-forwarded-method", "PUT"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "a.example"),
                ("x-forwarded-uri", "/x"),
            ];
            headers.retain(|(one, _)| *one != name);
            headers.push((name, value));
            place(Asked::of_forward_auth(&head(
                "/authz/forward-auth",
                &headers,
            )))
        };
        assert!(other("x-forwarded-uri", "https://evil.example/").is_err());
        assert!(other("x-forwarded-proto", "javascript").is_err());
        assert!(other("x-forwarded-host", "a.example/b").is_err());
        assert!(other("x-forwarded-host", "a.example").is_ok());
    }

    #[test]
    fn a_request_with_credentials_bears_a_session() {
        let bearing = |asked: Result<Asked, Fault>| {
            let asked = asked.map_err(|fault| fault.to_string()).unwrap();
            asked.into_request().action.session_bearing
        };
        let nginx = |name: &'static str| {
            let headers = [
                ("x-original-url", "https://a.example/"),
                ("x-original-method", "GET"),
                (name, "x"),
            ];
            bearing(Asked::of_nginx(&head("/authz/nginx", &headers)))
        };
        assert_eq!(nginx("cookie"), Some(true));
        // It may be the token of the judge's caller.
        assert_eq!(nginx("authorization"), None);
        let place = Place {
            method: "GET",
            scheme: None,
            host: "a.example",
            path: "/",
        };
        let at = |headers: &[(&str, &str)]| bearing(Asked::at(place, &head("/", headers).headers));
        assert_eq!(at(&[("authorization", "x")]), Some(true));
        assert_eq!(at(&[("accept", "x")]), Some(false));
        let headers = [("host", "a.example"), ("authorization", "x")];
        let envoy = head("/authz/envoy/", &headers);
        assert_eq!(bearing(Asked::of_envoy(&envoy, &Bytes::new())), None);
    }

    #[test]
    fn a_body_that_envoy_cut_is_still_read() {
        let headers = [("host", "a.example"), ("x-envoy-auth-partial-body", "true")];
        let body = Bytes::from_static(b"text \xc3");
        let asked = Asked::of_envoy(&head("/authz/envoy/", &headers), &body).unwrap();
        let content = asked.into_request().action.content;
        assert_eq!(content.text.as_deref(), Some("text \u{fffd}"));
        assert_eq!(content.truncated, Some(true));
        let packed = [("host", "a.example"), ("content-encoding", "gzip")];
        let asked = Asked::of_envoy(&head("/authz/envoy/", &packed), &body).unwrap();
        assert_eq!(asked.into_request().action.content.text, None);
    }
}
