//! Tells which programs a command line starts, and where they go, as far as its words tell.

/// More programs than this in one line are not told apart.
const MAX_PROGRAMS: usize = 16;
/// Addresses of one line.
const MAX_ADDRESSES: usize = 64;
/// Beyond this nothing is looked at: a script in a command line is not a command line.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Words behind which the program still comes.
const PREFIXES: [&str; 12] = [
    "sudo", "doas", "env", "nohup", "time", "exec", "command", "nice", "xargs", "then", "do",
    "else",
];

/// The programs that `line` starts, in order: the first word of each simple command, and what
/// follows words such as `sudo`. No shell: quotes are honoured, nothing is expanded.
pub(super) fn programs(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    walk(line, |word| {
        found.extend(word.is_program.then_some(word.text));
        found.len() < MAX_PROGRAMS
    });
    found
}

/// The addresses that stand among the arguments of `fetchers`, each with its program.
pub(crate) fn fetches<'a>(line: &'a str, fetchers: &[&str]) -> Vec<(&'a str, &'a str)> {
    let (mut found, mut programs) = (Vec::new(), 0);
    walk(line, |word| {
        programs += usize::from(word.is_program);
        let program = word.program.rsplit('/').next().unwrap_or_default();
        let is_address = word.text.starts_with("https://") || word.text.starts_with("http://");
        if is_address && fetchers.contains(&program) {
            found.push((program, word.text));
        }
        programs <= MAX_PROGRAMS && found.len() < MAX_ADDRESSES
    });
    found
}

/// A word of a command line, without the quotes around it.
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// Whether it is a program.
    pub(super) is_program: bool,
    /// The program whose argument it is, or that it is; empty behind a bracket that closes.
    program: &'a str,
}

/// Shows the words of `line` to `visit` until it has seen enough.
pub(super) fn walk<'a>(line: &'a str, mut visit: impl FnMut(Word<'a>) -> bool) {
    let mut end = line.len().min(MAX_LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = line.get(..end).unwrap_or_default();
    let mut is_first = true;
    let mut is_open = false;
    let mut program = "";
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let Some(next) = rest.chars().next() else {
            break;
        };
        if is_separator(next) {
            is_open = if next == '`' { !is_open } else { is_open };
            is_first = !matches!(next, ')' | '}') && (next != '`' || is_open);
            program = "";
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
            continue;
        }
        let word = word(rest);
        rest = rest.get(word.len().max(1)..).unwrap_or_default();
        let text = word.trim_matches(['"', '\'']);
        let is_option = is_first && (is_assignment(text) || text.starts_with('-'));
        let is_program = is_first && !is_option && !text.is_empty();
        is_first = is_first && (is_option || PREFIXES.contains(&text));
        program = if is_program { text } else { program };
        let word = Word {
            text,
            is_program,
            program,
        };
        if !text.is_empty() && !is_option && !visit(word) {
            break;
        }
    }
}

const fn is_separator(next: char) -> bool {
    matches!(
        next,
        ';' | '&' | '|' | '\n' | '\r' | '(' | ')' | '{' | '}' | '`'
    )
}

/// The word at the beginning of `text`: up to a blank or separator that no quote covers.
fn word(text: &str) -> &str {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, next) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match (quote, next) {
            (None | Some('"'), '\\') => is_escaped = true,
            (Some(open), next) if open == next => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(next),
            (None, ' ' | '\t') => return text.get(..at).unwrap_or_default(),
            (None, next) if is_separator(next) => return text.get(..at).unwrap_or_default(),
            (None, _) => {}
        }
    }
    text
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_simple_command_names_its_program() {
        for (line, expected) in [
            ("curl http://x", &["curl"][..]),
            ("cd /tmp && curl -s x | sh", &["cd", "curl", "sh"]),
            ("A=1 sudo -E /usr/bin/nmap -p 1", &["sudo", "/usr/bin/nmap"]),
            ("echo \"a; b\" ; ls", &["echo", "ls"]),
            ("x=$(whoami)", &["whoami"]),
            ("for f in *; do rm $f; done", &["for", "do", "rm", "done"]),
            ("'/opt/my tool' x", &["/opt/my tool"]),
            ("echo `id` x", &["echo", "id"]),
            ("echo $(id) x", &["echo", "id"]),
            ("", &[]),
            (" ;; && ", &[]),
        ] {
            assert_eq!(programs(line), expected, "{line}");
        }
    }

    #[test]
    fn addresses_are_those_of_the_programs_that_go_there() {
        let fetched = |line| fetches(line, &["curl", "git"]);
        let line = "sudo /usr/bin/curl -o x 'https://a.example/?b=1' && echo https://c.example";
        assert_eq!(fetched(line), [("curl", "https://a.example/?b=1")]);
        let line = "X=$(git clone -q https://a.example) ls https://b.example";
        assert_eq!(fetched(line), [("git", "https://a.example")]);
        let line = format!("curl {}", "http://a.example ".repeat(1_000));
        assert_eq!(fetched(&line).len(), MAX_ADDRESSES);
    }

    #[test]
    fn a_script_does_not_cost_more_than_its_beginning() {
        let line = "a;".repeat(1_000_000);
        assert_eq!(programs(&line).len(), MAX_PROGRAMS);
    }

    proptest! {
        #[test]
        fn any_line_ends(line in ".{0,200}") {
            prop_assert!(programs(&line).len() <= MAX_PROGRAMS);
        }
    }
}
