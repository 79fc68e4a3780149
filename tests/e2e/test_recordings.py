"""What the real client sent, in every encoding, gives exactly the rows it should."""

import collections

import grpc
import pyarrow.dataset
import pytest

import otlp
from conftest import FIXTURES, recordings

PROTOBUF, JSON = "application/x-protobuf", "application/json"


def over_http(content_type, convert, listener="otlp_http", **options):
    def send(server, signal, encoding, body):
        port = server.ports[listener]
        status, text = otlp.http_post(port, signal, convert(signal, encoding, body), content_type, **options)
        assert status == 200, text

    return send


def over_grpc(compression=grpc.Compression.NoCompression, listener="otlp_grpc"):
    def send(server, signal, encoding, body):
        with grpc.insecure_channel(f"127.0.0.1:{server.ports[listener]}") as channel:
            answer = otlp.grpc_call(channel, signal, otlp.as_protobuf(signal, encoding, body), compression)
            assert answer == b"", "full success has no partial_success"

    return send


WAYS = {
    "http-protobuf": over_http(PROTOBUF, otlp.as_protobuf),
    "http-protobuf-gzip": over_http(PROTOBUF, otlp.as_protobuf, coding="gzip"),
    "http-protobuf-zstd": over_http(PROTOBUF, otlp.as_protobuf, coding="zstd"),
    "http-protobuf-chunked": over_http(PROTOBUF, otlp.as_protobuf, chunked=True),
    "http-json": over_http(JSON, otlp.as_json),
    "http-json-gzip-chunked": over_http(JSON, otlp.as_json, coding="gzip", chunked=True),
    "http-json-on-the-grpc-port": over_http(JSON, otlp.as_json, listener="otlp_grpc"),
    "grpc": over_grpc(),
    "grpc-gzip": over_grpc(grpc.Compression.Gzip),
    "grpc-on-the-http-port": over_grpc(listener="otlp_http"),
}


def send_all(server, send):
    for name, _ in recordings():
        for signal, encoding, body in otlp.bodies(FIXTURES / "otlp" / name):
            send(server, signal, encoding, body)


def totals():
    sums = collections.defaultdict(collections.Counter)
    for _, expected in recordings():
        for kind in ("log_events", "spans", "metric_points"):
            sums[kind].update(expected[kind])
    return sums


def assert_exact(server):
    expected = totals()
    # Alerts and notices are rows of their own.
    logs = (
        "select metadata.event_code, count(*) from lake"
        " where class_uid <> 2004 and metadata.product.name <> 'magistrate' group by 1"
    )
    assert dict(server.sql(logs)) == expected["log_events"]
    spans = "select span.name, count(*) from lake where span.name is not null group by 1"
    assert dict(server.sql(spans)) == expected["spans"]
    points = "select metric.name, count(*) from lake where metric.name is not null group by 1"
    assert dict(server.sql(points)) == expected["metric_points"]


@pytest.mark.parametrize("way", WAYS)
def test_every_recording_gives_exactly_its_rows(magistrate, way):
    server = magistrate().start()
    send_all(server, WAYS[way])
    server.stop()
    assert_exact(server)


def test_the_same_records_in_all_encodings_are_stored_once_across_a_restart(magistrate):
    server = magistrate().start()
    send_all(server, WAYS["http-protobuf"])
    send_all(server, WAYS["http-json"])
    server.stop()
    server.start()
    send_all(server, WAYS["grpc-gzip"])
    server.stop()
    assert_exact(server)


def test_pyarrow_reads_the_same_rows(magistrate):
    server = magistrate().start()
    send_all(server, WAYS["http-protobuf"])
    server.stop()
    for table, kind in (("span", "spans"), ("metric", "metric_points")):
        rows = pyarrow.dataset.dataset(server.data / "lake" / table, partitioning="hive").to_table()
        assert rows.num_rows == sum(totals()[kind].values())
    names = collections.Counter()
    for folder in (server.data / "lake").iterdir():
        if folder.name not in ("span", "metric", "detection_finding") and any(folder.rglob("*.parquet")):
            rows = pyarrow.dataset.dataset(folder, partitioning="hive").to_table(columns=["metadata"])
            rows = [row["metadata"] for row in rows.to_pylist()]
            names.update(row["event_code"] for row in rows if row["product"]["name"] != "magistrate")
    assert names == totals()["log_events"]


def test_tools_become_the_classes_of_what_they_do(magistrate):
    server = magistrate().start()
    send_all(server, WAYS["http-protobuf"])
    server.stop()
    rows = server.sql(
        "select api.operation, class_uid, count(*) from lake "
        "where metadata.event_code in ('tool_result', 'tool_decision') group by 1, 2"
    )
    classes = collections.defaultdict(set)
    for operation, class_uid, _ in rows:
        classes[operation].add(class_uid)
    for tool, class_uid in {"Bash": 1007, "Read": 1001, "Write": 1001, "Edit": 1001, "WebFetch": 4002}.items():
        assert classes[tool] == {class_uid}, tool
    for tool in ("Glob", "Grep", "Agent", "lookup_customer", "broken_tool"):
        assert classes[tool] == {6003}, tool
    commands = server.sql("select process.cmd_line from lake where class_uid = 1007 and process.cmd_line is not null")
    assert any("ls -la" in command for command, in commands)


def test_a_masked_tool_is_named_by_the_span_of_its_call(magistrate):
    """Without content flags the log says `mcp_tool`; only the span knows the name."""
    server = magistrate().start()
    for signal, encoding, body in otlp.bodies(FIXTURES / "otlp/http-json-redacted"):
        WAYS["http-json"](server, signal, encoding, body)
    server.stop()
    rows = server.sql(
        "select api.operation, api.service.name from lake where class_uid = 6003 "
        "and metadata.event_code = 'tool_result' and magistrate.tool.class = 'mcp'"
    )
    assert sorted(rows) == [("broken_tool", "crm"), ("lookup_customer", "crm")]
    assert server.sql("select count(*) from lake where api.operation = 'mcp_tool'") == [(0,)]


def test_sessions_prompts_and_users_are_on_the_rows(magistrate):
    server = magistrate().start()
    name, expected = next(pair for pair in recordings() if pair[0] == "http-json-full")
    for signal, encoding, body in otlp.bodies(FIXTURES / "otlp" / name):
        WAYS["http-json"](server, signal, encoding, body)
    server.stop()
    assert server.sql("select distinct actor.session.uid from lake") == [(expected["sessions"][0],)]
    assert server.sql("select count(*) from lake where actor.user.uid is null") == [(0,)]
    ids = server.sql(
        "select distinct api.request.uid from lake where metadata.event_code in ('tool_result', 'tool_decision')"
    )
    assert sorted(uid for uid, in ids) == sorted(expected["tool_use_ids"])
    tokens = server.sql(
        "select sum(message_context.prompt_tokens), sum(message_context.completion_tokens) "
        "from lake where metadata.event_code = 'api_request'"
    )
    totals = expected["api_request_totals"]
    assert tokens == [(totals["input_tokens"], totals["output_tokens"])]
