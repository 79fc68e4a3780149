//! The fields of the OTLP metric messages.

use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;

use super::{ATTRIBUTE, Field, Kind, Many, Message, RESOURCE, SCOPE, list, one, records};

pub(in crate::otlp::json) static METRICS: Message = Message {
    fields: &[list("resourceMetrics", 1, Kind::Message(&RESOURCE_METRICS))],
};

static RESOURCE_METRICS: Message = Message {
    fields: &[
        one("resource", 1, Kind::Message(&RESOURCE)),
        list("scopeMetrics", 2, Kind::Message(&SCOPE_METRICS)),
        one("schemaUrl", 3, Kind::Text),
    ],
};

static SCOPE_METRICS: Message = Message {
    fields: &[
        one("scope", 1, Kind::Message(&SCOPE)),
        Field {
            name: "metrics",
            tag: 2,
            kind: Kind::Message(&METRIC),
            many: Many::Groups,
        },
        one("schemaUrl", 3, Kind::Text),
    ],
};

/// The message of one metric; its points are the records.
static METRIC: Message = Message {
    fields: &[
        one("name", 1, Kind::Text),
        one("description", 2, Kind::Text),
        one("unit", 3, Kind::Text),
        one("gauge", 5, Kind::Message(&GAUGE)),
        one("sum", 7, Kind::Message(&SUM)),
        one("histogram", 9, Kind::Message(&HISTOGRAM)),
        one("exponentialHistogram", 10, Kind::Message(&EXPONENTIAL)),
        one("summary", 11, Kind::Message(&SUMMARY)),
        list("metadata", 12, ATTRIBUTE),
    ],
};

static GAUGE: Message = Message {
    fields: &[records("dataPoints", 1, &NUMBER_POINT)],
};

static SUM: Message = Message {
    fields: &[
        records("dataPoints", 1, &NUMBER_POINT),
        one("aggregationTemporality", 2, Kind::Enum(temporality)),
        one("isMonotonic", 3, Kind::Flag),
    ],
};

static HISTOGRAM: Message = Message {
    fields: &[
        records("dataPoints", 1, &HISTOGRAM_POINT),
        one("aggregationTemporality", 2, Kind::Enum(temporality)),
    ],
};

static EXPONENTIAL: Message = Message {
    fields: &[
        records("dataPoints", 1, &EXPONENTIAL_POINT),
        one("aggregationTemporality", 2, Kind::Enum(temporality)),
    ],
};

static SUMMARY: Message = Message {
    fields: &[records("dataPoints", 1, &SUMMARY_POINT)],
};

static NUMBER_POINT: Message = Message {
    fields: &[
        list("attributes", 7, ATTRIBUTE),
        one("startTimeUnixNano", 2, Kind::Fixed64),
        one("timeUnixNano", 3, Kind::Fixed64),
        one("asDouble", 4, Kind::Double),
        one("asInt", 6, Kind::Sfixed64),
        list("exemplars", 5, Kind::Message(&EXEMPLAR)),
        one("flags", 8, Kind::Uint32),
    ],
};

static HISTOGRAM_POINT: Message = Message {
    fields: &[
        list("attributes", 9, ATTRIBUTE),
        one("startTimeUnixNano", 2, Kind::Fixed64),
        one("timeUnixNano", 3, Kind::Fixed64),
        one("count", 4, Kind::Fixed64),
        one("sum", 5, Kind::Double),
        list("bucketCounts", 6, Kind::Fixed64),
        list("explicitBounds", 7, Kind::Double),
        list("exemplars", 8, Kind::Message(&EXEMPLAR)),
        one("flags", 10, Kind::Uint32),
        one("min", 11, Kind::Double),
        one("max", 12, Kind::Double),
    ],
};

static EXPONENTIAL_POINT: Message = Message {
    fields: &[
        list("attributes", 1, ATTRIBUTE),
        one("startTimeUnixNano", 2, Kind::Fixed64),
        one("timeUnixNano", 3, Kind::Fixed64),
        one("count", 4, Kind::Fixed64),
        one("sum", 5, Kind::Double),
        one("scale", 6, Kind::Sint32),
        one("zeroCount", 7, Kind::Fixed64),
        one("positive", 8, Kind::Message(&BUCKETS)),
        one("negative", 9, Kind::Message(&BUCKETS)),
        one("flags", 10, Kind::Uint32),
        list("exemplars", 11, Kind::Message(&EXEMPLAR)),
        one("min", 12, Kind::Double),
        one("max", 13, Kind::Double),
        one("zeroThreshold", 14, Kind::Double),
    ],
};

static BUCKETS: Message = Message {
    fields: &[
        one("offset", 1, Kind::Sint32),
        list("bucketCounts", 2, Kind::Uint64),
    ],
};

static SUMMARY_POINT: Message = Message {
    fields: &[
        list("attributes", 7, ATTRIBUTE),
        one("startTimeUnixNano", 2, Kind::Fixed64),
        one("timeUnixNano", 3, Kind::Fixed64),
        one("count", 4, Kind::Fixed64),
        one("sum", 5, Kind::Double),
        list("quantileValues", 6, Kind::Message(&QUANTILE)),
        one("flags", 8, Kind::Uint32),
    ],
};

static QUANTILE: Message = Message {
    fields: &[
        one("quantile", 1, Kind::Double),
        one("value", 2, Kind::Double),
    ],
};

static EXEMPLAR: Message = Message {
    fields: &[
        list("filteredAttributes", 7, ATTRIBUTE),
        one("timeUnixNano", 2, Kind::Fixed64),
        one("asDouble", 3, Kind::Double),
        one("asInt", 6, Kind::Sfixed64),
        one("spanId", 4, Kind::Hex),
        one("traceId", 5, Kind::Hex),
    ],
};

fn temporality(name: &str) -> Option<i32> {
    AggregationTemporality::from_str_name(name).map(|temporality| temporality as i32)
}
