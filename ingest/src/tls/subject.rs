//! A readable name for the holder of a client certificate that has been verified.

use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

/// Longest name; longer ones are cut.
const MAX_NAME_CHARS: usize = 128;
/// The object identifier of a common name, 2.5.4.3 (RFC 5280 appendix A.1).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;

/// The name of a certificate's holder: the subject's common name, else the first DNS or URI name,
/// else the beginning of the certificate's hash. Total.
pub fn certificate_name(certificate: &CertificateDer<'_>) -> String {
    named(certificate).unwrap_or_else(|| {
        let hash = blake3::hash(certificate).to_hex();
        format!("certificate-{}", hash.chars().take(16).collect::<String>())
    })
}

fn named(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let common = common_name(certificate.subject()).map(|name| clean(&name));
    let dns = certificate.valid_dns_names().next().map(clean);
    let uri = certificate.valid_uri_names().next().map(clean);
    common.or(dns).or(uri).filter(|name| !name.is_empty())
}

fn clean(name: &str) -> String {
    name.chars()
        .filter(|char| !char.is_control())
        .take(MAX_NAME_CHARS)
        .collect()
}

/// The last common name in a subject (the most specific one), given its DER with or without the
/// outer sequence.
fn common_name(subject: &[u8]) -> Option<String> {
    let mut names = match element(subject) {
        Some((SEQUENCE, content, _)) => content,
        _ => subject,
    };
    let mut found = None;
    while let Some((SET, mut attributes, rest)) = element(names) {
        while let Some((SEQUENCE, attribute, more)) = element(attributes) {
            if let Some((OBJECT_ID, COMMON_NAME, value)) = element(attribute) {
                found = element(value).map(|(_, text, _)| String::from_utf8_lossy(text).into());
            }
            attributes = more;
        }
        names = rest;
    }
    found
}

/// The tag and content of the first DER element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match usize::from(*first) {
        short @ 0..=0x7f => (short, rest),
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            let len = bytes
                .iter()
                .fold(0_usize, |len, byte| len << 8 | usize::from(*byte));
            (len, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn name(params: CertificateParams) -> String {
        let key = KeyPair::generate().unwrap();
        certificate_name(params.self_signed(&key).unwrap().der())
    }

    #[test]
    fn the_common_name_comes_first() {
        let mut params = CertificateParams::new(["ana.test".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Example");
        params
            .distinguished_name
            .push(DnType::CommonName, "Añá's laptop\n");
        assert_eq!(name(params), "Añá's laptop");
    }

    #[test]
    fn without_a_common_name_the_alternative_name_counts_then_the_hash() {
        let mut params = CertificateParams::new(["ana.test".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        assert_eq!(name(params.clone()), "ana.test");
        params.subject_alt_names.clear();
        assert!(name(params).starts_with("certificate-"));
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_name(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            common_name(&bytes);
            certificate_name(&CertificateDer::from(bytes));
        }
    }
}
