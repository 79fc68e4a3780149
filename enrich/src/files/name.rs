//! What the name of a file says.

/// Extensions of programs, one a line; the list that policies name, too.
const EXECUTABLE: &str = include_str!("../../../policies/lists/executable_extensions.txt");
/// Extensions of scripts.
const SCRIPT: &str = include_str!("../../../policies/lists/script_extensions.txt");
/// Extensions of Office files that may hold macros.
const MACRO: &str = include_str!("../../../policies/lists/macro_extensions.txt");
/// Extensions of archives.
const ARCHIVE: &str = include_str!("../../../policies/lists/archive_extensions.txt");
/// Extensions that people take for harmless.
const HARMLESS: [&str; 22] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf", "txt", "csv", "md",
    "html", "jpg", "jpeg", "png", "gif", "mp3", "mp4", "wav", "zip",
];
/// Characters that turn what follows around, so that a name reads as another.
const TURNS: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// The traits of a name, without its folders.
pub(super) fn traits(name: &str) -> impl Iterator<Item = &'static str> {
    let extension = extension(name);
    let is = |list: &str| extension.as_deref().is_some_and(|one| has(list, one));
    let (is_program, is_script) = (is(EXECUTABLE), is(SCRIPT));
    let before = name.rsplit_once('.').map(|(before, _)| before);
    let before = before.and_then(self::extension);
    let poses = before.is_some_and(|one| HARMLESS.contains(&one.as_str()));
    [
        (is_program, "executable"),
        (is_script, "script"),
        (is(MACRO), "office.macro"),
        (is(ARCHIVE), "archive"),
        (poses && (is_program || is_script), "double_extension"),
        (name.contains(TURNS), "turned_name"),
    ]
    .into_iter()
    .filter_map(|(holds, name)| holds.then_some(name))
}

/// The extension, lower case, without blanks and dots behind it, which some systems leave out.
pub(super) fn extension(name: &str) -> Option<String> {
    let name = name.trim_end_matches(['.', ' ', '\u{a0}']);
    let (_, extension) = name.rsplit_once('.')?;
    let extension = extension.trim();
    (!extension.is_empty() && extension.len() <= 16).then(|| extension.to_lowercase())
}

fn has(list: &str, extension: &str) -> bool {
    list.lines().any(|line| line.trim() == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_they_hide() {
        for (name, expected) in [
            ("setup.EXE", &["executable"][..]),
            ("setup.exe. ", &["executable"]),
            ("invoice.pdf.exe", &["executable", "double_extension"]),
            ("invoice.pdf      .js", &["script", "double_extension"]),
            ("report.docm", &["office.macro"]),
            ("backup.tar.gz", &["archive"]),
            ("photo\u{202e}gpj.exe", &["executable", "turned_name"]),
            ("invoice.pdf", &[]),
            ("v1.2.3", &[]),
            ("README", &[]),
            ("", &[]),
        ] {
            assert_eq!(traits(name).collect::<Vec<_>>(), expected, "{name}");
        }
    }
}
