"""A real mitmproxy with the addon: bodies both ways, streams, the log, and a judge that is not there."""

import http.client
import json
import socket
import ssl
import subprocess
import threading

import pytest

import conftest
from conformance import TEXTS
from test_judge import ATTACK, KEY
from test_judge_doors import carried, hold_to_reading, wanted
# The same judge, and the same application behind another proxy.
from test_judge_envoy import LOOK, WIPE, anthropic, delta, server, stream_of, usual_answers  # noqa: F401
from test_judge_proxies import Application, free_port, mitmproxy_of, proxied, through

ASK = "https://docs.example.com/a"


@pytest.fixture(scope="module")
def proxy(server, tmp_path_factory):
    def change(made):
        return made.replace('("log", str, ""', f'("log", str, "127.0.0.1:{server.ports["syslog_tcp"]}"')

    with proxied("mitmproxy", server, server.url("judge", ""), tmp_path_factory.mktemp("mitmproxy"), change) as port:
        yield port


def enforced(port, method, url, body=None, headers=None):
    """The decision that mitmproxy carries out, and the body that reached the application."""
    status, answered, _, reached = through(port, method, url, headers, body)
    if status == 200:
        received = Application.last[1]
        return ("allow" if received == (body or b"") else "redact"), received
    assert status == 403 and reached == [], (status, reached)
    return answered["x-magistrate-decision"], None


@pytest.mark.parametrize("text", TEXTS)
def test_a_body_gets_the_same_verdict_through_mitmproxy(server, proxy, text):
    verdict = wanted(server, {"event": "request", "destination": {"url": ASK, "method": "POST"}, "content": {"text": text}})
    decision, received = enforced(proxy, "POST", ASK, text.encode())
    assert decision == carried(verdict["decision"], "redact", "require_approval")
    if decision == "redact":
        assert received.decode() == verdict["redacted"]["text"]
        assert Application.last[0]["content-length"] == str(len(received))


def test_a_secret_in_the_address_is_stopped_even_where_the_body_is_masked(proxy):
    assert through(proxy, "POST", f"{ASK}?key={KEY}", body=f"the key is {KEY}".encode())[0] == 403
    assert through(proxy, "GET", f"{ASK}?key={KEY}")[0] == 403


def test_a_hundred_writes_after_a_downgrade_fail_through_mitmproxy(server, proxy):
    session = {"id": "held-mitmproxy"}
    hold_to_reading(server, session)
    held = {"x-claude-code-session-id": "held-mitmproxy"}
    for number in range(100):
        body = b"text" if number % 2 else None
        assert enforced(proxy, "PUT", f"https://files.example.com/{number}", body, held)[0] == "block"
    assert enforced(proxy, "PUT", "https://files.example.com/x")[0] == "allow", "another session is not held"


def test_an_answer_is_masked_or_stopped_on_its_way_back(proxy):
    Application.answers, Application.headers_of_answer = [f"password: {KEY}".encode()], {"content-type": "text/plain"}
    status, _, told, _ = through(proxy, "GET", ASK)
    assert status == 200 and KEY not in told and "[redacted:" in told
    Application.answers = [ATTACK.encode()]
    status, headers, told, reached = through(proxy, "GET", ASK)
    assert status == 403 and reached and "mallory" not in told and headers["x-magistrate-decision"] == "block"


def test_a_tool_that_an_answer_calls_is_judged_as_that_call(server, proxy):
    def answered(arguments):
        block = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": arguments}
        Application.answers = [json.dumps({"type": "message", "content": [block]}).encode()]
        Application.headers_of_answer = {"content-type": "application/json"}
        return through(proxy, "GET", ASK)

    status, headers, told, _ = answered(WIPE)
    assert status == 403 and "Bash" not in told and headers["x-magistrate-decision"] == "block"
    assert answered(LOOK)[0] == 200
    # What has passed already is on record all the same.
    Application.answers, Application.headers_of_answer = stream_of(anthropic(WIPE)), {"content-type": "text/event-stream"}
    assert through(proxy, "GET", ASK, {"x-claude-code-session-id": "s-streamed"})[0] == 200
    blocked = ("select count(*) from lake where actor.session.uid = 's-streamed' and api.operation = 'Bash'"
               " and magistrate.verdict.decision = 'block'")
    server.wait(lambda: server.sql(blocked) == [(1,)], "the verdict on the call")


def test_pictures_and_what_is_too_large_pass_as_they_come(proxy):
    for kind, body in [("image/png", b"\x89PNG" * 1000), ("text/plain", b"x" * (3 << 20))]:
        Application.answers = [body]
        Application.headers_of_answer = {"content-type": kind, "content-length": str(len(body))}
        connection = http.client.HTTPConnection("127.0.0.1", proxy, timeout=60)
        connection.request("GET", "/a", headers={"host": "docs.example.com"})
        assert connection.getresponse().read() == body


def test_a_large_upload_is_judged_as_cut(proxy):
    body = b"x" * (2 << 20)
    assert enforced(proxy, "POST", "https://www.wetransfer.com/api/u", body)[0] == "block"


def test_events_pass_at_once(proxy):
    released = threading.Event()

    def pieces():
        yield delta("the first")
        # The rest only comes once the client has seen the beginning.
        assert released.wait(30)
        yield delta("the last")

    Application.answers, Application.headers_of_answer = pieces(), {"content-type": "text/event-stream"}
    connection = http.client.HTTPConnection("127.0.0.1", proxy, timeout=60)
    connection.request("GET", "/v1/messages", headers={"host": "docs.example.com"})
    answer = connection.getresponse()
    begun = answer.read1(65_536)
    released.set()
    assert b"the first" in begun and begun + answer.read() == delta("the first") + delta("the last")


def test_flows_are_told_to_the_record(server, proxy):
    named = {"x-claude-code-session-id": "told", "user-agent": "a-client/1"}
    assert through(proxy, "GET", "https://docs.example.com/once", named)[0] == 200
    assert through(proxy, "POST", "https://www.wetransfer.com/api/u", {**named, "cookie": "theme=dark"})[0] == 403
    rows = (
        "select http_request.url.path, http_response.code, http_request.user_agent,"
        " magistrate.session_bearing from lake"
        " where magistrate.source = 'syslog_tcp' and actor.session.uid = 'told' order by all"
    )
    server.wait(lambda: len(server.sql(rows)) == 2, "two flows")
    assert server.sql(rows) == [
        ("/api/u", 403, "a-client/1", True), ("/once", 200, "a-client/1", False),
    ]


def test_a_client_that_does_not_trust_the_proxy_is_told(server, tmp_path):
    made = subprocess.run(
        [conftest.BINARY, "generate", "mitmproxy", "--judge", server.url("judge", "")], capture_output=True, text=True, check=True
    ).stdout.replace('("log", str, ""', f'("log", str, "127.0.0.1:{server.ports["syslog_tcp"]}"')
    port, host = free_port(), "bridge.claudeusercontent.com"
    start = mitmproxy_of(made, port, tmp_path, free_port())
    start[start.index("--mode") + 1] = "regular"
    with open(tmp_path / "log.txt", "wb") as log:
        process = subprocess.Popen(start, stdout=log, stderr=log)
    try:
        server.wait(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close() is None, "mitmproxy")
        for _ in range(5):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
            assert b" 200 " in connection.recv(4_096)
            with pytest.raises(ssl.SSLCertVerificationError):
                ssl.create_default_context().wrap_socket(connection, server_hostname=host)
            connection.close()
        rows = (
            "select http_request.http_method, magistrate.path_class, count(*) from lake where http_request.url.hostname"
            f" = '{host}' and status_detail like 'tls handshake with the client failed%' group by all"
        )
        server.wait(lambda: server.sql(rows) and server.sql(rows)[0][2] == 5, "five handshakes")
        assert server.sql(rows)[0][0] == "CONNECT"
        alert = "select count(*) from lake where finding_info.title = 'TLS trust fails in a loop at the proxy' and is_alert"
        server.wait(lambda: server.sql(alert) == [(1,)], "the alert")
    finally:
        process.kill()
        process.wait()


def test_without_a_judge_the_posture_decides(server, tmp_path):
    def opened(made):
        return made.replace('("posture", str, "closed"', '("posture", str, "open"')

    with proxied("mitmproxy", server, f"http://127.0.0.1:{free_port()}", tmp_path, opened) as port:
        assert through(port, "GET", ASK)[0] == 200


def test_a_client_cannot_lie_about_where_it_goes(server, tmp_path):
    made = subprocess.run(
        [conftest.BINARY, "generate", "mitmproxy", "--judge", server.url("judge", "")], capture_output=True, text=True, check=True
    ).stdout
    port = free_port()
    start = mitmproxy_of(made, port, tmp_path, free_port())
    start[start.index("--mode") + 1] = "regular"
    with open(tmp_path / "log.txt", "wb") as log:
        process = subprocess.Popen(start, stdout=log, stderr=log)

    def asked(connected, said):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", f"http://{connected}/api/u", b"text", {"host": said})
        answer = connection.getresponse()
        return answer.status, answer.headers["x-magistrate-decision"]

    try:
        server.wait(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close() is None, "mitmproxy")
        assert asked("www.wetransfer.com", "docs.example.com") == (403, "block")
        assert asked("docs.example.com", "www.wetransfer.com") == (403, "block")
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("setting, told", [
    ("magistrate_posture=ajar", "magistrate_posture is"),
    ("magistrate_token_file=/does/not/exist", "magistrate_token_file"),
    ("magistrate_judge=ftp://judge.example", "is no http or https address"),
    ("magistrate_log=nowhere", "is no host:port"),
])
def test_settings_that_are_wrong_are_told(tmp_path, setting, told):
    made = (conftest.ROOT / "integrations/mitmproxy/magistrate.py").read_text()
    start = [*mitmproxy_of(made, free_port(), tmp_path, free_port()), "--set", setting]
    ended = subprocess.run(start, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0 and told in ended.stdout + ended.stderr
