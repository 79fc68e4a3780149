//! Makes the `Authorization` header, and makes it again when a peer refuses it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;

use super::Secret;

/// A secret file is read up to this.
const MAX_SECRET_BYTES: u64 = 16 * 1024;

/// Where a secret comes from.
#[derive(Debug, Clone)]
pub(crate) enum SecretSource {
    /// From the configuration.
    Given(Secret),
    /// From a file, which may change while we run.
    File(PathBuf),
}

/// How to present the secret.
#[derive(Debug, Clone)]
pub(crate) enum Scheme {
    /// `Splunk TOKEN`.
    Splunk,
    /// `ApiKey TOKEN`.
    ApiKey,
    /// `Basic base64(username:SECRET)`, RFC 7617.
    Basic {
        /// The user.
        username: String,
    },
}

/// What a peer asks for before it takes anything.
#[derive(Debug)]
pub(crate) struct Credentials {
    scheme: Scheme,
    source: SecretSource,
    header: HeaderValue,
}

/// Why credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("cannot read secret file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The secret is empty, too long, or holds characters that no header may hold.
    #[error("secret is empty or cannot stand in a header")]
    Unusable,
}

impl Credentials {
    /// Reads the secret and makes the header.
    ///
    /// # Errors
    /// When the file cannot be read or the secret cannot be used.
    pub(crate) fn new(scheme: Scheme, source: SecretSource) -> Result<Self, CredentialsError> {
        let header = header(&scheme, &source)?;
        Ok(Self {
            scheme,
            source,
            header,
        })
    }

    /// The header's value, marked sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Reads the secret anew after a refusal; whether it has changed.
    pub(crate) fn renew(&mut self) -> Renewal {
        match header(&self.scheme, &self.source) {
            Ok(header) if header != self.header => {
                self.header = header;
                Renewal::Changed
            }
            Ok(_) => Renewal::Same,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot renew secret"
                );
                Renewal::Same
            }
        }
    }
}

/// What reading a secret anew brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// Another secret: worth another attempt.
    Changed,
    /// The same one.
    Same,
}

fn header(scheme: &Scheme, source: &SecretSource) -> Result<HeaderValue, CredentialsError> {
    let secret = match source {
        SecretSource::Given(secret) => secret.clone(),
        SecretSource::File(path) => read(path)?,
    };
    if secret.reveal().is_empty() {
        return Err(CredentialsError::Unusable);
    }
    let text = match scheme {
        Scheme::Splunk => format!("Splunk {}", secret.reveal()),
        Scheme::ApiKey => format!("ApiKey {}", secret.reveal()),
        Scheme::Basic { username } => {
            let pair = format!("{username}:{}", secret.reveal());
            format!("Basic {}", base64(pair.as_bytes()))
        }
    };
    let mut header = HeaderValue::try_from(text).map_err(|_| CredentialsError::Unusable)?;
    header.set_sensitive(true);
    Ok(header)
}

fn read(path: &Path) -> Result<Secret, CredentialsError> {
    let read = || -> io::Result<String> {
        let mut text = String::new();
        File::open(path)?
            .take(MAX_SECRET_BYTES)
            .read_to_string(&mut text)?;
        Ok(text)
    };
    match read() {
        Ok(text) => Ok(Secret::new(&text)),
        Err(source) => Err(CredentialsError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// RFC 4648 section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            let digit = DIGITS.get(digit).copied().unwrap_or(b'A');
            text.push(if place <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_encoded_as_rfc_7617_shows() {
        assert_eq!(
            base64(b"Aladdin:open sesame"),
            "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(base64("test:123\u{a3}".as_bytes()), "dGVzdDoxMjPCow==");
        assert_eq!(base64(b"abc"), "YWJj");
        assert_eq!(base64(b"ab"), "YWI=");
        assert_eq!(base64(b""), "");
    }

    #[test]
    fn a_changed_file_is_noticed_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "first\n").unwrap();
        let source = SecretSource::File(file.path().to_owned());
        let mut credentials = Credentials::new(Scheme::Splunk, source).unwrap();
        assert_eq!(credentials.header(), "Splunk first");
        assert_eq!(credentials.renew(), Renewal::Same);
        std::fs::write(file.path(), "second").unwrap();
        assert_eq!(credentials.renew(), Renewal::Changed);
        assert_eq!(credentials.header(), "Splunk second");
        std::fs::remove_file(file.path()).unwrap();
        assert_eq!(credentials.renew(), Renewal::Same);
        assert!(!format!("{credentials:?}").contains("second"));
    }

    #[test]
    fn a_secret_that_no_header_can_hold_is_refused() {
        for text in ["", " \n", "a\nb", "a\u{0}b"] {
            let source = SecretSource::Given(Secret::new(text));
            assert!(
                Credentials::new(Scheme::ApiKey, source).is_err(),
                "{text:?}"
            );
        }
    }
}
