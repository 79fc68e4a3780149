//! The pages as files: no build step, nothing from elsewhere, no script or style inside.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

/// Where the style is; it says nothing, and the page that asks for a token needs it.
pub const STYLE: &str = "/assets/console.css";
/// Where the script of the approvals is.
pub(crate) const SCRIPT: &str = "/assets/approvals.js";

/// What a page may load and do: its own files and our API, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The first page.
pub(crate) async fn home() -> Redirect {
    Redirect::to("/approvals")
}

/// The live list of approvals; one of them, where the address names it.
pub(crate) async fn approvals() -> Response {
    page(StatusCode::OK, include_str!("../assets/approvals.html"))
}

/// Asks for a token. Shown in the place of whatever page was asked for.
pub fn sign_in(next: &str, was_wrong: WasWrong) -> Response {
    let note = match was_wrong {
        WasWrong::No => "",
        WasWrong::Yes => "<p role=\"alert\">That token is not known here.</p>",
    };
    let text = include_str!("../assets/sign-in.html")
        .replace("{note}", note)
        .replace("{next}", &escaped(next));
    page(StatusCode::UNAUTHORIZED, &text)
}

/// Whether a wrong token was just shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WasWrong {
    /// None was shown.
    No,
    /// One was.
    Yes,
}

pub(crate) async fn style() -> Response {
    file(
        "text/css; charset=utf-8",
        include_str!("../assets/console.css"),
    )
}

pub(crate) async fn script() -> Response {
    file(
        "text/javascript; charset=utf-8",
        include_str!("../assets/approvals.js"),
    )
}

fn page(status: StatusCode, text: &str) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(text.to_owned())).into_response()
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_no_script_or_style_of_their_own() {
        for text in [
            include_str!("../assets/approvals.html"),
            include_str!("../assets/sign-in.html"),
        ] {
            for forbidden in [
                "<style",
                " style=",
                "onclick",
                "javascript:",
                "http://",
                "https://",
            ] {
                assert!(!text.contains(forbidden), "{forbidden}");
            }
            assert_eq!(
                text.matches("<script").count(),
                text.matches("<script src").count()
            );
        }
    }

    #[test]
    fn an_address_cannot_leave_its_attribute() {
        assert_eq!(escaped("/a\"><b'&"), "/a&quot;&gt;&lt;b&#39;&amp;");
    }
}
