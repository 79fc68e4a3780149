//! Reads rows of the lake back as events.

mod cells;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

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
    /// One of the columns has one of these values.
    pub values: Vec<String>,
    /// Rows of an earlier day than this time's are not asked for.
    pub since: Timestamp,
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
    let is_over = |day: &str| day.len() == first.len() && day < first.as_str();
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
        let fields = query.fields.clone();
        let values: HashSet<String> = query.values.iter().cloned().collect();
        let predicate =
            ArrowPredicateFn::new(mask, move |batch| Ok(has_one(&batch, &fields, &values)));
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

/// For each row, whether one of its `fields` is one of `values`.
fn has_one(batch: &RecordBatch, fields: &[Field], values: &HashSet<String>) -> BooleanArray {
    let columns: Vec<_> = fields
        .iter()
        .filter_map(|field| column(batch, field.path()))
        .collect();
    let has = |row: usize| {
        columns.iter().any(|column| {
            let texts = column.as_string_opt::<i32>();
            texts.is_some_and(|texts| !texts.is_null(row) && values.contains(texts.value(row)))
        })
    };
    (0..batch.num_rows()).map(|row| Some(has(row))).collect()
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
            values: vec![session.to_owned()],
            since: Timestamp::from_micros(NOON),
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
