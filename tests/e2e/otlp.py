"""Sends recorded OTLP bodies in every encoding that a client may use."""

import gzip
import http.client
import json
import pathlib

import grpc
import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

REQUESTS = {
    "logs": logs_service_pb2.ExportLogsServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "traces": trace_service_pb2.ExportTraceServiceRequest,
}
METHODS = {
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
}


def bodies(capture: pathlib.Path):
    """The capture's request bodies in the order of their arrival: signal, encoding, bytes."""
    for path in sorted(capture.iterdir()):
        number_and_signal, _, kind = path.name.partition(".")
        signal = number_and_signal.split("-")[1]
        if kind == "bin":
            yield signal, "protobuf", path.read_bytes()
        elif kind == "json":
            yield signal, "json", path.read_bytes()


def as_protobuf(signal, encoding, body):
    """The body as protobuf bytes; JSON is read by Google's own parser, once ids are base64."""
    if encoding == "protobuf":
        return body
    return json_format.ParseDict(_with_base64_ids(json.loads(body)), REQUESTS[signal]()).SerializeToString()


def as_json(signal, encoding, body):
    """The body as OTLP/JSON: ids in hex."""
    if encoding == "json":
        return body
    message = REQUESTS[signal].FromString(body)
    document = json_format.MessageToDict(message, use_integers_for_enums=True)
    return json.dumps(_with_hex_ids(document)).encode()


def _walk_ids(value, convert):
    if isinstance(value, dict):
        return {
            key: convert(inner) if key in ("traceId", "spanId", "parentSpanId") else _walk_ids(inner, convert)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_walk_ids(inner, convert) for inner in value]
    return value


def _with_base64_ids(document):
    import base64
    return _walk_ids(document, lambda text: base64.b64encode(bytes.fromhex(text)).decode())


def _with_hex_ids(document):
    import base64
    return _walk_ids(document, lambda text: base64.b64decode(text).hex())


def http_post(port, signal, body, content_type, coding="identity", chunked=False):
    """One OTLP/HTTP request; returns status and body."""
    headers = {"content-type": content_type}
    if coding == "gzip":
        # Two members: a receiver that reads only the first loses half.
        half = len(body) // 2
        body = gzip.compress(body[:half]) + gzip.compress(body[half:])
    elif coding == "zstd":
        body = zstandard.compress(body)
    if coding != "identity":
        headers["content-encoding"] = coding
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    if chunked:
        pieces = (body[at:at + 1000] for at in range(0, len(body), 1000))
        connection.request("POST", f"/v1/{signal}", pieces, headers, encode_chunked=True)
    else:
        connection.request("POST", f"/v1/{signal}", body, headers)
    answer = connection.getresponse()
    status, text = answer.status, answer.read()
    connection.close()
    return status, text


def grpc_call(channel, signal, body, compression=grpc.Compression.NoCompression, metadata=()):
    """One OTLP/gRPC call with the bytes as they are; returns the answer's bytes."""
    call = channel.unary_unary(METHODS[signal], lambda raw: raw, lambda raw: raw)
    return call(body, timeout=30, compression=compression, metadata=metadata)
