"""A secret planted in every string position of the OTLP messages is nowhere: disk, log, metrics."""

import copy
import json

import pytest

import otlp
import records
from secrets_kinds import kinds

ID_FIELDS = {"trace_id", "span_id", "parent_span_id"}


def sample(signal):
    """A message of the signal with something in every string position that it has."""
    message = otlp.REQUESTS[signal]()
    if signal == "logs":
        message.ParseFromString(records.request([1]))
        scope = message.resource_logs[0].scope_logs[0]
        record = scope.log_records[0]
        record.event_name = record.severity_text = "x"
        _nest(record.attributes)
        record.attributes.add(key="b").value.bytes_value = b"raw"
        message.resource_logs[0].schema_url = scope.schema_url = scope.scope.version = "x"
        scope.scope.attributes.add(key="scope").value.string_value = "x"
    elif signal == "metrics":
        scope = message.resource_metrics.add().scope_metrics.add()
        message.resource_metrics[0].resource.attributes.add(key="service.name").value.string_value = "x"
        scope.scope.name = scope.scope.version = scope.schema_url = message.resource_metrics[0].schema_url = "x"
        for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary"):
            metric = scope.metrics.add(name="claude_code." + kind, description="x", unit="x")
            point = getattr(metric, kind).data_points.add(time_unix_nano=1795422229000000000)
            _nest(point.attributes)
            if hasattr(point, "exemplars"):
                point.exemplars.add().filtered_attributes.add(key="e").value.string_value = "x"
        metadata = scope.metrics[0].metadata.add(key="m")
        metadata.value.string_value = "x"
    else:
        scope = message.resource_spans.add().scope_spans.add()
        message.resource_spans[0].resource.attributes.add(key="service.name").value.string_value = "x"
        scope.scope.name = scope.scope.version = scope.schema_url = message.resource_spans[0].schema_url = "x"
        span = scope.spans.add(name="claude_code.tool", trace_state="x", trace_id=bytes(range(16)), span_id=bytes(8))
        span.status.message = "x"
        _nest(span.attributes)
        event = span.events.add(name="tool.output")
        _nest(event.attributes)
        _nest(span.links.add(trace_state="x").attributes)
    return message


def _nest(attributes):
    attributes.add(key="plain").value.string_value = "x"
    attributes.add(key="list").value.array_value.values.add().string_value = "x"
    inner = attributes.add(key="map").value.kvlist_value.values.add(key="inner")
    inner.value.array_value.values.add().string_value = "x"
    attributes.add(key="tool_parameters").value.string_value = '{"full_command":"x"}'
    attributes.add(key="user.email").value.string_value = "ana@example.com"
    attributes.add(key="session.id").value.string_value = "s"


def positions(message, path=()):
    """Every string field of the message that is set, as a path of steps."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING:
            yield path + ((field.name, None),)
        elif field.type == field.TYPE_MESSAGE and field.is_repeated:
            for index, item in enumerate(value):
                yield from positions(item, path + ((field.name, index),))
        elif field.type == field.TYPE_MESSAGE:
            yield from positions(value, path + ((field.name, None),))


def plant(message, path, text):
    for name, index in path[:-1]:
        message = getattr(message, name)
        message = message if index is None else message[index]
    setattr(message, path[-1][0], text)


@pytest.mark.parametrize("form", ["protobuf", "json"])
def test_no_planted_secret_is_anywhere(magistrate, form):
    planted = kinds()
    server = magistrate('[lake]\nmax_age = "1s"\n').start()
    sent = 0
    for signal in otlp.REQUESTS:
        whole = sample(signal)
        for path in positions(whole):
            # Every kind in this one position: a batch whose messages differ only there.
            for text, _ in planted.values():
                message = copy.deepcopy(whole)
                plant(message, path, text)
                body, content_type = message.SerializeToString(), "application/x-protobuf"
                if form == "json":
                    body, content_type = otlp.as_json(signal, "protobuf", body), "application/json"
                status, answer = otlp.http_post(server.ports["otlp_http"], signal, body, content_type)
                assert status == 200, answer
                sent += 1
    assert sent > 1000
    metrics = server.get("/metrics").encode()
    server.stop()
    assert server.sql("select count(*) from lake where len(magistrate.redacted) > 0")[0][0] > 1000
    assert_nowhere(server, planted, metrics)


def assert_nowhere(server, planted, metrics=b""):
    # Parquet is compressed: every string of every row is read back and searched too.
    rows = json.dumps(server.sql("select to_json(lake) from lake"), ensure_ascii=False).encode()
    places = [("rows", rows), ("metrics", metrics), *server.every_byte_written()]
    for name, (_, secret) in planted.items():
        for place, content in places:
            assert secret.encode() not in content, f"{name} survives in {place}"


def test_a_secret_in_a_body_that_cannot_be_read_is_nowhere_either(magistrate):
    planted = kinds()
    server = magistrate().start()
    for text, _ in planted.values():
        body = records.request([1], text=text.replace('"', "'").replace("\n", " "))
        for cut in (len(body) - 3, len(body) // 2):
            status, _, _ = server.post("/v1/logs", body[:cut], "application/x-protobuf")
            assert status == 400
        document = otlp.as_json("logs", "protobuf", records.request([1], text="x")).replace(b"echo x", text.encode())
        server.post("/v1/logs", document[:-9], "application/json")
    server.stop()
    assert_nowhere(server, planted)


def test_equal_secrets_have_equal_tokens(magistrate):
    token, _ = kinds()["github"]
    server = magistrate().start()
    for number in (1, 2):
        otlp.http_post(server.ports["otlp_http"], "logs", records.request([number], text=token), "application/x-protobuf")
    server.stop()
    commands = {command for command, in server.sql("select process.cmd_line from lake")}
    assert len(commands) == 1
    assert "[redacted:" in commands.pop()


def test_files_are_for_their_owner_only(magistrate):
    server = magistrate().start()
    otlp.http_post(server.ports["otlp_http"], "logs", records.request([1]), "application/x-protobuf")
    server.stop()
    modes = {path: path.stat().st_mode & 0o777 for path in server.data.rglob("*")}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
