//! The bytes of OTLP answers: export responses and `google.rpc.Status`, in protobuf and JSON.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::combinators::UnsyncBoxBody;
use magistrate_event::push_json_string;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;

use super::Signal;
use super::fault::Fault;
use super::rejected::Rejected;

/// The body of every answer: small, whole, with trailers where gRPC wants them.
pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// An answer, with what is counted of it.
pub(super) struct Answer {
    pub(super) response: Response<Body>,
    /// The HTTP status, or the gRPC code.
    pub(super) code: u16,
    /// Why the request was not taken, if it was not.
    pub(super) refused: Option<&'static str>,
}

/// The `Export…ServiceResponse` in protobuf; empty when every record was taken.
pub(super) fn success_protobuf(signal: Signal, rejected: &Rejected) -> Vec<u8> {
    if rejected.count() == 0 {
        return Vec::new();
    }
    let count = i64::try_from(rejected.count()).unwrap_or(i64::MAX);
    let error_message = rejected.message();
    match signal {
        Signal::Logs => ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records: count,
                error_message,
            }),
        }
        .encode_to_vec(),
        Signal::Metrics => ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points: count,
                error_message,
            }),
        }
        .encode_to_vec(),
        Signal::Traces => ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: count,
                error_message,
            }),
        }
        .encode_to_vec(),
    }
}

/// The same in JSON.
pub(super) fn success_json(signal: Signal, rejected: &Rejected) -> Vec<u8> {
    if rejected.count() == 0 {
        return b"{}".to_vec();
    }
    let name = match signal {
        Signal::Logs => "rejectedLogRecords",
        Signal::Metrics => "rejectedDataPoints",
        Signal::Traces => "rejectedSpans",
    };
    let count = rejected.count();
    let mut json = format!(r#"{{"partialSuccess":{{"{name}":"{count}","errorMessage":"#);
    push_json_string(&rejected.message(), &mut json);
    json.push_str("}}");
    json.into_bytes()
}

/// The `google.rpc.Status` of a fault in protobuf, with a `RetryInfo` where trying again helps.
pub(super) fn status_protobuf(fault: &Fault) -> Vec<u8> {
    let details = fault.retry_after().map(|retry_after| {
        let retry = tonic_types::pb::RetryInfo {
            retry_delay: retry_after.try_into().ok(),
        };
        prost_types::Any {
            type_url: RETRY_INFO.to_owned(),
            value: retry.encode_to_vec(),
        }
    });
    tonic_types::pb::Status {
        code: fault.grpc_code() as i32,
        message: fault.to_string(),
        details: details.into_iter().collect(),
    }
    .encode_to_vec()
}

/// The same in JSON.
pub(super) fn status_json(fault: &Fault) -> Vec<u8> {
    let mut json = format!(r#"{{"code":{},"message":"#, fault.grpc_code() as i32);
    push_json_string(&fault.to_string(), &mut json);
    if let Some(retry_after) = fault.retry_after() {
        let seconds = retry_after.as_secs_f64();
        let delay = format!(r#","details":[{{"@type":"{RETRY_INFO}","retryDelay":"{seconds}s"}}]"#);
        json.push_str(&delay);
    }
    json.push('}');
    json.into_bytes()
}

/// The value of `Retry-After`: whole seconds, at least one (RFC 9110 section 10.2.3).
pub(super) fn whole_seconds(time: Duration) -> u64 {
    let up = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(up).max(1)
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

#[cfg(test)]
mod tests {
    use super::*;
    use magistrate_event::{Refusal, Rejection};
    use tonic_types::pb;

    fn rejected() -> Rejected {
        let mut rejected = Rejected::default();
        rejected.push(Rejection {
            index: 2,
            records: 1,
            reason: "type",
            message: "field `key`: expected a string".to_owned(),
        });
        rejected
    }

    #[test]
    fn full_success_is_the_empty_message() {
        for signal in [Signal::Logs, Signal::Metrics, Signal::Traces] {
            assert!(success_protobuf(signal, &Rejected::default()).is_empty());
            assert_eq!(success_json(signal, &Rejected::default()), b"{}");
        }
    }

    #[test]
    fn partial_success_names_what_the_signal_counts() {
        for (signal, name) in [
            (Signal::Logs, "rejectedLogRecords"),
            (Signal::Metrics, "rejectedDataPoints"),
            (Signal::Traces, "rejectedSpans"),
        ] {
            let json = String::from_utf8(success_json(signal, &rejected())).unwrap();
            let message = "record 2: field `key`: expected a string";
            assert_eq!(
                json,
                format!(r#"{{"partialSuccess":{{"{name}":"1","errorMessage":"{message}"}}}}"#)
            );
        }
        let protobuf = success_protobuf(Signal::Traces, &rejected());
        let response = ExportTraceServiceResponse::decode(protobuf.as_slice()).unwrap();
        assert_eq!(response.partial_success.unwrap().rejected_spans, 1);
    }

    #[test]
    fn a_status_tells_when_to_try_again_and_only_then() {
        let busy = Fault::Refused(Refusal::Busy {
            retry_after: Duration::from_millis(1_500),
        });
        let status = pb::Status::decode(status_protobuf(&busy).as_slice()).unwrap();
        assert_eq!(status.code, 14);
        let retry = pb::RetryInfo::decode(status.details[0].value.as_slice()).unwrap();
        assert_eq!(retry.retry_delay.unwrap().nanos, 500_000_000);
        let json: serde_json::Value = serde_json::from_slice(&status_json(&busy)).unwrap();
        assert_eq!(json["details"][0]["retryDelay"], "1.5s");
        let status = pb::Status::decode(status_protobuf(&Fault::Cut).as_slice()).unwrap();
        assert_eq!((status.code, status.details.len()), (3, 0));
        let json: serde_json::Value = serde_json::from_slice(&status_json(&Fault::Cut)).unwrap();
        assert_eq!(json["code"], 3);
        assert!(json.get("details").is_none());
    }

    #[test]
    fn retry_after_is_in_whole_seconds() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
