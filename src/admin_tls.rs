//! TLS of the admin listener: when it is spoken, and how commands on the same machine know that they
//! speak with it. Its certificate is named for browsers, not for 127.0.0.1: whoever holds the data
//! folder tells the certificate's hash in the lock file, and commands ask for that very one.

use std::sync::Arc;

use anyhow::Context as _;
use magistrate_ingest::{Address, Listener, TlsFiles};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::config::Config;

/// The files of the admin listener; none where it speaks plain. On loopback it does unless it has a
/// table of its own: commands and scrapers of the machine ask there.
pub(crate) fn files(config: &Config) -> Option<TlsFiles> {
    let is_local = match config.listen.admin {
        Address::Socket(address) => address.ip().is_loopback(),
        Address::Off => true,
    };
    let has_own = config.tls.own(Listener::Admin).is_some();
    let files = config.tls.files(Listener::Admin);
    files.filter(|_| has_own || !is_local)
}

/// The hash of the certificate that is shown.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn fingerprint(files: &TlsFiles) -> anyhow::Result<String> {
    let file = files.cert_file.as_deref();
    let file = file.context("`cert_file` of the admin listener is not set")?;
    let own = CertificateDer::pem_file_iter(file).and_then(|mut all| all.next().transpose());
    let own =
        own.with_context(|| format!("cannot read a certificate from `{}`", file.display()))?;
    let own = own.with_context(|| format!("`{}` holds no certificate", file.display()))?;
    Ok(hash(&own))
}

/// How commands speak with the listener that shows the certificate of that hash.
///
/// # Errors
/// When TLS cannot be set up.
pub(crate) fn client(fingerprint: &str) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let pinned = Pinned {
        fingerprint: fingerprint.to_owned(),
        provider: Arc::clone(&provider),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned));
    Ok(builder.with_no_client_auth())
}

fn hash(certificate: &CertificateDer<'_>) -> String {
    blake3::hash(certificate).to_hex().to_string()
}

/// Knows one certificate.
#[derive(Debug)]
struct Pinned {
    fingerprint: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if hash(end_entity) == self.fingerprint {
            return Ok(ServerCertVerified::assertion());
        }
        let unknown = CertificateError::ApplicationVerificationFailure;
        Err(rustls::Error::InvalidCertificate(unknown))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = &self.provider.signature_verification_algorithms;
        known.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_loopback_tls_is_spoken_only_where_it_has_a_table_of_its_own() {
        let told = |toml: &str| files(&toml::from_str(toml).unwrap()).is_some();
        let all = "[tls]\ncert_file = \"c\"\nkey_file = \"k\"\n";
        let own = "[tls.admin]\ncert_file = \"c\"\nkey_file = \"k\"\n";
        let far = "[listen]\nadmin = \"0.0.0.0:8780\"\n";
        assert!(!told("") && !told(far) && !told(all));
        assert!(told(own) && told(&format!("{far}{all}")));
        assert!(!told(&format!("[listen]\nadmin = \"off\"\n{all}")));
    }

    #[test]
    fn one_certificate_is_known_and_no_other() {
        let (own, other) = (CertificateDer::from(vec![1]), CertificateDer::from(vec![2]));
        let pinned = Pinned {
            fingerprint: hash(&own),
            provider: Arc::new(aws_lc_rs::default_provider()),
        };
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let knows = |certificate| {
            let now = UnixTime::since_unix_epoch(std::time::Duration::ZERO);
            pinned
                .verify_server_cert(certificate, &[], &name, &[], now)
                .is_ok()
        };
        assert!(knows(&own) && !knows(&other));
    }
}
