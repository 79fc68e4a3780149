//! What decoding promises beyond single encodings: layers, tokens, pieces, limits.

mod encodings;
mod pieces;
mod stacks;

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::testing::redactor;
use super::super::*;
use super::*;
use encodings::ENCODINGS;
use pieces::{base64, each_run, is_base64};

fn github_token() -> String {
    format!("{}{}", concat!("gh", "p_"), "aB3dE5".repeat(6))
}

fn masked(text: &str) -> String {
    redactor().redact_text(text).0
}

#[test]
fn the_layers_and_the_place_of_a_secret_are_told() {
    let token = github_token();
    let inner = format!("{{\"t\":\"{token}\"}}");
    let packed = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(inner.as_bytes()).unwrap();
        STANDARD.encode(encoder.finish().unwrap())
    };
    for (text, layer, hidden) in [
        (format!("x {token} y"), "", token.clone()),
        (
            format!("x {} y", STANDARD.encode(&inner)),
            "base64",
            String::new(),
        ),
        (format!("x {packed} y"), "base64>gzip", packed.clone()),
        (
            format!("x {} y", token.replace('_', "%5F")),
            "percent",
            token.replace('_', "%5F"),
        ),
        (
            format!("x {} y", STANDARD.encode(token.replace('_', "\\u005f"))),
            "base64>json",
            STANDARD.encode(token.replace('_', "\\u005f")),
        ),
    ] {
        let (_, findings) = redactor().redact_text(&text);
        assert_eq!(findings.len(), 1, "{text}");
        assert_eq!(findings[0].layer, layer);
        assert_eq!(findings[0].kind, "credential.github");
        let place = text
            .get(findings[0].place.start..findings[0].place.end)
            .unwrap();
        if hidden.is_empty() {
            // Whole groups of four: `token` and what shares a group with its ends.
            assert!(base64(place).contains(&token), "{place}");
            assert!(place.len() < token.len() * 4 / 3 + 8, "{place}");
        } else {
            assert_eq!(place, hidden);
        }
    }
}

#[test]
fn key_blocks_that_share_an_end_leave_room_for_what_follows() {
    let line = format!("{:x<480} -----{}%20x\n", "", "BEGIN");
    let block = line.repeat(128) + "-----END\n";
    let secret = github_token().replace('_', "%5F");
    let text = block.repeat(8) + &secret;
    let (masked, findings) = redactor().redact_text(&text);
    assert!(!masked.contains(&secret));
    assert_eq!(findings.last().unwrap().layer, "percent");
}

#[test]
fn a_packed_file_in_hex_is_found_wherever_it_stands() {
    for time in [0, 0x6751_9a1c] {
        let mut encoder = flate2::GzBuilder::new()
            .mtime(time)
            .write(Vec::new(), Compression::default());
        encoder.write_all(github_token().as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        let hex: String = packed.iter().map(|byte| format!("{byte:02x}")).collect();
        for pad in 0..17 {
            let text = format!("{}x: {hex}", " ".repeat(pad));
            assert!(!masked(&text).contains(&hex), "{text}");
        }
    }
}

#[test]
fn a_secret_has_one_token_however_it_is_written() {
    let token_in = |text: &str| {
        let masked = masked(text);
        let at = masked.find(']').unwrap_or_else(|| panic!("{text}"));
        masked.get(at - 16..at).unwrap().to_owned()
    };
    let token = github_token();
    let plain = token_in(&token);
    for encoding in ENCODINGS {
        assert_eq!(
            token_in(&(encoding.encode)(&token)),
            plain,
            "{}",
            encoding.name
        );
    }
    let password = token_in("password='a\"b/cd'");
    for text in [
        r#"{"password":"a\"b/cd"}"#,
        r#"{"password":"a\u0022b\/cd"}"#,
        r#"{\"password\":\"a\\\"b/cd\"}"#,
        "password=a%22b%2Fcd",
        "<password>a&quot;b/cd</password>",
    ] {
        assert_eq!(token_in(text), password, "{text}");
    }
}

#[test]
fn encoded_keys_and_names_are_seen_through() {
    let token = github_token();
    for (key, value) in [
        ("pass%77ord", "hunter2-Hunter3"),
        ("p\u{200b}assword", "hunter2-Hunter3"),
        ("раsswоrd", "hunter2-Hunter3"),
        ("\\u0070assword", "hunter2-Hunter3"),
    ] {
        let mut event = Event::new(magistrate_event::Class::BaseEvent, 0, Default::default());
        event.keep_text(key, value);
        let (redacted, _) = redactor().redact(event);
        assert!(!redacted.event().buffer().contains(value), "{key}");
        assert!(redacted.event().buffer().contains(key));
    }
    for encoding in ENCODINGS {
        let mut event = Event::new(magistrate_event::Class::BaseEvent, 0, Default::default());
        event.keep_text(&(encoding.encode)(&token), "value");
        event.set_text(Field::SessionUid, &(encoding.encode)(&token));
        let (redacted, findings) = redactor().redact(event);
        assert_eq!(findings.len(), 2, "{}", encoding.name);
        let left = (encoding.undo)(redacted.event().buffer());
        assert!(!left.contains(&token), "{}", encoding.name);
    }
}

#[test]
fn identity_columns_keep_their_values() {
    let mut event = Event::new(magistrate_event::Class::BaseEvent, 0, Default::default());
    event.set_text(
        Field::UserUid,
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    );
    event.set_text(Field::SessionUid, "550e8400-e29b-41d4-a716-446655440000");
    event.set_text(Field::ApiRequestUid, "toolu_01A09q90qw90lq917835lq9A");
    event.keep_text(
        "image",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    );
    let (redacted, findings) = redactor().redact(event.clone());
    assert_eq!(findings, []);
    assert_eq!(redacted.event(), &event);
}

#[test]
fn a_secret_that_was_cut_is_masked() {
    let token = github_token();
    let half = token.get(..24).unwrap();
    for (before, after) in [
        ("key: ", ""),
        ("key: ", "…"),
        ("{\"text\":\"key ", "... [truncated]\"}"),
        ("key ", "[TRUNCATED]"),
    ] {
        let text = format!("{before}{half}{after}");
        let masked = masked(&text);
        assert!(!masked.contains(half), "{text}");
        assert!(
            masked.starts_with(before) && masked.ends_with(after),
            "{masked}"
        );
    }
    assert!(!masked(&STANDARD.encode(format!("key: {half}"))).contains("Z2hw"));
    for text in [
        format!("key: {half} and more"),
        format!("{} ", token.get(..12).unwrap()),
    ] {
        assert_eq!(masked(&text), text);
    }
}

#[test]
fn a_secret_that_was_split_is_masked_in_every_piece() {
    let token = github_token();
    for cut in [1, 3, 4, 5, 20, 39] {
        let (first, second) = token.split_at(cut);
        let chunk = |piece: &str| {
            format!(
                "data: {{\"type\":\"content_block_delta\",\"delta\":{{\"text\":\"{piece}\"}}}}\n\n"
            )
        };
        let texts = [
            format!("x = \"{first}\" + \"{second}\";"),
            format!("[\"{first}\",\"{second}\"]"),
            format!("{}{}{}", chunk("so "), chunk(first), chunk(second)),
            STANDARD.encode(format!("x = '{first}' + '{second}'; // and more")),
        ];
        for text in texts {
            let masked = masked(&text);
            let left = format!("{masked}{}", each_run(&masked, is_base64, base64));
            assert!(cut >= 38 || !left.contains(second), "{text}\n{masked}");
            assert!(cut < 4 || !left.contains(first), "{text}\n{masked}");
            let (again, findings) = redactor().redact_text(&masked);
            assert_eq!((again, findings), (masked, Vec::new()));
        }
        let mut event = Event::new(magistrate_event::Class::BaseEvent, 0, Default::default());
        let key = event.push_key("list");
        let items = vec![
            Value::Text(event.push_text(first)),
            Value::Text(event.push_text(second)),
        ];
        event.keep(key, Value::List(items));
        let (redacted, _) = redactor().redact(event);
        assert!(
            cut >= 38 || !redacted.event().buffer().contains(second),
            "{cut}"
        );
        let (again, _) = redactor().redact(redacted.event().clone());
        assert_eq!(again, redacted);
    }
}

#[test]
fn whole_secrets_beside_each_other_are_not_split_ones() {
    let token = github_token();
    let text = format!("[\"{token}\",\"next\"] \"{token}\" + \"next\"");
    let masked = masked(&text);
    assert_eq!(masked.matches("next").count(), 2, "{masked}");
}

/// A gzip of `len` times one letter.
fn bomb(len: usize) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b'a'; len]).unwrap();
    STANDARD.encode(encoder.finish().unwrap())
}

#[test]
fn decoding_is_bounded() {
    let redactor = redactor();
    let mut nested = github_token();
    for _ in 0..codec::MAX_LAYERS {
        nested = STANDARD.encode(nested);
    }
    assert_ne!(redactor.redact_text(&nested).0, nested);
    let too_deep = STANDARD.encode(&nested);
    assert_eq!(redactor.redact_text(&too_deep).0, too_deep);
    // What lies behind a bomb is found all the same.
    let text = format!("{} {}", bomb(50 << 20), github_token());
    assert_eq!(redactor.redact_text(&text).1.len(), 1);
    let mut decoder = Decoder::new(&redactor.rules, &redactor.tokens, text.len());
    let allowed = decoder.left;
    decoder.search(&text, &sign::Signs::default());
    assert!(allowed <= MAX_GROWTH * text.len() + FREE_BYTES && decoder.left < allowed);
    assert!(Decoder::new(&redactor.rules, &redactor.tokens, usize::MAX).left <= MAX_DECODED_BYTES);
}

#[test]
fn padding_at_the_end_of_a_line_does_not_take_the_next_line() {
    let key = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF+=";
    let text = format!("WG_PRIVATE_KEY={key}\nplain next line\n");
    let masked = masked(&text);
    assert!(!masked.contains(key), "{masked}");
    assert!(masked.ends_with("\nplain next line\n"), "{masked}");
    let next = format!("PrivateKey = {key}\nAddress = 10.0.0.2/32\n");
    let answer = redactor().redact_text(&next).0;
    assert!(answer.ends_with("\nAddress = 10.0.0.2/32\n"), "{answer}");
}

#[test]
fn a_soft_break_where_a_line_is_full_is_no_padding() {
    let (first, rest) = ("k".repeat(63), "0123456789abcdefghijklmnop");
    let text = format!("api_key=3Dx\napi_key=\"{first}=\n{rest}\" end");
    let masked = masked(&text);
    assert!(!masked.contains(rest), "{masked}");
}

#[test]
fn what_stands_in_json_is_seen_as_it_was_written() {
    let redactor = redactor();
    let hex = "767fcf704a87596cfcb2a624974369f2c694d";
    let csv = format!(r#"{{"a,\"\"\"cloudflare_api_key\"\": \"\"{hex}\"\"\",2026": "x"}}"#);
    let body = "MIIEpAIBAAKCAQEAWaK8VfuzNgtee6BkHCW5JprexO44F4RiEhbIhcwPRVQ0";
    let block = format!(
        "-----BEGIN RSA {}-----\n{body}\n-----END RSA {0}-----",
        "PRIVATE KEY"
    );
    let apart: Vec<String> = block.chars().map(String::from).collect();
    let apart = apart.join(" ");
    let spaced = format!(r#"{{"command": "{}"}}"#, apart.replace('\n', "\\n"));
    let bearer = format!(
        "{}\u{200b}{}Vtc339XE9ve6cCxPFC9bpeGU%3DG\u{200d}cMxB1pNaJtrm7VVFhEjMn7qzP7uRuivhO7BSDXIOVTb6M7AdF",
        "AAAA",
        "A".repeat(18)
    );
    for (text, left) in [
        (csv, hex.to_owned()),
        (spaced, "K 8 V f u z".to_owned()),
        (bearer, "Vtc339XE9ve6".to_owned()),
    ] {
        let (masked, _) = redactor.redact_text(&text);
        assert!(!masked.contains(&left), "{masked}");
    }
}

#[test]
fn a_soft_line_break_in_a_key_of_an_event_is_one() {
    use magistrate_event::{Class, Event, Timestamp};
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    event.keep_text("before", "something");
    let key = "{\"grant_type\":\"authorization_code\",\"code_verifier\":\"vA7nozTtDyC_Pu1k3HFLTNw=\nIeH6Xr15fpTBcNVajhl8\"}";
    event.keep_text(key, "x");
    let (redacted, _) = redactor().redact(event);
    let buffer = redacted.event().buffer();
    assert!(!buffer.contains("IeH6Xr15"), "{buffer}");
}
