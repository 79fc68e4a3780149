//! Decides whether what a pattern matched can be a secret of that kind, and how sure that is.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

mod checksum;
mod jwt;
mod sha256;

use super::placeholder::looks_random;

pub(crate) use checksum::{BASE58, base58_checksum, base62, crc32};
pub(crate) use jwt::{Facts, is_algorithm, is_harmless_issuer};

use checksum::{has_base58_checksum, has_crc32};
use jwt::has_jwt_header;

/// What is looked at beyond the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    /// Nothing.
    #[default]
    None,
    /// Letters and digits are mixed, as only a machine does.
    Random,
    /// It is base64 of `user:password`.
    UserPassword,
    /// The last six characters are the CRC-32 of what lies between prefix and them, in base 62.
    /// A wrong checksum lowers the confidence; the distinctive prefix is masked all the same.
    #[serde(alias = "npm_crc32")]
    GithubCrc32,
    /// The last four bytes of the base 58 are a double SHA-256. A wrong one lowers the confidence.
    #[serde(rename = "base58_check")]
    Base58,
    /// Words that can be those of a wallet's seed (BIP-39).
    SeedWords,
    /// The first part is a JSON object with `alg`. If not, the confidence is lower.
    JwtHeader,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is no secret.
    Refused,
    /// It can be one.
    Possible,
    /// A checksum proves it.
    Proven,
    /// A checksum speaks against it.
    Doubtful,
}

impl Check {
    pub(crate) fn judge(self, secret: &[u8]) -> Verdict {
        let possible_if = |holds: bool| {
            if holds {
                Verdict::Possible
            } else {
                Verdict::Refused
            }
        };
        let proven_if = |holds: bool| {
            if holds {
                Verdict::Proven
            } else {
                Verdict::Doubtful
            }
        };
        match self {
            Self::None => Verdict::Possible,
            Self::Random => possible_if(looks_random(secret)),
            Self::UserPassword => possible_if(is_user_password(secret)),
            Self::GithubCrc32 => proven_if(has_crc32(secret)),
            Self::Base58 => proven_if(has_base58_checksum(secret)),
            Self::SeedWords => possible_if(can_be_seed_words(secret)),
            Self::JwtHeader if has_jwt_header(secret) => Verdict::Possible,
            Self::JwtHeader => Verdict::Doubtful,
        }
    }
}

impl Verdict {
    /// The confidence in percent, when the rule's own is `confidence`.
    pub(crate) fn confidence(self, confidence: u8) -> u8 {
        match self {
            Self::Refused => 0,
            Self::Possible => confidence,
            Self::Proven => 100,
            Self::Doubtful => confidence.min(60),
        }
    }
}

/// Shannon entropy in bits per byte, at most 8.
pub(crate) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u16; 256];
    // Of c equal bytes, c log2 c: summed up one after the other.
    let mut equal = 0.0;
    for &byte in text {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            equal += match GAINS.get(usize::from(*count)) {
                Some(gain) => *gain,
                None => gain(*count),
            };
            *count = count.saturating_add(1);
        }
    }
    let len = f64::from(u32::try_from(text.len().max(1)).unwrap_or(u32::MAX));
    len.log2() - equal / len
}

/// What one more than `count` equal bytes adds.
fn gain(count: u16) -> f64 {
    let of = |count: f64| {
        if count > 0.0 {
            count * count.log2()
        } else {
            0.0
        }
    };
    of(f64::from(count) + 1.0) - of(f64::from(count))
}

/// [`gain`] of the counts that keys have.
static GAINS: LazyLock<[f64; 16]> =
    LazyLock::new(|| std::array::from_fn(|count| gain(u16::try_from(count).unwrap_or_default())));

/// Words that English cannot do without and that BIP-39's list does not hold.
const NO_SEED_WORDS: &[&str] = &[
    "the", "and", "for", "are", "was", "from", "with", "which", "been", "has", "its", "were",
    "their", "would", "there", "because", "please",
];

fn can_be_seed_words(text: &[u8]) -> bool {
    let mut words = text.split(|byte| !byte.is_ascii_lowercase());
    !words.any(|word| NO_SEED_WORDS.iter().any(|known| known.as_bytes() == word))
}

fn is_user_password(text: &[u8]) -> bool {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&STANDARD, config).decode(text);
    decoded.is_ok_and(|plain| {
        plain.contains(&b':') && plain.iter().all(|byte| !byte.is_ascii_control())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_checksum_doubts_but_does_not_refuse() {
        let random = b"abcdefghijklmnopqrstuvwxyz0123";
        let mut token = b"xyz_".to_vec();
        token.extend_from_slice(random);
        token.extend_from_slice(&base62(crc32(random)));
        assert_eq!(Check::GithubCrc32.judge(&token), Verdict::Proven);
        token.pop();
        token.push(b'!');
        assert_eq!(Check::GithubCrc32.judge(&token), Verdict::Doubtful);
        assert_eq!(Check::GithubCrc32.judge(b"x"), Verdict::Doubtful);
        assert_eq!(Verdict::Doubtful.confidence(95), 60);
    }

    #[test]
    fn basic_credentials_hold_a_colon() {
        assert_eq!(Check::UserPassword.judge(b"dTpwdw=="), Verdict::Possible);
        assert_eq!(Check::UserPassword.judge(b"dTpwdw"), Verdict::Possible);
        assert_eq!(
            Check::UserPassword.judge(b"authentication"),
            Verdict::Refused
        );
    }

    #[test]
    fn a_sentence_is_no_seed() {
        assert_eq!(
            Check::SeedWords.judge(b"abandon ability able"),
            Verdict::Possible
        );
        assert_eq!(
            Check::SeedWords.judge(b"this is the sentence"),
            Verdict::Refused
        );
    }

    #[test]
    fn entropy_is_zero_for_one_sign_and_two_for_four() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!(entropy(b"").abs() < 1e-9);
    }
}
