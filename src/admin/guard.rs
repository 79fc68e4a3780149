//! Who may do what on the admin listener.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use magistrate_console::{Person, SIGN_IN, STYLE, WasWrong, serves, sign_in_page};
use magistrate_ingest::{Peer, Tokens};

use super::Admin;

/// What a loopback caller may see without a token.
const OPEN_ON_LOOPBACK: [&str; 3] = ["/livez", "/readyz", "/metrics"];
/// The name of whoever shows the admin token.
const ADMIN: &str = "admin";

/// The tokens that count here.
pub(crate) struct Doorkeeper {
    /// The administrator's.
    pub(crate) admin: String,
    /// Those of persons who decide approvals.
    pub(crate) approvers: Option<Tokens>,
    /// Those that the judge knows: none of them counts here, whatever file it is in.
    pub(crate) judge: Option<Tokens>,
}

impl Doorkeeper {
    /// Whose `token` is.
    pub(crate) fn who(&self, token: &str) -> Option<Person> {
        let known_to = |tokens: &Option<Tokens>| tokens.as_ref()?.name_of(token.as_bytes());
        if known_to(&self.judge).is_some() {
            return None;
        }
        if is_same(token, &self.admin) {
            return Some(Person(ADMIN.to_owned()));
        }
        // Nobody else is the administrator, whatever a file calls them.
        let name = known_to(&self.approvers)?;
        let is_taken = name == ADMIN;
        Some(Person(if is_taken {
            format!("{name} (approver)")
        } else {
            name
        }))
    }

    fn is_admin(&self, token: &str) -> bool {
        self.who(token).is_some_and(|person| person.0 == ADMIN)
    }
}

/// Lets a loopback caller look, a person decide, and the administrator do everything.
pub(super) async fn guard(
    State(admin): State<Arc<Admin>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_local = peer.address.is_some_and(|address| address.is_loopback());
    let is_open = is_local && OPEN_ON_LOOPBACK.contains(&path);
    // Where a token is shown, and how that page looks.
    if is_open || path == SIGN_IN || path == STYLE {
        return next.run(request).await;
    }
    let doorkeeper = &admin.shown.doorkeeper;
    let token = bearer(request.headers());
    if token.is_some_and(|token| doorkeeper.is_admin(token)) {
        request.extensions_mut().insert(Person(ADMIN.to_owned()));
        return next.run(request).await;
    }
    let person = if serves(path) {
        let by_token = token.and_then(|token| doorkeeper.who(token));
        by_token.or_else(|| {
            let console = &admin.shown.console;
            console.signed_in(request.method(), request.headers())
        })
    } else {
        None
    };
    match person {
        Some(person) => {
            request.extensions_mut().insert(person);
            next.run(request).await
        }
        None if wants_page(&request) => sign_in_page(request.uri().path(), WasWrong::No),
        None => {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
            let message = "the admin token is missing or wrong\n";
            (StatusCode::UNAUTHORIZED, challenge, message).into_response()
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    value.to_str().ok()?.strip_prefix("Bearer ")
}

/// Whether a browser asks for a page of ours.
fn wants_page(request: &Request) -> bool {
    let accepted = request.headers().get(header::ACCEPT);
    let takes_html = accepted.is_some_and(|kinds| kinds.as_bytes().starts_with(b"text/html"));
    let path = request.uri().path();
    request.method() == Method::GET && takes_html && serves(path)
}

/// Compares in time that depends on the lengths only.
fn is_same(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_judge_knows_counts_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            Some(Tokens::open(&file).unwrap())
        };
        let doorkeeper = Doorkeeper {
            admin: "the-admin".to_owned(),
            approvers: tokens("approvers", "ana hers\nbo shared\nadmin another\n"),
            judge: tokens("judge", "proxy shared\nother the-proxy\n"),
        };
        let who = |token| doorkeeper.who(token).map(|person| person.0);
        assert_eq!(who("the-admin").as_deref(), Some("admin"));
        assert_eq!(who("hers").as_deref(), Some("ana"));
        assert_eq!(who("another").as_deref(), Some("admin (approver)"));
        assert!(!doorkeeper.is_admin("another"));
        for token in ["shared", "the-proxy", "", "nobodys"] {
            assert_eq!(who(token), None, "{token}");
        }
    }
}
