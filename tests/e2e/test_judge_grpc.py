"""The judge over gRPC: a client made of the proto, the same verdicts as over HTTP, and calls that are none."""

import importlib
import json
import socket
import struct
import sys

import grpc
import grpc_tools.protoc
import pytest

import conftest
from test_judge import KEY, SLOW
from test_judge_doors import post, titles, wanted

PROTO = conftest.ROOT / "judge/proto"
FILE = "magistrate/judge/v1/judge.proto"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = conftest.Magistrate(tmp_path_factory.mktemp("judge"), SLOW).start()
    yield one
    one.kill()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What protoc makes of the proto: messages and client."""
    folder = tmp_path_factory.mktemp("proto")
    told = grpc_tools.protoc.main(["", f"-I{PROTO}", f"--python_out={folder}", f"--grpc_python_out={folder}", FILE])
    assert told == 0
    sys.path.insert(0, str(folder))
    yield importlib.import_module("magistrate.judge.v1.judge_pb2"), importlib.import_module("magistrate.judge.v1.judge_pb2_grpc")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def ask(server, made):
    with grpc.insecure_channel(f"127.0.0.1:{server.ports['judge']}") as channel:
        stub = made[1].JudgeStub(channel)
        yield lambda request, **options: stub.Judge(message(made[0], request), timeout=60, **options)


def message(proto, request):
    """The JSON of a request as a message."""
    def number(kind, prefix, word):
        return getattr(proto, kind).Value(f"{prefix}_{word.upper()}")

    made = proto.JudgeRequest()
    for name, value in request.items():
        if name == "event":
            made.event = number("Event", "EVENT", value)
        elif name == "action":
            made.action = number("Action", "ACTION", value)
        elif isinstance(value, dict):
            inner = getattr(made, name)
            inner.SetInParent()
            for key, one in value.items():
                if key == "arguments":
                    inner.arguments_json = json.dumps(one)
                elif key in ("origin", "mode"):
                    setattr(inner, key, number(key.title(), key.upper(), one))
                else:
                    setattr(inner, key, one)
        else:
            setattr(made, name, value)
    return made


def word(proto, number):
    return proto.Decision.Name(number).removeprefix("DECISION_").lower()


def same(made, server, ask, request):
    verdict, answer = wanted(server, request), ask(request)
    assert word(made[0], answer.decision) == verdict["decision"]
    assert [reason.title for reason in answer.reasons] == titles(verdict)
    assert list(answer.scores) == list(verdict["scores"] if "scores" in verdict else [])
    assert answer.tier == made[0].Tier.Value(f"TIER_{verdict['tier'].upper()}")
    assert answer.policy_version == verdict["policy_version"] and answer.verdict_id and answer.message
    return answer, verdict


def test_every_field_arrives(made, server, ask):
    request = {
        "request_id": "over-grpc", "deadline_ms": 20_000, "event": "message_send", "action": "send",
        "session": {"id": "s-grpc", "user": "ana@example.com", "device": "mac-7", "mode": "containment", "task": "write"},
        "tool": {"name": "send", "server": "mail", "arguments": {"a": [2**60 + 1]}},
        "destination": {"url": "https://mail.example/", "domain": "mail.example", "path": "/", "method": "POST",
                        "recipient": "bob@else.example"},
        "app": {"id": "com.mail", "category": "mail"},
        "file": {"name": "a.txt", "path": "/a.txt", "media_type": "text/plain", "size": 7},
        "content": {"text": f"the key is {KEY}", "media_type": "text/plain", "origin": "email", "truncated": True},
    }
    answer, verdict = same(made, server, ask, request)
    assert answer.request_id == "over-grpc" and word(made[0], answer.decision) in ("redact", "require_approval", "block")
    assert ask(request).verdict_id == answer.verdict_id, "a retry"
    assert ask({**request, "deadline_ms": 19_999}).verdict_id != answer.verdict_id, "the same id with another body"


def test_an_approval_is_told_and_passes_once_approved(made, server, ask):
    request = {"event": "request", "destination": {"url": "https://api.github.com/orgs/acme/memberships/grpc", "method": "PUT"}}
    answer = ask(request)
    assert word(made[0], answer.decision) == "require_approval"
    assert answer.approval.id in answer.approval.url and answer.approval.page and answer.approval.expires_at
    token = (server.data / "admin.token").read_text().strip()
    told = server.post(f"/api/v1/approvals/{answer.approval.id}/approve", b"", "application/json",
                       {"authorization": f"Bearer {token}"}, "admin")
    assert told[0] == 200
    assert word(made[0], ask(request).decision) == "allow"
    assert word(made[0], ask(request).decision) == "require_approval", "an approval is good once"


def test_a_hundred_writes_after_a_downgrade_fail(made, server, ask):
    session = {"id": "held-grpc"}
    page = {"event": "tool_result", "session": session, "tool": {"name": "WebFetch"}, "content": {"text": "a page", "origin": "webpage"}}
    assert word(made[0], ask(page).decision) == "allow"
    look = {"event": "request", "session": session, "destination": {"url": "https://console.aws.amazon.com/ec2", "method": "GET"}}
    answer = ask(look)
    assert word(made[0], answer.decision) == "downgrade" and answer.constraints.read_only and answer.constraints.methods
    for number in range(100):
        put = {"event": "request", "session": session, "destination": {"url": f"https://files.example.com/{number}", "method": "PUT"}}
        assert word(made[0], ask(put).decision) == "block"


def refused(ask, code, **options):
    with pytest.raises(grpc.RpcError) as told:
        ask(**options)
    assert told.value.code() == code, told.value
    return told.value.details()


def test_what_is_no_question_is_an_error_with_a_reason(made, server, ask):
    code = grpc.StatusCode.INVALID_ARGUMENT
    assert "no JSON object" in refused(ask, code, request={"tool": {"arguments": [1]}})
    assert "session.id" in refused(ask, code, request={"session": {"id": "x" * 17_000}})
    with grpc.insecure_channel(f"127.0.0.1:{server.ports['judge']}") as channel:
        def raw(path="/magistrate.judge.v1.Judge/Judge", options=None):
            return channel.unary_unary(path), options or {}

        for body, expected in [(b"\x22\x01\xff", code), (b"\x20\x63", code), (b"\xff" * 99, code),
                               (b"\x52" + varint(11 << 20) + b"x" * (11 << 20), grpc.StatusCode.RESOURCE_EXHAUSTED)]:
            call, _ = raw()
            with pytest.raises(grpc.RpcError) as told:
                call(body, timeout=60)
            assert told.value.code() == expected, (body[:9], told.value)
        call, _ = raw("/magistrate.judge.v1.Judge/Other")
        with pytest.raises(grpc.RpcError) as told:
            call(b"", timeout=60)
        assert told.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "compressed" in refused(ask, grpc.StatusCode.UNIMPLEMENTED, request={"request_id": "x" * 200}, compression=grpc.Compression.Gzip)
    assert server.metric("magistrate_judge_refused_total", door="grpc", reason="malformed") >= 4
    assert server.metric("magistrate_judge_answer_seconds_count", door="grpc") >= 30


def varint(number):
    made = b""
    while number > 127:
        made += bytes([number & 127 | 128])
        number >>= 7
    return made + bytes([number])


def test_a_stranger_is_unauthenticated(made, magistrate, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("plugin a-long-token\n")
    port = magistrate(SLOW + f'[auth]\njudge_tokens = "{tokens}"\n').start().ports["judge"]
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        judge = made[1].JudgeStub(channel).Judge
        for metadata in ([], [("authorization", "Bearer another")]):
            with pytest.raises(grpc.RpcError) as told:
                judge(made[0].JudgeRequest(), metadata=metadata, timeout=60)
            assert told.value.code() == grpc.StatusCode.UNAUTHENTICATED
        known = [("authorization", "Bearer a-long-token")]
        assert judge(made[0].JudgeRequest(), metadata=known, timeout=60).verdict_id
        for path in ("/envoy.service.auth.v3.Authorization/Check", "/envoy.service.ext_proc.v3.ExternalProcessor/Process"):
            with pytest.raises(grpc.RpcError) as told:
                channel.unary_unary(path)(b"", timeout=60)
            assert told.value.code() == grpc.StatusCode.UNAUTHENTICATED


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


@pytest.mark.parametrize("path", ["/magistrate.judge.v1.Judge/Judge", "/envoy.service.ext_proc.v3.ExternalProcessor/Process"])
def test_rapid_resets_end_their_connection_and_nothing_else(made, server, ask, path):
    # HPACK by hand: literals without indexing, of which the first two name entries of the static table.
    def literal(name, value):
        return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value

    head = b"\x83\x86" + literal(b":path", path.encode()) + literal(b":authority", b"x") + literal(b"content-type", b"application/grpc")
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.ports["judge"]), timeout=60) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))
            try:
                for number in range(20_000):
                    stream = 2 * number + 1
                    connection.sendall(frame(1, 4, stream, head) + frame(3, 0, stream, struct.pack(">I", 8)))
                while connection.recv(65_536):
                    pass
                ended = True
            except (ConnectionError, TimeoutError) as error:
                ended = isinstance(error, ConnectionError)
            assert ended, "the connection of somebody who only resets is ended"
    assert word(made[0], ask({"event": "prompt", "content": {"text": "hello"}}).decision) == "allow"
    server.wait(lambda: server.metric("magistrate_judge_answer_seconds_count", door="grpc") >= 1, "metrics")
