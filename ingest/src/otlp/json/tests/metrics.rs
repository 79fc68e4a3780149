//! Tests of metrics and spans.

use super::*;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};

fn metrics(metrics: &str) -> (ExportMetricsServiceRequest, Rejected) {
    let json = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metrics}]}}]}}]}}"#);
    let converted = convert(Signal::Metrics, &json);
    (
        ExportMetricsServiceRequest::decode(converted.body.as_slice()).unwrap(),
        converted.rejected,
    )
}

#[test]
fn each_kind_of_metric_is_read() {
    let (request, rejected) = metrics(
        r#"{"name":"g","gauge":{"dataPoints":[{"asInt":"-7"},{"asDouble":0.5},{"asInt":7}]}},
           {"name":"s","sum":{"dataPoints":[{"asInt":1,"exemplars":[{"asDouble":1,"spanId":"0a"}]}],
            "aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","isMonotonic":true}},
           {"name":"h","histogram":{"dataPoints":[{"count":"3","sum":1.5,"bucketCounts":["1",2],
            "explicitBounds":[0,"NaN"],"min":0,"max":9}],"aggregationTemporality":2}},
           {"name":"e","exponentialHistogram":{"dataPoints":[{"scale":-3,"zeroCount":1,
            "positive":{"offset":-1,"bucketCounts":[1,"300"]},"zeroThreshold":0.1}]}},
           {"name":"q","summary":{"dataPoints":[{"count":1,"sum":2,
            "quantileValues":[{"quantile":0.5,"value":3}]}]}}"#,
    );
    assert_eq!(rejected.count(), 0, "{}", rejected.message());
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let Some(metric::Data::Gauge(gauge)) = &metrics[0].data else {
        panic!("no gauge")
    };
    assert_eq!(
        gauge.data_points[0].value,
        Some(number_data_point::Value::AsInt(-7))
    );
    let Some(metric::Data::Sum(sum)) = &metrics[1].data else {
        panic!("no sum")
    };
    assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (1, true));
    assert_eq!(sum.data_points[0].exemplars[0].span_id, [10]);
    let Some(metric::Data::Histogram(histogram)) = &metrics[2].data else {
        panic!("no histogram")
    };
    let point = &histogram.data_points[0];
    assert_eq!(
        (point.count, point.sum, point.max),
        (3, Some(1.5), Some(9.0))
    );
    assert_eq!(point.bucket_counts, [1, 2]);
    assert!(point.explicit_bounds[1].is_nan());
    let Some(metric::Data::ExponentialHistogram(exponential)) = &metrics[3].data else {
        panic!()
    };
    let point = &exponential.data_points[0];
    let positive = point.positive.as_ref().unwrap();
    assert_eq!((point.scale, positive.offset), (-3, -1));
    assert_eq!(positive.bucket_counts, [1, 300]);
    let Some(metric::Data::Summary(summary)) = &metrics[4].data else {
        panic!("no summary")
    };
    assert_eq!(summary.data_points[0].quantile_values[0].value, 3.0);
}

#[test]
fn data_points_are_rejected_and_counted_one_by_one() {
    let (request, rejected) = metrics(
        r#"{"name":"a","gauge":{"dataPoints":[{"asInt":"x"},{"asInt":1}]}},
           {"gauge":{"dataPoints":[{"asInt":1},{"asInt":"x"},{}]},"name":7},
           {"name":8,"x":{"gauge":{"dataPoints":[1,2]}},"gauge":{"gauge":{"dataPoints":[1]}}},
           9"#,
    );
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    assert_eq!(metrics.len(), 1);
    let Some(metric::Data::Gauge(gauge)) = &metrics[0].data else {
        panic!("no gauge")
    };
    assert_eq!(gauge.data_points.len(), 1);
    assert_eq!(rejected.count(), 1 + 3 + 1 + 1);
    let message = rejected.message();
    assert!(message.starts_with("record 0: field `asInt`"), "{message}");
    assert!(message.contains("record 2: field `name`"), "{message}");
    assert!(message.contains("record 6: field `metrics`"), "{message}");
}

#[test]
fn spans_are_read_with_events_links_and_status() {
    let converted = convert(
        Signal::Traces,
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cowork"}}]},
            "scopeSpans":[{"scope":{"name":"s","version":"1"},"spans":[
            {"traceId":"0A","spanId":"0b","parentSpanId":"","name":"n","kind":"SPAN_KIND_SERVER","flags":257,
             "startTimeUnixNano":"1","endTimeUnixNano":2,"events":[{"name":"e","timeUnixNano":3}],
             "links":[{"traceId":"0c","flags":1}],"status":{"code":2,"message":"m"}},
            {"kind":"SPAN_KIND_NONE"}]}]}]}"#,
    );
    let request = ExportTraceServiceRequest::decode(converted.body.as_slice()).unwrap();
    let scope = &request.resource_spans[0].scope_spans[0];
    let span = &scope.spans[0];
    assert_eq!(scope.spans.len(), 1);
    assert_eq!(
        (span.kind, span.flags, span.end_time_unix_nano),
        (2, 257, 2)
    );
    assert_eq!(span.events[0].time_unix_nano, 3);
    assert_eq!(span.links[0].trace_id, [12]);
    assert_eq!(span.status.as_ref().unwrap().code, 2);
    assert_eq!(converted.rejected.count(), 1);
}

#[test]
fn a_body_that_grows_past_the_limit_is_refused() {
    let counts = vec!["1"; 10_000].join(",");
    let json = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"histogram":{{"dataPoints":[{{"bucketCounts":[{counts}]}}]}}}}]}}]}}]}}"#
    );
    let refused = to_protobuf(Signal::Metrics, json.as_bytes(), 20_000).unwrap_err();
    assert_eq!(refused, ConvertError::TooLarge { max_bytes: 20_000 });
}
