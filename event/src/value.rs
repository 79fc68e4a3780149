//! What one attribute can hold.

use crate::{Text, Timestamp};

/// A value of an event; its texts lie in the event's buffer.
///
/// Depth is bounded by whoever builds it (the parsers stop at 64).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Present, but without a value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// A point in time.
    Time(Timestamp),
    /// A text.
    Text(Text),
    /// A list.
    List(Vec<Value>),
    /// Named values, in the order in which they came; names may repeat.
    Map(Vec<(Text, Value)>),
}

impl Value {
    /// The text's place, if it is a text.
    pub const fn as_text(&self) -> Option<Text> {
        match self {
            Self::Text(text) => Some(*text),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Double(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Map(_) => None,
        }
    }

    /// Calls `visit` with every text in this value, names of map entries included.
    pub fn for_each_text_mut(&mut self, visit: &mut impl FnMut(&mut Text)) {
        match self {
            Self::Text(text) => visit(text),
            Self::List(items) => {
                for item in items {
                    item.for_each_text_mut(visit);
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    visit(key);
                    value.for_each_text_mut(visit);
                }
            }
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Double(_) | Self::Time(_) => {}
        }
    }
}
