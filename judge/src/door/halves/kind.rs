//! What the body of a response is, and so whether it is read.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

/// What the body of a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::door) enum Kind {
    /// Text, or what may be.
    Text,
    /// A stream of events.
    Events,
    /// Pictures, sound, fonts: the judge reads texts.
    Media,
}

impl Kind {
    /// By the media type of a response.
    pub(in crate::door) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().trim_ascii().to_ascii_lowercase();
        let name = kind.split(';').next().unwrap_or_default().trim_end();
        let is_media = ["image/", "audio/", "video/", "font/"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        match name {
            "text/event-stream" => Self::Events,
            // A picture that is a text.
            "image/svg+xml" => Self::Text,
            _ if is_media => Self::Media,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_media_are_not_read() {
        for (kind, expected) in [
            ("text/event-stream; charset=utf-8", Kind::Events),
            ("Image/PNG", Kind::Media),
            ("image/svg+xml", Kind::Text),
            ("application/octet-stream", Kind::Text),
            ("", Kind::Text),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(Kind::of(&headers), expected, "{kind}");
        }
        assert_eq!(Kind::of(&HeaderMap::new()), Kind::Text);
    }
}
