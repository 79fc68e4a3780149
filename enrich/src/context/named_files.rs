//! Tells which of the user's files a command line names.

use std::borrow::Cow;

use crate::detect::words;

/// Files of one line.
const MAX_FILES: usize = 32;
/// Folders below a home in which programs keep what is their own.
const OF_PROGRAMS: [&str; 2] = ["Library", "AppData"];

/// The files in `line` that lie in somebody's home or on a drive that was mounted, by their whole
/// paths: what a program brings along itself is none of the user's.
pub(super) fn named_files(line: &str) -> Vec<Cow<'_, str>> {
    let words = words(line).into_iter().flat_map(parts);
    let files = words.filter(|word| is_of_user(word));
    files.map(plain).take(MAX_FILES).collect()
}

/// A word, or what stands in it: `--file=PATH`, `@PATH`, `>PATH`, and the words of a whole command in
/// quotes.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let is_whole = is_of_user(word);
    let inner = word.split(|next: char| next.is_whitespace() || "=@<>,'\"".contains(next));
    let whole = is_whole.then_some(word);
    whole.into_iter().chain(inner.filter(move |_| !is_whole))
}

fn is_of_user(path: &str) -> bool {
    if path.starts_with("/Volumes/") {
        return true;
    }
    let of_home = path.strip_prefix("~/").or_else(|| {
        let rest = path.strip_prefix("/Users/");
        let rest = rest.or_else(|| path.strip_prefix("/home/"));
        let rest = rest.or_else(|| path.get(1..)?.strip_prefix(":\\Users\\"))?;
        Some(rest.split_once(['/', '\\'])?.1)
    });
    let first = of_home.and_then(|rest| rest.split(['/', '\\']).next());
    first.is_some_and(|first| {
        !first.is_empty() && !first.starts_with('.') && !OF_PROGRAMS.contains(&first)
    })
}

/// A path without the backslashes that keep the shell from splitting it.
fn plain(path: &str) -> Cow<'_, str> {
    if path.contains("\\ ") {
        return Cow::Owned(path.replace("\\ ", " "));
    }
    Cow::Borrowed(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_user_are_named() {
        for (line, expected) in [
            (
                "cat /Users/ana/Private/tax.csv",
                "/Users/ana/Private/tax.csv",
            ),
            ("cat '/Users/ana/My Docs/a.csv'", "/Users/ana/My Docs/a.csv"),
            ("cat /Users/ana/My\\ Docs/a.csv", "/Users/ana/My Docs/a.csv"),
            (
                "tar c --file=/home/ana/x.tar ~/work",
                "/home/ana/x.tar ~/work",
            ),
            ("curl -d @/home/ana/x https://x.example", "/home/ana/x"),
            ("bash -c 'cat /home/ana/x'", "/home/ana/x"),
            ("type C:\\Users\\ana\\tax.csv", "C:\\Users\\ana\\tax.csv"),
            ("ls /Volumes/NAS", "/Volumes/NAS"),
            ("cat ~/.cargo/config.toml /home/ana/.npmrc", ""),
            (
                "ls /Users/ana/Library/Caches ~/ /Users/ana /usr/bin /tmp/x a/b",
                "",
            ),
        ] {
            assert_eq!(named_files(line).join(" "), expected, "{line}");
        }
    }
}
