"""A program with the stock Python OpenTelemetry SDK exports to magistrate."""

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import Compression, _log_exporter as http_logs
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

RESOURCE = Resource({"service.name": "cowork", "service.version": "1.2.3"})


def exporters(protocol, server):
    if protocol == "grpc":
        address = {"endpoint": f"127.0.0.1:{server.ports['otlp_grpc']}", "insecure": True}
        return (
            grpc_logs.OTLPLogExporter(**address),
            grpc_metrics.OTLPMetricExporter(**address),
            grpc_traces.OTLPSpanExporter(**address),
        )
    base = f"http://127.0.0.1:{server.ports['otlp_http']}/v1/"
    gzip = {"compression": Compression.Gzip}
    return (
        http_logs.OTLPLogExporter(endpoint=base + "logs", **gzip),
        http_metrics.OTLPMetricExporter(endpoint=base + "metrics", **gzip),
        http_traces.OTLPSpanExporter(endpoint=base + "traces", **gzip),
    )


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_the_python_sdk_exports_logs_metrics_and_spans(magistrate, protocol):
    server = magistrate().start()
    logs, metrics, traces = exporters(protocol, server)

    provider = LoggerProvider(resource=RESOURCE)
    provider.add_log_record_processor(BatchLogRecordProcessor(logs))
    logger = provider.get_logger("com.anthropic.claude_code.events")
    for sequence in range(250):
        logger.emit(
            body="claude_code.user_prompt",
            severity_number=SeverityNumber.INFO,
            attributes={
                "event.name": "user_prompt", "session.id": "s-1", "event.sequence": sequence,
                "user.email": "ana@example.com", "prompt": f"question {sequence}", "prompt_length": 10,
            },
        )
    provider.shutdown()

    meters = MeterProvider(resource=RESOURCE, metric_readers=[PeriodicExportingMetricReader(metrics)])
    meters.get_meter("com.anthropic.claude_code").create_counter("claude_code.token.usage", "tokens").add(
        7, {"type": "input", "session.id": "s-1"}
    )
    meters.shutdown()

    tracers = TracerProvider(resource=RESOURCE)
    tracers.add_span_processor(BatchSpanProcessor(traces))
    with tracers.get_tracer("com.anthropic.claude_code.tracing").start_as_current_span("claude_code.interaction"):
        pass
    tracers.shutdown()

    server.stop()
    prompts = server.sql(
        "select count(*), count(distinct magistrate.content.text), min(actor.user.email_addr), "
        "min(metadata.product.name), min(magistrate.surface) from lake where metadata.event_code = 'user_prompt'"
    )
    assert prompts == [(250, 250, "ana@example.com", "cowork", "cowork")]
    assert server.sql("select metric.value, actor.session.uid from lake where metric.name is not null") == [(7.0, "s-1")]
    assert server.sql("select count(*) from lake where span.name = 'claude_code.interaction'") == [(1,)]
