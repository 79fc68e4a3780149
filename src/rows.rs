//! Stored rows of a data folder: those of the lake's files, and those that are not in them yet.

use std::collections::HashSet;
use std::ops::ControlFlow;

use magistrate_event::{Event, EventUid};
use magistrate_sinks::lake::{self, Query};

use crate::config::Config;
use crate::exit::tell;

/// The rows of one folder.
pub(crate) struct Rows<'a> {
    pub(crate) config: &'a Config,
    /// Rows that may not be in the lake's files yet.
    pub(crate) rest: Vec<(EventUid, Event)>,
}

impl Rows<'_> {
    /// The rows that `query` asks for, each once, at most about `most` of them.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub(crate) fn read(
        &self,
        query: &Query,
        most: usize,
    ) -> anyhow::Result<Vec<(EventUid, Event)>> {
        self.read_such(query, most, |_| true)
    }

    /// The same of those rows alone of which `is_such` says so.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub(crate) fn read_such(
        &self,
        query: &Query,
        most: usize,
        is_such: impl Fn(&Event) -> bool,
    ) -> anyhow::Result<Vec<(EventUid, Event)>> {
        let mut seen = HashSet::new();
        let is_asked_for = |event: &Event| {
            let text = |field| event.text(field);
            let is_asked_for = query.texts.ask_for(&query.fields, &text);
            is_asked_for && query.classes.contains(&event.class()) && is_such(event)
        };
        let rest = self.rest.iter();
        let rest = rest.filter(|(uid, event)| is_asked_for(event) && seen.insert(*uid));
        let mut rows: Vec<_> = rest.take(most).cloned().collect();
        let unread = lake::read(&self.config.lake, &self.config.data, query, |row| {
            if is_such(&row.event) && seen.insert(row.uid) {
                rows.push((row.uid, row.event));
            }
            if rows.len() < most {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        for one in unread {
            let path = one.path.display();
            tell(&format!(
                "cannot read `{path}`: {}; its rows are left out",
                one.source
            ));
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Field, Timestamp};

    use super::*;

    #[test]
    fn what_is_in_no_file_yet_is_found_by_the_same_question_and_once() {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::SessionUid, "s");
        let uid = EventUid::from_bytes([7; 16]);
        let mut other = event.clone();
        other.set_text(Field::SessionUid, "t");
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lake")).unwrap();
        let config = Config {
            data: folder.path().to_owned(),
            ..Config::default()
        };
        let rest = vec![
            (uid, event.clone()),
            (uid, event),
            (EventUid::from_bytes([8; 16]), other),
        ];
        let rows = Rows {
            config: &config,
            rest,
        };
        let query = |class, fields: &[Field]| Query {
            classes: vec![class],
            fields: fields.to_vec(),
            texts: vec!["s".to_owned()].into(),
            since: Timestamp::default(),
            until: None,
        };
        let found = |class, fields: &[Field]| {
            let rows = rows.read(&query(class, fields), 9).unwrap();
            rows.len()
        };
        assert_eq!(found(Class::ApiActivity, &[Field::SessionUid]), 1);
        assert_eq!(found(Class::ApiActivity, &[]), 2);
        assert_eq!(found(Class::Span, &[Field::SessionUid]), 0);
        assert_eq!(found(Class::ApiActivity, &[Field::UserEmail]), 0);
    }
}
