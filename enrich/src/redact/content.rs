//! Notes what a text is rather than what it must not show: program text, and names of hosts that
//! only an inner network knows. Nothing of it is masked.

mod internal;
mod source_code;

use magistrate_event::{Finding, Place, Span};

pub(crate) use internal::InternalDomains;
pub(crate) use source_code::source_code;

/// What kind of content was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Content {
    SourceCode,
    InternalDomain,
}

/// Where content was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) what: Content,
    pub(crate) span: Span,
}

/// More sightings in one event say nothing more.
pub(crate) const MAX_SIGHTINGS: usize = 32;

impl Sighting {
    /// The finding that is reported of it.
    pub(crate) fn finding(&self) -> Finding {
        let (rule, confidence) = match self.what {
            Content::SourceCode => ("source-code", 70),
            Content::InternalDomain => ("internal-domain", 85),
        };
        Finding {
            kind: self.what.kind(),
            rule,
            confidence,
            layer: String::new(),
            place: Place {
                start: self.span.start(),
                end: self.span.end(),
            },
        }
    }
}

impl Content {
    /// What a finding of it is called.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::SourceCode => "content.source_code",
            Self::InternalDomain => "content.internal_domain",
        }
    }
}
