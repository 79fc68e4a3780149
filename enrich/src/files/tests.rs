//! Files as actions carry them: named, in parts, encoded, archived.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use magistrate_event::{Arguments, Content as Told};
use proptest::prelude::*;

use super::*;

/// An entry of a zip archive: its name and its flags.
type Entry = (&'static str, u16);

fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, flags) in entries {
        let len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let at = u32::try_from(file.len()).unwrap().to_le_bytes();
        let mut local = vec![0; 30];
        local[..4].copy_from_slice(b"PK\x03\x04");
        local[6..8].copy_from_slice(&flags.to_le_bytes());
        local[26..28].copy_from_slice(&len);
        file.extend(local);
        file.extend(name.as_bytes());
        let mut central = vec![0; 46];
        central[..4].copy_from_slice(b"PK\x01\x02");
        central[8..10].copy_from_slice(&flags.to_le_bytes());
        central[28..30].copy_from_slice(&len);
        central[42..46].copy_from_slice(&at);
        directory.extend(central);
        directory.extend(name.as_bytes());
    }
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    file.extend(directory);
    let mut end = vec![0; 22];
    end[..4].copy_from_slice(b"PK\x05\x06");
    end[12..16].copy_from_slice(&size);
    file.extend(end);
    file
}

fn program() -> Vec<u8> {
    let mut bytes = b"MZ\x90\0".to_vec();
    bytes.resize(200, 0);
    bytes
}

fn with_bytes(name: &str, media_type: Option<&str>, bytes: &[u8]) -> Action {
    let content = Told {
        media_type: media_type.map(str::to_owned),
        bytes: Some(Bytes::copy_from_slice(bytes)),
        ..Told::default()
    };
    let mut action = Action {
        content,
        ..Action::default()
    };
    action.file.name = Some(name.to_owned());
    action
}

fn traits(action: &Action) -> Vec<&'static str> {
    let mut traits = file_facts(action).traits;
    traits.sort_unstable();
    traits
}

#[test]
fn what_a_file_is_and_claims_to_be() {
    let ole = [
        &b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..],
        &[0; 64],
        b"_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T\0",
    ]
    .concat();
    for (name, media_type, bytes, expected) in [
        ("a.exe", None, program(), &["executable"][..]),
        ("a.pdf", None, program(), &["disguised", "executable"]),
        (
            "a",
            Some("image/png"),
            program(),
            &["disguised", "executable"],
        ),
        (
            "a.pdf",
            Some("application/pdf"),
            b"%PDF-1.7".to_vec(),
            &["document"],
        ),
        ("a.txt", Some("text/plain"), b"hello".to_vec(), &[]),
        ("a.txt", None, b"#!/bin/sh".to_vec(), &["script"]),
        (
            "a.png",
            None,
            b"#!/bin/sh".to_vec(),
            &["disguised", "script"],
        ),
        ("a.jpg", None, b"\x89PNG\r\n\x1a\n".to_vec(), &["image"]),
        (
            "a.docx",
            None,
            zip(&[("[Content_Types].xml", 0)]),
            &["archive", "office"],
        ),
        (
            "a.pdf",
            None,
            zip(&[("x.txt", 0)]),
            &["archive", "disguised"],
        ),
        ("a.doc", None, ole.clone(), &["office", "office.macro"]),
        ("a.xyz", None, ole, &["office", "office.macro"]),
        (
            "invoice.pdf.exe",
            None,
            Vec::new(),
            &["double_extension", "executable"],
        ),
    ] {
        let action = with_bytes(name, media_type, &bytes);
        assert_eq!(traits(&action), expected, "{name}");
    }
}

#[test]
fn archives_are_read_by_their_lists_and_never_unpacked() {
    for (entries, expected) in [
        (&[("a.txt", 0)][..], &["archive"][..]),
        (
            &[("in/setup.exe", 0), ("run.ps1", 0)],
            &["archive", "archive.executable", "archive.script"],
        ),
        (
            &[("a.pdf.exe", 0)],
            &["archive", "archive.double_extension", "archive.executable"],
        ),
        (&[("secret.txt", 1)], &["archive", "archive.encrypted"]),
        (
            &[("../../etc/cron.d/x", 0)],
            &["archive", "archive.path_escape"],
        ),
        (&[("inner.zip", 0)], &["archive", "archive.archive"]),
        (
            &[("[Content_Types].xml", 0), ("word/vbaProject.bin", 0)],
            &["archive", "office", "office.macro"],
        ),
    ] {
        let bytes = zip(entries);
        assert_eq!(
            traits(&with_bytes("a.dat", None, &bytes)),
            expected,
            "{entries:?}"
        );
        // Without its end the headers of the beginning tell the same, and that it is not all.
        let mut cut = with_bytes("a.dat", None, &bytes[..bytes.len() - 22]);
        cut.content.truncated = Some(true);
        let mut more = expected.to_vec();
        more.push("archive.unreadable");
        more.sort_unstable();
        assert_eq!(traits(&cut), more, "{entries:?}");
    }
    let many: Vec<Entry> = std::iter::repeat_n(("a.txt", 0), 2_500).collect();
    assert!(traits(&with_bytes("a.zip", None, &zip(&many))).contains(&"archive.unreadable"));
    let whole = zip(&[("a.exe", 0)]);
    for end in 0..whole.len() {
        traits(&with_bytes("a.zip", None, &whole[..end]));
    }
    let mut wrong = whole;
    for at in 0..wrong.len() {
        wrong[at] ^= 0xff;
        traits(&with_bytes("a.zip", None, &wrong));
        wrong[at] ^= 0xff;
    }
}

#[test]
fn the_parts_of_an_upload_are_files() {
    let mut body = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"cat.png\"\r\nContent-Type: image/png\r\n\r\n".to_vec();
    body.extend(program());
    body.extend(b"\r\n--b--\r\n");
    let content = Told {
        media_type: Some("multipart/form-data; boundary=b".to_owned()),
        bytes: Some(Bytes::from(body)),
        ..Told::default()
    };
    let mut action = Action {
        content,
        ..Action::default()
    };
    look_at_files(&mut action);
    assert_eq!(action.files.traits, ["disguised", "executable"]);
    assert_eq!(action.files.types, ["exe"]);
    assert_eq!(action.file.name.as_deref(), Some("cat.png"));
    assert_eq!(action.file.media_type.as_deref(), Some("image/png"));
    assert_eq!((action.file.size, action.content.bytes), (Some(200), None));
}

#[test]
fn base64_in_blocks_and_data_urls_is_a_file() {
    let coded = STANDARD.encode(program());
    let archive = STANDARD.encode(zip(&[("setup.exe", 0)]));
    let mut large = zip(&[("setup.exe", 0)]);
    let directory = large.split_off(39);
    large.resize(2_000_000, b'x');
    large.extend(directory);
    let large = STANDARD.encode(&large);
    for (text, expected) in [
        (
            format!(
                r#"{{"source":{{"type":"base64","media_type":"image/png","data":"{coded}"}}}}"#
            ),
            &["disguised", "executable"][..],
        ),
        (
            format!(
                r#"{{"source":{{"data":"{coded}","media_type":"application/octet-stream","type":"base64"}}}}"#
            ),
            &["executable"],
        ),
        (
            format!("see data:application/zip;base64,{archive} there"),
            &["archive", "archive.executable"],
        ),
        (
            format!(r#"{{"type": "base64", "data": "{large}"}}"#),
            &["archive", "archive.executable"],
        ),
        ("what base64 is".to_owned(), &[]),
        (r#"{"type":"base64","data":"AAAA"}"#.to_owned(), &[]),
        (r#"{"type":"base64","data":"#.to_owned(), &[]),
        ("base64".repeat(1_000), &[]),
        (
            format!(
                "{}data:application/zip;base64,{archive}",
                "base64 ".repeat(1_000)
            ),
            &["archive", "archive.executable"],
        ),
    ] {
        let mut action = Action::default();
        action.content.text = Some(text);
        assert_eq!(traits(&action), expected);
    }
}

#[test]
fn what_a_tool_writes_is_a_file() {
    let mut action = Action::default();
    let arguments = r##"{"file_path":"/home/ana/notes.pdf","content":"#!/bin/sh\nrm -r x"}"##;
    action.tool.arguments = Some(Arguments::new(arguments).unwrap());
    assert_eq!(traits(&action), ["disguised", "script"]);
    let arguments = r#"{"file_path":"C:\\x\\invoice.pdf.exe","content":"hello"}"#;
    action.tool.arguments = Some(Arguments::new(arguments).unwrap());
    assert_eq!(traits(&action), ["double_extension", "executable"]);
    action.tool.arguments = Some(Arguments::new(r#"{"command":"ls"}"#).unwrap());
    assert_eq!(traits(&action), [""; 0]);
}

/// The beginnings that lead into each reader.
const BEGINNINGS: [&[u8]; 6] = [
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"--b\r\nContent-Disposition: form-data; filename=",
    b"{\"type\":\"base64\",\"data\":\"UEsDB",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
];

proptest! {
    #[test]
    fn any_bytes_are_files_without_harm(pieces in prop::collection::vec((0_usize..6, prop::collection::vec(any::<u8>(), 0..80)), 0..8), is_form: bool, is_cut: bool) {
        let bytes: Vec<u8> = pieces.iter().flat_map(|(at, rest)| [BEGINNINGS[*at], rest].concat()).collect();
        let media_type = if is_form { "multipart/form-data; boundary=b" } else { "application/zip" };
        let mut action = with_bytes("a.zip", Some(media_type), &bytes);
        action.content.text = Some(String::from_utf8_lossy(&bytes).into_owned());
        action.content.truncated = Some(is_cut);
        let facts = file_facts(&action);
        prop_assert!(facts.traits.len() <= MAX_LISTED && facts.types.len() <= MAX_LISTED);
    }
}
