//! Finds personal data: e-mail addresses, phone numbers, payment cards, bank accounts, national
//! ids and, where wanted, IP addresses.

mod email;
mod identity;

use magistrate_event::Span;

use super::detector::Label;

pub(crate) use identity::identity_spans;

/// One kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Personal {
    /// The local part of an e-mail address.
    Email,
}

/// A stretch that holds personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Datum {
    pub(crate) span: Span,
    pub(crate) what: Personal,
    /// In percent.
    pub(crate) confidence: u8,
}

/// Which kinds are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Switches {
    pub(crate) email: bool,
}

impl Switches {
    /// Nothing is looked for.
    pub(crate) const ALL_OFF: Self = Self { email: false };

    /// Calls `visit` for everything in `text` that shall be masked.
    pub(crate) fn each(self, text: &str, mut visit: impl FnMut(Datum)) {
        if !self.email {
            return;
        }
        for at in memchr::memchr_iter(b'@', text.as_bytes()) {
            let span = email::local_part(text, at);
            span.into_iter().for_each(|span| {
                visit(Datum {
                    span,
                    what: Personal::Email,
                    confidence: 90,
                });
            });
        }
    }
}

impl Default for Switches {
    fn default() -> Self {
        Self { email: true }
    }
}

impl Personal {
    /// What a finding of it is called.
    pub(crate) const fn label(self) -> Label<'static> {
        match self {
            Self::Email => Label {
                kind: "personal.email",
                id: "email-address",
            },
        }
    }
}
