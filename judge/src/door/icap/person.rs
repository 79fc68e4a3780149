//! Whom a proxy asks for, by the headers that proxies set.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::refusal::Refusal;
use crate::door::authz::asked::one;
use crate::door::halves::judged::Client;

/// Headers with the user's name, those that are set first before others.
const USERS: [&str; 2] = ["x-client-username", "x-authenticated-user"];
/// The header with the client's address.
const ADDRESS: &str = "x-client-ip";
/// Shorter texts are names as they stand, even where they could be base64.
const MIN_CODED_BYTES: usize = 4;

/// Whom the headers of an ICAP request name.
pub(super) fn client(headers: &HeaderMap) -> Result<Client, Refusal> {
    let twice = |_| Refusal::Bad("a header that names the client is there twice or no text");
    let mut user = None;
    for name in USERS {
        if user.is_none() {
            let value = one(headers, name).map_err(twice)?;
            user = value.map(|value| decoded(value.trim()));
        }
    }
    let address = one(headers, ADDRESS).map_err(twice)?;
    let is_address = |text: &String| text.parse::<std::net::IpAddr>().is_ok();
    Ok(Client {
        user: user.filter(|user| !user.is_empty() && user != "-"),
        address: address
            .map(|text| text.trim().to_owned())
            .filter(is_address),
    })
}

/// The name itself: some proxies send it in base64 (`V2luTlQ6Ly9EL2FuYQ==`), others as it is, and
/// nothing says which.
fn decoded(value: &str) -> String {
    if value.len() < MIN_CODED_BYTES {
        return value.to_owned();
    }
    let bytes = STANDARD.decode(value).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| is_name(text))
        .unwrap_or_else(|| value.to_owned())
}

/// Whether a text can be the name of a user. A name that was taken for base64 would rather be noise.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || " ._-@\\/=,'+:".contains(c);
    text.chars().all(is_part) && text.starts_with(|c: char| c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn user(name: &'static str, value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        client(&headers).unwrap().user
    }

    #[test]
    fn names_are_decoded_where_they_were_encoded() {
        for (value, expected) in [
            ("ana", "ana"),
            ("ana@example.com", "ana@example.com"),
            ("EXAMPLE\\ana", "EXAMPLE\\ana"),
            ("YW5hQGV4YW1wbGUuY29t", "ana@example.com"),
            ("V2luTlQ6Ly9FWEFNUExFL2FuYQ==", "WinNT://EXAMPLE/ana"),
            (
                "TERBUDovL2xkYXAuZXhhbXBsZS9DTj1BbmEsT1U9QQ==",
                "LDAP://ldap.example/CN=Ana,OU=A",
            ),
            // Base64 by its letters, and noise inside.
            ("username", "username"),
            ("Maria123", "Maria123"),
            ("test", "test"),
        ] {
            for name in USERS {
                assert_eq!(user(name, value).as_deref(), Some(expected), "{value}");
            }
        }
        assert_eq!(user("x-client-username", "-"), None);
        assert_eq!(user("x-client-username", " "), None);
    }

    #[test]
    fn only_addresses_are_addresses() {
        let mut headers = HeaderMap::new();
        headers.insert("x-client-ip", HeaderValue::from_static("10.1.2.3"));
        let told = client(&headers).unwrap();
        assert_eq!(told.address.as_deref(), Some("10.1.2.3"));
        headers.insert("x-client-ip", HeaderValue::from_static("<script>"));
        assert_eq!(client(&headers).unwrap().address, None);
        headers.append("x-client-ip", HeaderValue::from_static("10.1.2.3"));
        assert!(client(&headers).is_err());
    }
}
