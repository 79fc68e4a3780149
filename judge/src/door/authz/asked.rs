//! Reads the judged request out of what a proxy says about it.

use axum::http::HeaderMap;
use axum::http::request::Parts;
use bytes::Bytes;
use magistrate_event::{Action, Occasion};

use super::ENVOY_PREFIX;
use crate::door::fault::Fault;
use crate::request::Request;

/// The judged request.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Asked {
    url: String,
    method: String,
    session: Option<String>,
    prompt: Option<String>,
    media_type: Option<String>,
    body: Option<Body>,
}

/// What the proxy sent of the judged request's body.
#[derive(Debug, PartialEq, Eq)]
struct Body {
    text: String,
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
        let path = whole.strip_prefix(ENVOY_PREFIX).unwrap_or_default();
        let authority = head.uri.authority().map(ToString::to_string);
        let host = match one(headers, "host")?.or(authority) {
            Some(host) => host,
            None => return Err(missing("host")),
        };
        let scheme = one(headers, "x-forwarded-proto")?;
        let url = address(scheme.as_deref().unwrap_or("https"), &host, path)?;
        let mut asked = Self::of(headers, url, head.method.as_str().to_owned())?;
        // Compressed text is no text; a character that was cut in two must not hide the others.
        if !body.is_empty() && one(headers, "content-encoding")?.is_none() {
            let is_partial = one(headers, "x-envoy-auth-partial-body")?;
            asked.body = Some(Body {
                text: String::from_utf8_lossy(body).into_owned(),
                is_whole: is_partial.as_deref() != Some("true"),
            });
        }
        Ok(asked)
    }

    fn of(headers: &HeaderMap, url: String, method: String) -> Result<Self, Fault> {
        Ok(Self {
            url,
            method,
            // Claude Code sends them with what it asks its model.
            session: one(headers, "x-claude-code-session-id")?,
            prompt: one(headers, "x-claude-code-prompt-id")?,
            media_type: one(headers, "content-type")?,
            body: None,
        })
    }

    /// The question about it.
    pub(super) fn into_request(self) -> Request {
        let mut action = Action {
            occasion: Some(Occasion::Request),
            prompt_id: self.prompt,
            ..Action::default()
        };
        action.session.id = self.session;
        action.destination.url = Some(self.url);
        action.destination.method = Some(self.method);
        action.content.media_type = self.media_type;
        if let Some(body) = self.body {
            action.content.text = Some(body.text);
            action.content.truncated = Some(!body.is_whole);
        }
        Request {
            action,
            ..Request::default()
        }
    }
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
fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, Fault> {
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
