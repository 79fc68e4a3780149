//! The names of what an event holds, by short hashes that are compared instead.

use std::sync::LazyLock;

use magistrate_event::{Event, Field};

use crate::normalize::EXACT_TIMES;

/// What this program adds of its own is no attribute of the client's.
const OWN: &str = "magistrate.redact";

/// The tags of columns, by number; none of those that are this program's own.
static COLUMNS: LazyLock<Vec<Option<u32>>> = LazyLock::new(|| {
    let mut tags = Vec::new();
    for field in Field::ALL {
        let at = usize::from(u16::from(*field));
        if tags.len() <= at {
            tags.resize(at + 1, None);
        }
        if let Some(place) = tags.get_mut(at).filter(|_| !field.path().starts_with(OWN)) {
            *place = Some(tag(field.path()));
        }
    }
    tags
});

/// A short hash of a text.
pub(super) fn tag(text: &str) -> u32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    (hash >> 32) as u32
}

/// Gives `tags` the tags of what `event` holds.
pub(super) fn tags_of(event: &Event, tags: &mut Vec<u32>) {
    let columns = &*COLUMNS;
    tags.clear();
    tags.extend(event.cells().filter_map(|(field, _)| {
        let known = columns.get(usize::from(u16::from(field)))?;
        *known
    }));
    tags.extend(others(event).map(tag));
}

/// The name of the attribute at `at`, of those that [`tags_of`] gives.
pub(super) fn name_of(event: &Event, at: usize) -> &str {
    let columns = event
        .cells()
        .map(|(field, _)| field.path())
        .filter(|path| !path.starts_with(OWN));
    columns.chain(others(event)).nth(at).unwrap_or_default()
}

/// What has no column, but for the digits of times that a column cannot hold.
fn others(event: &Event) -> impl Iterator<Item = &str> {
    let names = event.unmapped().map(|(name, _)| name);
    names.filter(|name| !EXACT_TIMES.contains(name))
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp, Value};

    use super::*;

    #[test]
    fn every_attribute_has_its_name_and_its_tag() {
        let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        event.set_text(Field::UserEmail, "ana@example.com");
        event.set(Field::Redacted, Value::List(Vec::new()));
        event.set_text(Field::SessionUid, "s1");
        event.keep_text(EXACT_TIMES[0], "1800000000000000001");
        event.keep_text("server_scope", "user");
        let mut tags = vec![7];
        tags_of(&event, &mut tags);
        let names: Vec<_> = (0..4).map(|at| name_of(&event, at)).collect();
        let paths = [Field::UserEmail.path(), Field::SessionUid.path()];
        assert_eq!(names, [paths[0], paths[1], "server_scope", ""]);
        assert_eq!(tags, [tag(names[0]), tag(names[1]), tag(names[2])]);
    }
}
