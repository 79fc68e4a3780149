//! What is noticed, in words.

use magistrate_event::{Event, Timestamp};

use super::egress::{Bypass, Caller};
use super::inventory::Change;
use super::notice::{About, Detail, Notice, notice};
use super::presence::Silence;
use super::sender::Name;
use super::sequences::{Gap, News};

impl Name<'_> {
    /// It goes on using the model and tells nothing.
    pub(super) fn silent(&self, event: &Event, time: Timestamp, silence: Silence) -> Notice {
        let message = format!(
            "`{}` goes on using the model, but its telemetry has stopped",
            self.text
        );
        let details = [
            ("subject", Detail::Text(self.text)),
            (
                "telemetry.last_seen",
                Detail::Number(i64::from(silence.telemetry)),
            ),
            ("flows", Detail::Number(i64::from(silence.flows))),
        ];
        let about = About::of(event).without_session();
        notice("telemetry_silent", time, &message, &about, &details)
    }

    /// It tells again.
    pub(super) fn returned(&self, event: &Event, time: Timestamp, at: u32) -> Notice {
        let message = format!("telemetry of `{}` is back", self.text);
        let details = [
            ("subject", Detail::Text(self.text)),
            ("telemetry.since", Detail::Number(i64::from(at))),
        ];
        let about = About::of(event).without_session();
        notice("telemetry_back", time, &message, &about, &details)
    }
}

/// What became of a gap.
pub(super) fn gap(about: &About, news: News) -> Notice {
    let (code, words, gap) = match news {
        News::Missing(gap) => ("telemetry_gap", "are missing", gap),
        News::Found(gap) => ("telemetry_gap_closed", "have come late", gap),
    };
    let Gap {
        first,
        last,
        before_ms,
    } = gap;
    let message = format!("events {first} to {last} of the session {words}");
    let details = [
        ("missing.first", Detail::Number(i64::from(first))),
        ("missing.last", Detail::Number(i64::from(last))),
        (
            "missing.count",
            Detail::Number(i64::from(last) - i64::from(first) + 1),
        ),
        ("missing.before", Detail::Number(before_ms)),
    ];
    let time = Timestamp::from_millis(before_ms);
    notice(code, time, &message, about, &details)
}

/// Hooks ran before, and run no more.
pub(super) fn hooks_stopped(about: &About, time: Timestamp) -> Notice {
    let message = "the session calls tools and no hook runs, though hooks ran here before";
    notice("hooks_silent", time, message, about, &[])
}

/// A version no longer sends an attribute.
pub(super) fn attribute_lost(
    about: &About,
    time: Timestamp,
    (product, version, code): (&str, &str, &str),
    attribute: &str,
) -> Notice {
    let message = format!("{product} {version} no longer sends `{attribute}` with `{code}`");
    let details = [
        ("drift.product", Detail::Text(product)),
        ("drift.version", Detail::Text(version)),
        ("drift.event", Detail::Text(code)),
        ("drift.attribute", Detail::Text(attribute)),
        ("drift.at", Detail::Number(time.as_millis())),
    ];
    notice("schema_drift", time, &message, about, &details)
}

/// A version sends an event that is not known.
pub(super) fn unknown_event(
    about: &About,
    time: Timestamp,
    (product, version, code): (&str, &str, &str),
) -> Notice {
    let message = format!("{product} {version} sends `{code}`, which this version does not know");
    let details = [
        ("drift.product", Detail::Text(product)),
        ("drift.version", Detail::Text(version)),
        ("drift.event", Detail::Text(code)),
    ];
    notice("unknown_event", time, &message, about, &details)
}

/// Something that the agent is extended with is new, or has changed.
pub(super) fn changed(change: &Change, about: &About, time: Timestamp) -> Notice {
    let Change {
        kind,
        name,
        source,
        what,
        before,
        after,
        description,
    } = change;
    let code = match *what {
        "new" => "inventory_new",
        "cut" => "inventory_cut",
        _ => "inventory_changed",
    };
    let thing = kind.replace('_', " ");
    let message = match *what {
        "new" => format!("{thing} `{name}` is seen for the first time"),
        "cut" => format!(
            "`{name}` tells lists of tools that are cut: what the missing ones say of themselves is not known"
        ),
        "hidden_text" => format!(
            "the description of {thing} `{name}` hides text or talks to the model behind the user's back"
        ),
        "description" => format!("the description of {thing} `{name}` has changed"),
        what => format!("{what} of {thing} `{name}` was `{before}` and is `{after}`"),
    };
    let details = [
        ("inventory.kind", Detail::Text(kind)),
        ("inventory.name", Detail::Text(name)),
        ("inventory.source", Detail::Text(source)),
        ("inventory.what", Detail::Text(what)),
        ("inventory.before", Detail::Text(before)),
        ("inventory.after", Detail::Text(after)),
        ("inventory.description", Detail::Text(description)),
        ("inventory.at", Detail::Number(time.as_millis())),
    ];
    notice(code, time, &message, about, &details)
}

/// An MCP server or a tool reached something, and the device's proxy saw nothing of it.
pub(super) fn bypassed(bypass: &Bypass) -> Notice {
    let Bypass {
        about,
        caller,
        name,
        place,
        at,
    } = bypass;
    let (code, kind, column) = match caller {
        Caller::Server => ("mcp_unproxied", "MCP server ", "egress.server"),
        Caller::Tool => ("tool_unproxied", "", "egress.tool"),
    };
    let message = format!(
        "{kind}`{name}` went to `{place}`, and the proxy that sees the device's other flows saw none there"
    );
    let details = [
        (column, Detail::Text(name)),
        ("egress.destination", Detail::Text(place)),
        ("egress.at", Detail::Number(i64::from(*at))),
    ];
    let time = Timestamp::from_millis(i64::from(*at) * 1_000);
    notice(code, time, &message, about, &details)
}
