//! Knows which columns hold a part of another one: what is masked in a file's path or a URL is masked
//! in their parts, where half of a secret may look like nothing.

use magistrate_event::{Event, Field, Span, Text, Value};

/// A column whose text is a part of another column's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where the stretch lies that it was made of.
    pub(crate) whole: Span,
    /// Where the part lies.
    pub(crate) part: Span,
    pub(crate) likeness: Likeness,
}

/// How a part is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// As it is, or in other letters of the same length, from so many bytes behind the whole's
    /// beginning on.
    Same(usize),
    /// In another way: nobody knows which bytes of it are masked.
    Other,
}

impl Part {
    /// Where the bytes of the part lie that stand at `span` in the whole.
    pub(crate) fn mirrored(&self, span: Span) -> Option<Span> {
        let offset = match self.likeness {
            Likeness::Same(offset) => offset,
            Likeness::Other => {
                let meets = span.start() < self.whole.end() && self.whole.start() < span.end();
                return meets.then_some(self.part);
            }
        };
        let begin = self.whole.start() + offset;
        let start = span.start().max(begin);
        let end = span.end().min(begin + self.part.len());
        let moved = |at: usize| at - begin + self.part.start();
        (start < end)
            .then(|| Span::new(moved(start), moved(end)).ok())
            .flatten()
    }
}

/// The parts of `event`.
pub(crate) fn parts(event: &Event) -> Vec<Part> {
    let mut parts = Vec::new();
    let text = |field| event.value(field).and_then(Value::as_text);
    let mut add = |whole: Text, field, place: &dyn Fn(&str, &str) -> Option<usize>| {
        let part = text(field)?;
        let at = place(event.resolve(whole), event.resolve(part))?;
        parts.push(Part {
            whole: span_of(whole)?,
            part: span_of(part)?,
            likeness: Likeness::Same(at),
        });
        Some(())
    };
    if let Some(path) = text(Field::FilePath) {
        add(path, Field::FileName, &at_end);
        add(path, Field::FileParent, &|whole, folder| {
            whole.starts_with(folder).then_some(0)
        });
    }
    if let Some(name) = text(Field::FileName) {
        add(name, Field::FileExt, &at_end);
    }
    if let Some(url) = text(Field::UrlString) {
        parts.extend(url_parts(event, url));
    }
    parts
}

/// Where `part` begins in `whole`, if that ends in it.
fn at_end(whole: &str, part: &str) -> Option<usize> {
    let at = whole.len().checked_sub(part.len())?;
    whole.get(at..)?.eq_ignore_ascii_case(part).then_some(at)
}

/// The parts of a URL: host and domains come from what names the host in it, path and query from what
/// follows.
fn url_parts(event: &Event, url: Text) -> Vec<Part> {
    const HOSTS: [Field; 4] = [
        Field::UrlHostname,
        Field::DstHostname,
        Field::UrlDomain,
        Field::DestinationDomain,
    ];
    const REST: [Field; 2] = [Field::UrlPath, Field::UrlQuery];
    let text = event.resolve(url);
    let authority = text.find("://").map_or(0, |at| at + 3);
    let after = text.get(authority..).unwrap_or_default();
    let rest = authority + after.find(['/', '?', '#']).unwrap_or(after.len());
    let named = text.get(authority..rest).unwrap_or_default();
    let host = authority + named.rfind('@').map_or(0, |at| at + 1);
    let within = |from: usize, to: usize, field: &Field| {
        let part = event.value(*field).and_then(Value::as_text)?;
        let here = text.get(from..to)?.to_ascii_lowercase();
        let found = here.find(&event.resolve(part).to_ascii_lowercase());
        Some(Part {
            whole: Span::new(url.start() + from, url.start() + to).ok()?,
            part: span_of(part)?,
            likeness: found.map_or(Likeness::Other, Likeness::Same),
        })
    };
    let hosts = HOSTS.iter().filter_map(|field| within(host, rest, field));
    let others = REST.iter();
    let others = others.filter_map(|field| within(rest, text.len(), field));
    hosts.chain(others).collect()
}

fn span_of(text: Text) -> Option<Span> {
    Span::new(text.start(), text.end()).ok()
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

    #[test]
    fn a_stretch_of_a_url_lies_in_its_parts_however_they_are_written() {
        let mut event = Event::new(Class::FileActivity, 1, Timestamp::default());
        let url = "https://me:pw@%41b.Example.com/a%20b?c=d\ne";
        event.set_text(Field::UrlString, url);
        event.set_text(Field::UrlHostname, "ab.example.com");
        event.set_text(Field::UrlDomain, "example.com");
        event.set_text(Field::UrlPath, "/a%20b");
        event.set_text(Field::UrlQuery, "c=de");
        let parts = parts(&event);
        let begin = event.buffer().find(url).unwrap();
        let shown = |secret: &str| -> Vec<&str> {
            let at = begin + url.find(secret).unwrap();
            let span = Span::new(at, at + secret.len()).unwrap();
            let spans = parts.iter().filter_map(|part| part.mirrored(span));
            spans
                .map(|span| event.buffer().get(span.start()..span.end()).unwrap())
                .collect()
        };
        assert_eq!(shown("pw"), [""; 0], "the host stays for policies");
        assert_eq!(shown("%41b"), ["ab.example.com"]);
        assert_eq!(shown("Example"), ["ab.example.com", "example"]);
        assert_eq!(shown("%20b?"), ["%20b", "c=de"]);
        assert_eq!(shown("/a"), ["/a", "c=de"]);
    }
}
