//! Takes a command line apart into simple commands, as far as its words tell: what it would do again.

use super::key::Tag;
use crate::detect::walk;

/// Simple commands of one line.
const MAX_COMMANDS: usize = 16;
/// Words of one line.
const MAX_WORDS: usize = 256;
/// Shells in shells.
const MAX_DEPTH: u8 = 2;

/// Programs that run what is given to them in quotes.
const SHELLS: [&str; 5] = ["sh", "bash", "zsh", "dash", "ksh"];
/// Programs that do nothing which anybody refuses.
const IDLE: [&str; 7] = ["cd", "echo", "pwd", "export", "set", "sleep", "true"];
/// Programs that only shorten what others print.
const PRINTERS: [&str; 7] = ["head", "tail", "less", "more", "wc", "sort", "grep"];
/// Programs that show what is in a file.
const READERS: [&str; 13] = [
    "cat", "head", "tail", "less", "more", "grep", "egrep", "rg", "strings", "xxd", "od", "base64",
    "type",
];
/// Programs that do not look into the files that they are given.
const BLIND: [&str; 13] = [
    "ls", "stat", "test", "[", "find", "tree", "du", "rm", "touch", "mkdir", "chmod", "chown",
    "git",
];
/// Programs that write files.
const WRITERS: [&str; 9] = [
    "tee", "cp", "mv", "dd", "install", "truncate", "ln", "rsync", "patch",
];
/// Programs that write files if they are told to by an option, and its letters.
const EDITORS: [(&str, &[char]); 7] = [
    ("sed", &['i']),
    ("perl", &['i', 'e']),
    ("ruby", &['i', 'e']),
    ("python", &['c']),
    ("python3", &['c']),
    ("node", &['e']),
    ("awk", &['i']),
];

/// One simple command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Simple<'a> {
    /// The program's name without its folder.
    pub(super) program: &'a str,
    /// Its words, without the quotes around them.
    pub(super) words: Vec<&'a str>,
    is_piped: bool,
}

/// The simple commands of `line`, those in the quotes of a shell's `-c` last.
pub(super) fn simple(line: &str) -> Vec<Simple<'_>> {
    let mut found = Vec::new();
    take_apart(line, 0, &mut found);
    found
}

fn take_apart<'a>(line: &'a str, depth: u8, found: &mut Vec<Simple<'a>>) {
    let (mut last, mut count) = (None, 0);
    let mut inner = Vec::new();
    walk(line, |word| {
        if last != Some(word.command) {
            last = Some(word.command);
            found.push(Simple {
                is_piped: word.is_piped,
                ..Simple::default()
            });
        }
        let Some(one) = found.last_mut() else {
            return false;
        };
        one.program = word.program.rsplit('/').next().unwrap_or_default();
        if !word.is_program {
            let is_script = SHELLS.contains(&one.program)
                && one.words.last().is_some_and(|last| is_option(last, &['c']));
            inner.extend(is_script.then_some(word.text));
            one.words.push(word.text);
        }
        count += 1;
        count < MAX_WORDS && found.len() < MAX_COMMANDS
    });
    for script in inner.into_iter().filter(|_| depth < MAX_DEPTH) {
        take_apart(script, depth + 1, found);
    }
}

impl Simple<'_> {
    /// What it does, apart from how: the program and its words without options, and how many options it
    /// has. None where it does nothing of its own.
    pub(super) fn gist(&self) -> Option<(Tag, u8)> {
        let is_shell =
            SHELLS.contains(&self.program) && self.words.iter().any(|word| is_option(word, &['c']));
        let is_idle = IDLE.contains(&self.program)
            || self.is_piped && PRINTERS.contains(&self.program)
            // What is left of `2>&1`.
            || self.program.bytes().all(|byte| byte.is_ascii_digit());
        if is_shell || is_idle {
            return None;
        }
        let mut gist = self.program.to_owned();
        let mut options = 0_u8;
        for word in &self.words {
            let word = match word.split_once('>') {
                Some((before, target)) if before.bytes().all(|byte| byte.is_ascii_digit()) => {
                    target.trim_start_matches('>')
                }
                Some(_) | None => word,
            };
            if word.len() > 1 && word.starts_with('-') {
                options = options.saturating_add(1);
            } else if !word.is_empty() && word != "/dev/null" {
                gist.push(' ');
                gist.push_str(word);
            }
        }
        Some((Tag::of(&gist), options))
    }

    /// Whether it does nothing but show what is in files.
    pub(super) fn only_reads(&self) -> bool {
        READERS.contains(&self.program) && !self.redirects()
    }

    /// Whether what is in the files that it names may come out.
    pub(super) fn may_read(&self) -> bool {
        !BLIND.contains(&self.program)
    }

    /// Whether it may write the files that it names.
    pub(super) fn may_write(&self) -> bool {
        let is_told = |letters: &[char]| {
            let mut words = self.words.iter();
            words.any(|word| is_option(word, letters) || word.contains("<<"))
        };
        let mut editors = EDITORS.iter();
        WRITERS.contains(&self.program)
            || editors.any(|(program, letters)| *program == self.program && is_told(letters))
            || self.redirects()
    }

    /// Whether what it prints goes into a file.
    fn redirects(&self) -> bool {
        let mut words = self.words.iter().peekable();
        while let Some(word) = words.next() {
            let Some((_, target)) = word.rsplit_once('>') else {
                continue;
            };
            let target = match target {
                "" => words.peek().copied().copied().unwrap_or_default(),
                target => target,
            };
            if !target.is_empty() && target != "/dev/null" {
                return true;
            }
        }
        false
    }
}

/// Whether `word` is a short option with one of `letters`.
fn is_option(word: &str, letters: &[char]) -> bool {
    let letters_of_word = word.strip_prefix('-').unwrap_or_default();
    !letters_of_word.starts_with('-') && letters_of_word.contains(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gists(line: &str) -> Vec<(Tag, u8)> {
        simple(line).iter().filter_map(Simple::gist).collect()
    }

    #[test]
    fn a_command_is_the_same_in_another_dress() {
        for line in [
            "make deploy",
            "cd app && make deploy",
            "sh -c 'make deploy'",
            "sudo make deploy 2>&1 | tail -5",
            "/usr/bin/make deploy > /dev/null",
            "echo now; bash -lc \"make deploy\"",
        ] {
            assert_eq!(gists(line), [(Tag::of("make deploy"), 0)], "{line}");
        }
        assert_eq!(gists("rm -r drafts"), gists("rm -rf drafts"));
        assert_eq!(
            gists("git push -f origin main"),
            gists("git push --force origin main")
        );
        assert_ne!(
            gists("git push origin main"),
            gists("git push -f origin main")
        );
        assert_eq!(gists("cd app; echo done"), []);
    }

    #[test]
    fn what_is_done_with_a_file_is_told_by_the_program() {
        for (line, reads, writes) in [
            ("cat a.txt", true, false),
            ("cat > a.txt", true, true),
            ("cat a.txt >/dev/null 2>&1", true, false),
            ("ls a.txt", false, false),
            ("cp a.txt b.txt", true, true),
            ("sed -n 1p a.txt", true, false),
            ("sed -i s/a/b/ a.txt", true, true),
            ("python3 -c \"open('a.txt','w')\"", true, true),
            ("git add a.txt", false, false),
        ] {
            let found = simple(line);
            let first = found.first().unwrap();
            assert_eq!(
                (first.may_read(), first.may_write()),
                (reads, writes),
                "{line}"
            );
        }
    }
}
