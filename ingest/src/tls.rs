//! TLS for listeners: rustls on aws-lc-rs, from PEM files, with client certificates if asked for.

mod subject;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

pub use self::subject::certificate_name;

/// What is spoken inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/2 and HTTP/1.1.
    Http,
    /// Nothing that is negotiated, such as syslog.
    None,
}

/// Why a listener cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate or the key is not named.
    #[error("`{0}` is not set")]
    Missing(&'static str),
    /// A file cannot be read as PEM.
    #[error("cannot read {what} from `{path}`: {source}")]
    Pem {
        /// What the file should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls_pki_types::pem::Error,
    },
    /// A file holds nothing of its kind.
    #[error("`{path}` holds no certificate")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The key is not the certificate's, or either is of no use.
    #[error("cannot use certificate `{cert}` with key `{key}`: {source}")]
    Pair {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The authorities are of no use.
    #[error("cannot use client authorities `{path}`: {message}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

/// Builds the TLS side of a listener from its files.
///
/// # Errors
///
/// [`TlsError`] when a file is missing, is not PEM, or does not belong to the others.
pub fn server_config(files: &TlsFiles, alpn: Alpn) -> Result<Arc<ServerConfig>, TlsError> {
    let cert = files
        .cert_file
        .as_deref()
        .ok_or(TlsError::Missing("cert_file"))?;
    let key = files
        .key_file
        .as_deref()
        .ok_or(TlsError::Missing("key_file"))?;
    let chain = certificates(cert)?;
    let private = private_key(key)?;
    let pair = |source| TlsError::Pair {
        cert: cert.to_owned(),
        key: key.to_owned(),
        source,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(pair)?;
    let builder = match files.client_ca_file.as_deref() {
        None => versions.with_no_client_auth(),
        Some(path) => versions.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(authorities(path)?, provider)
                .build()
                .map_err(|error| unusable(path, &error))?,
        ),
    };
    let mut config = builder.with_single_cert(chain, private).map_err(pair)?;
    config.alpn_protocols = match alpn {
        Alpn::Http => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Alpn::None => Vec::new(),
    };
    Ok(Arc::new(config))
}

/// Everything that keeps a listener from speaking TLS with these files, each with the key of the file
/// that it is about.
pub(crate) fn faults(files: &TlsFiles) -> Vec<(&'static str, TlsError)> {
    let cert = files.cert_file.as_deref();
    let cert = cert.ok_or(TlsError::Missing("cert_file"));
    let cert = cert.and_then(certificates);
    let key = files.key_file.as_deref();
    let key = key.ok_or(TlsError::Missing("key_file"));
    let key = key.and_then(private_key);
    let ca = files.client_ca_file.as_deref().map(authorities);
    let mut faults = Vec::new();
    faults.extend(cert.err().map(|error| ("cert_file", error)));
    faults.extend(key.err().map(|error| ("key_file", error)));
    faults.extend(
        ca.and_then(Result::err)
            .map(|error| ("client_ca_file", error)),
    );
    if faults.is_empty() {
        let together = server_config(files, Alpn::None).err();
        faults.extend(together.map(|error| ("cert_file", error)));
    }
    faults
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| TlsError::Pem {
        what: "a private key",
        path: path.to_owned(),
        source,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = |source| TlsError::Pem {
        what: "a certificate",
        path: path.to_owned(),
        source,
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(pem)?
        .collect::<Result<_, _>>()
        .map_err(pem)?;
    if chain.is_empty() {
        return Err(TlsError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(chain)
}

fn authorities(path: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| unusable(path, &error))?;
    }
    Ok(Arc::new(roots))
}

fn unusable(path: &Path, error: &dyn std::error::Error) -> TlsError {
    TlsError::Authorities {
        path: path.to_owned(),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Made {
        folder: tempfile::TempDir,
    }

    impl Made {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
            }
        }

        fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
            let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
            let cert = self.folder.path().join(format!("{name}.crt"));
            let key = self.folder.path().join(format!("{name}.key"));
            std::fs::write(&cert, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            (cert, key)
        }
    }

    fn message(cert: Option<&Path>, key: Option<&Path>, ca: Option<&Path>) -> String {
        let files = TlsFiles {
            cert_file: cert.map(Into::into),
            key_file: key.map(Into::into),
            client_ca_file: ca.map(Into::into),
        };
        server_config(&files, Alpn::Http).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn files_that_belong_together_are_used() {
        let made = Made::new();
        let (cert, key) = made.pair("a.test");
        assert_eq!(message(Some(&cert), Some(&key), Some(&cert)), "");
    }

    #[test]
    fn files_that_do_not_are_named() {
        let made = Made::new();
        let (cert, key) = made.pair("a.test");
        let (_, other) = made.pair("b.test");
        let nowhere = Path::new("/nowhere.pem");
        for (text, expected) in [
            (message(None, Some(&key), None), "`cert_file` is not set"),
            (message(Some(&cert), None, None), "`key_file` is not set"),
            (message(Some(nowhere), Some(&key), None), "`/nowhere.pem`"),
            (
                message(Some(&key), Some(&key), None),
                "holds no certificate",
            ),
            (message(Some(&cert), Some(&cert), None), "a private key"),
            (
                message(Some(&cert), Some(&other), None),
                "cannot use certificate",
            ),
            (
                message(Some(&cert), Some(&key), Some(nowhere)),
                "`/nowhere.pem`",
            ),
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }
}
