//! Reads single arguments of a tool call out of JSON text that the client may have cut.

use std::borrow::Cow;

use crate::normalize::url::names_place;

/// More of either are not read.
const MAX_OF_MANY: usize = 32;

/// What a key of the arguments says of which there may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// To whom the call sends.
    Recipient,
    /// Which file or folder it works on.
    Path,
    /// Whose files a path is of, where it is none of this machine's.
    Elsewhere,
}

impl Meaning {
    /// The meaning of a key, however its words are joined: `share_with`, `shareWith`.
    fn of(key: &str) -> Option<Self> {
        const MAX_LEN: usize = 15;
        let mut room = [0; MAX_LEN];
        let mut length = 0;
        for byte in key.bytes().filter(|byte| !matches!(byte, b'_' | b'-')) {
            *room.get_mut(length)? = byte.to_ascii_lowercase();
            length += 1;
        }
        Some(match room.get(..length)? {
            b"to" | b"cc" | b"bcc" | b"recipient" | b"recipients" | b"toemail" | b"emails"
            | b"attendees" | b"invitees" | b"sharewith" => Self::Recipient,
            b"path" | b"paths" | b"file" | b"files" | b"filepath" | b"filepaths" | b"filename"
            | b"notebookpath" | b"directory" | b"dir" | b"folder" | b"source" | b"sourcepath"
            | b"src" | b"destination" | b"destinationpath" | b"targetpath" | b"outputpath"
            | b"inputpath" | b"uri" => Self::Path,
            b"owner" | b"repo" | b"repository" | b"projectid" | b"bucket" | b"container"
            | b"driveid" | b"siteid" => Self::Elsewhere,
            _ => return None,
        })
    }
}

/// The texts of the outermost object that matter, the first of each name.
#[derive(Debug, Default)]
pub(in crate::normalize) struct Arguments<'a> {
    pub(in crate::normalize) full_command: Option<Cow<'a, str>>,
    pub(in crate::normalize) bash_command: Option<Cow<'a, str>>,
    pub(in crate::normalize) command: Option<Cow<'a, str>>,
    pub(in crate::normalize) mcp_server_name: Option<Cow<'a, str>>,
    pub(in crate::normalize) mcp_tool_name: Option<Cow<'a, str>>,
    pub(in crate::normalize) file_path: Option<Cow<'a, str>>,
    pub(in crate::normalize) url: Option<Cow<'a, str>>,
    /// Where a call of a foreign tool goes, under one of the names that such tools use for it.
    pub(in crate::normalize) place: Option<Cow<'a, str>>,
    /// To whom it sends, or with whom it shares, in its own words.
    pub(in crate::normalize) recipients: Vec<Cow<'a, str>>,
    /// The MCP server's own address.
    pub(in crate::normalize) server_url: Option<Cow<'a, str>>,
    /// What may be files and folders of the user's machine.
    pub(in crate::normalize) paths: Vec<Cow<'a, str>>,
    /// They are those of a repository, a bucket or the like.
    pub(in crate::normalize) is_elsewhere: bool,
    /// The client cut something: the text as a whole, or a value inside.
    pub(in crate::normalize) is_cut: bool,
}

impl<'a> Arguments<'a> {
    /// Looks through `json` once. Text that is no object, or ends early, yields what it has.
    pub(in crate::normalize) fn scan(&mut self, json: &'a str) {
        let bytes = json.as_bytes();
        let Some(start) = bytes.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            return;
        };
        if bytes.get(start) != Some(&b'{') {
            self.is_cut |= is_cut_text(json);
            return;
        }
        let (mut at, mut depth) = (start + 1, 1_usize);
        let mut key: Option<&str> = None;
        // The name of the list whose values are being read.
        let mut list: Option<&str> = None;
        let mut expects_key = true;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let Some(literal) = Literal::read(json, at) else {
                        self.is_cut = true;
                        return;
                    };
                    at = literal.end;
                    self.is_cut |= is_cut_value(literal.inner);
                    if depth == 1 {
                        if expects_key {
                            key = Some(literal.inner);
                        } else if let Some(key) = key.take() {
                            self.store(key, &literal);
                        }
                    } else if depth == 2
                        && let Some(key) = list
                    {
                        self.store_one_of_many(key, &literal);
                    }
                }
                b':' if depth == 1 => expects_key = false,
                b',' if depth == 1 => expects_key = true,
                b'[' if depth == 1 => {
                    list = key.take();
                    depth += 1;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    list = list.filter(|_| depth > 1);
                }
                _ => {}
            }
            if depth == 0 {
                self.is_cut |= json.get(at + 1..).is_some_and(is_cut_text);
                return;
            }
            at += 1;
        }
        self.is_cut = true;
    }

    /// Where a call of a foreign tool goes: what it names itself, else its server's own address.
    pub(in crate::normalize) fn address(&self) -> Option<&str> {
        let named = [&self.url, &self.place, &self.server_url];
        let mut named = named.into_iter().filter_map(Option::as_deref);
        named.find(|text| names_place(text))
    }

    /// Keeps a value of those of which a call may name several.
    fn store_one_of_many(&mut self, key: &str, literal: &Literal<'a>) {
        let many = match Meaning::of(key) {
            Some(Meaning::Recipient) => &mut self.recipients,
            Some(Meaning::Path) => &mut self.paths,
            Some(Meaning::Elsewhere) => {
                self.is_elsewhere = true;
                return;
            }
            None => return,
        };
        if many.len() < MAX_OF_MANY && !is_cut_value(literal.inner) {
            many.push(literal.decoded());
        }
    }

    fn store(&mut self, key: &str, literal: &Literal<'a>) {
        self.store_one_of_many(key, literal);
        let place = match key {
            "full_command" => &mut self.full_command,
            "bash_command" => &mut self.bash_command,
            "command" => &mut self.command,
            "mcp_server_name" => &mut self.mcp_server_name,
            "mcp_tool_name" => &mut self.mcp_tool_name,
            "file_path" | "notebook_path" => &mut self.file_path,
            "url" => &mut self.url,
            "uri" | "endpoint" | "base_url" | "host" | "hostname" | "domain" => &mut self.place,
            "mcp_server_url" | "server_url" => &mut self.server_url,
            _ => return,
        };
        // A value that the client cut is not the value.
        if place.is_none() && !is_cut_value(literal.inner) {
            *place = Some(literal.decoded());
        }
    }
}

/// A JSON string in its text.
struct Literal<'a> {
    /// With its quotes.
    whole: &'a str,
    /// Without them.
    inner: &'a str,
    is_escaped: bool,
    /// Offset of the closing quote.
    end: usize,
}

impl<'a> Literal<'a> {
    /// The string whose opening quote is at `start`; none when it is not closed.
    fn read(json: &'a str, start: usize) -> Option<Self> {
        let mut at = start + 1;
        let mut is_escaped = false;
        loop {
            let rest = json.as_bytes().get(at..)?;
            let found = at + memchr::memchr2(b'"', b'\\', rest)?;
            if json.as_bytes().get(found) == Some(&b'"') {
                return Some(Self {
                    whole: json.get(start..=found)?,
                    inner: json.get(start + 1..found)?,
                    is_escaped,
                    end: found,
                });
            }
            is_escaped = true;
            at = found + 2;
        }
    }

    /// The text that it stands for; as written where its escapes make no sense.
    fn decoded(&self) -> Cow<'a, str> {
        if !self.is_escaped {
            return Cow::Borrowed(self.inner);
        }
        serde_json::from_str(self.whole).map_or(Cow::Borrowed(self.inner), Cow::Owned)
    }
}

/// Whether a value is one that the client put in place of a longer or deeper one.
fn is_cut_value(text: &str) -> bool {
    text == "<nested>" || text.ends_with(']') && is_cut_text(text)
}

/// Whether a text ends with a mark that says that it was longer.
pub(super) fn is_cut_text(text: &str) -> bool {
    let Some(open) = text.ends_with(']').then(|| text.rfind('[')).flatten() else {
        return false;
    };
    let mark = text.get(open + 1..text.len() - 1).unwrap_or_default();
    let after_dots = text
        .get(..open)
        .is_some_and(|before| before.ends_with('\u{2026}'));
    let counts = mark
        .strip_suffix(" chars")
        .is_some_and(|count| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()));
    after_dots && (mark == "truncated" || counts) || mark.starts_with("TRUNCATED")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scanned(json: &str) -> Arguments<'_> {
        let mut arguments = Arguments::default();
        arguments.scan(json);
        arguments
    }

    #[test]
    fn members_of_the_outermost_object_are_found() {
        let found = scanned(
            r#" {"a":{"file_path":"inner"},"n":1,"file_path":"/x/y \"q\".md","url":"u","url":"v"}"#,
        );
        assert_eq!(found.file_path.as_deref(), Some("/x/y \"q\".md"));
        assert_eq!(found.url.as_deref(), Some("u"));
        assert!(!found.is_cut);
    }

    #[test]
    fn cut_json_yields_what_stands_before_the_cut() {
        let found = scanned("{\"file_path\":\"/a\",\"content\":\"lorem ipsum\u{2026}[truncated]");
        assert_eq!(found.file_path.as_deref(), Some("/a"));
        assert!(found.is_cut);
        let found = scanned("{\"content\":\"lorem\u{2026}[90000 chars]\",\"file_path\":\"/b\"}");
        assert_eq!(found.file_path.as_deref(), Some("/b"));
        assert!(found.is_cut);
        let found = scanned("{\"file_path\":\"/long\u{2026}[600 chars]\",\"x\":\"<nested>\"}");
        assert_eq!(found.file_path, None);
        assert!(found.is_cut);
    }

    #[test]
    fn text_that_is_no_object_yields_nothing() {
        for json in [
            "",
            "  ",
            "[\"file_path\",\"x\"]",
            "\"file_path\"",
            "7",
            "}{",
        ] {
            let found = scanned(json);
            assert!(found.file_path.is_none() && !found.is_cut, "{json}");
        }
    }

    #[test]
    fn values_are_not_taken_for_names() {
        let found = scanned(r#"{"a":"file_path","b":"x","list":["url","y"],"c":"url"}"#);
        assert!(found.file_path.is_none() && found.url.is_none());
    }

    #[test]
    fn a_call_names_to_whom_it_goes() {
        for (json, expected) in [
            (
                r#"{"to":"a@x.example","body":"to b@y.example"}"#,
                "a@x.example",
            ),
            (
                r#"{"to":["a@x.example","b@y.example"],"Cc":"c@z.example","n":{"to":"d@d.example"}}"#,
                "a@x.example,b@y.example,c@z.example",
            ),
            (r#"{"rows":[["a"]],"tags":["x"],"to":[]}"#, ""),
            (r#"{"to":["a@x.example","b"#, "a@x.example"),
        ] {
            assert_eq!(scanned(json).recipients.join(","), expected, "{json}");
        }
    }

    #[test]
    fn a_call_names_where_it_goes() {
        for (json, expected) in [
            (
                r#"{"url":"https://API.crm.example.com/v1?x=1"}"#,
                Some("https://API.crm.example.com/v1?x=1"),
            ),
            (r#"{"endpoint":"api.example.org"}"#, Some("api.example.org")),
            (
                r#"{"uri":"crm://customers/1","mcp_server_url":"https://crm.example/mcp"}"#,
                Some("https://crm.example/mcp"),
            ),
            (
                r#"{"host":"db.example.org:5432","port":"5432"}"#,
                Some("db.example.org:5432"),
            ),
            (r#"{"host":"printer","domain":"next.js"}"#, None),
            (r#"{"id":"C-1042"}"#, None),
            (r#"{"url":"#, None),
        ] {
            assert_eq!(scanned(json).address(), expected, "{json}");
        }
    }

    #[test]
    fn marks_of_a_cut_are_known() {
        for text in [
            "x [TRUNCATED - Content exceeds 60KB limit]",
            "x\u{2026}[truncated]",
            "x\u{2026}[90000 chars]",
        ] {
            assert!(is_cut_text(text), "{text}");
        }
        for text in ["x", "x [truncated]", "[12 chars]", "\u{2026}[chars]", "a[]"] {
            assert!(!is_cut_text(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(json in ".{0,60}", tail in "[{}\\[\\]\":,\\\\a]{0,30}") {
            scanned(&json);
            scanned(&format!("{{{tail}"));
        }

        #[test]
        fn whole_json_reads_as_a_json_library_reads_it(path in ".{0,20}", other in ".{0,20}") {
            prop_assume!(!is_cut_value(&path));
            let json = serde_json::json!({"a": [other], "file_path": path}).to_string();
            let found = scanned(&json);
            prop_assert_eq!(found.file_path.as_deref(), Some(path.as_str()));
        }
    }
}
