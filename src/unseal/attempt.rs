//! Opens the rows that are asked for, and says of each what came of it.

use std::ops::ControlFlow;

use magistrate_enrich::{Original, Originals, SealError, SealKeyId, UnsealKey, sealed_for, unseal};
use magistrate_event::{Class, EventUid, Timestamp};
use magistrate_sinks::lake::{self, Row, Unread, Wanted};

use crate::config::Config;

/// So many rows are tried for one token; any that opens has it.
const MAX_TRIES: usize = 1000;

/// What came of one row, or of one token.
#[derive(Debug)]
pub(super) struct Attempt {
    /// The row; unknown where no row of a token opened.
    pub(super) uid: Option<EventUid>,
    /// The row's table and time, where it was found.
    pub(super) place: Option<(Class, Timestamp)>,
    /// The key that the row was sealed for, where that is known.
    pub(super) sealed_for: Option<SealKeyId>,
    /// The originals, or why there are none.
    pub(super) outcome: Result<Opened, Trouble>,
}

/// The originals of a row that are to be shown.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) originals: Originals,
    /// Only this token's, where one was asked for.
    pub(super) token: Option<String>,
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The private key cannot be read; nothing was searched.
    #[error("{0}")]
    Key(String),
    /// No such row.
    #[error("no such row in the lake")]
    NotFound,
    /// The row has no originals.
    #[error("nothing is sealed in this row")]
    NothingSealed,
    /// It has, and they do not open.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// They open, but the token's original was too long to be kept.
    #[error("the token's original is not among those that the row kept")]
    NotKept,
}

impl Attempt {
    /// Whether there is something to show.
    pub(super) const fn is_opened(&self) -> bool {
        self.outcome.is_ok()
    }

    /// One word for the access row and for JSON.
    pub(super) const fn word(&self) -> &'static str {
        match &self.outcome {
            Ok(_) => "opened",
            Err(Trouble::Key(_)) => "no_key",
            Err(Trouble::NotFound) => "not_found",
            Err(Trouble::NothingSealed) => "nothing_sealed",
            Err(Trouble::NotKept) => "not_kept",
            Err(Trouble::Sealed(SealError::OtherKey(_))) => "wrong_key",
            Err(Trouble::Sealed(SealError::Malformed | SealError::Refused | SealError::Failed)) => {
                "damaged"
            }
        }
    }

    fn failed(uid: Option<EventUid>, trouble: Trouble) -> Self {
        Self {
            uid,
            place: None,
            sealed_for: None,
            outcome: Err(trouble),
        }
    }
}

impl Opened {
    /// The originals to show.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Original> {
        let token = self.token.as_deref();
        let all = self.originals.list().iter();
        all.filter(move |one| token.is_none_or(|token| one.token == token))
    }
}

/// The attempts when the private key cannot be read.
pub(super) fn without_key(wanted: &Wanted, error: &anyhow::Error) -> Vec<Attempt> {
    let failed = |uid| Attempt::failed(uid, Trouble::Key(format!("{error:#}")));
    match wanted {
        Wanted::Uids(uids) => uids.iter().map(|uid| failed(Some(*uid))).collect(),
        Wanted::Token(_) => vec![failed(None)],
    }
}

/// Finds and opens what is wanted; also names the files that could not be searched.
///
/// # Errors
/// When the lake cannot be searched at all.
pub(super) fn rows(
    config: &Config,
    wanted: &Wanted,
    key: &UnsealKey,
) -> anyhow::Result<(Vec<Attempt>, Vec<Unread>)> {
    let mut attempts = Vec::new();
    let mut tries = 0;
    let unread = lake::find(&config.lake, &config.data, wanted, |row| {
        tries += 1;
        match wanted {
            Wanted::Uids(_) => attempts.push(open(row, key, None)),
            Wanted::Token(token) => {
                let attempt = open(row, key, Some(token));
                let is_opened = attempt.is_opened();
                attempts = vec![attempt];
                if is_opened || tries >= MAX_TRIES {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    add_missing(&mut attempts, wanted);
    Ok((attempts, unread))
}

fn open(row: Row, key: &UnsealKey, token: Option<&str>) -> Attempt {
    let sealed = row.sealed.as_deref();
    let sealed_for = sealed.and_then(|sealed| sealed_for(sealed).ok());
    let outcome = sealed
        .ok_or(Trouble::NothingSealed)
        .and_then(|sealed| Ok(unseal(key, row.uid, sealed)?))
        .map(|originals| Opened {
            originals,
            token: token.map(str::to_owned),
        })
        .and_then(|opened| {
            let has_text = opened.shown().any(|one| one.text.is_some());
            if token.is_none() || has_text {
                Ok(opened)
            } else {
                Err(Trouble::NotKept)
            }
        });
    Attempt {
        uid: Some(row.uid),
        place: Some((row.class, row.time)),
        sealed_for,
        outcome,
    }
}

/// An attempt for each row that is not there, and the order in which they were asked for.
fn add_missing(attempts: &mut Vec<Attempt>, wanted: &Wanted) {
    match wanted {
        Wanted::Token(_) if attempts.is_empty() => {
            attempts.push(Attempt::failed(None, Trouble::NotFound));
        }
        Wanted::Token(_) => {}
        Wanted::Uids(uids) => {
            for uid in uids {
                if attempts.iter().all(|attempt| attempt.uid != Some(*uid)) {
                    attempts.push(Attempt::failed(Some(*uid), Trouble::NotFound));
                }
            }
            attempts.sort_by_key(|attempt| uids.iter().position(|uid| attempt.uid == Some(*uid)));
        }
    }
}
