//! Hostile text costs linear time, and is redacted once and for all.

use std::collections::HashSet;
use std::time::Duration;

use super::super::testing::{assert_linear, assert_linear_in, redactor, text_is_stable};
use super::super::{Example, shipped_examples};

/// What hostile texts are made of, again and again.
const HOSTILE: &[&str] = &[
    "a",
    "-",
    "{",
    "[",
    "\"",
    "\\",
    "'",
    "=",
    ":",
    " ",
    "eyJ",
    "eyJ-",
    "eyJa.",
    "Bearer ",
    "Basic ",
    "password=",
    "password=\"",
    "\\\"password\\\":\\\"",
    "token=",
    "token=a",
    "token: \"",
    "cookie: ",
    "Cookie: a=b; ",
    "Authorization: ",
    "\"Authorization: x \\",
    "://",
    "://a:b",
    "://:@",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN",
    "[redacted:",
    "[redacted:a:",
    "sk-ant-",
    "xoxb-",
    "AKIA",
    "secret secret",
    "--password ",
    " -p ",
    "mysql -p",
    "curl -u a",
    "sig=",
    "password=token=",
    "é",
    "\u{1e}",
    "password\u{1f}",
    "\n",
    "\"password\",",
    "name=",
    ",",
    "{{\"password\":",
    ":AA",
    "7801",
    "x789c",
    "1f8b08",
    "password=a[1]",
    "password=function(",
    "password=u}=e",
    "password=q7w8e9r1t2 ",
    "8Q~",
    ".atlasv1.",
    "%25",
    "%",
    "\\u0025",
    "\\\\",
    "&amp;",
    "&",
    "=3D",
    "=\n",
    "=",
    "a ",
    "a.",
    "\0",
    "\u{200b}",
    "\u{e0041}",
    "\u{fe0f}",
    "а",
    "aа",
    "aа ",
    "QUFB",
    "QUFBQUFBQUFBQUFBQUFBQUFBQUFB ",
    "Z2hwX1oyaHdYMW95YUhkWU1XOTVZ",
    "H4sI",
    "H4sIAAAAAAAAA0vOSCzKTgQA ",
    "eJwDAAAA ",
    "67687067687067687067687067687067687067 ",
    "\"+\"",
    "\"+\"a\n",
    "[\"a\",",
    "[\"a\",\"b\"",
    "delta\":\"",
    "\"delta\":{\"text\":\"a\"}",
    "ghp_\"",
    "ghp_a\",\"",
    "ghp_0a1b2c3d4e5f6a7b8c9d",
    "%67%68%70_ ",
    "x=3D\u{1e}",
    "password: |\n ",
    "\"name\":\"password\"",
    "\"value\":\"x\",\"name\":\"password\",",
    "\"value\":'\"name\":\"password\"",
    "\"secret\":{",
    "\"secret\":{\"value\":\"",
    "\"authorization\",\"",
    "name=\"password\"\r\n",
    "datadog ",
    "datadog key ",
    "datadog_api_key=\\",
    "mnemonic: abandon ability ",
    "seed phrase is ",
    "$6$abc$",
    "500::::",
    "machine a login b ",
    "+ASt",
    "JQQJ99",
    "AZDO",
    "Private-Lines: 1\n",
    "$ANSIBLE_VAULT;1.1;AES256\n",
    "a:5432:b:c",
    "code=abcdefgh1&",
    "&state=",
    "eyJhbGciOiaaaaaaaa.eyJ",
    "PHNhbWxw%",
    "AAAAAAAAAAAAAAAAAAAAAAAA/",
    "{SSHA}",
    "key_0",
    "-us1",
    ":APA91b",
    "pat0123456789abcd.",
    "X-Amz-Signature=",
    "Signature=abc",
    "[redacted:credential.jwt:aaaaaaaaaaaaaaaa](",
    "-----BEGIN OpenVPN Static key V1-----",
    "xprv",
    "private_key\":\"-----BEGIN PRIVATE KEY-----",
];

#[test]
fn time_is_linear_in_hostile_text() {
    let redactor = redactor();
    for part in HOSTILE {
        assert_linear(part, 1 << 13, |text| redactor.redact_text(text));
    }
}

#[test]
fn beginnings_of_secrets_among_addresses_cost_linear_time() {
    let redactor = redactor();
    let part = "\"ghp_0a1b2c3d\" ana@example.com x\n";
    assert_linear(part, 1 << 18, |text| redactor.redact_text(text));
}

/// An example whose secrets lack their last sign.
fn nearly(example: &Example) -> String {
    let mut text = example.text.clone();
    for secret in example.secrets.iter().rev() {
        let last = text.floor_char_boundary(secret.end - 1);
        text.replace_range(last..secret.end, "");
    }
    text
}

#[test]
fn near_matches_of_every_rule_cost_linear_time() {
    let (redactor, mut seen) = (redactor(), HashSet::new());
    for example in shipped_examples().unwrap() {
        if example.secrets.is_empty() || !seen.insert(example.rule.clone()) {
            continue;
        }
        let part = nearly(&example);
        assert_linear_in(Duration::from_millis(8), &part, part.len() * 8, |text| {
            redactor.redact_text(text)
        });
    }
    assert!(seen.len() > 600);
}

#[test]
fn hostile_text_is_redacted_once_and_for_all() {
    let redactor = redactor();
    for part in HOSTILE {
        text_is_stable(&redactor, &part.repeat(600 / part.len())).unwrap();
    }
}
