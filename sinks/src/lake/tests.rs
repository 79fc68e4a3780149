//! The lake as a whole: what is written is what is read, once, whenever the power goes.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Mutex;

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use magistrate_event::{Event, EventUid, Field, Kind, Redacted, Value};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::encryption::decrypt::FileDecryptionProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::*;

const DAY: i64 = 86_400_000_000;
/// 2026-11-23T12:00:00Z.
const NOON: i64 = 20_780 * DAY + DAY / 2;

/// A clock that stands still until it is set.
struct TestClock(Mutex<i64>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(*self.0.lock().unwrap())
    }
}

/// A folder with its state and clock; the lake in it can be opened again and again.
struct Place {
    folder: tempfile::TempDir,
    state: Arc<State>,
    clock: Arc<TestClock>,
    config: Config,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("state.redb")).unwrap();
        Self {
            folder,
            state: Arc::new(state),
            clock: Arc::new(TestClock(Mutex::new(NOON))),
            config: Config::default(),
        }
    }

    fn open(&self) -> Lake {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Lake::open(&self.config, self.folder.path(), &self.state, clock).unwrap()
    }

    fn cursor(&self) -> Option<Position> {
        self.state.cursor("lake").unwrap()
    }

    fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// Every file that a reader's `lake/**/*.parquet` finds.
    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.lake()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|suffix| suffix == "parquet") {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }

    fn staged(&self) -> usize {
        std::fs::read_dir(self.lake().join(".tmp")).unwrap().count()
    }

    /// The ids of all rows in all files, sorted; twice where a row is there twice.
    fn uids(&self) -> Vec<String> {
        let mut uids: Vec<String> = self
            .files()
            .iter()
            .flat_map(|file| texts(&read(file), "metadata.uid"))
            .flatten()
            .collect();
        uids.sort();
        uids
    }
}

fn at(segment: u64, offset: u64) -> Position {
    Position { segment, offset }
}

fn uid(number: u32) -> EventUid {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    EventUid::from_bytes(bytes)
}

#[expect(clippy::disallowed_methods, reason = "stands in for the redactor")]
fn record(number: u32, event: Event) -> Record {
    Record::new(
        uid(number),
        Timestamp::from_micros(NOON),
        Redacted::seal(event),
    )
}

fn event(class: Class, micros: i64) -> Event {
    Event::new(class, 1, Timestamp::from_micros(micros))
}

fn simple(number: u32) -> Record {
    let mut event = event(Class::ApiActivity, NOON + i64::from(number));
    event.set_text(Field::SessionUid, "session");
    record(number, event)
}

fn uids_of(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers
        .into_iter()
        .map(|number| uid(number).to_string())
        .collect()
}

/// All rows of a file, as one batch.
fn read(file: &Path) -> RecordBatch {
    read_with(file, ArrowReaderOptions::new()).unwrap()
}

fn read_with(
    file: &Path,
    options: ArrowReaderOptions,
) -> Result<RecordBatch, parquet::errors::ParquetError> {
    let file = std::fs::File::open(file).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder
        .with_batch_size(1 << 20)
        .build()?
        .map(|batch| batch.unwrap())
        .collect();
    Ok(arrow::compute::concat_batches(&schema, &batches).unwrap())
}

/// The column at a dotted path.
fn column(batch: &RecordBatch, path: &str) -> ArrayRef {
    let mut parts = path.split('.');
    let mut array = Arc::clone(batch.column_by_name(parts.next().unwrap()).unwrap());
    for part in parts {
        array = Arc::clone(array.as_struct().column_by_name(part).unwrap());
    }
    array
}

fn texts(batch: &RecordBatch, path: &str) -> Vec<Option<String>> {
    column(batch, path)
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}

/// A value for a column of `kind`, and how it reads back.
fn sample(event: &mut Event, kind: Kind, number: i64) -> (Value, String) {
    match kind {
        Kind::Text => {
            let text = format!("text {number} é");
            (Value::Text(event.push_text(&text)), text)
        }
        Kind::TextList => {
            let item = event.push_text("item");
            (
                Value::List(vec![Value::Text(item), Value::Null]),
                "item,-".into(),
            )
        }
        Kind::Int | Kind::Long => (Value::Int(number), number.to_string()),
        Kind::Double => (
            Value::Double(number as f64 / 4.0),
            (number as f64 / 4.0).to_string(),
        ),
        Kind::Bool => (Value::Bool(true), "true".into()),
        Kind::Time => (
            Value::Time(Timestamp::from_micros(number)),
            number.to_string(),
        ),
        Kind::Json => {
            let key = event.push_key("k");
            (
                Value::Map(vec![(key, Value::Int(number))]),
                format!("{{\"k\":{number}}}"),
            )
        }
    }
}

/// One value of a column as text; `-` for null.
fn shown(array: &ArrayRef, kind: Kind, row: usize) -> String {
    if array.is_null(row) {
        return "-".into();
    }
    match kind {
        Kind::Text | Kind::Json => array.as_string::<i32>().value(row).into(),
        Kind::TextList => {
            let items = array.as_list::<i32>().value(row);
            let items = items.as_string::<i32>().iter();
            items
                .map(|item| item.unwrap_or("-").to_owned())
                .collect::<Vec<_>>()
                .join(",")
        }
        Kind::Int => array.as_primitive::<Int32Type>().value(row).to_string(),
        Kind::Long => array.as_primitive::<Int64Type>().value(row).to_string(),
        Kind::Double => array.as_primitive::<Float64Type>().value(row).to_string(),
        Kind::Bool => array.as_boolean().value(row).to_string(),
        Kind::Time => array
            .as_primitive::<TimestampMicrosecondType>()
            .value(row)
            .to_string(),
    }
}

#[test]
fn every_column_of_every_class_reads_back() {
    let place = Place::new();
    let mut lake = place.open();
    let mut expected = Vec::new();
    for (class, number) in Class::ALL.into_iter().zip(0_u32..) {
        let mut full = event(class, NOON);
        let mut values = Vec::new();
        for (&field, value) in Field::ALL
            .iter()
            .filter(|field| field.is_in(class))
            .zip(1..)
        {
            let (value, text) = sample(&mut full, field.kind(), value);
            full.set(field, value);
            values.push((field, text));
        }
        full.keep_text("extra", "kept");
        lake.write(&record(number, full)).unwrap();
        lake.write(&record(number + 100, event(class, NOON + 1)))
            .unwrap();
        expected.push((class, number, values));
    }
    lake.checkpoint(at(1, 1)).unwrap();
    assert_eq!(place.files().len(), Class::ALL.len());
    for (file, class) in place.files().iter().map(|file| {
        let class = file
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .file_name()
            .unwrap();
        (file, class.to_str().unwrap().to_owned())
    }) {
        let (class, number, values) = expected
            .iter()
            .find(|(name, ..)| name.name() == class)
            .unwrap();
        let rows = read(file);
        assert_eq!(rows.num_rows(), 2);
        for (field, text) in values {
            let array = column(&rows, field.path());
            assert_eq!(&shown(&array, field.kind(), 0), text, "{}", field.path());
            assert_eq!(shown(&array, field.kind(), 1), "-", "{}", field.path());
        }
        check_derived(&rows, *class, *number);
    }
}

fn check_derived(rows: &RecordBatch, class: Class, number: u32) {
    let at = |path, kind, row| shown(&column(rows, path), kind, row);
    assert_eq!(at("time", Kind::Time, 1), (NOON + 1).to_string());
    assert_eq!(at("metadata.logged_time", Kind::Time, 0), NOON.to_string());
    assert_eq!(at("metadata.version", Kind::Text, 1), "1.8.0");
    assert_eq!(at("metadata.uid", Kind::Text, 0), uid(number).to_string());
    assert_eq!(at("unmapped", Kind::Json, 0), r#"{"extra":"kept"}"#);
    assert_eq!(at("unmapped", Kind::Json, 1), "-");
    if let Some(class_uid) = class.class_uid() {
        assert_eq!(at("class_uid", Kind::Int, 0), class_uid.to_string());
        assert_eq!(
            at("category_uid", Kind::Int, 0),
            (class_uid / 1000).to_string()
        );
        assert_eq!(at("activity_id", Kind::Int, 1), "1");
        assert_eq!(
            at("type_uid", Kind::Long, 1),
            (class_uid * 100 + 1).to_string()
        );
    }
}

#[test]
fn a_value_that_fits_no_column_is_kept_under_unmapped() {
    let place = Place::new();
    let mut lake = place.open();
    let mut odd = event(Class::ApiActivity, NOON);
    odd.set_int(Field::ProcessPid, i64::MAX);
    odd.set_int(Field::MetricCount, 3);
    odd.keep_text("own", "1");
    lake.write(&record(1, odd)).unwrap();
    let mut only = event(Class::ApiActivity, NOON);
    only.set_text(Field::HttpCode, "two \"hundred\"");
    lake.write(&record(2, only)).unwrap();
    lake.checkpoint(at(1, 1)).unwrap();
    let rows = read(&place.files()[0]);
    assert_eq!(
        texts(&rows, "unmapped"),
        [
            Some(r#"{"own":"1","process.pid":9223372036854775807,"metric.count":3}"#.to_owned()),
            Some(r#"{"http_response.code":"two \"hundred\""}"#.to_owned()),
        ]
    );
    assert_eq!(lake.metrics().misfits.get(), 3);
}

#[test]
fn rows_are_sorted_by_time_and_equal_times_keep_their_order() {
    let place = Place::new();
    let mut lake = place.open();
    let order = [5, 3, 9, 3, 1, 9, 0, 3];
    for (minute, number) in order.into_iter().zip(0_u32..) {
        let mut event = event(Class::HttpActivity, NOON + minute * 60_000_000);
        event.set_text(Field::Message, &format!("row {number}"));
        if number % 2 == 0 {
            event.set_int(Field::HttpCode, i64::from(number));
        }
        lake.write(&record(number, event)).unwrap();
    }
    lake.checkpoint(at(1, 1)).unwrap();
    let rows = read(&place.files()[0]);
    let sorted = [6, 4, 1, 3, 7, 0, 2, 5];
    assert_eq!(
        texts(&rows, "message"),
        sorted.map(|number| Some(format!("row {number}")))
    );
    assert_eq!(
        texts(&rows, "metadata.uid"),
        sorted.map(|number| Some(uid(number).to_string()))
    );
    let codes = column(&rows, "http_response.code");
    let codes: Vec<Option<i32>> = codes.as_primitive::<Int32Type>().iter().collect();
    assert_eq!(
        codes,
        [Some(6), Some(4), None, None, None, Some(0), Some(2), None]
    );
}

#[test]
fn many_rows_go_into_several_row_groups() {
    let place = Place::new();
    let mut lake = place.open();
    for kind in lake.kinds.values_mut() {
        kind.recipe.group_rows = 1_000;
    }
    let count = 1_500_u32;
    for number in 0..count {
        let micros = NOON + i64::from(number ^ 1);
        lake.write(&record(number, event(Class::Metric, micros)))
            .unwrap();
    }
    lake.checkpoint(at(1, 1)).unwrap();
    let files = place.files();
    let file = std::fs::File::open(&files[0]).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata();
    assert_eq!(metadata.num_row_groups(), 2);
    assert!(
        metadata
            .row_groups()
            .iter()
            .all(|group| group.sorting_columns().is_some())
    );
    let rows = read(&files[0]);
    let times = column(&rows, "time");
    let times = times.as_primitive::<TimestampMicrosecondType>().values();
    assert!(times.is_sorted() && times.len() == count as usize);
    let distinct: BTreeSet<_> = texts(&rows, "metadata.uid").into_iter().collect();
    assert_eq!(distinct.len(), count as usize);
}

#[test]
fn files_tell_their_schema_and_have_bloom_filters() {
    let place = Place::new();
    let mut lake = place.open();
    lake.write(&simple(1)).unwrap();
    lake.checkpoint(at(1, 1)).unwrap();
    let file = std::fs::File::open(&place.files()[0]).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata();
    let pairs = metadata.file_metadata().key_value_metadata().unwrap();
    assert!(pairs.iter().any(|pair| {
        pair.key == "magistrate.schema_version" && pair.value.as_deref() == Some("2")
    }));
    let group = metadata.row_group(0);
    let with_bloom: Vec<String> = group
        .columns()
        .iter()
        .filter(|column| column.bloom_filter_offset().is_some())
        .map(|column| column.column_path().string())
        .collect();
    assert_eq!(with_bloom, ["metadata.uid", "actor.session.uid"]);
    let size = std::fs::metadata(&place.files()[0]).unwrap().len();
    assert!(size < 64 * 1024, "a file of one row has {size} bytes");
}

#[test]
fn a_day_has_its_folder_and_a_hostile_time_the_day_of_receipt() {
    let place = Place::new();
    let mut lake = place.open();
    for (number, micros) in [
        (1, NOON),
        (2, NOON - DAY),
        (3, NOON + DAY),
        (4, i64::MIN),
        (5, i64::MAX),
        (6, 0),
        (7, NOON - 401 * DAY),
    ] {
        lake.write(&record(number, event(Class::ApiActivity, micros)))
            .unwrap();
    }
    lake.checkpoint(at(1, 1)).unwrap();
    let rows_of = |day: &str| {
        let folder = place
            .lake()
            .join("api_activity")
            .join(format!("eventDay={day}"));
        let files = place.files();
        let file = files.iter().find(|file| file.starts_with(&folder)).unwrap();
        read(file).num_rows()
    };
    assert_eq!(place.files().len(), 3);
    assert_eq!(rows_of("20261122"), 1);
    assert_eq!(rows_of("20261123"), 5);
    assert_eq!(rows_of("20261124"), 1);
    let today = place.lake().join("api_activity/eventDay=20261123");
    let rows = read(
        place
            .files()
            .iter()
            .find(|file| file.starts_with(&today))
            .unwrap(),
    );
    let times = column(&rows, "time");
    let times = times.as_primitive::<TimestampMicrosecondType>();
    assert_eq!((times.value(0), times.value(4)), (i64::MIN, i64::MAX));
}

#[test]
fn a_checkpoint_is_due_by_age_by_size_and_by_hostile_dates() {
    let mut place = Place::new();
    place.config.max_buffer_bytes = 1024 * 1024;
    let mut lake = place.open();
    let start = Timestamp::from_micros(NOON);
    assert!(!lake.due(start.plus(Duration::from_secs(3600))));
    lake.write(&simple(1)).unwrap();
    assert!(!lake.due(start.plus(Duration::from_secs(30))));
    assert!(lake.due(start.plus(Duration::from_secs(60))));
    lake.checkpoint(at(1, 1)).unwrap();
    assert!(!lake.due(start.plus(Duration::from_secs(3600))));

    let mut big = event(Class::ApiActivity, NOON);
    big.set_text(Field::Message, &"x".repeat(1024 * 1024));
    lake.write(&record(2, big)).unwrap();
    assert!(lake.due(start));
    lake.checkpoint(at(1, 2)).unwrap();

    for number in 0..=u32::try_from(MAX_TABLES).unwrap() {
        assert_eq!(lake.due(start), number >= 256);
        let micros = NOON - i64::from(number) * DAY;
        lake.write(&record(number, event(Class::ApiActivity, micros)))
            .unwrap();
    }
}

#[test]
fn a_caller_that_never_writes_a_checkpoint_is_refused() {
    let place = Place::new();
    let mut lake = place.open();
    let mut refused = 0;
    for number in 0..600_u32 {
        let class = if number % 2 == 0 {
            Class::ApiActivity
        } else {
            Class::Metric
        };
        let micros = NOON - i64::from(number / 2) * DAY;
        match lake.write(&record(number, event(class, micros))) {
            Ok(()) => {}
            Err(LakeError::Full { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(refused, 600 - TABLES_LIMIT);
}

#[test]
fn a_record_too_large_for_a_column_is_refused_before_anything_is_written() {
    let place = Place::new();
    let mut lake = place.open();
    let mut huge = event(Class::ApiActivity, NOON);
    huge.set_text(Field::Message, &"x".repeat(RECORD_LIMIT));
    assert!(matches!(
        lake.write(&record(1, huge)),
        Err(LakeError::TooLarge { .. })
    ));
    lake.checkpoint(at(1, 1)).unwrap();
    assert!(place.files().is_empty());
}

#[test]
fn files_and_folders_belong_to_their_owner_alone() {
    let place = Place::new();
    let mut lake = place.open();
    lake.write(&simple(1)).unwrap();
    lake.checkpoint(at(1, 1)).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = place.files().remove(0);
    assert_eq!(mode(&file), 0o600);
    for folder in file.ancestors().skip(1).take(3) {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
}

#[test]
fn a_checkpoint_moves_the_cursor_and_leaves_nothing_staged() {
    let place = Place::new();
    let mut lake = place.open();
    assert_eq!(place.cursor(), None);
    lake.write(&simple(1)).unwrap();
    lake.checkpoint(at(1, 100)).unwrap();
    assert_eq!((place.cursor(), place.staged()), (Some(at(1, 100)), 0));
    lake.write(&simple(2)).unwrap();
    lake.checkpoint(at(2, 0)).unwrap();
    lake.checkpoint(at(2, 5)).unwrap();
    lake.checkpoint(at(2, 5)).unwrap();
    assert_eq!((place.cursor(), place.staged()), (Some(at(2, 5)), 0));
    assert_eq!(place.uids(), uids_of([1, 2]));
    assert_eq!(place.files().len(), 2);
}

/// The moments at which a checkpoint can be cut off.
#[derive(Debug, Clone, Copy)]
enum Crash {
    HalfWritten,
    Staged,
    Committed,
    FirstRenamed,
    Renamed,
}

/// Writes rows 10 to 19 of two classes, and stops the checkpoint at `crash`.
fn crash(place: &Place, crash: Crash) {
    let mut lake = place.open();
    for number in 10..20 {
        let class = if number % 2 == 0 {
            Class::ApiActivity
        } else {
            Class::Span
        };
        lake.write(&record(number, event(class, NOON))).unwrap();
    }
    if matches!(crash, Crash::HalfWritten) {
        let name = lake.store.name(
            Class::ApiActivity,
            Day::of(lake.clock.now(), lake.clock.now()),
            lake.clock.now(),
        );
        let (file, _) = lake.store.create(&name).unwrap();
        std::io::Write::write_all(&mut &file, b"PAR1 torn").unwrap();
        return;
    }
    let (files, _) = lake.stage().unwrap();
    if matches!(crash, Crash::Staged) {
        return;
    }
    lake.store
        .commit(at(2, 0), files, &HeldChanges::default())
        .unwrap();
    match crash {
        Crash::HalfWritten | Crash::Staged | Crash::Committed => {}
        Crash::FirstRenamed => {
            let first = lake.store.pending().first().unwrap();
            lake.store.publish(first).unwrap();
        }
        Crash::Renamed => lake.store.publish_all().unwrap(),
    }
}

#[test]
fn a_crash_at_any_moment_loses_nothing_and_doubles_nothing() {
    for moment in [
        Crash::HalfWritten,
        Crash::Staged,
        Crash::Committed,
        Crash::FirstRenamed,
        Crash::Renamed,
    ] {
        let place = Place::new();
        {
            let mut lake = place.open();
            (0..10).for_each(|number| lake.write(&simple(number)).unwrap());
            lake.checkpoint(at(1, 0)).unwrap();
        }
        crash(&place, moment);

        let mut lake = place.open();
        assert_eq!(place.staged(), 0, "{moment:?}");
        // The caller reads again from the cursor, wherever that is.
        let first = if place.cursor() == Some(at(1, 0)) {
            10
        } else {
            20
        };
        for number in first..30 {
            lake.write(&simple(number)).unwrap();
        }
        lake.checkpoint(at(3, 0)).unwrap();
        assert_eq!(place.uids(), uids_of(0..30), "{moment:?}");
        let moved = matches!(
            moment,
            Crash::Committed | Crash::FirstRenamed | Crash::Renamed
        );
        assert_eq!(first, if moved { 20 } else { 10 }, "{moment:?}");
    }
}

/// What a start finds held, by number.
fn held_numbers(place: &Place) -> Vec<(Position, String)> {
    let held = held(&place.state).unwrap().into_iter();
    held.map(|(at, record)| (at, record.uid().to_string()))
        .collect()
}

#[test]
fn rows_that_are_held_survive_a_kill_and_are_written_once() {
    let place = Place::new();
    {
        let mut lake = place.open();
        lake.write(&simple(1)).unwrap();
        let mut held = HeldChanges::default();
        held.hold(at(1, 20), &simple(2));
        held.hold(at(1, 300), &simple(3));
        lake.checkpoint_holding(at(1, 400), &held).unwrap();
        // Killed with this one in memory.
        lake.write(&simple(4)).unwrap();
    }
    assert_eq!(place.uids(), uids_of([1]));
    let [two, three] =
        [(20, 2), (300, 3)].map(|(end, number)| (at(1, end), uid(number).to_string()));
    assert_eq!(held_numbers(&place), [two, three.clone()]);

    let mut lake = place.open();
    lake.write_late(&simple(2), lake.clock.now()).unwrap();
    let mut held = HeldChanges::default();
    held.release(at(1, 20));
    lake.checkpoint_holding(at(1, 400), &held).unwrap();
    assert_eq!(place.uids(), uids_of([1, 2]));
    assert_eq!(held_numbers(&place), [three]);
}

#[test]
fn what_is_held_changes_with_the_files_or_not_at_all() {
    for moment in [Crash::Staged, Crash::Committed, Crash::FirstRenamed] {
        let place = Place::new();
        let mut held_back = HeldChanges::default();
        held_back.hold(at(1, 0), &simple(1));
        let mut lake = place.open();
        lake.checkpoint_holding(at(1, 0), &held_back).unwrap();
        lake.write_late(&simple(1), lake.clock.now()).unwrap();
        let mut released = HeldChanges::default();
        released.release(at(1, 0));
        let (files, _) = lake.stage().unwrap();
        if !matches!(moment, Crash::Staged) {
            lake.store.commit(at(1, 0), files, &released).unwrap();
        }
        if matches!(moment, Crash::FirstRenamed) {
            lake.store.publish_all().unwrap();
        }
        drop(lake);

        let mut lake = place.open();
        for (_, record) in held(&place.state).unwrap() {
            lake.write(&record).unwrap();
        }
        lake.checkpoint_holding(at(1, 0), &released).unwrap();
        assert_eq!(place.uids(), uids_of([1]), "{moment:?}");
        assert_eq!(held_numbers(&place), [], "{moment:?}");
    }
}

#[test]
fn a_row_that_waited_before_is_due_earlier() {
    let place = Place::new();
    let mut lake = place.open();
    let now = lake.clock.now();
    lake.write(&simple(1)).unwrap();
    let soon = now.plus(Duration::from_secs(40));
    assert!(!lake.due(soon));
    lake.write_late(&simple(2), now.minus(Duration::from_secs(15)))
        .unwrap();
    assert!(lake.due(soon));
}

#[test]
fn a_file_taken_away_after_its_rename_does_not_stop_the_start() {
    let place = Place::new();
    crash(&place, Crash::Renamed);
    for file in place.files() {
        std::fs::remove_file(file).unwrap();
    }
    let mut lake = place.open();
    lake.write(&simple(1)).unwrap();
    lake.checkpoint(at(3, 0)).unwrap();
    assert_eq!(place.uids(), uids_of([1]));
}

#[test]
fn a_disk_that_refuses_files_is_survived_by_a_reset() {
    let place = Place::new();
    let mut lake = place.open();
    lake.write(&simple(1)).unwrap();
    lake.checkpoint(at(1, 0)).unwrap();
    lake.write(&simple(2)).unwrap();
    let staging = place.lake().join(".tmp");
    std::fs::remove_dir(&staging).unwrap();
    assert!(matches!(
        lake.checkpoint(at(2, 0)),
        Err(LakeError::Disk { .. })
    ));
    assert_eq!(lake.metrics().failures.get(), 1);
    // Until it is reset, nothing can be written past the lost rows.
    assert!(matches!(lake.write(&simple(3)), Err(LakeError::NeedsReset)));
    assert!(matches!(
        lake.checkpoint(at(3, 0)),
        Err(LakeError::NeedsReset)
    ));
    assert!(lake.reset().is_err());
    assert!(matches!(lake.write(&simple(3)), Err(LakeError::NeedsReset)));

    std::fs::create_dir(&staging).unwrap();
    lake.reset().unwrap();
    assert_eq!(place.cursor(), Some(at(1, 0)));
    lake.write(&simple(2)).unwrap();
    lake.write(&simple(3)).unwrap();
    lake.checkpoint(at(3, 0)).unwrap();
    assert_eq!(place.uids(), uids_of([1, 2, 3]));
}

#[test]
fn a_disk_that_refuses_renames_is_survived_by_a_reset() {
    let place = Place::new();
    let mut lake = place.open();
    lake.write(&simple(1)).unwrap();
    let obstacle = place.lake().join("api_activity");
    std::fs::write(&obstacle, b"in the way").unwrap();
    assert!(lake.checkpoint(at(2, 0)).is_err());
    // The transaction came first: the row belongs to the lake, its file waits.
    assert_eq!((place.cursor(), place.staged()), (Some(at(2, 0)), 1));
    assert!(lake.reset().is_err());
    assert_eq!(place.staged(), 1);
    std::fs::remove_file(&obstacle).unwrap();
    lake.reset().unwrap();
    assert_eq!(place.staged(), 0);
    lake.write(&simple(2)).unwrap();
    lake.checkpoint(at(3, 0)).unwrap();
    assert_eq!(place.uids(), uids_of([1, 2]));
}

#[test]
fn an_encrypted_file_is_read_only_with_its_key() {
    for bytes in [16, 32] {
        let mut place = Place::new();
        let key_file = place.folder.path().join("lake.key");
        std::fs::write(&key_file, "7a".repeat(bytes)).unwrap();
        place.config.encryption_key_file = Some(key_file);
        let mut lake = place.open();
        let mut event = event(Class::ApiActivity, NOON);
        event.set_text(Field::Message, "only for the owner of the key");
        lake.write(&record(1, event)).unwrap();
        lake.checkpoint(at(1, 0)).unwrap();
        let file = place.files().remove(0);
        let raw = std::fs::read(&file).unwrap();
        assert!(raw.starts_with(b"PARE"));
        assert!(!raw.windows(9).any(|window| window == b"only for "));
        assert!(read_with(&file, ArrowReaderOptions::new()).is_err());
        let with = |key: Vec<u8>| {
            let properties = FileDecryptionProperties::builder(key).build().unwrap();
            let options = ArrowReaderOptions::new().with_file_decryption_properties(properties);
            read_with(&file, options)
        };
        assert!(with(vec![0x7b; bytes]).is_err());
        let rows = with(vec![0x7a; bytes]).unwrap();
        assert_eq!(
            texts(&rows, "message"),
            [Some("only for the owner of the key".to_owned())]
        );
    }
}

#[test]
fn the_lake_can_move_to_another_thread() {
    const fn assert_send<T: Send>() {}
    assert_send::<Lake>();
}
