//! What can be wrong with an OTLP/JSON body, and how far the fault reaches.

use super::reader::{Shape, Syntax};

/// A fault met while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text is not JSON: nothing after this place can be trusted.
    Syntax(Syntax),
    /// A value does not fit its field: only its record is lost.
    Value(Misfit),
    /// The protobuf form would be over the limit.
    TooLarge,
}

/// A value that does not fit its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The field, by its JSON name; empty for the body itself.
    pub(super) field: &'static str,
    /// A short word for metrics.
    pub(super) reason: &'static str,
    expected: &'static str,
    found: Option<Shape>,
}

impl Fault {
    pub(super) const fn wrong_type(expected: &'static str, found: Shape) -> Self {
        Self::misfit("type", expected, Some(found))
    }

    pub(super) const fn out_of_range(expected: &'static str) -> Self {
        Self::misfit("range", expected, None)
    }

    pub(super) const fn too_deep() -> Self {
        Self::misfit("depth", "at most 64 nested values", None)
    }

    const fn misfit(reason: &'static str, expected: &'static str, found: Option<Shape>) -> Self {
        Self::Value(Misfit {
            field: "",
            reason,
            expected,
            found,
        })
    }

    /// Names the field that the misfit is in, unless an inner one is named.
    pub(super) const fn within(self, field: &'static str) -> Self {
        match self {
            Self::Value(misfit) if misfit.field.is_empty() => {
                Self::Value(Misfit { field, ..misfit })
            }
            Self::Value(_) | Self::Syntax(_) | Self::TooLarge => self,
        }
    }
}

impl From<Syntax> for Fault {
    fn from(syntax: Syntax) -> Self {
        Self::Syntax(syntax)
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "field `{}`: expected {}", self.field, self.expected)?;
        self.found
            .map_or(Ok(()), |found| write!(f, ", found {}", found.name()))
    }
}
