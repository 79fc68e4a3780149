//! Browsers: a person shows a token once, and a cookie stands for it until it is old.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use url::form_urlencoded;

use crate::page::{self, WasWrong};
use crate::{Console, Person};

/// Where a token is shown; open to everybody.
pub const SIGN_IN: &str = "/sign-in";
/// Where a cookie is given back.
pub(crate) const SIGN_OUT: &str = "/sign-out";
/// The header by which our pages say that they made a request: no other site's page can send it
/// without asking first, and it would be told no.
pub(crate) const OURS: &str = "x-magistrate-page";

const COOKIE: &str = "magistrate_session";
/// A cookie is good for a working day.
const GOOD_FOR: Duration = Duration::from_secs(12 * 3_600);
/// More browsers than this sign in by pushing the oldest out.
const MAX_SIGN_INS: usize = 200;

/// The cookies that are good.
#[derive(Debug, Default)]
pub(crate) struct SignIns {
    by_cookie: Mutex<HashMap<String, SignIn>>,
}

#[derive(Debug)]
struct SignIn {
    person: Person,
    since: Instant,
}

impl SignIns {
    /// Makes a cookie for `person`.
    fn add(&self, person: Person) -> Option<String> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).ok()?;
        let cookie: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut all = self.all();
        all.retain(|_, one| one.since.elapsed() < GOOD_FOR);
        if all.len() >= MAX_SIGN_INS {
            let oldest = all.iter().min_by_key(|(_, one)| one.since);
            if let Some(oldest) = oldest.map(|(cookie, _)| cookie.clone()) {
                all.remove(&oldest);
            }
        }
        let since = Instant::now();
        all.insert(cookie.clone(), SignIn { person, since });
        Some(cookie)
    }

    /// Whose cookie `headers` hold.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Option<Person> {
        let all = self.all();
        let found = all.get(cookie_of(headers)?)?;
        (found.since.elapsed() < GOOD_FOR).then(|| found.person.clone())
    }

    fn remove(&self, headers: &HeaderMap) {
        if let Some(cookie) = cookie_of(headers) {
            self.all().remove(cookie);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, SignIn>> {
        self.by_cookie
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a token, gives a cookie, and goes to the page that was asked for.
pub(crate) async fn sign_in(State(console): State<Console>, body: Bytes) -> Response {
    let (mut token, mut next) = (String::new(), String::new());
    for (name, value) in form_urlencoded::parse(&body) {
        match name.as_ref() {
            "token" => token = value.trim().to_owned(),
            "next" => next = value.into_owned(),
            _ => {}
        }
    }
    let next = own_place(&next);
    let Some(person) = (console.who)(&token) else {
        return page::sign_in(next, WasWrong::Yes);
    };
    let Some(cookie) = console.sign_ins.add(person) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let seconds = GOOD_FOR.as_secs();
    let cookie = format!("{COOKIE}={cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}");
    ([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response()
}

/// Forgets the cookie.
pub(crate) async fn sign_out(State(console): State<Console>, headers: HeaderMap) -> Response {
    console.sign_ins.remove(&headers);
    let gone = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    ([(header::SET_COOKIE, gone)], StatusCode::NO_CONTENT).into_response()
}

fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// A place of ours: nobody is sent elsewhere from here.
fn own_place(next: &str) -> &str {
    if crate::serves(next) { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with_cookie(cookie: &str) -> HeaderMap {
        let text = format!("other=1; {COOKIE}={cookie}");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(&text).unwrap());
        headers
    }

    #[test]
    fn a_cookie_stands_for_a_person_until_it_is_given_back() {
        let sign_ins = SignIns::default();
        let ana = Person("ana".to_owned());
        let cookie = sign_ins.add(ana.clone()).unwrap();
        assert_eq!(sign_ins.find(&with_cookie(&cookie)), Some(ana));
        assert_eq!(sign_ins.find(&with_cookie("0")), None);
        assert_eq!(sign_ins.find(&HeaderMap::new()), None);
        sign_ins.remove(&with_cookie(&cookie));
        assert_eq!(sign_ins.find(&with_cookie(&cookie)), None);
        for _ in 0..2 * MAX_SIGN_INS {
            sign_ins.add(Person("bo".to_owned())).unwrap();
        }
        assert_eq!(sign_ins.all().len(), MAX_SIGN_INS);
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (next, place) in [
            ("/approvals/1", "/approvals/1"),
            ("//evil.example/approvals", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_place(next), place);
        }
    }
}
