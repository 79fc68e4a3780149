//! Tells which programs a command line starts, as far as its words tell.

/// More programs than this in one line are not told apart.
const MAX_PROGRAMS: usize = 16;
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
    let mut end = line.len().min(MAX_LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = line.get(..end).unwrap_or_default();
    let mut is_first = true;
    let mut is_open = false;
    while found.len() < MAX_PROGRAMS {
        rest = rest.trim_start_matches([' ', '\t']);
        let Some(next) = rest.chars().next() else {
            break;
        };
        if is_separator(next) {
            is_open = if next == '`' { !is_open } else { is_open };
            is_first = !matches!(next, ')' | '}') && (next != '`' || is_open);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
            continue;
        }
        let word = word(rest);
        rest = rest.get(word.len().max(1)..).unwrap_or_default();
        if !is_first {
            continue;
        }
        let bare = word.trim_matches(['"', '\'']);
        is_first = is_assignment(bare) || PREFIXES.contains(&bare) || bare.starts_with('-');
        if !is_assignment(bare) && !bare.starts_with('-') && !bare.is_empty() {
            found.push(bare);
        }
    }
    found
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
