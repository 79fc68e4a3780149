//! Who signs hooks, and which signed calls have been seen: each counts once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::webhook_key::{Stamp, WebhookKey, is_signed};

/// A call whose clock differs by more is refused.
const TOLERANCE_SECONDS: i64 = 300;
/// A sender tries again a moment after a connection failed; what comes later is somebody else's copy.
const RETRY_SECONDS: i64 = 15;
/// A call that was let in may carry a time ahead of ours: so long it could come again.
const KEPT_SECONDS: i64 = 2 * TOLERANCE_SECONDS;
/// Calls that are remembered; beyond it the oldest is forgotten.
const MAX_SEEN: usize = 200_000;

/// The keys of signed hooks, whose they are, and the calls of the last minutes.
pub struct Signed {
    signer: &'static str,
    keys: RwLock<Arc<[WebhookKey]>>,
    seen: Mutex<Seen>,
}

/// Why a signed call is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsigned {
    /// Nobody may sign.
    #[error("no secret is set: judge.inference_hooks.secrets_file")]
    NoKeys,
    /// It has none, or none of a key that is known.
    #[error("the signature is missing, or is none of a known secret")]
    Wrong,
    /// Its clock is not ours.
    #[error("the time that was signed is more than {TOLERANCE_SECONDS} s away")]
    Stale,
    /// It was let in before.
    #[error("the call was answered before")]
    Replayed,
}

/// The headers of a signed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    /// `webhook-id` and `webhook-timestamp`.
    pub(crate) stamp: Stamp<'a>,
    /// `webhook-signature`.
    pub(crate) signatures: &'a str,
}

impl Signed {
    /// Knows no key yet; `signer` is in rows who has signed.
    pub fn by(signer: &'static str) -> Self {
        Self {
            signer,
            keys: RwLock::default(),
            seen: Mutex::default(),
        }
    }

    /// Who signs, as rows name it.
    pub(crate) const fn signer(&self) -> &'static str {
        self.signer
    }

    /// Puts other keys in force: while a secret is being changed the old one and the new one.
    pub fn set_keys(&self, keys: Vec<WebhookKey>) {
        let mut place = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *place = keys.into();
    }

    /// Whether anybody may sign.
    pub(crate) fn has_keys(&self) -> bool {
        !self.keys().is_empty()
    }

    /// Lets a call in that is signed, of our time, and not seen before; a sender's second try of the
    /// same call is let in, too.
    pub(crate) fn admit(
        &self,
        shown: Shown<'_>,
        body: &[u8],
        now_seconds: i64,
    ) -> Result<(), Unsigned> {
        let keys = self.keys();
        if keys.is_empty() {
            return Err(Unsigned::NoKeys);
        }
        if !is_signed(&keys, (shown.stamp, body), shown.signatures) {
            return Err(Unsigned::Wrong);
        }
        let away = shown.stamp.seconds.abs_diff(now_seconds);
        if away > TOLERANCE_SECONDS.unsigned_abs() {
            return Err(Unsigned::Stale);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.admit(shown.stamp.id, body, now_seconds)
    }

    fn keys(&self) -> Arc<[WebhookKey]> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The calls of the last minutes, by the hashes of their ids.
#[derive(Default)]
struct Seen {
    calls: HashMap<[u8; 16], SeenCall>,
    oldest: VecDeque<([u8; 16], i64)>,
}

struct SeenCall {
    body: [u8; 16],
    at_seconds: i64,
}

impl Seen {
    fn admit(&mut self, id: &str, body: &[u8], now_seconds: i64) -> Result<(), Unsigned> {
        self.forget(now_seconds);
        let (id, body) = (short_hash(id.as_bytes()), short_hash(body));
        match self.calls.entry(id) {
            Entry::Occupied(seen) => {
                let seen = seen.get();
                let is_retry = seen.body == body && now_seconds - seen.at_seconds <= RETRY_SECONDS;
                if is_retry {
                    Ok(())
                } else {
                    Err(Unsigned::Replayed)
                }
            }
            Entry::Vacant(place) => {
                place.insert(SeenCall {
                    body,
                    at_seconds: now_seconds,
                });
                self.oldest.push_back((id, now_seconds));
                Ok(())
            }
        }
    }

    fn forget(&mut self, now_seconds: i64) {
        while let Some((id, at_seconds)) = self.oldest.front() {
            let is_over = now_seconds - at_seconds > KEPT_SECONDS;
            if !is_over && self.oldest.len() < MAX_SEEN {
                return;
            }
            self.calls.remove(id);
            self.oldest.pop_front();
        }
    }
}

fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    let hash = blake3::hash(bytes);
    short.copy_from_slice(hash.as_bytes().split_at(16).0);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NEW: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const NOW: i64 = 1_800_000_000;

    fn key(secret: &str) -> WebhookKey {
        WebhookKey::read(secret).unwrap()
    }

    fn call(
        signed: &Signed,
        secret: &str,
        (id, seconds): (&str, i64),
        now: i64,
    ) -> Result<(), Unsigned> {
        let stamp = Stamp { id, seconds };
        let signatures = key(secret).sign(stamp, b"body");
        let shown = Shown {
            stamp,
            signatures: &signatures,
        };
        signed.admit(shown, b"body", now)
    }

    #[test]
    fn both_secrets_count_while_they_are_changed() {
        let signed = Signed::by("somebody");
        assert_eq!(call(&signed, OLD, ("a", NOW), NOW), Err(Unsigned::NoKeys));
        signed.set_keys(vec![key(OLD)]);
        assert_eq!(call(&signed, NEW, ("b", NOW), NOW), Err(Unsigned::Wrong));
        signed.set_keys(vec![key(OLD), key(NEW)]);
        assert_eq!(call(&signed, OLD, ("c", NOW), NOW), Ok(()));
        assert_eq!(call(&signed, NEW, ("d", NOW), NOW), Ok(()));
        signed.set_keys(vec![key(NEW)]);
        assert_eq!(call(&signed, OLD, ("e", NOW), NOW), Err(Unsigned::Wrong));
    }

    #[test]
    fn a_call_of_another_time_is_refused() {
        let signed = Signed::by("somebody");
        signed.set_keys(vec![key(OLD)]);
        for (away, expected) in [
            (-300, Ok(())),
            (300, Ok(())),
            (-301, Err(Unsigned::Stale)),
            (301, Err(Unsigned::Stale)),
        ] {
            let id = away.to_string();
            assert_eq!(
                call(&signed, OLD, (&id, NOW + away), NOW),
                expected,
                "{away}"
            );
        }
        assert_eq!(
            call(&signed, OLD, ("x", i64::MIN), NOW),
            Err(Unsigned::Stale)
        );
    }

    #[test]
    fn a_call_counts_once_and_its_retry_is_the_same() {
        let signed = Signed::by("somebody");
        signed.set_keys(vec![key(OLD)]);
        // Ahead of our time, and so good for long.
        let ahead = ("a", NOW + 300);
        for (later, expected) in [
            (0, Ok(())),
            (15, Ok(())),
            (16, Err(Unsigned::Replayed)),
            (600, Err(Unsigned::Replayed)),
            (601, Err(Unsigned::Stale)),
        ] {
            assert_eq!(call(&signed, OLD, ahead, NOW + later), expected, "{later}");
        }
        let stamp = Stamp {
            id: "b",
            seconds: NOW,
        };
        for (body, expected) in [(&b"one"[..], Ok(())), (b"two", Err(Unsigned::Replayed))] {
            let signatures = key(OLD).sign(stamp, body);
            let shown = Shown {
                stamp,
                signatures: &signatures,
            };
            assert_eq!(signed.admit(shown, body, NOW), expected);
        }
        assert!(signed.seen.lock().unwrap().calls.len() <= 2);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut seen = Seen::default();
        for number in 0..=MAX_SEEN {
            seen.admit(&number.to_string(), b"", NOW).unwrap();
        }
        assert_eq!((seen.calls.len(), seen.oldest.len()), (MAX_SEEN, MAX_SEEN));
        seen.admit("later", b"", NOW + 601).unwrap();
        assert_eq!((seen.calls.len(), seen.oldest.len()), (1, 1));
    }
}
