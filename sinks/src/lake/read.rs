//! Reads rows of the lake back as events.

mod cells;

use std::collections::HashSet;
use std::fmt::{self, Debug, Formatter};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray as _, BooleanArray, RecordBatch};
use magistrate_event::{Class, Event, EventUid, Field, Timestamp};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use parquet::errors::ParquetError;

use super::find::{Unread, column, files};
use super::folder::Folder;
use super::key::Key;
use super::{Config, LakeError};

/// Rows in memory at once: one may have megabytes.
const ROWS: usize = 256;

/// Rows that are asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// The tables to look in.
    pub classes: Vec<Class>,
    /// The columns of text to look at; without any, every row is asked for.
    pub fields: Vec<Field>,
    /// What these columns say.
    pub texts: Texts,
    /// Rows of an earlier day than this time's are not asked for.
    pub since: Timestamp,
    /// Nor are those of a later day than this time's, if there is one.
    pub until: Option<Timestamp>,
}

/// What the columns say of a row that is asked for.
#[derive(Clone)]
pub enum Texts {
    /// One of them has one of these values.
    OneOf(HashSet<String>),
    /// This says so, shown what each of them has.
    Such(Test),
}

/// Says whether a row is asked for, by the text that it has in a column.
type Test = Arc<dyn for<'a> Fn(&dyn Fn(Field) -> Option<&'a str>) -> bool + Send + Sync>;

impl Texts {
    /// What `test` says, shown what each column has.
    pub fn such(
        test: impl for<'a> Fn(&dyn Fn(Field) -> Option<&'a str>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::Such(Arc::new(test))
    }

    /// Whether a row that has this `text` in one of `fields` is asked for; without fields, every row is.
    pub fn ask_for<'a>(&self, fields: &[Field], text: &dyn Fn(Field) -> Option<&'a str>) -> bool {
        if fields.is_empty() {
            return true;
        }
        match self {
            Self::OneOf(values) => {
                let mut texts = fields.iter().filter_map(|field| text(*field));
                texts.any(|text| values.contains(text))
            }
            Self::Such(test) => test(text),
        }
    }
}

impl From<Vec<String>> for Texts {
    fn from(values: Vec<String>) -> Self {
        Self::OneOf(values.into_iter().collect())
    }
}

impl Debug for Texts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneOf(values) => f.debug_tuple("OneOf").field(values).finish(),
            Self::Such(_) => f.write_str("Such(..)"),
        }
    }
}

/// A row, read back.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its id.
    pub uid: EventUid,
    /// The event.
    pub event: Event,
}

/// Hands out the rows that `query` asks for, newest files first, until `take` breaks; returns the
/// files that could not be read.
///
/// Reads encrypted files with the configured key. May run while another process writes the lake.
///
/// # Errors
/// When the key cannot be used or the folder cannot be listed.
pub fn read(
    config: &Config,
    data_dir: &Path,
    query: &Query,
    mut take: impl FnMut(StoredEvent) -> ControlFlow<()>,
) -> Result<Vec<Unread>, LakeError> {
    let mut unread = Vec::new();
    for part in parts(data_dir, query)? {
        match read_part(config, &part, query, &mut take)? {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => break,
            Err(one) => unread.push(one),
        }
    }
    Ok(unread)
}

/// One file of the lake.
#[derive(Debug, Clone)]
pub struct Part {
    class: Class,
    path: PathBuf,
    day: String,
    bytes: u64,
}

impl Part {
    /// The UTC day of its rows, `YYYYMMDD`.
    pub fn day(&self) -> &str {
        &self.day
    }

    /// Its size on disk.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// The UTC day of `time`, as folders of the lake are named: `YYYYMMDD`.
pub fn day_of(time: Timestamp) -> String {
    let date = time.to_rfc3339();
    date.chars().take(10).filter(char::is_ascii_digit).collect()
}

/// The files that may hold rows that `query` asks for, newest first.
///
/// # Errors
/// When the folder cannot be listed.
pub fn parts(data_dir: &Path, query: &Query) -> Result<Vec<Part>, LakeError> {
    let first = day_of(query.since);
    let files = files::list(&Folder::of(data_dir).lake)?.into_iter();
    let parts = files.map(|(class, path)| {
        let folder = path.parent().and_then(Path::file_name);
        let day = folder.and_then(|name| name.to_str()?.strip_prefix("eventDay="));
        Part {
            class,
            day: day.unwrap_or_default().to_owned(),
            bytes: std::fs::metadata(&path).map_or(0, |metadata| metadata.len()),
            path,
        }
    });
    // A day that cannot be told is read.
    let last = query.until.map(day_of);
    let is_over = |day: &str| {
        let is_late = || last.as_deref().is_some_and(|last| day > last);
        day.len() == first.len() && (day < first.as_str() || is_late())
    };
    let asked = parts.filter(|part| query.classes.contains(&part.class) && !is_over(&part.day));
    Ok(asked.collect())
}

/// Hands out the rows of one file that `query` asks for, until `take` breaks; none where the file is
/// of another class, or retention has taken it away.
///
/// # Errors
/// When the key cannot be used; inside, when the file cannot be read.
pub fn read_part(
    config: &Config,
    part: &Part,
    query: &Query,
    take: &mut impl FnMut(StoredEvent) -> ControlFlow<()>,
) -> Result<Result<ControlFlow<()>, Unread>, LakeError> {
    let key = config.key()?;
    if !query.classes.contains(&part.class) {
        return Ok(Ok(ControlFlow::Continue(())));
    }
    let read = read_file(&part.path, part.class, query, key.as_ref(), take);
    Ok(read.map_err(|source| Unread {
        path: part.path.clone(),
        source,
    }))
}

fn read_file(
    path: &Path,
    class: Class,
    query: &Query,
    key: Option<&Key>,
    take: &mut impl FnMut(StoredEvent) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, ParquetError> {
    let Some(mut builder) = files::open(path, key)? else {
        return Ok(ControlFlow::Continue(()));
    };
    if !query.fields.is_empty() {
        // What is asked for is looked at first; all other columns only of the rows that have it.
        let asked = query.fields.iter().map(|field| field.path());
        let mask = ProjectionMask::columns(builder.parquet_schema(), asked);
        let (fields, texts) = (query.fields.clone(), query.texts.clone());
        let predicate =
            ArrowPredicateFn::new(mask, move |batch| Ok(asked_for(&batch, &fields, &texts)));
        builder = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)]));
    }
    for batch in builder.with_batch_size(ROWS).build()? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            if let Some(event) = cells::event(&batch, row, class)
                && take(event).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// For each row, whether it is asked for by what it has in `fields`.
fn asked_for(batch: &RecordBatch, fields: &[Field], texts: &Texts) -> BooleanArray {
    let columns: Vec<_> = fields
        .iter()
        .filter_map(|field| Some((*field, column(batch, field.path())?)))
        .collect();
    let columns: Vec<_> = columns
        .iter()
        .filter_map(|(field, column)| Some((*field, column.as_string_opt::<i32>()?)))
        .collect();
    let is_asked_for = |row: usize| {
        let text = |field: Field| {
            let mut columns = columns.iter();
            let (_, cells) = columns.find(|(known, _)| *known == field)?;
            (!cells.is_null(row)).then(|| cells.value(row))
        };
        texts.ask_for(fields, &text)
    };
    (0..batch.num_rows())
        .map(|row| Some(is_asked_for(row)))
        .collect()
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Record, Redacted, Value};

    use super::*;
    use crate::lake::put;

    const NOON: i64 = 1_795_435_200_000_000;

    #[expect(clippy::disallowed_methods, reason = "stands in for the redactor")]
    fn record(number: u8, class: Class, fill: impl FnOnce(&mut Event)) -> Record {
        let time = Timestamp::from_micros(NOON + i64::from(number));
        let mut event = Event::new(class, 1, time);
        fill(&mut event);
        Record::new(
            EventUid::from_bytes([number; 16]),
            time,
            Redacted::seal(event),
        )
    }

    fn query(session: &str) -> Query {
        Query {
            classes: Class::ALL.to_vec(),
            fields: vec![Field::SessionUid],
            texts: vec![session.to_owned()].into(),
            since: Timestamp::from_micros(NOON),
            until: None,
        }
    }

    /// At most `most` rows, and how many files could not be read.
    fn found(folder: &Path, query: &Query, most: usize) -> (Vec<StoredEvent>, usize) {
        let mut events = Vec::new();
        let unread = read(&Config::default(), folder, query, |event| {
            events.push(event);
            if events.len() < most {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        (events, unread.unwrap().len())
    }

    fn lake(records: &[Record]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_micros(NOON);
        put(&Config::default(), folder.path(), records, now).unwrap();
        folder
    }

    #[test]
    fn a_row_comes_back_as_the_event_that_it_was() {
        let stored = record(1, Class::ApiActivity, |event| {
            event.set_text(Field::SessionUid, "s");
            event.set_text(Field::EventCode, "tool_result");
            event.set_int(Field::Sequence, 7);
            event.set_int(Field::StatusId, 2);
            let kind = Value::Text(event.push_text("credential.aws"));
            event.set(Field::Redacted, Value::List(vec![kind]));
            event.keep_text("missing.first", "3");
            let key = event.push_key("nested");
            let inner = event.push_key("a");
            event.keep(key, Value::Map(vec![(inner, Value::Int(5))]));
        });
        let other = record(2, Class::HttpActivity, |event| {
            event.set_text(Field::SessionUid, "t");
        });
        let folder = lake(&[stored.clone(), other]);
        let (found, unread) = found(folder.path(), &query("s"), 100);
        assert_eq!((found.len(), unread), (1, 0));
        let (back, event) = (&found[0].event, stored.event());
        assert_eq!(found[0].uid, stored.uid());
        assert_eq!(
            (back.class(), back.activity()),
            (event.class(), event.activity())
        );
        assert_eq!(back.time(), event.time());
        for field in [Field::SessionUid, Field::EventCode] {
            assert_eq!(back.text(field), event.text(field));
        }
        assert_eq!(back.int(Field::Sequence), Some(7));
        assert_eq!(back.int(Field::StatusId), Some(2));
        let unmapped = |event: &Event| {
            let mut text = String::new();
            event.push_unmapped_json(&mut text);
            text
        };
        assert_eq!(unmapped(back), unmapped(event));
        let redacted = |event: &Event| {
            let mut text = String::new();
            event.push_json(event.value(Field::Redacted).unwrap(), &mut text);
            text
        };
        assert_eq!(redacted(back), redacted(event));
    }

    #[test]
    fn rows_are_bounded_and_old_days_are_left_out() {
        let records: Vec<_> = (1..9)
            .map(|number| {
                record(number, Class::ApiActivity, |event| {
                    event.set_text(Field::SessionUid, "s");
                })
            })
            .collect();
        let folder = lake(&records);
        let count = |query: &Query, most| found(folder.path(), query, most).0.len();
        assert_eq!(count(&query("s"), 100), 8);
        assert_eq!(count(&query("s"), 3), 3);
        let all = Query {
            fields: Vec::new(),
            ..query("another")
        };
        assert_eq!(count(&all, 100), 8);
        let later = Query {
            since: Timestamp::from_micros(NOON + 86_400_000_000),
            ..query("s")
        };
        assert_eq!(count(&later, 100), 0);
        let until = |micros| Query {
            since: Timestamp::default(),
            until: Some(Timestamp::from_micros(micros)),
            ..query("s")
        };
        assert_eq!(count(&until(NOON - 86_400_000_000), 100), 0);
        assert_eq!(count(&until(NOON), 100), 8);
    }

    #[test]
    fn a_test_is_shown_all_columns_of_a_row() {
        let row = |number, class: Class, user: Option<&str>| {
            record(number, class, |event| {
                event.set_text(Field::SrcIp, "10.0.0.7");
                if let Some(user) = user {
                    event.set_text(Field::UserName, user);
                }
            })
        };
        let records = [
            row(1, Class::HttpActivity, Some("ana")),
            row(2, Class::HttpActivity, Some("bob")),
            row(3, Class::HttpActivity, None),
            row(4, Class::NetworkActivity, None),
        ];
        let folder = lake(&records);
        let asked = Query {
            classes: vec![Class::HttpActivity],
            fields: vec![Field::UserName, Field::SrcIp],
            texts: Texts::such(|text| {
                let is_other = text(Field::UserName).is_some_and(|user| user != "ana");
                !is_other && text(Field::SrcIp) == Some("10.0.0.7")
            }),
            ..query("s")
        };
        let (found, _) = found(folder.path(), &asked, 100);
        let mut uids: Vec<_> = found.iter().map(|row| row.uid).collect();
        uids.sort();
        assert_eq!(
            uids,
            [1, 3].map(|number| EventUid::from_bytes([number; 16]))
        );
    }

    #[test]
    fn a_file_that_is_none_is_told() {
        let folder = lake(&[record(1, Class::ApiActivity, |event| {
            event.set_text(Field::SessionUid, "s");
        })]);
        let table = folder.path().join("lake/api_activity");
        let day = std::fs::read_dir(table).unwrap().next().unwrap().unwrap();
        std::fs::write(day.path().join("9.parquet"), "nothing").unwrap();
        let (found, unread) = found(folder.path(), &query("s"), 100);
        assert_eq!((found.len(), unread), (1, 1));
    }
}
