//! Takes a command line apart into its simple commands.

use std::borrow::Cow;

use crate::detect::programs::walk;

/// Simple commands of one line, and words of all of them; more are not told apart.
const MAX_COMMANDS: usize = 32;
const MAX_WORDS: usize = 512;

/// One simple command.
#[derive(Debug, Clone)]
pub(super) struct Command<'a> {
    /// The last part of the program's path, in small letters, without `.exe`.
    pub(super) program: Cow<'a, str>,
    pub(super) args: Vec<&'a str>,
    /// Whether it reads a pipe, a file or a text of the line.
    pub(super) is_fed: bool,
    /// Whether another command's output stands among its words.
    pub(super) is_made: bool,
}

impl Command<'_> {
    pub(super) fn has(&self, word: &str) -> bool {
        self.args.contains(&word)
    }

    /// The words that are no options.
    pub(super) fn plain(&self) -> impl DoubleEndedIterator<Item = &str> {
        let args = self.args.iter().copied();
        args.filter(|arg| !arg.starts_with(['-', '<']))
    }

    /// The words that are no values of `options`.
    pub(super) fn args_but(&self, options: &[&str]) -> impl Iterator<Item = &str> {
        let before = [""].into_iter().chain(self.args.iter().copied());
        let words = before.zip(self.args.iter().copied());
        words.filter_map(|(before, arg)| (!options.contains(&before)).then_some(arg))
    }

    /// Whether one of `letters` stands behind a single hyphen.
    pub(super) fn has_letter(&self, letters: &[char]) -> bool {
        self.args.iter().any(|arg| {
            let letters_of = arg.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
            letters_of.is_some_and(|rest| rest.contains(letters))
        })
    }
}

/// The simple commands of a line.
pub(super) fn commands(line: &str) -> Vec<Command<'_>> {
    let mut found: Vec<(usize, Command<'_>)> = Vec::new();
    let mut words = 0;
    walk(line, |word| {
        words += 1;
        let outer = word.inside.and_then(|outer| position(&found, outer));
        if let Some((_, outer)) = outer.and_then(|at| found.get_mut(at)) {
            outer.is_made = true;
        }
        let at = position(&found, word.command);
        let at = at.unwrap_or_else(|| {
            found.push((word.command, begun(word.is_piped)));
            found.len() - 1
        });
        if let Some((_, command)) = found.get_mut(at) {
            take(command, word.text, word.is_program);
        }
        found.len() <= MAX_COMMANDS && words < MAX_WORDS
    });
    found.into_iter().map(|(_, command)| command).collect()
}

/// Where the command of that number stands.
fn position(found: &[(usize, Command<'_>)], number: usize) -> Option<usize> {
    found.iter().position(|(known, _)| *known == number)
}

const fn begun<'a>(is_piped: bool) -> Command<'a> {
    Command {
        program: Cow::Borrowed(""),
        args: Vec::new(),
        is_fed: is_piped,
        is_made: false,
    }
}

fn take<'a>(command: &mut Command<'a>, text: &'a str, is_program: bool) {
    if is_program {
        command.program = base(text);
        return;
    }
    command.is_fed |= text.starts_with('<') || text == "0<";
    command.is_made |= text.contains("$(") || text.contains('`');
    command.args.push(text);
}

/// A program's own name.
pub(super) fn base(program: &str) -> Cow<'_, str> {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}
