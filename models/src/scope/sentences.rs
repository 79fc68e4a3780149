//! Cuts a task into sentences.

/// No more of them are compared by themselves.
const MAX_SENTENCES: usize = 24;

/// The parts of a task between line ends, full stops, semicolons, question and exclamation marks; the
/// task if there are none.
pub(super) fn sentences(task: &str) -> Vec<&str> {
    let (mut found, mut start) = (Vec::new(), 0);
    let mut letters = task.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().copied();
        let end = match (letter, next) {
            ('\n' | ';' | '?' | '!', _) => at + letter.len_utf8(),
            // A full stop ends a part only before a blank, which goes with it.
            ('.', Some((blank, letter))) if letter.is_whitespace() => {
                letters.next();
                blank + letter.len_utf8()
            }
            (_, _) => continue,
        };
        found.push(task.get(start..at).unwrap_or_default());
        start = end;
    }
    found.push(task.get(start..).unwrap_or_default());
    let parts = found
        .into_iter()
        .map(str::trim)
        .filter(|part| part.chars().count() > 3);
    let parts: Vec<&str> = parts.take(MAX_SENTENCES).collect();
    if parts.is_empty() { vec![task] } else { parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_cut_into_sentences() {
        assert_eq!(
            sentences("Look it up.\nThen pay 3.50. ok; done now?"),
            ["Look it up", "Then pay 3.50", "done now"]
        );
        assert_eq!(sentences("a. b"), ["a. b"]);
    }
}
