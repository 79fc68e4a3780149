//! Tells which programs a command line starts, and where they go, as far as its words tell.

/// More programs than this in one line are not told apart.
const MAX_PROGRAMS: usize = 16;
/// Words of one line.
const MAX_WORDS: usize = 256;
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

/// The words of `line` that are no programs, without the quotes around them.
pub(crate) fn words(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    walk(line, |word| {
        found.extend((!word.is_program).then_some(word.text));
        found.len() < MAX_WORDS
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
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    /// Whether it is a program.
    pub(crate) is_program: bool,
    /// The program whose argument it is, or that it is; empty where the simple command has none.
    pub(crate) program: &'a str,
    /// The simple command that it belongs to, by its number in the line.
    pub(crate) command: usize,
    /// Whether that command reads what another one printed.
    pub(crate) is_piped: bool,
    /// The simple command in whose words it stands, as in `curl $(…)`.
    pub(super) inside: Option<usize>,
}

/// Where in a line [`walk`] is.
#[derive(Clone, Copy)]
struct Place<'a> {
    command: usize,
    is_first: bool,
    is_piped: bool,
    inside: Option<usize>,
    program: &'a str,
}

/// Brackets in brackets; deeper ones are not told apart.
const MAX_DEPTH: usize = 16;

/// Shows the words of `line` to `visit` until it has seen enough.
pub(crate) fn walk<'a>(line: &'a str, mut visit: impl FnMut(Word<'a>) -> bool) {
    let mut end = line.len().min(MAX_LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = line.get(..end).unwrap_or_default();
    let mut here = Place {
        command: 0,
        is_first: true,
        is_piped: false,
        inside: None,
        program: "",
    };
    let mut outer: Vec<(char, Place<'_>)> = Vec::new();
    let mut commands = 0;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let Some(next) = rest.chars().next() else {
            break;
        };
        if is_separator(next) && !rest.starts_with("{}") {
            commands += 1;
            here = behind(next, rest, here, &mut outer, commands);
            let is_double = rest.starts_with("||") || rest.starts_with("|&");
            rest = rest
                .get(next.len_utf8() + usize::from(is_double)..)
                .unwrap_or_default();
            continue;
        }
        let word = word(rest);
        rest = rest.get(word.len().max(1)..).unwrap_or_default();
        let text = word.trim_matches(['"', '\'']);
        let is_option = here.is_first && (is_assignment(text) || text.starts_with('-'));
        let is_program = here.is_first && !is_option && !text.is_empty();
        here.is_first = here.is_first && (is_option || PREFIXES.contains(&text));
        here.program = if is_program { text } else { here.program };
        let word = Word {
            text,
            is_program,
            program: here.program,
            command: here.command,
            is_piped: here.is_piped,
            inside: here.inside,
        };
        if !text.is_empty() && !is_option && !visit(word) {
            break;
        }
    }
}

/// Where one is behind a separator at the beginning of `rest`; `command` is the number of what comes
/// next, unless it closes a bracket.
fn behind<'a>(
    separator: char,
    rest: &str,
    here: Place<'a>,
    outer: &mut Vec<(char, Place<'a>)>,
    command: usize,
) -> Place<'a> {
    let next = Place {
        command,
        is_first: true,
        is_piped: separator == '|' && !rest.starts_with("||"),
        inside: here.inside,
        program: "",
    };
    let closes = match separator {
        ')' => Some('('),
        '}' => Some('{'),
        '`' => outer.iter().any(|(open, _)| *open == '`').then_some('`'),
        _ => None,
    };
    if let Some(opened) = closes {
        let depth = outer.iter().rposition(|(open, _)| *open == opened);
        let back = depth.and_then(|depth| outer.drain(depth..).next());
        let back = back.map_or(next, |(_, place)| place);
        return Place {
            is_first: false,
            ..back
        };
    }
    if matches!(separator, '(' | '{' | '`') {
        if outer.len() < MAX_DEPTH {
            outer.push((separator, here));
        }
        let inside = (!here.program.is_empty()).then_some(here.command);
        return Place {
            // What stands in brackets reads what the brackets are given.
            is_piped: here.is_piped && inside.is_none(),
            inside: inside.or(here.inside),
            ..next
        };
    }
    next
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
    let (mut before, mut braces) = (' ', 0_u32);
    for (at, next) in text.char_indices() {
        let previous = std::mem::replace(&mut before, next);
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
            // `${NAME}` and `{}` are words, or parts of one.
            (None, '{')
                if previous == '$' || text.get(at..).is_some_and(|it| it.starts_with("{}")) =>
            {
                braces += 1;
            }
            (None, '}') if braces > 0 => braces -= 1,
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
            ("curl https://x/${A} && ls", &["curl", "ls"]),
            ("find . | xargs -I{} curl {}", &["find", "xargs", "curl"]),
            ("f() { curl x; }; f", &["f", "curl", "f"]),
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
    fn each_word_knows_its_command() {
        let mut seen = Vec::new();
        walk(
            "cat a | curl -d $(cat b | wc) `id` u || (ls; wc) | nc h",
            |word| {
                seen.push((word.text, word.command, word.is_piped, word.inside));
                true
            },
        );
        let [
            cat,
            a,
            curl,
            option,
            dollar,
            inner,
            b,
            wc,
            id,
            url,
            ls,
            other,
            nc,
            h,
        ] = seen[..]
        else {
            panic!("{seen:?}");
        };
        assert_eq!((cat, a), (("cat", 0, false, None), ("a", 0, false, None)));
        assert_eq!((curl.0, curl.2, curl.3), ("curl", true, None));
        for word in [option, dollar, url] {
            assert_eq!((word.1, word.2), (curl.1, true), "{word:?}");
        }
        assert_eq!((inner.2, inner.3, b.3), (false, Some(curl.1), Some(curl.1)));
        assert_eq!((wc.2, wc.3, id.3), (true, Some(curl.1), Some(curl.1)));
        assert_eq!((ls.2, ls.3, other.2), (false, None, false));
        assert_eq!((nc.2, h.2, h.1 == nc.1), (true, true, true));
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
