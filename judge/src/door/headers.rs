//! Headers as proxies pass them on.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// A map of headers; pseudo-headers and what is none are left out.
pub(super) fn plain<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            // More headers than a map holds no proxy lets through.
            if map.try_append(name, value).is_err() {
                break;
            }
        }
    }
    map
}
