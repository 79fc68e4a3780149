//! Decides whether what a pattern matched can be a secret of that kind, and how sure that is.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::placeholder::looks_random;

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
    GithubCrc32,
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
        match self {
            Self::None => Verdict::Possible,
            Self::Random => possible_if(looks_random(secret)),
            Self::UserPassword => possible_if(is_user_password(secret)),
            Self::GithubCrc32 if has_github_checksum(secret) => Verdict::Proven,
            Self::GithubCrc32 => Verdict::Doubtful,
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
    let mut counts = [0_u32; 256];
    for &byte in text {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / f64::from(len))
        .map(|share| -share * share.log2())
        .sum()
}

fn is_user_password(text: &[u8]) -> bool {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&STANDARD, config).decode(text);
    decoded.is_ok_and(|plain| {
        plain.contains(&b':') && plain.iter().all(|byte| !byte.is_ascii_control())
    })
}

fn has_github_checksum(token: &[u8]) -> bool {
    let body = token
        .iter()
        .position(|&byte| byte == b'_')
        .and_then(|prefix| token.get(prefix + 1..));
    let Some((random, sum)) = body.and_then(|body| body.split_last_chunk::<6>()) else {
        return false;
    };
    base62(crc32(random)) == *sum
}

/// Six digits of base 62, `0-9A-Za-z`, most significant first.
pub(crate) fn base62(mut number: u32) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits
}

/// CRC-32 as in zip and PNG (ISO 3309). Tokens are short, so no table is needed.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

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
    fn entropy_is_zero_for_one_sign_and_two_for_four() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!(entropy(b"").abs() < 1e-9);
    }
}
