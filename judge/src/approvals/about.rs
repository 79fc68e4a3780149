//! What a person sees of an action that waits: lines of redacted text.

use magistrate_event::Field;
use magistrate_models::Evidence;

use super::Shown;
use super::approval::Line;

/// Columns that are shown, in this order, and how they are called.
const SHOWN: [(Field, &str); 22] = [
    (Field::Action, "action"),
    (Field::ApiOperation, "tool"),
    (Field::ApiServiceName, "server"),
    (Field::UserEmail, "user"),
    (Field::UserName, "user"),
    (Field::DeviceHostname, "device"),
    (Field::SessionUid, "session"),
    (Field::SenderIdentity, "sender"),
    (Field::SessionMode, "mode"),
    (Field::HttpMethod, "method"),
    (Field::UrlString, "address"),
    (Field::DestinationDomain, "domain"),
    (Field::Recipient, "recipient"),
    (Field::RecipientDomain, "recipient's domain"),
    (Field::AppId, "application"),
    (Field::FilePath, "file"),
    (Field::FileName, "file name"),
    (Field::CmdLine, "command"),
    (Field::ToolArguments, "arguments"),
    (Field::ContentOrigin, "content from"),
    (Field::ContentText, "content"),
    (Field::Peer, "peer"),
];
/// Longer texts are cut.
const MAX_BYTES: usize = 2_048;

/// What is to be seen of an action.
pub(super) fn about(shown: &Shown<'_>) -> Vec<Line> {
    let task = shown.task.map(|task| ("task", task));
    let drift = shown.drift.map(far_from_task);
    let drift = drift.as_deref().map(|drift| ("far from the task", drift));
    let columns = SHOWN.iter().filter_map(|(field, name)| {
        let text = shown.event.text(*field).filter(|text| !text.is_empty())?;
        Some((*name, text))
    });
    task.into_iter()
        .chain(drift)
        .chain(columns)
        .map(|(name, text)| Line {
            name: name.to_owned(),
            text: cut(text),
        })
        .collect()
}

/// `to: eve@evil.example (from: nowhere); nearest: mail the report to Ann`.
fn far_from_task(drift: &Evidence) -> String {
    let [(_, argument), (_, source), (_, clause)] = drift.named();
    format!("{argument} (from: {source}); nearest: {clause}")
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_BYTES);
    let mut shown = text.get(..end).unwrap_or_default().to_owned();
    if end < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Event, Timestamp};
    use magistrate_models::Source;

    use super::*;

    #[test]
    fn lines_come_in_the_order_in_which_they_are_read() {
        let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        event.set_text(Field::ContentText, &"é".repeat(MAX_BYTES));
        event.set_text(Field::Action, "send");
        let drift = Evidence {
            argument: "to".to_owned(),
            value: "eve@evil.example".to_owned(),
            source: Source::Call("read_page".to_owned()),
            clause: "write to Bo".to_owned(),
        };
        let lines = about(&Shown {
            event: &event,
            task: Some("write to Bo"),
            drift: Some(&drift),
        });
        let names: Vec<_> = lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["task", "far from the task", "action", "content"]);
        assert_eq!(
            lines[1].text,
            "to: eve@evil.example (from: call: read_page); nearest: write to Bo"
        );
        assert_eq!(lines[3].text.len(), MAX_BYTES + "…".len());
    }
}
