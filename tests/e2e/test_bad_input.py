"""Bad input gets a clear status in its own encoding; the good records of a batch are kept."""

import gzip
import json
import time

import grpc
import pytest
import zstandard
from google.rpc import status_pb2

import otlp
import records

PROTOBUF, JSON = "application/x-protobuf", "application/json"
LIMIT = 64 * 1024 * 1024


def peak_mib(server):
    status = open(f"/proc/{server.process.pid}/status").read()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def refusal(answer, content_type):
    """The google.rpc.Status of an answer, in the encoding of the request."""
    status, headers, body = answer
    assert headers["content-type"].startswith(content_type), headers["content-type"]
    if content_type == JSON:
        return status, json.loads(body)["message"]
    return status, status_pb2.Status.FromString(body).message


def bomb(coder):
    return coder(b"\x00" * (LIMIT * 4))


def test_statuses(magistrate):
    server = magistrate().start()
    good = records.request([1])
    document = otlp.as_json("logs", "protobuf", good)
    cases = {
        "truncated protobuf": (PROTOBUF, good[:-5], {}, 400),
        "wrong wire type": (PROTOBUF, b"\x0b\x0c", {}, 400),
        "malformed json": (JSON, document[:-2], {}, 400),
        "json of another shape": (JSON, b'{"resourceLogs": 3}', {}, 400),
        "trailing garbage": (JSON, document + b"x", {}, 400),
        "not gzip": (PROTOBUF, good, {"content-encoding": "gzip"}, 400),
        "truncated gzip": (PROTOBUF, gzip.compress(good)[:-9], {"content-encoding": "gzip"}, 400),
        "gzip bomb": (PROTOBUF, bomb(gzip.compress), {"content-encoding": "gzip"}, 413),
        "zstd bomb": (PROTOBUF, bomb(zstandard.compress), {"content-encoding": "zstd"}, 413),
        "unknown coding": (PROTOBUF, good, {"content-encoding": "br"}, 415),
        "over the limit": (PROTOBUF, b"\x0a" + b"\x00" * LIMIT, {}, 413),
    }
    for name, (content_type, body, headers, expected) in cases.items():
        started = time.monotonic()
        status, message = refusal(server.post("/v1/logs", body, content_type, headers), content_type)
        assert status == expected, (name, status, message)
        assert message, name
        assert time.monotonic() - started < 5, name
    status, _, _ = server.post("/v1/logs", good, "text/plain")
    assert status == 415
    status, _, _ = server.post("/v1/nothing", good, PROTOBUF)
    assert status == 404
    # It still works, and none of that took memory along.
    status, _, body = server.post("/v1/logs", good, PROTOBUF)
    assert (status, body) == (200, b"")
    assert peak_mib(server) < 400
    server.stop()
    assert server.sql("select count(distinct api.request.uid) from lake") == [(1,)]


def deep(depth):
    value = '{"stringValue":"x"}'
    for _ in range(depth):
        value = '{"arrayValue":{"values":[%s]}}' % value
    return value


def test_a_bad_record_costs_only_itself(magistrate):
    server = magistrate().start()
    document = json.loads(otlp.as_json("logs", "protobuf", records.request(range(5))))
    rows = document["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    rows[1]["attributes"].append({"key": "n", "value": {"intValue": "not a number"}})
    rows[3]["traceId"] = "zz"
    text = json.dumps(document).replace('"stringValue": "echo 2"', deep(300))
    status, _, body = server.post("/v1/logs", text.encode(), JSON)
    assert status == 200
    partial = json.loads(body)["partialSuccess"]
    assert int(partial["rejectedLogRecords"]) == 2
    assert partial["errorMessage"]
    server.stop()
    assert server.sql("select count(*) from lake") == [(3,)]


def test_nesting_and_attribute_bombs_are_refused_alone(magistrate):
    server = magistrate().start()
    message = otlp.REQUESTS["logs"].FromString(records.request(range(3)))
    scope = message.resource_logs[0].scope_logs[0]
    value = scope.log_records[0].attributes.add(key="deep").value
    for _ in range(95):
        value = value.array_value.values.add()
    value.string_value = "x"
    for number in range(1_000_000):
        scope.log_records[1].attributes.add(key="k").value.int_value = number
    started = time.monotonic()
    status, _, body = server.post("/v1/logs", message.SerializeToString(), PROTOBUF)
    assert status == 200
    assert time.monotonic() - started < 5
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
    partial = logs_service_pb2.ExportLogsServiceResponse.FromString(body).partial_success
    assert partial.rejected_log_records == 2
    assert partial.error_message
    server.stop()
    assert server.sql("select count(*) from lake") == [(1,)]


def test_hostile_times_and_bytes_are_kept(magistrate):
    server = magistrate().start()
    message = otlp.REQUESTS["logs"].FromString(records.request(range(4)))
    rows = message.resource_logs[0].scope_logs[0].log_records
    rows[0].time_unix_nano = 0
    rows[1].time_unix_nano = 2**64 - 1
    rows[2].time_unix_nano = 1
    body = message.SerializeToString().replace(b"echo hello", b"echo \xff\xfe\xfd\x00\x1b")
    status, _, answer = server.post("/v1/logs", body, PROTOBUF)
    assert (status, answer) == (200, b"")
    server.stop()
    assert server.sql("select count(*) from lake") == [(4,)]
    today = time.strftime("%Y%m%d", time.gmtime())
    days = {path.parent.name for path in server.data.glob("lake/**/*.parquet")}
    assert days == {f"eventDay={today}"}, "times out of the window are filed under the day of receipt"


def test_grpc_errors_have_their_codes(magistrate):
    server = magistrate().start()
    good = records.request([1])
    with grpc.insecure_channel(f"127.0.0.1:{server.ports['otlp_grpc']}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            otlp.grpc_call(channel, "logs", good[:-5])
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as caught:
            otlp.grpc_call(channel, "logs", b"\x0a" + b"\x00" * LIMIT)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/no.such.Service/Export")(b"", timeout=10)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert otlp.grpc_call(channel, "logs", good) == b""
    server.stop()


def test_tokens_are_asked_for_before_the_body(magistrate, tmp_path):
    tokens = tmp_path / "intake.tokens"
    tokens.write_text("laptops made-up-token-1\n")
    server = magistrate(f'[auth]\nintake_tokens = "{tokens}"\n').start()
    good = records.request([1])
    for headers, expected in (({}, 401), ({"authorization": "Bearer wrong"}, 401),
                              ({"authorization": "Bearer made-up-token-1"}, 200)):
        status, _, _ = server.post("/v1/logs", good, PROTOBUF, headers)
        assert status == expected
    with grpc.insecure_channel(f"127.0.0.1:{server.ports['otlp_grpc']}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            otlp.grpc_call(channel, "logs", good)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert otlp.grpc_call(channel, "logs", good, metadata=(("authorization", "Bearer made-up-token-1"),)) == b""
    server.stop()
    assert server.sql("select count(*), min(magistrate.identity) from lake") == [(1, "laptops")]


def test_a_full_queue_answers_503_and_recovers_without_restart(magistrate):
    """The quota is reached while the only consumer cannot follow; then it follows."""
    server = magistrate('[queue]\nmax_bytes = "4MiB"\nsegment_bytes = "1MiB"\n[lake]\nmax_age = "8s"\n').start()
    refused, accepted, first = 0, set(), 0
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (refused and accepted and max(accepted) > refused):
        body = records.request(range(first, first + 500))
        status, headers, _ = server.post("/v1/logs", body, PROTOBUF)
        if status == 503:
            assert int(headers["retry-after"]) >= 1
            refused = refused or first + 1
            time.sleep(0.2)
        else:
            assert status == 200
            accepted.add(first)
            first += 500
    assert refused, "the quota was never reached"
    assert max(accepted) > refused, "the queue never recovered"
    server.stop()
    assert server.sql("select count(*), count(distinct metadata.uid) from lake") == [(first, first)]
