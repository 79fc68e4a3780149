//! Shows metrics and spans, which are no OCSF events, under their own columns.

use magistrate_event::{OCSF_VERSION, Record};

use super::check;
use super::draft::{Draft, Shown};

/// The row: `class_name`, `time`, and the columns at their dotted paths.
pub(super) fn draft(record: &Record) -> Draft<'_> {
    let event = record.event();
    let mut draft = Draft::new();
    for (field, cell) in super::shown_cells(event) {
        if check::has_kind(cell, field.kind()) {
            draft.keep(field.path(), Shown::from(cell));
        } else {
            draft.set_apart(field.path(), Shown::from(cell));
        }
    }
    draft.keep("class_name", Shown::from(event.class().name()));
    draft.keep("time", Shown::Int(event.time().as_millis()));
    draft.keep("metadata.version", Shown::from(OCSF_VERSION));
    draft.keep("metadata.uid", Shown::from(record.uid().to_string()));
    draft.keep(
        "metadata.logged_time",
        Shown::Int(record.received().as_millis()),
    );
    draft
}
