//! The fields of the OTLP messages by their JSON names (opentelemetry-proto 1.11.0).

mod metrics;

use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};

pub(super) use self::metrics::METRICS;

/// A protobuf message.
pub(super) struct Message {
    pub(super) fields: &'static [Field],
}

impl Message {
    /// The field of this JSON name; also by its protobuf name (`time_unix_nano`), as the JSON
    /// mapping of protobuf asks of readers.
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.find(name).or_else(|| {
            if name.contains('_') {
                self.find(&camel_case(name))
            } else {
                None
            }
        })
    }

    fn find(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// One field of a message.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) tag: u32,
    pub(super) kind: Kind,
    pub(super) many: Many,
}

/// How often a field may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Many {
    /// At most once.
    One,
    /// Any number of times.
    List,
    /// Any number of times, and each is a record that is taken or rejected for itself.
    Records,
    /// The same, and a record of these holds further records.
    Groups,
}

/// A field's type in protobuf, and with it how JSON writes it.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Flag,
    Int64,
    Uint64,
    Uint32,
    Sint32,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    /// An enum: its number, or its name.
    Enum(fn(&str) -> Option<i32>),
    /// Bytes written as hex digits.
    Hex,
    /// Bytes written in base64.
    Base64,
    Message(&'static Message),
    /// An `AnyValue`, the only message that nests in itself.
    AnyValue,
}

fn camel_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut parts = name.split('_');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let mut chars = part.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

const fn one(name: &'static str, tag: u32, kind: Kind) -> Field {
    Field {
        name,
        tag,
        kind,
        many: Many::One,
    }
}

const fn list(name: &'static str, tag: u32, kind: Kind) -> Field {
    Field {
        name,
        tag,
        kind,
        many: Many::List,
    }
}

const fn records(name: &'static str, tag: u32, message: &'static Message) -> Field {
    Field {
        name,
        tag,
        kind: Kind::Message(message),
        many: Many::Records,
    }
}

fn severity(name: &str) -> Option<i32> {
    SeverityNumber::from_str_name(name).map(|number| number as i32)
}

fn span_kind(name: &str) -> Option<i32> {
    SpanKind::from_str_name(name).map(|kind| kind as i32)
}

fn status_code(name: &str) -> Option<i32> {
    StatusCode::from_str_name(name).map(|code| code as i32)
}

const ATTRIBUTE: Kind = Kind::Message(&KEY_VALUE);

pub(super) static LOGS: Message = Message {
    fields: &[list("resourceLogs", 1, Kind::Message(&RESOURCE_LOGS))],
};

pub(super) static TRACES: Message = Message {
    fields: &[list("resourceSpans", 1, Kind::Message(&RESOURCE_SPANS))],
};

pub(super) static ANY_VALUE: Message = Message {
    fields: &[
        one("stringValue", 1, Kind::Text),
        one("intValue", 3, Kind::Int64),
        one("boolValue", 2, Kind::Flag),
        one("doubleValue", 4, Kind::Double),
        one("arrayValue", 5, Kind::Message(&ARRAY_VALUE)),
        one("kvlistValue", 6, Kind::Message(&KEY_VALUE_LIST)),
        one("bytesValue", 7, Kind::Base64),
    ],
};

static ARRAY_VALUE: Message = Message {
    fields: &[list("values", 1, Kind::AnyValue)],
};

static KEY_VALUE_LIST: Message = Message {
    fields: &[list("values", 1, ATTRIBUTE)],
};

static KEY_VALUE: Message = Message {
    fields: &[one("key", 1, Kind::Text), one("value", 2, Kind::AnyValue)],
};

static RESOURCE: Message = Message {
    fields: &[
        list("attributes", 1, ATTRIBUTE),
        one("droppedAttributesCount", 2, Kind::Uint32),
        list("entityRefs", 3, Kind::Message(&ENTITY_REF)),
    ],
};

static ENTITY_REF: Message = Message {
    fields: &[
        one("schemaUrl", 1, Kind::Text),
        one("type", 2, Kind::Text),
        list("idKeys", 3, Kind::Text),
        list("descriptionKeys", 4, Kind::Text),
    ],
};

static SCOPE: Message = Message {
    fields: &[
        one("name", 1, Kind::Text),
        one("version", 2, Kind::Text),
        list("attributes", 3, ATTRIBUTE),
        one("droppedAttributesCount", 4, Kind::Uint32),
    ],
};

static RESOURCE_LOGS: Message = Message {
    fields: &[
        one("resource", 1, Kind::Message(&RESOURCE)),
        list("scopeLogs", 2, Kind::Message(&SCOPE_LOGS)),
        one("schemaUrl", 3, Kind::Text),
    ],
};

static SCOPE_LOGS: Message = Message {
    fields: &[
        one("scope", 1, Kind::Message(&SCOPE)),
        records("logRecords", 2, &LOG_RECORD),
        one("schemaUrl", 3, Kind::Text),
    ],
};

static LOG_RECORD: Message = Message {
    fields: &[
        one("timeUnixNano", 1, Kind::Fixed64),
        one("observedTimeUnixNano", 11, Kind::Fixed64),
        one("severityNumber", 2, Kind::Enum(severity)),
        one("severityText", 3, Kind::Text),
        one("body", 5, Kind::AnyValue),
        list("attributes", 6, ATTRIBUTE),
        one("droppedAttributesCount", 7, Kind::Uint32),
        one("flags", 8, Kind::Fixed32),
        one("traceId", 9, Kind::Hex),
        one("spanId", 10, Kind::Hex),
        one("eventName", 12, Kind::Text),
    ],
};

static RESOURCE_SPANS: Message = Message {
    fields: &[
        one("resource", 1, Kind::Message(&RESOURCE)),
        list("scopeSpans", 2, Kind::Message(&SCOPE_SPANS)),
        one("schemaUrl", 3, Kind::Text),
    ],
};

static SCOPE_SPANS: Message = Message {
    fields: &[
        one("scope", 1, Kind::Message(&SCOPE)),
        records("spans", 2, &SPAN),
        one("schemaUrl", 3, Kind::Text),
    ],
};

static SPAN: Message = Message {
    fields: &[
        one("traceId", 1, Kind::Hex),
        one("spanId", 2, Kind::Hex),
        one("traceState", 3, Kind::Text),
        one("parentSpanId", 4, Kind::Hex),
        one("name", 5, Kind::Text),
        one("kind", 6, Kind::Enum(span_kind)),
        one("startTimeUnixNano", 7, Kind::Fixed64),
        one("endTimeUnixNano", 8, Kind::Fixed64),
        list("attributes", 9, ATTRIBUTE),
        one("droppedAttributesCount", 10, Kind::Uint32),
        list("events", 11, Kind::Message(&SPAN_EVENT)),
        one("droppedEventsCount", 12, Kind::Uint32),
        list("links", 13, Kind::Message(&SPAN_LINK)),
        one("droppedLinksCount", 14, Kind::Uint32),
        one("status", 15, Kind::Message(&STATUS)),
        one("flags", 16, Kind::Fixed32),
    ],
};

static SPAN_EVENT: Message = Message {
    fields: &[
        one("timeUnixNano", 1, Kind::Fixed64),
        one("name", 2, Kind::Text),
        list("attributes", 3, ATTRIBUTE),
        one("droppedAttributesCount", 4, Kind::Uint32),
    ],
};

static SPAN_LINK: Message = Message {
    fields: &[
        one("traceId", 1, Kind::Hex),
        one("spanId", 2, Kind::Hex),
        one("traceState", 3, Kind::Text),
        list("attributes", 4, ATTRIBUTE),
        one("droppedAttributesCount", 5, Kind::Uint32),
        one("flags", 6, Kind::Fixed32),
    ],
};

static STATUS: Message = Message {
    fields: &[
        one("message", 2, Kind::Text),
        one("code", 3, Kind::Enum(status_code)),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_either_name() {
        for name in ["timeUnixNano", "time_unix_nano"] {
            assert_eq!(LOG_RECORD.field(name).map(|field| field.tag), Some(1));
        }
        assert!(LOG_RECORD.field("unknown_field").is_none());
        assert!(LOG_RECORD.field("").is_none());
    }
}
