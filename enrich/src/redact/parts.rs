//! Knows which columns hold a part of another one: what is masked in a file's path is masked in its
//! name and its folder, though the half of a secret there may look like nothing.

use magistrate_event::{Event, Field, Span};

/// A column whose text is a part of another column's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where the whole lies.
    pub(crate) whole: Span,
    /// Where the part lies.
    pub(crate) part: Span,
    /// How far behind the whole's beginning the part begins there.
    pub(crate) offset: usize,
}

impl Part {
    /// Where the bytes of the part lie that stand at `span` in the whole.
    pub(crate) fn mirrored(&self, span: Span) -> Option<Span> {
        let begin = self.whole.start() + self.offset;
        let start = span.start().max(begin);
        let end = span.end().min(begin + self.part.len());
        let is_inside = self.whole.holds(span) && start < end;
        let moved = |at: usize| at - begin + self.part.start();
        is_inside
            .then(|| Span::new(moved(start), moved(end)).ok())
            .flatten()
    }
}

/// The parts of `event`.
pub(crate) fn parts(event: &Event) -> Vec<Part> {
    let text = |field| {
        event
            .value(field)
            .and_then(magistrate_event::Value::as_text)
    };
    let Some(path) = text(Field::FilePath) else {
        return Vec::new();
    };
    let whole = event.resolve(path);
    let place = |text: magistrate_event::Text| Span::new(text.start(), text.end()).ok();
    let part = |field, offset: fn(&str, &str) -> Option<usize>| {
        let part = text(field)?;
        Some(Part {
            whole: place(path)?,
            part: place(part)?,
            offset: offset(whole, event.resolve(part))?,
        })
    };
    let name = part(Field::FileName, |whole, name| {
        Some(whole.strip_suffix(name)?.len())
    });
    let folder = part(Field::FileParent, |whole, folder| {
        whole.starts_with(folder).then_some(0)
    });
    name.into_iter().chain(folder).collect()
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn a_stretch_of_a_path_lies_in_its_parts() {
        let mut event = Event::new(Class::FileActivity, 1, Timestamp::default());
        event.set_text(Field::FilePath, "/srv/ab/cd.txt");
        event.set_text(Field::FileName, "cd.txt");
        event.set_text(Field::FileParent, "/srv/ab");
        let parts = parts(&event);
        let at = event.buffer().find("/srv/ab/cd.txt").unwrap();
        let shown = |from: usize, to: usize| -> Vec<&str> {
            let span = Span::new(at + from, at + to).unwrap();
            let spans = parts.iter().filter_map(|part| part.mirrored(span));
            spans
                .map(|span| event.buffer().get(span.start()..span.end()).unwrap())
                .collect()
        };
        assert_eq!(shown(5, 10), ["cd", "ab"]);
        assert_eq!(shown(8, 14), ["cd.txt"]);
        assert_eq!(shown(1, 4), ["srv"]);
        assert_eq!(shown(7, 8), [""; 0]);
    }
}
