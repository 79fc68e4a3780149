//! Lists the columns that say who acted, on what and in which session: personal data in them stays.

use magistrate_event::{Event, Field, Span};

/// Whether `field` identifies an actor, a device, a peer or a record.
///
/// Rows are joined and people are held to account by these columns, so that masking them would
/// make the lake useless; for this recorded reason they keep their value. Content (messages,
/// prompts, arguments, URLs, file names) is not among them.
const fn is_identity(field: Field) -> bool {
    matches!(
        field,
        Field::CorrelationUid
            | Field::TenantUid
            | Field::SessionUid
            | Field::UserUid
            | Field::UserUidAlt
            | Field::UserEmail
            | Field::UserName
            | Field::AccountUid
            | Field::DeviceHostname
            | Field::DeviceUid
            | Field::DeviceIp
            | Field::SrcIp
            | Field::SrcHostname
            | Field::DstIp
            | Field::DstHostname
            | Field::ApiRequestUid
            | Field::HttpRequestUid
            | Field::ProcessUid
            | Field::MessageUid
            | Field::AuthUserUid
            | Field::AuthUserEmail
            | Field::AuthUserName
            | Field::FindingUid
            | Field::SpanParent
            | Field::Peer
            | Field::SenderIdentity
            | Field::TraceId
            | Field::SpanId
            | Field::AgentId
    )
}

/// Where the identity columns of `event` lie in its buffer.
pub(crate) fn identity_spans(event: &Event) -> Vec<Span> {
    event
        .text_places()
        .filter(|(field, _)| is_identity(*field))
        .filter_map(|(_, text)| Span::new(text.start(), text.end()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn only_identity_columns_are_listed() {
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        event.set_text(Field::Message, "content");
        event.set_text(Field::UserEmail, "who");
        event.set_text(Field::SessionUid, "");
        let spans = identity_spans(&event);
        let [span] = spans.as_slice() else {
            panic!("{spans:?}")
        };
        assert_eq!(event.buffer().get(span.start()..span.end()), Some("who"));
    }
}
