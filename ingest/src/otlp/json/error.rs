//! Why a whole OTLP/JSON body is refused, told with its place.

use super::fault::Fault;

/// Why a body has no protobuf form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// It is not JSON.
    #[error("cannot parse json: {what} at byte {at} (line {line}, column {column})")]
    Syntax {
        /// What was expected.
        what: &'static str,
        /// The byte, from 0.
        at: usize,
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
    /// What surrounds the records does not fit.
    #[error("cannot read otlp json: {what} at byte {at} (line {line}, column {column})")]
    Envelope {
        /// The field, and what was expected.
        what: String,
        /// The byte, from 0.
        at: usize,
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
    /// The protobuf form is over the limit.
    #[error("protobuf form of the json body is over {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: usize,
    },
}

/// The error that ends a conversion with `fault`, met at byte `at`.
pub(super) fn refusal(fault: Fault, json: &[u8], at: usize, max_bytes: usize) -> ConvertError {
    match fault {
        Fault::TooLarge => ConvertError::TooLarge { max_bytes },
        Fault::Syntax(syntax) => {
            let (line, column) = line_and_column(json, syntax.at);
            ConvertError::Syntax {
                what: syntax.what,
                at: syntax.at,
                line,
                column,
            }
        }
        Fault::Value(misfit) => {
            let (line, column) = line_and_column(json, at);
            ConvertError::Envelope {
                what: misfit.to_string(),
                at,
                line,
                column,
            }
        }
    }
}

/// Both from 1; the column counts bytes.
fn line_and_column(json: &[u8], at: usize) -> (usize, usize) {
    let before = json.get(..at).unwrap_or(json);
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    (line, before.len() - start + 1)
}
