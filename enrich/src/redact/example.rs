//! Expands the examples of rules, so that no file holds anything that looks like a secret.
//!
//! `{{base62:36}}` becomes 36 made-up characters, `{{join:AK|IA}}` becomes the parts joined, and
//! `«…»` marks what must be masked; everything outside must stay.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::check::{BASE58, base58_checksum, base62, crc32};
use super::rule::RuleError;
use super::shipped;

/// A text with made-up secrets, as a rule's author wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The rule that it belongs to.
    pub rule: String,
    /// The rule's kind.
    pub kind: String,
    /// The text.
    pub text: String,
    /// Byte ranges of `text` that must be masked, in order; none in a counter-example, which must
    /// stay as it is.
    pub secrets: Vec<std::ops::Range<usize>>,
}

impl Example {
    /// The secrets' own texts.
    pub fn secret_texts(&self) -> impl Iterator<Item = &str> {
        self.secrets
            .iter()
            .filter_map(|range| self.text.get(range.clone()))
    }
}

/// The expanded examples and counter-examples of all shipped rules: for tests that plant secrets.
///
/// # Errors
/// When a shipped rule is faulty, which the tests rule out.
pub fn shipped_examples() -> Result<Vec<Example>, RuleError> {
    let mut examples = Vec::new();
    for rule in shipped::rules()? {
        let texts = rule.examples.iter().chain(&rule.counter_examples);
        for (number, template) in texts.enumerate() {
            let (text, secrets) = expand(template, &format!("{} {number}", rule.id));
            examples.push(Example {
                rule: rule.id.clone(),
                kind: rule.kind.clone(),
                text,
                secrets,
            });
        }
    }
    Ok(examples)
}

/// The expanded text and what is marked in it. Equal seeds give equal texts.
fn expand(template: &str, seed: &str) -> (String, Vec<std::ops::Range<usize>>) {
    let mut random = Random(u64::from(crc32(seed.as_bytes())) | 1 << 40);
    let mut text = String::new();
    let mut secrets = Vec::new();
    let mut opened = 0;
    let mut rest = template;
    while let Some(next) = rest.chars().next() {
        let call = rest
            .strip_prefix("{{")
            .and_then(|rest| rest.split_once("}}"));
        let made = call.and_then(|(call, _)| make(call, &mut random));
        if let (Some((_, after)), Some(made)) = (call, made) {
            text.push_str(&made);
            rest = after;
            continue;
        }
        match next {
            '«' => opened = text.len(),
            '»' => secrets.push(opened..text.len()),
            other => text.push(other),
        }
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    (text, secrets)
}

/// What `call`, the inside of the braces, stands for; `None` when it is no call.
fn make(call: &str, random: &mut Random) -> Option<String> {
    let (name, argument) = call.split_once(':').unwrap_or((call, ""));
    let count = || argument.parse::<usize>().ok();
    let made = match name {
        "hex" => random.text(count()?, "0123456789abcdef"),
        "digits" => random.text(count()?, "123456789"),
        "lower" => random.text(count()?, "abcdefghijklmnopqrstuvwxyz0123456789"),
        "upper" => random.text(count()?, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        "base62" => random.text(count()?, BASE62),
        "base64" => random.text(count()?, &format!("{BASE62}+/")),
        "url64" => random.text(count()?, &format!("{BASE62}-_")),
        "letters" => random.text(count()?, BASE62.get(..52)?),
        "alpha" => random.text(count()?, "abcdefghijklmnopqrstuvwxyz"),
        "uphex" => random.text(count()?, "0123456789ABCDEF"),
        "base32" => random.text(count()?, "abcdefghijklmnopqrstuvwxyz234567"),
        "base58" => random.text(count()?, &String::from_utf8_lossy(BASE58)),
        "words" => words(count()?, random),
        "uuid" => uuid(random),
        "wif" => base58_check(&[&[0x80], random.text(32, BASE62).as_bytes(), &[1]].concat()),
        "xprv" => base58_check(
            &[
                &[0x04, 0x88, 0xAD, 0xE4],
                random.text(74, BASE62).as_bytes(),
            ]
            .concat(),
        ),
        "join" => argument.replace('|', ""),
        "basic" => STANDARD.encode(argument.replace('|', ":")),
        "jwt" => jwt(argument, random),
        "github" => github(argument, random),
        "pem" => pem(argument, random),
        _ => return None,
    };
    Some(made)
}

const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A token whose issuer is `issuer`, if that says something.
fn jwt(issuer: &str, random: &mut Random) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let subject = random.text(10, BASE62);
    let payload = URL_SAFE_NO_PAD.encode(format!(r#"{{"iss":"{issuer}","sub":"{subject}"}}"#));
    format!("{header}.{payload}.{}", random.text(43, BASE62))
}

fn uuid(random: &mut Random) -> String {
    let lens = [8, 4, 4, 4, 12];
    let groups = lens.map(|len| random.text(len, "0123456789abcdef"));
    groups.join("-")
}

/// Made-up words of three to eight letters.
fn words(count: usize, random: &mut Random) -> String {
    let words: Vec<_> = (0..count)
        .map(|at| random.text(3 + at % 6, "abcdefghijklmnopqrstuvwxyz"))
        .collect();
    words.join(" ")
}

/// `payload` and its checksum in base 58, most significant digit first.
pub(crate) fn base58_check(payload: &[u8]) -> String {
    let mut digits: Vec<u32> = Vec::new();
    for &byte in [payload, &base58_checksum(payload)].concat().iter() {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let zeros = payload.iter().take_while(|&&byte| byte == 0).count();
    let digits = digits
        .iter()
        .rev()
        .filter_map(|&digit| BASE58.get(digit as usize));
    std::iter::repeat_n(&b'1', zeros)
        .chain(digits)
        .map(|&sign| char::from(sign))
        .collect()
}

/// A token with the right checksum after `prefix`.
fn github(prefix: &str, random: &mut Random) -> String {
    let body = random.text(30, BASE62);
    let sum = base62(crc32(body.as_bytes()));
    let prefix = prefix.replace('|', "");
    format!("{prefix}{body}{}", String::from_utf8_lossy(&sum))
}

fn pem(label: &str, random: &mut Random) -> String {
    let lines: Vec<_> = (0..4).map(|_| random.text(64, BASE62)).collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----",
        lines.join("\n")
    )
}

/// Made-up, repeatable characters.
struct Random(u64);

impl Random {
    fn text(&mut self, count: usize, from: &str) -> String {
        let from = from.as_bytes();
        (0..count)
            .filter_map(|_| from.get(self.below(from.len())))
            .map(|&byte| char::from(byte))
            .collect()
    }

    /// An xorshift generator (Marsaglia 2003).
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 24) % limit as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_expand_and_marks_are_found() {
        let (text, secrets) = expand("a «{{join:b|c}}{{hex:2}}» {{ x }} é", "seed");
        assert_eq!(secrets.as_slice(), std::slice::from_ref(&(2..6)));
        assert!(text.starts_with("a bc"));
        assert!(text.ends_with(" {{ x }} é"));
        assert_eq!(expand("{{base62:9}}", "a"), expand("{{base62:9}}", "a"));
        assert_ne!(expand("{{base62:9}}", "a"), expand("{{base62:9}}", "b"));
    }
}
