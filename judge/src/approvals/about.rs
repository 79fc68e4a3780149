//! What a person sees of an action that waits: lines of redacted text.

use magistrate_event::{Event, Field};

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

/// What is to be seen of the redacted `event` and its task.
pub(super) fn about(event: &Event, task: Option<&str>) -> Vec<Line> {
    let task = task.map(|task| ("task", task));
    let columns = SHOWN.iter().filter_map(|(field, name)| {
        let text = event.text(*field).filter(|text| !text.is_empty())?;
        Some((*name, text))
    });
    task.into_iter()
        .chain(columns)
        .map(|(name, text)| Line {
            name: name.to_owned(),
            text: cut(text),
        })
        .collect()
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
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn lines_come_in_the_order_in_which_they_are_read() {
        let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        event.set_text(Field::ContentText, &"é".repeat(MAX_BYTES));
        event.set_text(Field::Action, "send");
        let lines = about(&event, Some("write to Bo"));
        let names: Vec<_> = lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["task", "action", "content"]);
        assert_eq!(lines[2].text.len(), MAX_BYTES + "…".len());
    }
}
