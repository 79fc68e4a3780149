//! Metrics of every shape: one event a data point, nothing of it lost.

use magistrate_event::{Event, Field, Payload, Value as Stored};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exponential_histogram_data_point::Buckets, metric::Data, number_data_point,
    summary_data_point::ValueAtQuantile,
};
use prost::Message;

use super::foreign::{text, unmapped};
use super::recording::normalized;

fn metric(name: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        unit: "By".to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn metrics(list: Vec<Metric>) -> Vec<Event> {
    let scope = InstrumentationScope {
        attributes: vec![text("a", "b")],
        ..Default::default()
    };
    let scope_metrics = ScopeMetrics {
        scope: Some(scope),
        metrics: list,
        schema_url: "https://s".to_owned(),
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![scope_metrics],
            ..ResourceMetrics::default()
        }],
    };
    let found = normalized(Payload::OtlpMetrics(request.encode_to_vec().into()));
    found.events.into_iter().map(|(_, event)| event).collect()
}

fn tree(event: &Event, field: Field) -> String {
    let mut json = String::new();
    event.push_json(event.value(field).unwrap(), &mut json);
    json
}

#[test]
fn every_shape_of_metric_becomes_one_event_per_point() {
    let number = |value| NumberDataPoint {
        time_unix_nano: 2_000,
        start_time_unix_nano: 1_000,
        value: Some(value),
        exemplars: vec![Exemplar {
            trace_id: vec![1; 2],
            ..Exemplar::default()
        }],
        ..NumberDataPoint::default()
    };
    let int = number_data_point::Value::AsInt(i64::MAX);
    let gauge = Gauge {
        data_points: vec![number(int), number(int)],
    };
    let sum = Sum {
        data_points: vec![number(number_data_point::Value::AsDouble(0.5))],
        aggregation_temporality: 1,
        is_monotonic: true,
    };
    let events = metrics(vec![
        metric("g", Data::Gauge(gauge)),
        metric("s", Data::Sum(sum)),
    ]);
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].text(Field::MetricType), Some("gauge"));
    assert_eq!(
        unmapped(&events[0]),
        r#"{"otlp.scope.schema_url":"https://s","otlp.scope.a":"b","otlp.as_int":9223372036854775807}"#
    );
    assert_eq!(
        tree(&events[0], Field::MetricExemplars),
        r#"[{"time_unix_nano":0,"trace_id":"0101"}]"#
    );
    assert_eq!(
        events[2].value(Field::MetricValue),
        Some(&Stored::Double(0.5))
    );
    assert_eq!(events[2].text(Field::MetricTemporality), Some("delta"));
    assert_eq!(
        events[2].value(Field::MetricMonotonic),
        Some(&Stored::Bool(true))
    );
    assert_eq!(events[2].text(Field::MetricUnit), Some("By"));
}

/// One metric of each shape that has a distribution.
fn distributions() -> Vec<Event> {
    let histogram = HistogramDataPoint {
        count: 3,
        sum: Some(4.5),
        min: Some(0.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![1.0],
        ..HistogramDataPoint::default()
    };
    let exponential = ExponentialHistogramDataPoint {
        count: 3,
        scale: -2,
        zero_count: 1,
        positive: Some(Buckets {
            offset: -3,
            bucket_counts: vec![2],
        }),
        ..ExponentialHistogramDataPoint::default()
    };
    let summary = SummaryDataPoint {
        count: 2,
        sum: 3.0,
        quantile_values: vec![ValueAtQuantile {
            quantile: 0.5,
            value: 1.5,
        }],
        ..SummaryDataPoint::default()
    };
    metrics(vec![
        metric(
            "h",
            Data::Histogram(Histogram {
                data_points: vec![histogram],
                aggregation_temporality: 2,
            }),
        ),
        metric(
            "x",
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential],
                aggregation_temporality: 2,
            }),
        ),
        metric(
            "q",
            Data::Summary(Summary {
                data_points: vec![summary],
            }),
        ),
    ])
}

#[test]
fn distributions_keep_their_buckets_and_quantiles() {
    let events = distributions();
    let types: Vec<_> = events
        .iter()
        .map(|event| event.text(Field::MetricType).unwrap())
        .collect();
    assert_eq!(types, ["histogram", "exponential_histogram", "summary"]);
    assert_eq!(events[0].int(Field::MetricCount), Some(3));
    assert_eq!(
        events[0].value(Field::MetricSum),
        Some(&Stored::Double(4.5))
    );
    assert_eq!(events[0].value(Field::MetricMax), None);
    let distributions: Vec<_> = events
        .iter()
        .map(|event| tree(event, Field::MetricDistribution))
        .collect();
    assert_eq!(
        distributions,
        [
            r#"{"explicit_bounds":[1.0],"bucket_counts":[1,2]}"#,
            r#"{"scale":-2,"zero_count":1,"positive":{"offset":-3,"bucket_counts":[2]}}"#,
            r#"{"quantile_values":[{"quantile":0.5,"value":1.5}]}"#,
        ]
    );
}
