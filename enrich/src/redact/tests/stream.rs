//! A stream gives what the whole text gives, wherever its pieces end.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::super::testing::{cases, redactor};
use super::super::*;
use super::twice::telling_text;
use super::{examples, without_markers};

static SHARED: OnceLock<Redactor> = OnceLock::new();

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn a_stream_gives_what_the_whole_text_gives(
        text in telling_text(),
        pieces in prop::collection::vec(1_usize..9, 1..20),
    ) {
        let redactor = SHARED.get_or_init(redactor);
        let mut stream = StreamRedactor::new(redactor);
        let (mut out, mut findings) = (String::new(), Vec::new());
        let mut rest = text.as_bytes();
        for piece in pieces {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            stream.push(now, &mut out, &mut findings);
            rest = later;
        }
        stream.push(rest, &mut out, &mut findings);
        stream.finish(&mut out, &mut findings);
        prop_assert_eq!(out, redactor.redact_text(&text).0);
    }
}

/// Sends `text` through a stream in pieces of `piece` bytes.
fn streamed(redactor: &Redactor, text: &str, piece: usize) -> (String, Vec<Finding>) {
    let mut stream = StreamRedactor::new(redactor);
    let (mut out, mut findings) = (String::new(), Vec::new());
    for part in text.as_bytes().chunks(piece) {
        stream.push(part, &mut out, &mut findings);
    }
    stream.finish(&mut out, &mut findings);
    (out, findings)
}

#[test]
fn a_long_stream_gives_what_the_whole_text_gives() {
    let redactor = redactor();
    let filler = "an ordinary line of text, ü, and nothing in it\n";
    let mut text = String::new();
    for (number, example) in examples().iter().enumerate() {
        text.push_str(&filler.repeat(number * 7 % 60));
        text.push_str(&example.text);
        text.push('\n');
    }
    let (whole, findings) = redactor.redact_text(&text);
    for piece in [1013, 65_536, 100_003] {
        let (out, found) = streamed(&redactor, &text, piece);
        let mut lines = out.lines().zip(whole.lines());
        assert_eq!(lines.find(|(streamed, whole)| streamed != whole), None);
        assert_eq!(out.len(), whole.len());
        assert_eq!(found.len(), findings.len());
        for (a, b) in found.iter().zip(&findings) {
            assert_eq!(a.place, b.place);
        }
    }
}

#[test]
fn a_key_block_across_reads_is_masked() {
    let redactor = redactor();
    let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n";
    let label = concat!("-----BE", "GIN RSA PRIVATE KEY-----\n");
    let block = format!("{label}{}-----END RSA PRIVATE KEY-----\n", line.repeat(40));
    for before in (63_000..66_000).step_by(211) {
        let text = format!("{}\n{block}after\n", "x".repeat(before));
        let (out, _) = streamed(&redactor, &text, 4096);
        assert!(!out.contains("MIIE"), "{before}");
        assert!(out.ends_with("after\n"));
    }
}

#[test]
fn a_secret_in_an_endless_line_is_masked_wherever_it_falls() {
    let redactor = redactor();
    let secret = format!("{}{}", concat!("gh", "p_"), "Ab3".repeat(12));
    for before in [
        1_048_000, 1_048_500, 1_048_540, 1_048_560, 1_048_576, 983_040, 983_030,
    ] {
        let text = format!(
            "{} password=hunter2hunter2 {secret} end",
            "x ".repeat(before / 2)
        );
        let (out, findings) = streamed(&redactor, &text, 65_536);
        assert!(!out.contains("hunter2"), "{before}");
        assert!(!out.contains(secret.get(..20).unwrap()), "{before}");
        assert!(out.ends_with(" end"));
        assert_eq!(findings.len(), 2, "{before}");
    }
}

#[test]
fn a_secret_longer_than_what_a_stream_holds_is_dropped() {
    let redactor = redactor();
    let text = format!("a password={} b", "Ab3".repeat(1 << 20));
    let (out, _) = streamed(&redactor, &text, 65_536);
    assert_eq!(without_markers(&out), "a password=… b");
}

/// The lines of a key whose letters are mathematical ones, also on the line that begins it.
fn disguised_key() -> String {
    let label = |word: &str| format!("-----{word} PRIVATE KEY-----\n");
    let body = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg5QUJDREVGR0hJSktM\n";
    let key = label("BEGIN") + &body.repeat(25) + &label("END");
    let disguised = |c: char| match c {
        'A'..='Z' => char::from_u32(0x1d670 + u32::from(c) - u32::from('A')).unwrap(),
        _ => c,
    };
    key.chars().map(disguised).collect()
}

#[test]
fn a_disguised_key_across_two_reads_is_masked() {
    let redactor = redactor();
    for before in (61_000..66_000).step_by(500) {
        let text = "filler line\n".repeat(before / 12) + &disguised_key() + "end\n";
        let (out, _) = streamed(&redactor, &text, 65_536);
        assert!(out.ends_with("]\nend\n"), "{before}: {}", out.len());
        assert_eq!(out.matches("[redacted:").count(), 1, "{before}");
    }
}
