//! Turns received bytes into events in OCSF's terms.

pub(crate) mod line;
pub(crate) mod url;
