//! Which files and folders of the user's machine a call of a tool names.

use std::borrow::Cow;

use magistrate_event::{Field, Value};

use super::arguments::Arguments;
use super::tools::fill_path;
use crate::normalize::draft::Draft;

/// The tool that is called, and by which way.
#[derive(Debug, Clone, Copy)]
pub(in crate::normalize) struct Callee<'a> {
    /// The tool's own name.
    pub(in crate::normalize) tool: Option<&'a str>,
    /// The MCP server; none of a built-in tool.
    pub(in crate::normalize) server: Option<&'a str>,
    /// `magistrate.path_class`.
    pub(in crate::normalize) path_class: Option<&'a str>,
}

/// Built-in tools that look through files and are no File System Activity.
const LOOKERS: [&str; 4] = ["Glob", "Grep", "LS", "NotebookRead"];

/// Words of the names of servers and tools that work on files.
const FILE_WORDS: [&str; 9] = [
    "file",
    "files",
    "filesystem",
    "fs",
    "dir",
    "directory",
    "directories",
    "folder",
    "folders",
];

/// What lies below these is a machine's, whoever names it: no web service has paths like these.
const ROOTS: [&str; 16] = [
    "/Users/",
    "/home/",
    "/root/",
    "/etc/",
    "/var/",
    "/private/",
    "/Volumes/",
    "/opt/",
    "/Library/",
    "/Applications/",
    "/mnt/",
    "/media/",
    "/tmp/",
    "/usr/",
    "/srv/",
    "~/",
];

/// Longer texts are no paths.
const MAX_PATH_BYTES: usize = 4_096;

/// Fills the columns of the file by what a call names: the last of several is where it goes to.
pub(in crate::normalize) fn fill_local_paths(
    callee: Callee<'_>,
    arguments: &Arguments<'_>,
    draft: &mut Draft,
) {
    let paths = local_paths(callee, arguments);
    let Some(last) = paths.last() else { return };
    fill_path(last, draft);
    if paths.len() > 1 {
        let paths = paths.iter().map(|path| draft.leaf(path.as_bytes()));
        let paths = Value::List(paths.collect());
        draft.value(Field::FilePaths, paths);
    }
}

/// The files and folders that a call names, in its order. A server elsewhere has none here, and a
/// path in a repository or a bucket is none either.
fn local_paths<'t>(callee: Callee<'_>, arguments: &'t Arguments<'_>) -> Vec<Cow<'t, str>> {
    let is_of_this_machine = match callee.server {
        None => callee.tool.is_some_and(|tool| LOOKERS.contains(&tool)),
        Some(_) => callee.path_class != Some("remote_connector") && !arguments.is_elsewhere,
    };
    if !is_of_this_machine || arguments.paths.is_empty() {
        return Vec::new();
    }
    let mut names = [callee.server, callee.tool].into_iter().flatten();
    let works_on_files = callee.server.is_none() || names.any(has_file_word);
    let paths = arguments.paths.iter();
    paths
        .filter_map(|text| local_path(text, works_on_files))
        .collect()
}

/// The path that a text names; a tool that does not say that it works on files must name one that
/// can be nothing else.
fn local_path(text: &str, works_on_files: bool) -> Option<Cow<'_, str>> {
    if text.is_empty() || text.len() > MAX_PATH_BYTES || text.contains(['\n', '\0']) {
        return None;
    }
    if text
        .get(..5)
        .is_some_and(|head| head.eq_ignore_ascii_case("file:"))
    {
        return path_of_url(text).map(Cow::Owned);
    }
    let is_certain = ROOTS.iter().any(|root| text.starts_with(root)) || is_windows(text);
    let may_be = works_on_files && !text.contains("://");
    (is_certain || may_be).then_some(Cow::Borrowed(text))
}

/// `C:\x`, `C:/x`, `\\server\share`.
fn is_windows(text: &str) -> bool {
    match text.as_bytes() {
        [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        [b'\\', b'\\', next, ..] => *next != b'\\',
        _ => false,
    }
}

/// The path in a `file:` URL (RFC 8089) of this machine.
fn path_of_url(text: &str) -> Option<String> {
    let path = url::Url::parse(text).ok()?.to_file_path().ok()?;
    let path = path.into_os_string().into_string().ok()?;
    let of_a_drive = path.strip_prefix('/').filter(|rest| is_windows(rest));
    Some(of_a_drive.map(str::to_owned).unwrap_or(path))
}

/// Whether one of the words of a name, however they are joined, is one for files.
fn has_file_word(name: &str) -> bool {
    let mut start = 0;
    let mut was_small = false;
    let ends = name.char_indices().chain([(name.len(), '_')]);
    for (at, letter) in ends {
        let is_border = !letter.is_ascii_alphanumeric();
        if is_border || was_small && letter.is_ascii_uppercase() {
            let word = name.get(start..at).unwrap_or_default();
            if FILE_WORDS.iter().any(|one| word.eq_ignore_ascii_case(one)) {
                return true;
            }
            start = if is_border {
                at + letter.len_utf8()
            } else {
                at
            };
        }
        was_small = letter.is_ascii_lowercase();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(server: Option<&str>, tool: &str, json: &str) -> Vec<String> {
        let mut arguments = Arguments::default();
        arguments.scan(json);
        let callee = Callee {
            tool: Some(tool),
            server,
            path_class: None,
        };
        let paths = local_paths(callee, &arguments);
        paths.into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn servers_for_files_name_them() {
        let of = |tool: &str, json: &str| paths(Some("filesystem"), tool, json);
        assert_eq!(
            of("read_text_file", r#"{"path":"/Users/ana/a.csv","head":3}"#),
            ["/Users/ana/a.csv"]
        );
        assert_eq!(
            of("move_file", r#"{"source":"/data/a","destination":"~/b"}"#),
            ["/data/a", "~/b"]
        );
        assert_eq!(
            of("read_multiple_files", r#"{"paths":["a.md","C:\\x\\b.md"]}"#),
            ["a.md", "C:\\x\\b.md"]
        );
        assert!(of("list_allowed_directories", "{}").is_empty());
        assert!(of("read_text_file", r#"{"path":""}"#).is_empty());
    }

    #[test]
    fn other_tools_name_a_file_where_it_can_be_nothing_else() {
        for (tool, json, expected) in [
            (
                "convert_to_markdown",
                r#"{"uri":"file:///Users/ana/My%20Q3.pdf"}"#,
                "/Users/ana/My Q3.pdf",
            ),
            (
                "convert_to_markdown",
                r#"{"uri":"file:///C:/Work/a.pdf"}"#,
                "C:/Work/a.pdf",
            ),
            ("start_search", r#"{"path":"/etc/","pattern":"x"}"#, "/etc/"),
            (
                "open",
                r#"{"filePath":"\\\\nas\\hr\\pay.xlsx"}"#,
                "\\\\nas\\hr\\pay.xlsx",
            ),
            ("readFile", r#"{"file_path":"notes.md"}"#, "notes.md"),
        ] {
            assert_eq!(
                paths(Some("tools"), tool, json),
                [expected],
                "{tool} {json}"
            );
        }
        for (tool, json) in [
            ("call_api", r#"{"path":"/repos/x/issues"}"#),
            ("fetch", r#"{"uri":"https://example.com/a"}"#),
            ("fetch", r#"{"uri":"file://server/share/a"}"#),
            (
                "get_file_contents",
                r#"{"owner":"x","repo":"y","path":"/etc/passwd"}"#,
            ),
            ("update_profile", r#"{"source":"web"}"#),
        ] {
            assert!(paths(Some("tools"), tool, json).is_empty(), "{tool} {json}");
        }
    }

    #[test]
    fn built_in_tools_that_look_through_files_name_the_folder() {
        assert_eq!(
            paths(None, "Grep", r#"{"pattern":"x","path":"/srv/a"}"#),
            ["/srv/a"]
        );
        assert!(paths(None, "Skill", r#"{"path":"/srv/a"}"#).is_empty());
    }

    #[test]
    fn a_server_elsewhere_has_no_files_here() {
        let mut arguments = Arguments::default();
        arguments.scan(r#"{"path":"/home/ana/a"}"#);
        let callee = Callee {
            tool: Some("read_file"),
            server: Some("drive"),
            path_class: Some("remote_connector"),
        };
        assert!(local_paths(callee, &arguments).is_empty());
    }

    #[test]
    fn words_come_apart_however_they_are_joined() {
        for name in ["read_file", "readFile", "FILE", "list-directory", "fs"] {
            assert!(has_file_word(name), "{name}");
        }
        for name in ["profile", "update_profile", "dirty", "", "é"] {
            assert!(!has_file_word(name), "{name}");
        }
    }
}
