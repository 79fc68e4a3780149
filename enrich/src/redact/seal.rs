//! Seals the originals of a row to a public key, and opens them with the private one.
//!
//! HPKE in base mode (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM, as
//! rustls has it on aws-lc-rs: a fresh key for each row, of which the server keeps nothing.
//! The column's text is `1.<key id>.<base64url of enc and ciphertext>`. `1.<key id>.` and the
//! row's id are the associated data, so that a sealed text opens in its own row only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use magistrate_event::EventUid;
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke};
use zeroize::Zeroizing;

use super::originals::Originals;
use super::seal_key::{SealKey, SealKeyId, UnsealKey};

/// The algorithms; another choice needs another version.
pub(super) static SUITE: &dyn Hpke = DH_KEM_X25519_HKDF_SHA256_AES_256;
/// The version of the text and of what is in it.
const VERSION: &str = "1";
/// Binds a key to this use of it (RFC 9180, section 8.1).
const INFO: &[u8] = b"magistrate sealed originals 1";
/// Bytes of the encapsulated key: an X25519 public key.
const ENC_BYTES: usize = 32;
/// The plaintext's length is a multiple of it, so that the length of a password does not show.
const PADDING: usize = 256;
/// Stands in the column when the system could not seal; the originals are gone.
const FAILED: &str = "failed";

/// Why originals cannot be sealed or opened. Tells nothing of what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text has no known form.
    #[error("sealed text has no form that this version knows")]
    Malformed,
    /// It was sealed for another key.
    #[error("sealed for key {0}, which this is not")]
    OtherKey(SealKeyId),
    /// It was changed, or belongs to another row.
    #[error("sealed text does not open: it was changed, or belongs to another row")]
    Refused,
    /// The system failed, while sealing or making keys.
    #[error("system has no randomness or cannot encrypt")]
    Failed,
}

/// The text of the column `magistrate.sealed` for the row `uid`.
pub(super) fn seal(key: &SealKey, uid: EventUid, originals: &Originals) -> String {
    try_seal(key, uid, originals).unwrap_or_else(|_| FAILED.to_owned())
}

/// For which key `sealed` was sealed.
///
/// # Errors
/// When it is no sealed text of this version.
pub fn sealed_for(sealed: &str) -> Result<SealKeyId, SealError> {
    split(sealed).map(|(id, _)| id)
}

/// The originals in `sealed`, the column `magistrate.sealed` of the row `uid`.
///
/// # Errors
/// When it was sealed for another key or another row, or was changed.
pub fn unseal(key: &UnsealKey, uid: EventUid, sealed: &str) -> Result<Originals, SealError> {
    let (id, body) = split(sealed)?;
    if id != key.public().id() {
        return Err(SealError::OtherKey(id));
    }
    let body = URL_SAFE_NO_PAD
        .decode(body)
        .map_err(|_| SealError::Malformed)?;
    let plain = open_bytes(key, &associated(id, uid), &body)?;
    serde_json::from_slice(&plain).map_err(|_| SealError::Malformed)
}

fn try_seal(key: &SealKey, uid: EventUid, originals: &Originals) -> Result<String, SealError> {
    let plain = Zeroizing::new(serde_json::to_vec(originals).map_err(|_| SealError::Failed)?);
    let padded_len = plain.len().next_multiple_of(PADDING);
    let mut padded = Zeroizing::new(Vec::with_capacity(padded_len));
    padded.extend_from_slice(&plain);
    // Blanks after JSON mean nothing.
    padded.resize(padded_len, b' ');
    let body = seal_bytes(key, &associated(key.id(), uid), &padded)?;
    let mut text = prefix(key.id());
    URL_SAFE_NO_PAD.encode_string(&body, &mut text);
    Ok(text)
}

fn prefix(id: SealKeyId) -> String {
    format!("{VERSION}.{id}.")
}

fn associated(id: SealKeyId, uid: EventUid) -> Vec<u8> {
    [prefix(id).as_bytes(), uid.as_bytes()].concat()
}

fn split(sealed: &str) -> Result<(SealKeyId, &str), SealError> {
    let (version, rest) = sealed.split_once('.').ok_or(SealError::Malformed)?;
    let (id, body) = rest.split_once('.').ok_or(SealError::Malformed)?;
    let id = SealKeyId::parse(id).ok_or(SealError::Malformed)?;
    (version == VERSION)
        .then_some((id, body))
        .ok_or(SealError::Malformed)
}

/// HPKE `Seal` in base mode: the encapsulated key, then the ciphertext.
pub(super) fn seal_bytes(key: &SealKey, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let (EncapsulatedSecret(mut out), ciphertext) = SUITE
        .seal(INFO, aad, plain, key.public())
        .map_err(|_| SealError::Failed)?;
    out.extend_from_slice(&ciphertext);
    Ok(out)
}

/// HPKE `Open` in base mode of what [`seal_bytes`] made.
pub(super) fn open_bytes(
    key: &UnsealKey,
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (enc, ciphertext) = sealed
        .split_at_checked(ENC_BYTES)
        .ok_or(SealError::Malformed)?;
    let enc = EncapsulatedSecret(enc.to_vec());
    SUITE
        .open(&enc, INFO, aad, ciphertext, key.private())
        .map(Zeroizing::new)
        .map_err(|_| SealError::Refused)
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Event, Field, Timestamp, Value};

    use super::super::{Epoch, RedactKey, Redactor};
    use super::*;

    const MARKER: &str = "[redacted:credential.test:aaaabbbbccccdddd]";

    fn key() -> UnsealKey {
        UnsealKey::generate().unwrap()
    }

    fn row(number: u8) -> EventUid {
        EventUid::from_bytes([number; 16])
    }

    fn originals(texts: &[&str]) -> Originals {
        let mut originals = Originals::default();
        texts.iter().for_each(|text| originals.add(MARKER, text));
        originals
    }

    #[test]
    fn originals_come_back_exactly_and_in_order() {
        let key = key();
        let texts = ["pass\"word\\ \u{1e}é\n", "", &"x".repeat(16 * 1024)];
        let sealed = seal(key.public(), row(1), &originals(&texts));
        assert_eq!(sealed_for(&sealed), Ok(key.public().id()));
        let opened = unseal(&key, row(1), &sealed).unwrap();
        let back: Vec<&str> = opened
            .list()
            .iter()
            .filter_map(|one| one.text.as_deref())
            .collect();
        assert_eq!(back, texts);
        assert_eq!(opened.list()[0].token, "aaaabbbbccccdddd");
    }

    #[test]
    fn another_key_is_refused_by_name() {
        let (one, other) = (key(), key());
        let sealed = seal(one.public(), row(1), &originals(&["a"]));
        let error = unseal(&other, row(1), &sealed).unwrap_err();
        assert_eq!(error, SealError::OtherKey(one.public().id()));
        // Nor does it open when the name is forged.
        let forged = sealed.replace(
            &one.public().id().to_string(),
            &other.public().id().to_string(),
        );
        let error = unseal(&other, row(1), &forged).unwrap_err();
        assert_eq!(error, SealError::Refused);
    }

    #[test]
    fn another_rows_originals_are_refused() {
        let key = key();
        let sealed = seal(key.public(), row(1), &originals(&["a"]));
        let error = unseal(&key, row(2), &sealed).unwrap_err();
        assert_eq!(error, SealError::Refused);
    }

    #[test]
    fn any_changed_byte_is_refused() {
        let key = key();
        let sealed = seal(key.public(), row(1), &originals(&["a"]));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(unseal(&key, row(1), &changed).is_err(), "{at}");
        }
        for at in 0..sealed.len() {
            assert!(
                unseal(&key, row(1), sealed.get(..at).unwrap()).is_err(),
                "{at}"
            );
        }
    }

    #[test]
    fn short_originals_all_have_one_length() {
        let key = key();
        let len = |texts: &[&str]| seal(key.public(), row(1), &originals(texts)).len();
        assert_eq!(len(&["a"]), len(&["a password of 32 characters here"]));
    }

    #[test]
    fn the_same_originals_never_look_the_same() {
        let key = key();
        let sealed = [0, 1].map(|_| seal(key.public(), row(1), &originals(&["a"])));
        assert_ne!(sealed[0], sealed[1]);
    }

    #[test]
    fn other_texts_are_malformed() {
        let key = key();
        let id = key.public().id();
        for text in [
            "",
            "1",
            "1.",
            FAILED,
            "2.0000000000000000.AAAA",
            "1.000000000000000G.AAAA",
            "1.+00000000000000f.AAAA",
            &format!("1.{id}.A"),
            &format!("1.{id}.AAAA"),
            &format!("1.{id}.=+/"),
        ] {
            let error = unseal(&key, row(1), text).unwrap_err();
            assert_eq!(error, SealError::Malformed, "{text}");
        }
    }

    /// RFC 9180, A.1 has these algorithms but for AES-128; rustls tests its HPKE with the RFC's
    /// vectors. Here: what an earlier version has sealed still opens.
    #[test]
    fn what_was_sealed_before_still_opens() {
        let private = format!(
            "magistrate-seal-private-1:{}:{GOLDEN_PUBLIC}",
            "07".repeat(32)
        );
        let key = UnsealKey::parse(&private).unwrap();
        let opened = unseal(&key, row(7), GOLDEN_SEALED).unwrap();
        assert_eq!(opened.list()[0].text.as_deref(), Some("golden original"));
    }

    fn redactor() -> Redactor {
        Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(0)).unwrap()
    }

    fn event() -> Event {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::CmdLine, "login --password=correct-horse-7");
        let name = event.push_key("password");
        event.keep(name, Value::Int(482_913));
        event.keep_text("api_key", "correct-horse-7");
        event
    }

    #[test]
    fn a_row_gives_back_what_was_masked_and_shows_none_of_it() {
        let key = key();
        let redactor = redactor().with_seal(key.public().clone());
        let (redacted, findings) = redactor.rows().redact(row(3), event());
        assert_eq!(findings.len(), 3);
        let sealed = redacted.event().text(Field::Sealed).unwrap();
        let opened = unseal(&key, row(3), sealed).unwrap();
        let texts: Vec<_> = opened
            .list()
            .iter()
            .map(|one| one.text.as_deref())
            .collect();
        assert_eq!(texts, [Some("correct-horse-7"), Some("482913")]);
        let shown = redacted.event().buffer();
        assert!(!shown.contains("correct-horse") && !shown.contains("482913"));
        assert!(opened.list().iter().all(|one| shown.contains(&one.token)));
        let (again, _) = redactor.rows().redact(row(3), redacted.event().clone());
        assert_eq!(again.event().text(Field::Sealed), Some(sealed));
    }

    #[test]
    fn a_clean_row_and_a_redactor_without_a_key_seal_nothing() {
        let key = key();
        let clean = Event::new(Class::ApiActivity, 1, Timestamp::default());
        let sealing = redactor().with_seal(key.public().clone());
        for (redacted, _) in [
            sealing.rows().redact(row(1), clean),
            sealing.redact(event()),
            redactor().rows().redact(row(1), event()),
        ] {
            assert_eq!(redacted.event().text(Field::Sealed), None);
        }
    }

    /// Of the private key that is 32 times 7.
    const GOLDEN_PUBLIC: &str = "13be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d";
    const GOLDEN_SEALED: &str = "1.be6753123f551361.yq7exEL91AeaaVIKAPB1cxkgrtpOcaydg3MGpY_n0xbPdq3jWSl6QGLdXujJDQ-nD\
        acxd27F8IXeKCfn7T0tFr0zBsn3ZCNNEm3I_cGU3LtlIBQW0RvPyjpSvwIoWMSZAhxhFWo-m5rn8fCMGRsPU\
        Cf3qQjG_rIWOUEk-5IiEfOHpAnaL9XbYJr2aZduWXckgR4jH0a9Fl2Fd3sq4YZi1DpdBBpeXntQNq0fyIGSe\
        ZzWZC7SoQYZi6ZOF-tG4T53_x0JZIJ6-CXtH7FNyBsaIp0iGwIivnBbDHn9YAabNWiRYitdRpIh8qnC9IxOA\
        xUrfLCDy4Sk4MXBAuBHUPnSr_SIzzhNoREqcNtfThAk6b8h9Dos6Fo-3ezdaSCmF6ftdun0Yt2EH5-EC-HKu\
        yjPyw";
}
