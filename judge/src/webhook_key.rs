//! The key of a webhook, as Standard Webhooks 1.0 signs: HMAC-SHA256 over id, time and body.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Shorter secrets could be guessed.
const MIN_BYTES: usize = 16;
/// What one signature of this version begins with; others are not looked at.
const VERSION: &str = "v1,";
/// Signatures that one message may have: of keys that are being changed there are two.
const MAX_SIGNATURES: usize = 8;

/// A key that signs webhooks, or that they are signed with.
#[derive(Clone)]
pub struct WebhookKey(hmac::Key);

/// A text that is no secret of a webhook; it is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `whsec_` and base64 of 16 bytes or more")]
pub struct NoWebhookKey;

/// What is signed beside the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// The message's id.
    pub id: &'a str,
    /// When it was sent, in seconds since 1970.
    pub seconds: i64,
}

impl WebhookKey {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// When it is no secret.
    pub fn read(text: &str) -> Result<Self, NoWebhookKey> {
        let secret = text.trim().strip_prefix(PREFIX).ok_or(NoWebhookKey)?;
        let bytes = STANDARD.decode(secret).map_err(|_| NoWebhookKey)?;
        Self::from_bytes(&bytes)
    }

    /// The key of these bytes.
    ///
    /// # Errors
    /// When they are fewer than 16, which could be guessed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NoWebhookKey> {
        if bytes.len() < MIN_BYTES {
            return Err(NoWebhookKey);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// The value of `webhook-signature` for a message.
    pub fn sign(&self, stamp: Stamp<'_>, body: &[u8]) -> String {
        let tag = hmac::sign(&self.0, &signed(stamp, body));
        format!("{VERSION}{}", STANDARD.encode(tag.as_ref()))
    }
}

/// Whether one of the signatures is one of the keys'. Takes as long for a wrong tag as for a right one.
pub(crate) fn is_signed(
    keys: &[WebhookKey],
    (stamp, body): (Stamp<'_>, &[u8]),
    signatures: &str,
) -> bool {
    let signed = signed(stamp, body);
    let tags = signatures.split_ascii_whitespace().take(MAX_SIGNATURES);
    let mut tags = tags.filter_map(|one| STANDARD.decode(one.strip_prefix(VERSION)?).ok());
    tags.any(|tag| {
        keys.iter()
            .any(|key| hmac::verify(&key.0, &signed, &tag).is_ok())
    })
}

fn signed(Stamp { id, seconds }: Stamp<'_>, body: &[u8]) -> Vec<u8> {
    [format!("{id}.{seconds}.").as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const TAG: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const STAMP: Stamp<'static> = Stamp {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        seconds: 1_614_265_330,
    };

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let key = WebhookKey::read(&format!("{SECRET}\n")).unwrap();
        assert_eq!(key.sign(STAMP, BODY), TAG);
        let other = WebhookKey::read("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let keys = [other.clone(), key];
        for signatures in [
            TAG.to_owned(),
            format!("v1,AAAA v2,x {TAG}"),
            format!("{TAG} {TAG}"),
        ] {
            assert!(is_signed(&keys, (STAMP, BODY), &signatures), "{signatures}");
        }
        for signatures in [
            "",
            "v1,",
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "v1a,x",
        ] {
            assert!(!is_signed(&keys, (STAMP, BODY), signatures), "{signatures}");
        }
        let late = format!("{}{TAG}", "v1,AAAA ".repeat(8));
        assert!(!is_signed(&keys, (STAMP, BODY), &late));
        assert!(!is_signed(&[other], (STAMP, BODY), TAG));
        let moved = Stamp {
            seconds: 1,
            ..STAMP
        };
        assert!(!is_signed(&keys, (moved, BODY), TAG));
        assert!(!is_signed(&keys, (STAMP, b"{}"), TAG));
        assert!(!is_signed(&[], (STAMP, BODY), TAG));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_c2hvcnQ=",
            "whsec_%%%",
        ] {
            assert!(WebhookKey::read(text).is_err(), "{text}");
        }
    }
}
