//! Who may come in: bearer tokens from a file that is read again when it changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use magistrate_event::Identity;
use subtle::{Choice, ConstantTimeEq};

/// How often, at most, the file's time is looked at.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Largest token file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Why a token file cannot be used; never holds a token.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// It cannot be read.
    #[error("cannot read token file `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is neither `token` nor `name token`.
    #[error("cannot read token file `{path}`: line {line} is neither `token` nor `name token`")]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// It holds no token, so nobody could come in.
    #[error("token file `{path}` holds no token")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It shows no token.
    #[error("a bearer token is needed in the authorization header")]
    Missing,
    /// It shows one that is not in the file, or not in the form `Bearer token`.
    #[error("the bearer token is not known here")]
    Unknown,
}

/// Finds out who sent a request, before its body is read.
///
/// Without tokens everyone may come in, under the name of the client certificate if there is one.
///
/// # Errors
///
/// [`Denied`] when tokens are demanded and none of them is shown.
pub fn admit(
    tokens: Option<&Tokens>,
    headers: &HeaderMap,
    certificate: Option<&str>,
) -> Result<Identity, Denied> {
    let Some(tokens) = tokens else {
        let anonymous = Identity::Anonymous;
        return Ok(certificate.map_or(anonymous, |name| Identity::Certificate(name.to_owned())));
    };
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (shown.next(), shown.next()) else {
        return Err(Denied::Missing);
    };
    let token = bearer(value.as_bytes()).ok_or(Denied::Unknown)?;
    tokens
        .name_of(token)
        .map(Identity::Token)
        .ok_or(Denied::Unknown)
}

/// The token of `Bearer token` (RFC 6750 section 2.1; the scheme in any case).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let space = memchr::memchr(b' ', value)?;
    let (scheme, token) = value.split_at_checked(space)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty()).then_some(token)
}

/// The tokens of one file.
pub struct Tokens {
    path: PathBuf,
    table: RwLock<Arc<Vec<Entry>>>,
    seen: Mutex<Seen>,
}

struct Seen {
    checked: Instant,
    version: Option<Version>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    modified: SystemTime,
    len_bytes: u64,
}

/// A token as its hash, so that no memory holds it longer than a request.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    hash: [u8; 32],
}

impl Tokens {
    /// Reads a token file.
    ///
    /// # Errors
    ///
    /// [`TokenFileError`] when it cannot be read, has a line that is no token, or holds none.
    pub fn open(path: &Path) -> Result<Self, TokenFileError> {
        let version = version(path);
        let table = load(path)?;
        Ok(Self {
            path: path.to_owned(),
            table: RwLock::new(Arc::new(table)),
            seen: Mutex::new(Seen {
                checked: Instant::now(),
                version,
            }),
        })
    }

    /// The name of the token's holder. Takes the same time whichever token it is compared with.
    pub fn name_of(&self, token: &[u8]) -> Option<String> {
        self.refresh();
        let table = self.table();
        let hash = *blake3::hash(token).as_bytes();
        let mut found = None;
        for entry in table.iter() {
            let same: Choice = entry.hash.ct_eq(&hash);
            if bool::from(same) {
                found = Some(entry);
            }
        }
        found.map(|entry| entry.name.clone())
    }

    /// The names of those who have a token, in the order of the file.
    pub fn names(&self) -> Vec<String> {
        self.refresh();
        let table = self.table();
        table.iter().map(|entry| entry.name.clone()).collect()
    }

    fn table(&self) -> Arc<Vec<Entry>> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again when it has changed; keeps what it has when it cannot be read.
    fn refresh(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.checked.elapsed() < CHECK_EVERY {
            return;
        }
        seen.checked = Instant::now();
        let now = version(&self.path);
        if now == seen.version {
            return;
        }
        seen.version = now;
        match load(&self.path) {
            Ok(table) => {
                *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
                tracing::info!(path = %self.path.display(), "token file read again");
            }
            Err(error) => {
                tracing::warn!(%error, "token file changed and cannot be used, keeping the old tokens");
            }
        }
    }
}

fn version(path: &Path) -> Option<Version> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Version {
        modified: metadata.modified().ok()?,
        len_bytes: metadata.len(),
    })
}

fn load(path: &Path) -> Result<Vec<Entry>, TokenFileError> {
    let read = |source| TokenFileError::Read {
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(read)?.len() > MAX_FILE_BYTES {
        return Err(read(std::io::ErrorKind::FileTooLarge.into()));
    }
    let text = std::fs::read_to_string(path).map_err(read)?;
    let table = parse(&text).map_err(|line| TokenFileError::Line {
        path: path.to_owned(),
        line,
    })?;
    if table.is_empty() {
        return Err(TokenFileError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(table)
}

/// The entries of a token file, or the number of the first line that is none.
fn parse(text: &str) -> Result<Vec<Entry>, usize> {
    let mut table = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        let entry = match (words.next(), words.next(), words.next()) {
            (None, _, _) => continue,
            (Some(word), _, _) if word.starts_with('#') => continue,
            (Some(token), None, _) => entry(None, token),
            (Some(name), Some(token), None) => entry(Some(name), token),
            (Some(_), Some(_), Some(_)) => return Err(at + 1),
        };
        table.push(entry);
    }
    Ok(table)
}

/// A token without a name is called by the first 32 bits of its hash.
fn entry(name: Option<&str>, token: &str) -> Entry {
    let hash = blake3::hash(token.as_bytes());
    let name = name.map_or_else(
        || hash.to_hex().chars().take(8).collect(),
        ToOwned::to_owned,
    );
    Entry {
        name,
        hash: *hash.as_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_a_known_token_comes_in_and_under_its_name() {
        let file = file("# laptops\nana  token-one\n\ntoken-two\n");
        let tokens = Tokens::open(file.path()).unwrap();
        for (shown, expected) in [
            (&["Bearer token-one"][..], Ok("ana")),
            (&["bearer   token-one"], Ok("ana")),
            (&[], Err(Denied::Missing)),
            (
                &["Bearer token-one", "Bearer token-two"],
                Err(Denied::Missing),
            ),
            (&["Bearer token-on"], Err(Denied::Unknown)),
            (&["Bearer ana"], Err(Denied::Unknown)),
            (&["Basic token-one"], Err(Denied::Unknown)),
            (&["Bearer "], Err(Denied::Unknown)),
            (&["token-one"], Err(Denied::Unknown)),
        ] {
            let identity = admit(Some(&tokens), &headers(shown), Some("certificate"));
            let expected = expected.map(|name| Identity::Token(name.to_owned()));
            assert_eq!(identity, expected, "{shown:?}");
        }
        let identity = admit(Some(&tokens), &headers(&["Bearer token-two"]), None).unwrap();
        assert_eq!(identity.name().len(), 8);
    }

    #[test]
    fn without_tokens_everyone_comes_in() {
        let none = headers(&["Bearer of-someone-else"]);
        assert_eq!(admit(None, &none, None), Ok(Identity::Anonymous));
        assert_eq!(
            admit(None, &none, Some("ana")),
            Ok(Identity::Certificate("ana".to_owned()))
        );
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_spoilt_one_is_not() {
        let file = file("old-token");
        let tokens = Tokens::open(file.path()).unwrap();
        let expire = || {
            tokens.seen.lock().unwrap().checked = Instant::now() - 2 * CHECK_EVERY;
        };
        std::fs::write(file.path(), "a-newer-token").unwrap();
        assert!(tokens.name_of(b"old-token").is_some());
        expire();
        assert!(tokens.name_of(b"old-token").is_none());
        assert!(tokens.name_of(b"a-newer-token").is_some());
        std::fs::write(file.path(), "").unwrap();
        expire();
        assert!(tokens.name_of(b"a-newer-token").is_some());
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_without_its_tokens() {
        for (text, expected) in [
            ("", "holds no token"),
            ("# nothing\n", "holds no token"),
            ("ana token\none two three-secret", "line 2 is neither"),
        ] {
            let file = file(text);
            let message = Tokens::open(file.path()).err().unwrap().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains("secret"));
        }
        assert!(Tokens::open(Path::new("/nowhere")).is_err());
    }
}
