//! The pure steps of the path: bytes become events, and events lose their secrets.

mod normalize;
mod redact;
mod tool_names;
mod uid;

pub use normalize::{Fault, Malformed, Normalized, normalize};
pub use redact::{
    Census, Choice, CustomRule, CustomRules, Detectors, Epoch, Example, FileError, FileFault,
    KeyError, ListConfig, ListError, Lists, ListsBuilder, Loaded, PersonalConfig, RedactConfig,
    RedactKey, Redactor, RuleError, RuleFault, RuleFile, RuleWarning, StreamRedactor,
    shipped_examples,
};
pub use tool_names::{Names, ToolNames};
pub use uid::{UidKey, line_uid};
