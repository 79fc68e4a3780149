//! How a table's rows become a Parquet file.

use std::fs::File;
use std::sync::Arc;

use magistrate_event::{Field, Kind};
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterPropertiesPtr,
};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnPath;

use super::key::Key;
use super::schema::{Derived, Layout, Origin, SCHEMA_VERSION};
use super::sorted::Sorted;

/// Rows of a row group, at most.
const GROUP_ROWS: usize = 128 * 1024;
/// Bytes of a page before compression, about: few enough that its buffers stay in the processor's
/// caches and are used again, not grown and returned for every page.
const PAGE_BYTES: usize = 128 * 1024;
/// Values that the writer looks at together.
const BATCH_ROWS: usize = 4096;
/// How often a bloom filter may say yes wrongly.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// Columns whose values seldom repeat: a dictionary would only cost time.
const SCATTERED: &[Field] = &[
    Field::StartTime,
    Field::EndTime,
    Field::OriginalTime,
    Field::Sequence,
    Field::Duration,
    Field::CostUsd,
    Field::QueryEntropy,
    Field::MetricValue,
    Field::MetricSum,
];

/// Ids that are new in almost every row.
const UNIQUE: &[Field] = &[
    Field::ApiRequestUid,
    Field::ProcessUid,
    Field::HttpRequestUid,
    Field::MessageUid,
    Field::FindingUid,
    Field::SpanId,
    Field::SpanParent,
];

/// Texts that people filter by, and of which a file holds few: only these have statistics, which
/// cost two comparisons a value.
const FILTERED: &[Field] = &[
    Field::EventCode,
    Field::ProductName,
    Field::UserEmail,
    Field::DeviceHostname,
    Field::ApiOperation,
    Field::DstHostname,
    Field::DestinationDomain,
];

/// Long texts that seldom repeat.
const PROSE: &[Field] = &[
    Field::Message,
    Field::RawData,
    Field::StatusDetail,
    Field::ApiResponseErrorMessage,
    Field::UrlString,
    Field::UrlPath,
    Field::UrlQuery,
    Field::CmdLine,
    Field::ContentText,
    Field::ToolArguments,
    Field::FindingDesc,
    Field::RelatedEvents,
    Field::Evidences,
    Field::MetricDistribution,
    Field::MetricExemplars,
    Field::SpanEvents,
    Field::SpanLinks,
    Field::Sealed,
];

/// Ids by which rows are looked up.
const LOOKED_UP: &[Field] = &[
    Field::SessionUid,
    Field::ApiRequestUid,
    Field::CorrelationUid,
];

/// How the files of one table are written, all but what depends on their rows.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    base: WriterProperties,
    /// Rows of a row group, at most.
    pub(super) group_rows: usize,
}

impl Recipe {
    /// The recipe for the table of `layout`.
    ///
    /// # Errors
    /// When the Parquet library refuses the level or the key.
    pub(super) fn new(
        layout: &Layout,
        zstd_level: i32,
        key: Option<&Key>,
    ) -> Result<Self, ParquetError> {
        let mut builder = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(zstd_level)?))
            .set_data_page_size_limit(PAGE_BYTES)
            .set_write_batch_size(BATCH_ROWS)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_sorting_columns(Some(vec![SortingColumn {
                // The first column is `time`.
                column_idx: 0,
                descending: false,
                nulls_first: false,
            }]))
            .set_key_value_metadata(Some(key_values(layout)));
        for leaf in &layout.leaves {
            builder = tune(builder, leaf.origin);
        }
        if let Some(key) = key {
            builder = builder.with_file_encryption_properties(key.properties()?);
        }
        Ok(Self {
            base: builder.build(),
            group_rows: GROUP_ROWS,
        })
    }

    /// The properties for a file of `rows`: empty columns are written as cheaply as can be.
    fn properties(&self, rows: &Sorted<'_>) -> WriterPropertiesPtr {
        let mut builder = WriterPropertiesBuilder::from(self.base.clone());
        let values = rows.rows().min(self.group_rows) as u64;
        for (index, leaf) in rows.layout().leaves.iter().enumerate() {
            if is_looked_up(leaf.origin) {
                builder = builder.set_column_bloom_filter_max_ndv(column_path(leaf.origin), values);
            }
            if rows.is_empty_column(index) {
                let path = column_path(leaf.origin);
                builder = builder
                    .set_column_compression(path.clone(), Compression::UNCOMPRESSED)
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_bloom_filter_enabled(path, false);
            }
        }
        Arc::new(builder.build())
    }
}

fn key_values(layout: &Layout) -> Vec<KeyValue> {
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    vec![
        pair("magistrate.schema_version", SCHEMA_VERSION.to_string()),
        pair("magistrate.version", env!("CARGO_PKG_VERSION").to_owned()),
        pair("magistrate.table", layout.class.name().to_owned()),
    ]
}

/// Sets what is special about one column.
fn tune(builder: WriterPropertiesBuilder, origin: Origin) -> WriterPropertiesBuilder {
    let path = column_path(origin);
    match origin {
        Origin::Derived(Derived::Time) => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_statistics_enabled(path, EnabledStatistics::Page),
        Origin::Derived(Derived::LoggedTime) => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        Origin::Derived(Derived::Uid) => without_statistics(
            bloom(builder, path.clone()).set_column_dictionary_enabled(path.clone(), false),
            path,
        ),
        Origin::Derived(Derived::Unmapped) => without_statistics(
            builder.set_column_dictionary_enabled(path.clone(), false),
            path,
        ),
        Origin::Derived(
            Derived::ClassUid
            | Derived::CategoryUid
            | Derived::TypeUid
            | Derived::ActivityId
            | Derived::Version,
        ) => builder,
        Origin::Field(field) => tune_field(builder, field, path),
    }
}

fn tune_field(
    mut builder: WriterPropertiesBuilder,
    field: Field,
    path: ColumnPath,
) -> WriterPropertiesBuilder {
    if PROSE.contains(&field) || UNIQUE.contains(&field) || SCATTERED.contains(&field) {
        builder = builder.set_column_dictionary_enabled(path.clone(), false);
    }
    let is_text = matches!(field.kind(), Kind::Text | Kind::TextList | Kind::Json);
    if is_text && !FILTERED.contains(&field) {
        builder = without_statistics(builder, path.clone());
    }
    if LOOKED_UP.contains(&field) {
        builder = bloom(builder, path);
    }
    builder
}

/// For texts whose least and greatest would hardly ever leave a file out of a search.
fn without_statistics(
    builder: WriterPropertiesBuilder,
    path: ColumnPath,
) -> WriterPropertiesBuilder {
    builder.set_column_statistics_enabled(path, EnabledStatistics::None)
}

/// A bloom filter; how many values it must hold depends on the rows.
fn bloom(builder: WriterPropertiesBuilder, path: ColumnPath) -> WriterPropertiesBuilder {
    builder
        .set_column_bloom_filter_enabled(path.clone(), true)
        .set_column_bloom_filter_fpp(path, BLOOM_FALSE_POSITIVES)
}

fn is_looked_up(origin: Origin) -> bool {
    match origin {
        Origin::Derived(derived) => derived == Derived::Uid,
        Origin::Field(field) => LOOKED_UP.contains(&field),
    }
}

/// The path of a leaf in the Parquet schema, where a list has two levels more.
fn column_path(origin: Origin) -> ColumnPath {
    let mut parts: Vec<String> = origin.path().split('.').map(str::to_owned).collect();
    if origin.kind() == Kind::TextList {
        parts.extend(["list".to_owned(), "element".to_owned()]);
    }
    ColumnPath::new(parts)
}

/// Writes `rows` as a whole Parquet file and returns its size in bytes; syncs nothing.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(file: &File, rows: &Sorted<'_>, recipe: &Recipe) -> Result<u64, ParquetError> {
    let layout = rows.layout();
    let mut writer =
        SerializedFileWriter::new(file, Arc::clone(&layout.parquet), recipe.properties(rows))?;
    let factory = ArrowRowGroupWriterFactory::new(&writer, Arc::clone(&layout.arrow));
    for (group, start) in (0..rows.rows()).step_by(recipe.group_rows).enumerate() {
        let end = rows.rows().min(start + recipe.group_rows);
        let mut group_writer = writer.next_row_group()?;
        write_group(&mut group_writer, &factory, group, rows, start..end)?;
        group_writer.close()?;
    }
    writer.finish()?;
    Ok(writer.bytes_written() as u64)
}

/// Encodes one column after the other, so that only one is in memory twice.
fn write_group(
    out: &mut SerializedRowGroupWriter<'_, &File>,
    factory: &ArrowRowGroupWriterFactory,
    group: usize,
    rows: &Sorted<'_>,
    range: std::ops::Range<usize>,
) -> Result<(), ParquetError> {
    let writers = factory.create_column_writers(group)?;
    let leaves = rows.layout().leaves.iter().enumerate();
    for ((index, leaf), mut writer) in leaves.zip(writers) {
        let array = rows.column(index, range.clone());
        // Structs are never null, so that a leaf's levels are those it has by itself.
        for column in compute_leaves(&leaf.arrow, &array)? {
            writer.write(&column)?;
        }
        writer.close()?.append_to_row_group(out)?;
    }
    Ok(())
}
