"""A secret planted in every string position of the OTLP messages is nowhere: disk, log, metrics."""

import copy
import json
import os
import pathlib
import re
import resource
from signal import SIGABRT

import pytest

import otlp
import records
from positions import plant, positions, sample
from secrets_kinds import kinds


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


def test_a_crash_leaves_no_memory_behind(magistrate):
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        server = magistrate().start()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), limits
    server.process.send_signal(SIGABRT)
    _, status = os.waitpid(server.process.pid, 0)
    assert os.WTERMSIG(status) == SIGABRT and not os.WCOREDUMP(status)
