//! The options by which programs for addresses are given what to send.

use super::line::Command;

/// What goes out; a file is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// Words of the line itself.
    Text,
    /// A file, or what a command printed.
    File,
}

impl Content {
    pub(super) const fn of_file(is_file: bool) -> Self {
        if is_file { Self::File } else { Self::Text }
    }
}

/// The options of a program that give it what to send.
pub(super) struct Options {
    long: &'static [&'static str],
    /// Letters that may stand together behind one hyphen.
    short: &'static str,
    /// Letters behind which the rest of the word is their value.
    valued: &'static str,
    /// Those whose value is the name of a file.
    files: &'static [&'static str],
}

/// By `man curl`, of curl 8.
pub(super) const CURL: Options = Options {
    long: &[
        "--data",
        "--data-ascii",
        "--data-binary",
        "--data-raw",
        "--data-urlencode",
        "--json",
        "--form",
        "--form-string",
        "--upload-file",
        "--url-query",
    ],
    short: "dFT",
    valued: "AbcCDeEhHKmoPQrtuUwxXyYz",
    files: &["--upload-file", "-T"],
};

/// By the manual of GNU Wget 1.24.
pub(super) const WGET: Options = Options {
    long: &["--post-data", "--post-file", "--body-data", "--body-file"],
    short: "",
    valued: "",
    files: &["--post-file", "--body-file"],
};

/// By the documentation of `Invoke-WebRequest`; names count in any case.
pub(super) const POWERSHELL: Options = Options {
    long: &["-body", "-infile", "-form"],
    short: "",
    valued: "",
    files: &["-infile"],
};

impl Options {
    /// What they give `command` to send; none where it sends nothing.
    pub(super) fn of(&self, command: &Command<'_>) -> Option<Content> {
        let mut found = None;
        let mut args = command.args.iter();
        while let Some(arg) = args.next() {
            let Some((option, value)) = self.split(arg) else {
                continue;
            };
            let next = args.clone().next().copied().unwrap_or_default();
            let value = if value.is_empty() { next } else { value };
            let is_stdin = command.is_fed && value.ends_with('-');
            let is_file = self.files.contains(&option) || is_file(value) || is_stdin;
            found = found.max(Some(Content::of_file(is_file)));
        }
        found
    }

    /// One of the options and the value in the same word, if it is one.
    fn split<'a>(&self, arg: &'a str) -> Option<(&'static str, &'a str)> {
        let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
        let mut known = self.long.iter();
        if let Some(long) = known.find(|long| long.eq_ignore_ascii_case(name)) {
            return Some((*long, value));
        }
        let letters = arg.strip_prefix('-')?;
        let letters = Some(letters).filter(|letters| !letters.starts_with('-'))?;
        for (at, letter) in letters.char_indices() {
            if self.short.contains(letter) {
                let value = letters.get(at + letter.len_utf8()..).unwrap_or_default();
                return Some((if letter == 'T' { "-T" } else { "-d" }, value));
            }
            if self.valued.contains(letter) {
                return None;
            }
        }
        None
    }
}

/// `http POST host name=value field@file < file`, as `HTTPie` and xh take it.
pub(super) fn httpie(command: &Command<'_>) -> Option<Content> {
    let items = || command.plain().filter(|arg| !arg.contains("://"));
    let has_file = command.is_fed || items().any(|arg| arg.contains('@'));
    let has_text = items().any(|arg| arg.contains('=') && !arg.contains("=="));
    (has_file || has_text).then(|| Content::of_file(has_file))
}

/// Whether a value names a file to send, or is made of what a command prints.
fn is_file(value: &str) -> bool {
    let value = value.trim_start_matches(['"', '\'', '=']);
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-[]".contains(&byte))
    };
    value.split_once('@').is_some_and(|(name, _)| is_name(name))
        || ["=@", "=<", "=\"@", "='@", "$(", "`", "Get-Content"]
            .iter()
            .any(|sign| value.contains(sign))
        || value.ends_with('$')
}
