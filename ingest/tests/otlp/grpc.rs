//! OTLP/gRPC, spoken by tonic's own client.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Door, Setup, logs};
use magistrate_event::{Identity, Receipt, Refusal, Rejection, Source};
use magistrate_ingest::{Listener, Tokens};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

async fn channel(door: &Door) -> Channel {
    Channel::from_shared(format!("http://{}", door.address))
        .unwrap()
        .connect()
        .await
        .unwrap()
}

async fn client(door: &Door) -> LogsServiceClient<Channel> {
    LogsServiceClient::new(channel(door).await)
}

#[tokio::test]
async fn both_ports_take_every_signal_plain_and_packed() {
    for listener in [Listener::OtlpGrpc, Listener::OtlpHttp] {
        let door = Setup {
            listener,
            ..Setup::default()
        }
        .open()
        .await;
        let channel = channel(&door).await;
        let plain = LogsServiceClient::new(channel.clone());
        for mut client in [
            plain.clone(),
            plain.clone().send_compressed(CompressionEncoding::Gzip),
            plain.send_compressed(CompressionEncoding::Zstd),
        ] {
            let response = client.export(logs(&["a"; 50])).await.unwrap();
            assert_eq!(response.into_inner().partial_success, None);
        }
        assert_eq!(door.event_names(), ["a"; 150]);
        assert!(
            door.seen()
                .iter()
                .all(|raw| raw.origin.source == Source::OtlpGrpc)
        );
        let empty = ExportMetricsServiceRequest::default();
        let mut metrics = MetricsServiceClient::new(channel.clone());
        metrics.export(empty).await.unwrap();
        let empty = ExportTraceServiceRequest::default();
        TraceServiceClient::new(channel)
            .export(empty)
            .await
            .unwrap();
        assert_eq!(door.seen().len(), 5);
    }
}

#[tokio::test]
async fn pressure_is_unavailable_with_the_time_to_wait() {
    let retry_after = Duration::from_millis(1_500);
    let door = Setup::answering(Err(Refusal::Busy { retry_after }))
        .open()
        .await;
    let status = client(&door).await.export(logs(&["a"])).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let retry = status.get_details_retry_info().unwrap();
    assert_eq!(retry.retry_delay, Some(retry_after));
}

#[tokio::test]
async fn what_does_not_help_to_repeat_says_so() {
    let malformed = Refusal::Malformed("message 3: field 1 is cut".to_owned());
    let door = Setup::answering(Err(malformed)).open().await;
    let status = client(&door).await.export(logs(&["a"])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "message 3: field 1 is cut");
    assert!(status.get_details_retry_info().is_none());
}

#[tokio::test]
async fn too_large_a_message_is_resource_exhausted_packed_or_not() {
    let door = Setup::small().open().await;
    let large = "x".repeat(2 << 20);
    let client = client(&door).await;
    for mut client in [
        client.clone(),
        client.clone().send_compressed(CompressionEncoding::Gzip),
        client.send_compressed(CompressionEncoding::Zstd),
    ] {
        let status = client.export(logs(&[&large])).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        assert!(status.get_details_retry_info().is_none());
    }
    assert!(door.seen().is_empty());
}

#[tokio::test]
async fn partial_success_comes_in_the_response() {
    let rejected = vec![Rejection {
        index: 0,
        records: 1,
        reason: "depth",
        message: "nested too deep".to_owned(),
    }];
    let door = Setup::answering(Ok(Receipt {
        rejected,
        ..Receipt::default()
    }))
    .open()
    .await;
    let response = client(&door).await.export(logs(&["a"])).await.unwrap();
    let partial = response.into_inner().partial_success.unwrap();
    assert_eq!(partial.rejected_log_records, 1);
    assert_eq!(partial.error_message, "record 0: nested too deep");
}

#[tokio::test]
async fn a_token_is_needed_where_tokens_are_set() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "ana token-of-ana").unwrap();
    let door = Setup {
        tokens: Some(Arc::new(Tokens::open(file.path()).unwrap())),
        ..Setup::default()
    }
    .open()
    .await;
    let mut client = client(&door).await;
    let status = client.export(logs(&["a"])).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let mut request = Request::new(logs(&["a"]));
    let token = "Bearer token-of-ana".parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    client.export(request).await.unwrap();
    let identity = &door.seen()[0].origin.identity;
    assert_eq!(*identity, Identity::Token("ana".to_owned()));
}

/// Calls a path with a message of these bytes.
async fn call(door: &Door, path: &'static str) -> Result<(), tonic::Status> {
    let mut grpc = tonic::client::Grpc::new(channel(door).await);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let path = http::uri::PathAndQuery::from_static(path);
    grpc.unary(Request::new(()), path, codec).await.map(drop)
}

#[tokio::test]
async fn an_unknown_service_is_unimplemented_and_health_is_good() {
    let door = Setup::default().open().await;
    let status = call(&door, "/some.Service/Export").await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    call(&door, "/grpc.health.v1.Health/Check").await.unwrap();
    let metrics = door.metrics();
    for line in [
        r#"requests_total{source="otlp_grpc",code="12"} 1"#,
        r#"requests_total{source="otlp_grpc",code="0"} 1"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}
