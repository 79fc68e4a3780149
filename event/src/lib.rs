//! The nouns that every other crate shares: what arrives, what it becomes, what is stored.
//!
//! A record walks through ticket types, `Raw → Event → Redacted → Record`: a sink takes only
//! [`Record`], only the redactor makes a [`Redacted`], so nothing unredacted can be written.
//! No I/O, no clock reading of its own, no globals.

mod action;
mod class;
mod clock;
mod event;
mod field;
mod finding;
mod json;
mod layout;
mod raw;
mod receipt;
mod record;
mod span;
mod text;
mod time;
mod uid;
mod value;

pub use action::{
    Action, App, Arguments, ArgumentsError, Content, ContentOrigin, Destination, File, FilesSeen,
    MAX_ARGUMENT_DEPTH, MAX_ARGUMENT_VALUES, Mode, Occasion, Session, Tool, Verb,
};
pub use class::{Class, UnknownClass};
pub use clock::{Clock, SystemClock};
pub use event::{Cell, Event, Room};
pub use field::{Field, Kind, Scope};
pub use finding::{Finding, Place};
pub use json::push_json_string;
pub use layout::DecodeError;
pub use raw::{Identity, Line, Origin, Payload, Raw, Source};
pub use receipt::{Receipt, Refusal, Rejection};
pub use record::{Record, Redacted};
pub use span::{EmptySpan, Span};
pub use text::{KEY_END, Text, VALUE_END};
pub use time::Timestamp;
pub use uid::{EventUid, NotAnEventUid};
pub use value::Value;

/// The OCSF version whose names and numbers the stored columns use.
pub const OCSF_VERSION: &str = "1.8.0";
