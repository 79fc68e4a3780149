"""A real Envoy that asks the judge in each of its three ways, with bodies of requests and responses."""

import contextlib
import gzip
import http.client
import json
import threading

import pytest

import conftest
from conformance import CREDENTIAL_IN_ANSWER, TEXTS
from test_judge import ATTACK, KEY
from test_judge_doors import carried, hold_to_reading, wanted
from test_judge_proxies import DOORS, ENVOYS, SLOW, Application, proxied, through

HTTPS = {"x-forwarded-proto": "https"}
# How Envoy may send bodies; the generated configuration says BUFFERED.
MODES = ("BUFFERED", "BUFFERED_PARTIAL", "STREAMED", "FULL_DUPLEX_STREAMED")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    policy = folder / "policy.yml"
    policy.write_text(CREDENTIAL_IN_ANSWER)
    one = conftest.Magistrate(folder, SLOW + f'policies = ["{policy}"]\n').start()
    yield one
    one.kill()


@pytest.fixture(scope="module")
def envoys(server, tmp_path_factory):
    """The port of each Envoy by the name of its configuration."""
    with contextlib.ExitStack() as stack:
        judge = server.url("judge", "")
        yield {name: stack.enter_context(proxied(name, server, judge, tmp_path_factory.mktemp(name))) for name in ENVOYS}


@pytest.fixture(scope="module")
def by_mode(server, tmp_path_factory):
    """The port of an Envoy with ext_proc for each way to send bodies."""
    with contextlib.ExitStack() as stack:
        ports = {}
        for mode in MODES:
            def change(made, mode=mode):
                for half in ("request", "response"):
                    trailers = f"\n      {half}_trailer_mode: SEND" if mode == "FULL_DUPLEX_STREAMED" else ""
                    made = made.replace(f"{half}_body_mode: BUFFERED", f"{half}_body_mode: {mode}{trailers}")
                return made
            folder = tmp_path_factory.mktemp(mode.lower())
            judge = server.url("judge", "")
            ports[mode] = stack.enter_context(proxied("envoy-ext-proc", server, judge, folder, change))
        yield ports


@pytest.fixture(autouse=True)
def usual_answers():
    Application.answers, Application.headers_of_answer = [b"served"], {}
    Application.last = None


def enforced(name, port, method, url, body=None, headers=None):
    """The decision that an Envoy carries out, and the body that reached the application."""
    headers = {**HTTPS, **(headers or {})}
    status, answered, _, reached = through(port, method, url, headers, body)
    if status == 200:
        told, received = Application.last
        assert reached and told["x-magistrate-decision"] in (None, "allow", "redact")
        return ("allow" if received == (body or b"") else "redact"), received
    assert status == 403 and reached == [], (status, reached)
    return answered["x-magistrate-decision"], None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", TEXTS)
def test_a_body_gets_the_same_verdict_however_it_is_sent(server, by_mode, mode, text):
    url = "https://docs.example.com/a"
    verdict = wanted(server, {"event": "request", "destination": {"url": url, "method": "POST"}, "content": {"text": text}})
    decision, received = enforced("envoy-ext-proc", by_mode[mode], "POST", url, text.encode())
    assert decision == carried(verdict["decision"], "redact", "require_approval")
    if decision == "redact":
        assert received.decode() == verdict["redacted"]["text"]


def test_a_hundred_writes_after_a_downgrade_fail_through_envoy(server, envoys):
    session = {"id": "held-envoy"}
    hold_to_reading(server, session)
    held = {"x-claude-code-session-id": "held-envoy"}
    for number in range(34):
        for name, port in envoys.items():
            body = b"text" if number % 2 else None
            assert enforced(name, port, "PUT", f"https://files.example.com/{number}", body, held)[0] == "block"
    for name, port in envoys.items():
        assert enforced(name, port, "PUT", "https://files.example.com/x")[0] == "allow", "another session is not held"
        assert server.metric("magistrate_judge_answer_seconds_count", door=DOORS[name]) >= 34


@pytest.mark.parametrize("mode", MODES)
def test_what_is_masked_reaches_the_application_whole(by_mode, mode):
    body = json.dumps({"note": f"the key is {KEY}", "rest": "x" * 50_000, "last": KEY}).encode()
    decision, received = enforced("envoy-ext-proc", by_mode[mode], "POST", "https://docs.example.com/a", body)
    assert decision == "redact" and KEY.encode() not in received
    told = json.loads(received)
    assert told["rest"] == "x" * 50_000 and told["last"].startswith("[redacted:")
    headers = Application.last[0]
    assert headers["content-length"] in (None, str(len(received)))


def test_what_cannot_be_masked_is_stopped(by_mode, server, envoys):
    port = envoys["envoy-ext-proc"]
    url = f"https://docs.example.com/a?key={KEY}"
    assert enforced("envoy-ext-proc", port, "GET", url)[0] == "block"
    assert enforced("envoy-ext-proc", port, "POST", url, f"the key is {KEY}".encode())[0] == "redact", "told, not carried out"
    assert through(port, "POST", url, HTTPS, f"the key is {KEY}".encode())[0] == 403
    latin = f"für {KEY}".encode("latin-1")
    assert enforced("envoy-ext-proc", port, "POST", "https://docs.example.com/a", latin)[0] == "block"


def test_a_body_that_is_too_large_for_the_judge_stops(by_mode):
    for mode, expected in [("BUFFERED", 413), ("STREAMED", 413), ("FULL_DUPLEX_STREAMED", 413)]:
        try:
            status, _, _, _ = through(by_mode[mode], "POST", "https://docs.example.com/a", HTTPS, b"x" * (11 << 20))
        except ConnectionError:
            # Envoy answers, and closes a second later, while a slow machine still sends.
            status = expected
        # The head of a streamed request has gone on; nothing of its body has.
        assert status == expected and Application.last is None, mode


def test_a_part_of_a_body_is_judged_and_never_masked(by_mode):
    # Envoy's buffer holds 1 MiB.
    rest = b"x" * (3 << 20)
    url = "https://docs.example.com/a"
    assert enforced("envoy-ext-proc", by_mode["BUFFERED_PARTIAL"], "POST", url, b"text " + rest) == ("allow", b"text " + rest)
    secret = f"the key is {KEY} ".encode()
    assert enforced("envoy-ext-proc", by_mode["BUFFERED_PARTIAL"], "POST", url, secret + rest)[0] == "block"


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_is_masked_on_its_way_back(by_mode, mode):
    text = f"{'a' * 20_000} password: {KEY} {'b' * 20_000}"
    Application.answers = [text.encode()]
    for headers in ({"content-type": "text/plain"}, {"content-type": "text/plain", "content-length": str(len(text))}):
        Application.headers_of_answer = headers
        status, answered, told, _ = through(by_mode[mode], "GET", "https://docs.example.com/a", {"accept-encoding": "gzip"})
        assert status == 200 and KEY not in told and "[redacted:" in told
        assert told.startswith("a" * 20_000) and told.endswith("b" * 20_000)
        assert answered["content-length"] in (None, str(len(told)))
        assert "accept-encoding" not in Application.last[0], "else nobody could read the answer"


def test_orders_in_an_answer_do_not_reach_the_agent(envoys):
    Application.answers = [ATTACK.encode()]
    status, headers, told, reached = through(envoys["envoy-ext-proc"], "GET", "https://docs.example.com/a")
    assert status == 403 and reached and "mallory" not in told and headers["x-magistrate-decision"] == "block"


@pytest.mark.parametrize("mode", MODES)
def test_pictures_and_packed_answers_pass_as_they_are(by_mode, mode):
    for kind, body in [({"content-type": "image/png"}, f"\x89PNG {KEY}".encode("latin-1") * 3_000),
                       ({"content-type": "text/plain", "content-encoding": "gzip"}, gzip.compress(KEY.encode()))]:
        Application.answers, Application.headers_of_answer = [body], {**kind, "content-length": str(len(body))}
        connection = http.client.HTTPConnection("127.0.0.1", by_mode[mode], timeout=60)
        connection.request("GET", "/a", headers={"host": "docs.example.com"})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read() == body


def delta(text):
    data = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return f"event: content_block_delta\ndata: {json.dumps(data)}\n\n".encode()


def texts(stream):
    lines = [line for line in stream.decode().splitlines() if line.startswith("data:")]
    return "".join(json.loads(line[5:])["delta"]["text"] for line in lines)


@pytest.mark.parametrize("mode", MODES)
def test_events_go_on_while_they_come_and_secrets_in_pieces_are_masked(by_mode, mode):
    released = threading.Event()
    secret = [KEY[at:at + 3] for at in range(0, len(KEY), 3)]
    first = [delta(f"word {number} ") for number in range(300)]

    def pieces():
        yield from first
        # The rest only comes once the client has seen the beginning.
        assert released.wait(30)
        yield from (delta(piece) for piece in ["the key is ", *secret, " and that is all"])

    Application.answers, Application.headers_of_answer = pieces(), {"content-type": "text/event-stream"}
    connection = http.client.HTTPConnection("127.0.0.1", by_mode[mode], timeout=60)
    connection.request("GET", "/v1/messages", headers={"host": "docs.example.com"})
    answer = connection.getresponse()
    assert answer.status == 200
    begun = answer.read1(65_536)
    assert begun
    released.set()
    whole = begun + answer.read()
    said = texts(whole)
    assert said.startswith("".join(f"word {number} " for number in range(300))), "nothing is lost"
    assert KEY not in said and "the key is [redacted:" in said and said.endswith(" and that is all")


def test_orders_in_events_break_them_off(by_mode):
    for mode in ("BUFFERED", "FULL_DUPLEX_STREAMED"):
        Application.answers = [delta(piece) for piece in [ATTACK[at:at + 9] for at in range(0, len(ATTACK), 9)]]
        Application.headers_of_answer = {"content-type": "text/event-stream"}
        connection = http.client.HTTPConnection("127.0.0.1", by_mode[mode], timeout=60)
        connection.request("GET", "/v1/messages", headers={"host": "docs.example.com"})
        try:
            told = connection.getresponse().read()
        except (http.client.HTTPException, ConnectionError) as error:
            told = getattr(error, "partial", b"")
        assert b"mallory" not in told


WIPE = {"command": "rm -rf /"}
LOOK = {"command": "ls -la " + "/home/ana/work/a-long-name " * 200}


def anthropic(arguments, size=7):
    """A call of Bash as the Messages API streams it."""
    written = json.dumps(arguments)
    block = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}
    yield {"type": "content_block_start", "index": 1, "content_block": block}
    for at in range(0, len(written), size):
        yield {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": written[at:at + size]}}
    yield {"type": "content_block_stop", "index": 1}


def chat(arguments, size=7):
    """The same as chat completions stream it."""
    written = json.dumps(arguments)
    yield {"choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [
        {"index": 0, "id": "call_1", "type": "function", "function": {"name": "Bash", "arguments": ""}}]}}]}
    for at in range(0, len(written), size):
        piece = {"index": 0, "function": {"arguments": written[at:at + size]}}
        yield {"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}


def stream_of(call):
    return [f"data: {json.dumps(one)}\n\n".encode() for one in call]


def arguments_in(stream):
    """What a client makes of the pieces of the call."""
    written = ""
    for line in stream.decode().splitlines():
        data = json.loads(line[5:]) if line.startswith("data:") else {}
        written += data.get("delta", {}).get("partial_json", "")
        for choice in data.get("choices", []):
            written += "".join(call["function"].get("arguments", "") for call in choice["delta"].get("tool_calls", []))
    return json.loads(written)


def streamed_through(port, events):
    """What a client gets of a stream, as far as it comes."""
    Application.answers, Application.headers_of_answer = events, {"content-type": "text/event-stream"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/v1/messages", headers={"host": "docs.example.com"})
        return connection.getresponse().read()
    except http.client.IncompleteRead as error:
        return error.partial
    except (http.client.HTTPException, ConnectionError):
        return b""


@pytest.mark.parametrize("mode", ("BUFFERED", "FULL_DUPLEX_STREAMED"))
@pytest.mark.parametrize("protocol", (anthropic, chat))
def test_a_tool_that_a_streamed_answer_calls_is_judged_as_that_call(by_mode, mode, protocol):
    before = [delta(f"word {number} ") for number in range(300)]
    told = streamed_through(by_mode[mode], [*before, *stream_of(protocol(WIPE)), *before])
    assert b"Bash" not in told and told.count(b"word 299 ") <= 1
    told = streamed_through(by_mode[mode], [*before, *stream_of(protocol(LOOK)), *before])
    assert told.count(b"word 299 ") == 2
    assert arguments_in(told) == LOOK
    told = streamed_through(by_mode[mode], stream_of(protocol({"command": f"export K={KEY}; " + LOOK["command"]})))
    assert KEY.encode() not in told and arguments_in(told)["command"].startswith("export K=[redacted:")


@pytest.mark.parametrize("mode", ("BUFFERED", "FULL_DUPLEX_STREAMED"))
def test_a_tool_that_a_whole_answer_calls_is_judged_as_that_call(by_mode, mode):
    def answered(arguments):
        block = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": arguments}
        whole = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "I will."}, block]}
        Application.answers, Application.headers_of_answer = [json.dumps(whole).encode()], {"content-type": "application/json"}
        return through(by_mode[mode], "GET", "https://docs.example.com/v1/messages")

    status, headers, told, _ = answered(WIPE)
    assert status == 403 and "Bash" not in told and headers["x-magistrate-decision"] == "block"
    status, _, told, _ = answered(LOOK)
    assert status == 200 and json.loads(told)["content"][1]["input"] == LOOK
    status, _, told, _ = answered({"command": f"export K={KEY}"})
    assert status == 200 and json.loads(told)["content"][1]["input"]["command"].startswith("export K=[redacted:")


def test_a_judge_that_goes_away_lets_nothing_pass(magistrate, tmp_path):
    server = magistrate(SLOW).start()
    with contextlib.ExitStack() as stack:
        ports = {}
        for name in ENVOYS:
            folder = tmp_path / name
            folder.mkdir()
            ports[name] = stack.enter_context(proxied(name, server, server.url("judge", ""), folder))
        for port in ports.values():
            assert through(port, "GET", "https://docs.example.com/")[0] == 200
        server.kill()
        for name, port in ports.items():
            for _ in range(3):
                status, _, _, reached = through(port, "POST", "https://docs.example.com/", body=b"text")
                assert status in (403, 500, 504) and reached == [], name
