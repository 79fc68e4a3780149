//! The names that rules use for what an event holds: the rule language's own, and Sigma's.

use magistrate_event::Field;

pub(super) use super::language::LANGUAGE;
use super::model_scores::FromModels;
use super::session_names::FromSession;

/// Where the value of a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The first of these columns that is filled.
    Columns(&'static [Field]),
    /// Worked out from several columns.
    Derived(Derived),
    /// What the session's context says.
    Session(FromSession),
    /// What the models say.
    Models(FromModels),
}

/// What is worked out from columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Derived {
    /// `event`: what kind of event it is, in the judge's words.
    EventKind,
    /// `tool.name`: the operation, where it is a tool's.
    ToolName,
    /// `hook.tool`: the tool that a hook ran for, or a call is of.
    HookTool,
    /// `status`: success or failure.
    Status,
    /// `destination.domain`: the host, the host behind a dot, and every domain that it lies under.
    Domains,
    /// `content.findings`: kinds of what the redactor found, each with its families.
    Findings,
    /// `Image`: the programs that a command line starts.
    Programs,
    /// `command.sends_to`: where the command line sends data.
    SendsTo,
    /// `command.uploads_to`: where it sends files, or what commands printed.
    UploadsTo,
    /// `destination.data`: parts of the URL that look like data in some code.
    UrlData,
    /// `query`: the names that were looked up.
    Lookups,
    /// `answer`: what look-ups were answered.
    Answers,
    /// `c-uri-extension`: the extension of the URL's path.
    UrlExtension,
    /// `cs-uri`: path and query.
    PathAndQuery,
    /// `Initiated`: whether the connection was opened from here; the log door's always are.
    Initiated,
}

/// One name of the rule language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    /// As rules write it.
    pub(super) name: &'static str,
    /// Where its value comes from.
    pub(super) origin: Origin,
    /// What it means, one sentence.
    pub(super) doc: &'static str,
}

pub(super) const fn column(
    name: &'static str,
    columns: &'static [Field],
    doc: &'static str,
) -> Name {
    Name {
        name,
        origin: Origin::Columns(columns),
        doc,
    }
}

pub(super) const fn derived(name: &'static str, derived: Derived, doc: &'static str) -> Name {
    Name {
        name,
        origin: Origin::Derived(derived),
        doc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_listed_twice() {
        let mut names: Vec<_> = LANGUAGE
            .iter()
            .chain(crate::detect::sigma_names::SIGMA)
            .map(|name| name.name)
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
