//! Which columns each table of the lake has, and what they are in Arrow and in Parquet.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Fields, Schema, SchemaRef, TimeUnit};
use magistrate_event::{Class, Field, Kind};
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::ParquetError;
use parquet::schema::types::TypePtr;

/// The version of the stored columns; a changed column list needs a new one.
pub const SCHEMA_VERSION: u32 = 2;

/// A column that every row gets, whatever fields its event has filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Derived {
    Time,
    ClassUid,
    CategoryUid,
    TypeUid,
    ActivityId,
    Uid,
    Version,
    LoggedTime,
    Unmapped,
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Derived(Derived),
    Field(Field),
}

/// One column that holds values: a leaf of the tree of structs.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) origin: Origin,
    /// The column by itself, outside of its structs, as the encoder is given it.
    pub(super) arrow: ArrowField,
}

/// Where a field goes in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of its leaf.
    pub(super) leaf: u16,
    /// What the column holds.
    pub(super) kind: Kind,
}

/// The columns of one table.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) class: Class,
    /// In the order of the file.
    pub(super) leaves: Vec<Leaf>,
    /// The place of a field, by the field's number.
    places: Vec<Option<Place>>,
    pub(super) arrow: SchemaRef,
    pub(super) parquet: TypePtr,
}

impl Derived {
    const ALL: [Self; 9] = [
        Self::Time,
        Self::ClassUid,
        Self::CategoryUid,
        Self::TypeUid,
        Self::ActivityId,
        Self::Uid,
        Self::Version,
        Self::LoggedTime,
        Self::Unmapped,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::ClassUid => "class_uid",
            Self::CategoryUid => "category_uid",
            Self::TypeUid => "type_uid",
            Self::ActivityId => "activity_id",
            Self::Uid => "metadata.uid",
            Self::Version => "metadata.version",
            Self::LoggedTime => "metadata.logged_time",
            Self::Unmapped => "unmapped",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Time | Self::LoggedTime => Kind::Time,
            Self::ClassUid | Self::CategoryUid | Self::ActivityId => Kind::Int,
            Self::TypeUid => Kind::Long,
            Self::Uid | Self::Version => Kind::Text,
            Self::Unmapped => Kind::Json,
        }
    }

    const fn is_in(self, class: Class) -> bool {
        match self {
            Self::ClassUid | Self::CategoryUid | Self::TypeUid | Self::ActivityId => {
                class.class_uid().is_some()
            }
            Self::Time | Self::Uid | Self::Version | Self::LoggedTime | Self::Unmapped => true,
        }
    }

    const fn doc(self) -> &'static str {
        match self {
            Self::Time => "When it happened, as the source said, UTC.",
            Self::ClassUid => "OCSF class; the same in every row of a table.",
            Self::CategoryUid => "OCSF category of the class.",
            Self::TypeUid => "`class_uid` × 100 + `activity_id`.",
            Self::ActivityId => "OCSF activity of the class.",
            Self::Uid => {
                "Stable id of the event, 32 hex digits: the same record sent again has it too."
            }
            Self::Version => "OCSF version of the columns.",
            Self::LoggedTime => "When Magistrate received it, UTC.",
            Self::Unmapped => "Everything that has no column of its own, as one JSON object.",
        }
    }
}

impl Origin {
    /// The dotted path of the column.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Derived(derived) => derived.path(),
            Self::Field(field) => field.path(),
        }
    }

    /// What the column holds.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Derived(derived) => derived.kind(),
            Self::Field(field) => field.kind(),
        }
    }

    /// What the column means.
    pub(super) const fn doc(self) -> &'static str {
        match self {
            Self::Derived(derived) => derived.doc(),
            Self::Field(field) => field.doc(),
        }
    }

    /// Whether a row can be without it.
    pub(super) const fn is_nullable(self) -> bool {
        match self {
            Self::Derived(derived) => matches!(derived, Derived::Unmapped),
            Self::Field(_) => true,
        }
    }

    /// Every column of `class`, not yet in the order of the file.
    pub(super) fn all_of(class: Class) -> impl Iterator<Item = Self> {
        let (last, first) = (Derived::Unmapped, Derived::ALL);
        first
            .into_iter()
            .filter(move |derived| *derived != last && derived.is_in(class))
            .map(Self::Derived)
            .chain(
                Field::ALL
                    .iter()
                    .copied()
                    .filter(move |field| field.is_in(class))
                    .map(Self::Field),
            )
            .chain([Self::Derived(last)])
    }
}

impl Layout {
    /// The columns of the table of `class`.
    pub(super) fn new(class: Class) -> Result<Self, ParquetError> {
        let mut root = Vec::new();
        for origin in Origin::all_of(class) {
            place(&mut root, origin.path(), origin);
        }
        let mut leaves = Vec::new();
        let fields: Fields = root.iter().map(|node| node.to_arrow(&mut leaves)).collect();
        let arrow = Arc::new(Schema::new(fields));
        let parquet = ArrowSchemaConverter::new()
            .convert(&arrow)?
            .root_schema_ptr();
        Ok(Self {
            class,
            places: places(&leaves),
            leaves,
            arrow,
            parquet,
        })
    }

    /// The column that `field` fills, if this table has it.
    #[inline]
    pub(super) fn place_of(&self, field: Field) -> Option<Place> {
        *self.places.get(usize::from(u16::from(field)))?
    }
}

fn places(leaves: &[Leaf]) -> Vec<Option<Place>> {
    let numbers = Field::ALL
        .iter()
        .map(|field| usize::from(u16::from(*field)));
    let mut table = vec![None; numbers.max().map_or(0, |last| last + 1)];
    for (leaf, index) in leaves.iter().zip(0_u16..) {
        let Origin::Field(field) = leaf.origin else {
            continue;
        };
        if let Some(entry) = table.get_mut(usize::from(u16::from(field))) {
            *entry = Some(Place {
                leaf: index,
                kind: field.kind(),
            });
        }
    }
    table
}

/// A column or a struct of columns, while the tree is put together.
#[derive(Debug)]
enum Node {
    Leaf(&'static str, Origin),
    Struct(&'static str, Vec<Self>),
}

/// Puts a column at the end of the struct that its path names, which appears where it is first
/// needed.
fn place(nodes: &mut Vec<Node>, path: &'static str, origin: Origin) {
    let Some((head, rest)) = path.split_once('.') else {
        nodes.push(Node::Leaf(path, origin));
        return;
    };
    for node in nodes.iter_mut() {
        match node {
            Node::Struct(name, children) if *name == head => return place(children, rest, origin),
            Node::Struct(..) | Node::Leaf(..) => {}
        }
    }
    let mut children = Vec::new();
    place(&mut children, rest, origin);
    nodes.push(Node::Struct(head, children));
}

impl Node {
    /// The Arrow field, its leaves appended to `leaves` in the order of the file.
    fn to_arrow(&self, leaves: &mut Vec<Leaf>) -> ArrowField {
        match self {
            Self::Leaf(name, origin) => {
                let (kind, nullable) = (origin.kind(), origin.is_nullable());
                leaves.push(Leaf {
                    origin: *origin,
                    arrow: ArrowField::new(*name, leaf_type(kind), nullable),
                });
                ArrowField::new(*name, data_type(kind), nullable)
            }
            Self::Struct(name, children) => {
                let fields: Fields = children.iter().map(|node| node.to_arrow(leaves)).collect();
                ArrowField::new(*name, DataType::Struct(fields), false)
            }
        }
    }
}

/// The Arrow type in which a kind of column is given to the encoder: texts as bytes.
pub(super) fn leaf_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text | Kind::Json => DataType::Binary,
        Kind::TextList | Kind::Int | Kind::Long | Kind::Double | Kind::Bool | Kind::Time => {
            data_type(kind)
        }
    }
}

/// The Arrow type of a kind of column.
fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text | Kind::Json => DataType::Utf8,
        Kind::TextList => DataType::List(element()),
        Kind::Int => DataType::Int32,
        Kind::Long => DataType::Int64,
        Kind::Double => DataType::Float64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
    }
}

/// The time zone of every timestamp.
pub(super) const UTC: &str = "UTC";

/// The elements of a list of texts, named as the Parquet specification asks.
pub(super) fn element() -> Arc<ArrowField> {
    Arc::new(ArrowField::new("element", DataType::Utf8, true))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_struct_has_the_same_fields_in_every_table() {
        let mut seen: BTreeMap<String, (Class, DataType)> = BTreeMap::new();
        for class in Class::ALL {
            for field in Layout::new(class).unwrap().arrow.fields() {
                let (first, known) = seen
                    .entry(field.name().clone())
                    .or_insert_with(|| (class, field.data_type().clone()));
                assert_eq!(
                    known,
                    field.data_type(),
                    "`{}` differs between {} and {}",
                    field.name(),
                    first.name(),
                    class.name()
                );
            }
        }
        assert!(seen.len() > 30);
    }

    #[test]
    fn every_field_of_a_class_has_a_column() {
        for class in Class::ALL {
            let layout = Layout::new(class).unwrap();
            for &field in Field::ALL {
                let leaf = layout
                    .place_of(field)
                    .and_then(|place| layout.leaves.get(usize::from(place.leaf)));
                assert_eq!(leaf.is_some(), field.is_in(class), "{}", field.path());
                if let Some(leaf) = leaf {
                    assert_eq!(leaf.origin, Origin::Field(field));
                }
            }
        }
    }

    #[test]
    fn leaves_stand_in_the_order_of_the_file() {
        for class in Class::ALL {
            let layout = Layout::new(class).unwrap();
            let descriptor =
                parquet::schema::types::SchemaDescriptor::new(Arc::clone(&layout.parquet));
            assert_eq!(descriptor.num_columns(), layout.leaves.len());
            for (leaf, column) in layout.leaves.iter().zip(descriptor.columns()) {
                let path = column.path().string();
                let path = path.trim_end_matches(".list.element");
                assert_eq!(leaf.origin.path(), path);
                let is_list = leaf.origin.kind() == Kind::TextList;
                let nullable = i16::from(leaf.origin.is_nullable());
                let levels = if is_list { 3 } else { nullable };
                assert_eq!(column.max_def_level(), levels, "{path}");
            }
            assert_eq!(layout.leaves[0].origin, Origin::Derived(Derived::Time));
        }
    }

    #[test]
    fn only_ocsf_classes_have_a_class_number() {
        let has = |class, name| {
            Layout::new(class)
                .unwrap()
                .arrow
                .field_with_name(name)
                .is_ok()
        };
        for name in ["class_uid", "category_uid", "type_uid", "activity_id"] {
            assert!(has(Class::ApiActivity, name) && has(Class::BaseEvent, name));
            assert!(!has(Class::Metric, name) && !has(Class::Span, name));
        }
    }
}
