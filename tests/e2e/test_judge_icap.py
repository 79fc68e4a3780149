"""ICAP clients that show the judge requests and responses with their bodies: a real Squid, and c-icap-client."""

import base64
import gzip
import http.client
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest

import conftest
from conformance import CREDENTIAL_IN_ANSWER, TEXTS
from test_judge import ATTACK, KEY
from test_judge_doors import carried, hold_to_reading, wanted
from test_judge_envoy import LOOK, WIPE, anthropic, arguments_in, chat, delta, stream_of, streamed_through, texts
from test_judge_proxies import SLOW, Application, binary, proxied, through

CAN = ("redact", "require_approval")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    policy = folder / "policy.yml"
    policy.write_text(CREDENTIAL_IN_ANSWER)
    one = conftest.Magistrate(folder, SLOW + f'policies = ["{policy}"]\n').start()
    yield one
    if one.running():
        one.kill()


@pytest.fixture(scope="module")
def squid(server, tmp_path_factory):
    with proxied("squid", server, server.url("judge", ""), tmp_path_factory.mktemp("squid")) as port:
        yield port


@pytest.fixture(autouse=True)
def usual_answers():
    Application.answers, Application.headers_of_answer = [b"served"], {}
    Application.last = None


def client(server, *arguments, file=None):
    """What a real c-icap-client prints."""
    command = [binary("c-icap-client"), "-i", "127.0.0.1", "-p", str(server.ports["icap"]), "-v", "-d", "1", *arguments]
    done = subprocess.run([*command, *(["-f", file] if file else [])], capture_output=True, timeout=60)
    return (done.stdout + done.stderr).decode(errors="replace")


def icap(server, text, until=None):
    """Everything that is answered on a connection of its own."""
    with socket.create_connection(("127.0.0.1", server.ports["icap"]), timeout=60) as connection:
        connection.sendall(text if isinstance(text, bytes) else text.encode())
        if until is None:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
            if until and until in answer:
                break
        return answer.decode()


def shown(url, method="GET", headers="", more=""):
    """A request that is shown, without a body."""
    http_head = f"{method} {url} HTTP/1.1\r\n{headers}\r\n"
    return f"REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nAllow: 204\r\n{more}Encapsulated: req-hdr=0, null-body={len(http_head)}\r\n\r\n{http_head}"


# --- TLS


def certified(folder, name, by=None):
    """A certificate of `name` and its key, signed by itself or by another such pair."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    signed = ["-CA", by[0], "-CAkey", by[1]] if by else []
    kind = "critical,CA:FALSE" if by else "critical,CA:TRUE"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key, "-out", certificate,
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", f"basicConstraints={kind}", *signed],
        check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """The authority's, the judge's, a proxy's, and that of somebody whom the authority does not know."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = certified(folder, "authority")
    return {
        "authority": authority, "judge": certified(folder, "judge", authority),
        "proxy": certified(folder, "proxy", authority), "stranger": certified(folder, "stranger"),
    }


def over_tls(certificates, more=""):
    certificate, key = certificates["judge"]
    return SLOW + f'[tls.icap]\ncert_file = "{certificate}"\nkey_file = "{key}"\n{more}'


def test_a_client_is_served_over_tls(magistrate, certificates, tmp_path):
    server = magistrate(over_tls(certificates)).start()
    told = client(server, "-tls", "-tls-no-verify", "-s", "reqmod")
    assert "Methods: REQMOD" in told.replace("Modification methods", "Methods") and "Preview: 4096" in told, told
    file, out = tmp_path / "in.txt", tmp_path / "out.txt"
    text = "words and more words " * 10_000
    file.write_text(text)
    told = client(server, "-tls", "-tls-no-verify", "-no204", "-s", "respmod", "-o", out, file=file)
    assert "200 OK" in told and out.read_text() == text, told
    # Who speaks in the clear is not heard.
    assert "ICAP/1.0" not in icap(server, "OPTIONS icap://h/reqmod ICAP/1.0\r\nHost: h\r\n\r\n")


def asked_over_tls(server, certificates, who):
    """What is answered to whoever shows the certificate of `who`, and checks the judge's."""
    context = ssl.create_default_context(cafile=certificates["authority"][0])
    if who:
        context.load_cert_chain(*certificates[who])
    try:
        with socket.create_connection(("127.0.0.1", server.ports["icap"]), timeout=60) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                connection.sendall(shown("http://www.wetransfer.com/api/u", "POST", more="Connection: close\r\n").encode())
                answer = b""
                while piece := connection.recv(65_536):
                    answer += piece
                return answer.decode()
    except (ssl.SSLError, ConnectionError):
        return None


def test_only_who_has_a_certificate_of_the_authority_may_ask(magistrate, certificates):
    server = magistrate(over_tls(certificates, f'client_ca_file = "{certificates["authority"][0]}"\n')).start()
    assert asked_over_tls(server, certificates, None) is None
    assert asked_over_tls(server, certificates, "stranger") is None
    answer = asked_over_tls(server, certificates, "proxy")
    assert answer.startswith("ICAP/1.0 200 OK") and "HTTP/1.1 403 Forbidden" in answer, answer
    server.stop()
    [(name,)] = server.sql("select distinct magistrate.identity from lake where magistrate.verdict.door like 'icap%'")
    assert "proxy" in name


# --- c-icap-client


def test_a_client_is_told_what_the_services_can(server):
    for service, method in [("reqmod", "REQMOD"), ("respmod", "RESPMOD")]:
        told = client(server, "-s", service)
        assert "Allow 204: Yes" in told and "Preview: 4096" in told and f"Methods: {method}" in told.replace("Modification methods", "Methods"), told


@pytest.mark.parametrize("size", [0, 10, 4096, 5000, 300_000])
@pytest.mark.parametrize("options", [[], ["-nopreview"], ["-no204"], ["-nopreview", "-no204"], ["-w", "0"], ["-w", "100"]])
def test_what_passes_comes_back_unchanged(server, tmp_path, size, options):
    file, out = tmp_path / "in.txt", tmp_path / "out.txt"
    file.write_bytes((b"words and more words " * (size // 20 + 1))[:size])
    told = client(server, "-s", "respmod", "-o", out, *options, file=file)
    if "204" in told.split("ICAP HEADERS")[-1].split("\n")[1]:
        assert not out.exists() or out.read_bytes() in (b"", file.read_bytes())
    else:
        assert "200 OK" in told and out.read_bytes() == file.read_bytes(), told


@pytest.mark.parametrize("options", [[], ["-nopreview"], ["-no204"], ["-w", "0"]])
def test_what_is_masked_comes_back_masked(server, tmp_path, options):
    for text in (f"password: {KEY}", "a" * 6000 + f" password: {KEY} " + "b" * 6000):
        file, out = tmp_path / "in.txt", tmp_path / "out.txt"
        file.write_text(text)
        told = client(server, "-s", "respmod", "-o", out, *options, file=file)
        masked = out.read_text()
        assert KEY not in masked and "[redacted:" in masked and masked.endswith(text[-20:] if len(text) > 6000 else "]"), told
        assert f"Content-Length: {len(masked)}" in told
        out.unlink()


def test_a_body_larger_than_the_judge_reads_comes_back_whole_or_is_stopped(server, tmp_path):
    file, out = tmp_path / "in.txt", tmp_path / "out.txt"
    file.write_bytes(b"words and more " * (800 << 10))
    for options in ([], ["-nopreview"]):
        told = client(server, "-s", "respmod", "-no204", "-o", out, *options, file=file)
        assert out.read_bytes() == file.read_bytes(), told
        out.unlink()
    file.write_bytes(f"password: {KEY} ".encode() + file.read_bytes())
    told = client(server, "-s", "respmod", "-no204", "-o", out, file=file)
    assert "HTTP/1.1 403 Forbidden" in told and out.stat().st_size < 1000, told


def test_an_upload_is_stopped_and_the_reason_comes_back(server, tmp_path):
    file, out = tmp_path / "in.txt", tmp_path / "out.txt"
    file.write_text("text")
    told = client(server, "-s", "reqmod", "-method", "POST", "-req", "https://www.wetransfer.com/api/u", "-o", out, file=file)
    assert "HTTP/1.1 403 Forbidden" in told and "personal file sharing" in out.read_text(), told


# --- by hand


def test_the_tag_changes_with_the_policies(magistrate, tmp_path):
    policy = tmp_path / "policy.yml"
    policy.write_text(CREDENTIAL_IN_ANSWER)
    server = magistrate(SLOW + f'policies = ["{policy}"]\n').start()
    options = "OPTIONS icap://h/reqmod ICAP/1.0\r\nHost: h\r\n\r\n"

    def tag():
        found = re.findall('ISTag: ("[^"]*")', icap(server, options + shown("http://a.example/")))
        assert len(found) == 2 and found[0] == found[1] and len(found[0]) <= 32
        return found[0]

    before = tag()
    policy.write_text(CREDENTIAL_IN_ANSWER.replace("Credential in an answer", "Another title"))
    server.wait(lambda: tag() != before, "another tag", 30)


@pytest.mark.parametrize("header, value, expected", [
    ("X-Client-Username", base64.b64encode(b"ana@example.com").decode(), "ana@example.com"),
    ("X-Client-Username", "ben", "ben"),
    ("X-Authenticated-User", base64.b64encode(b"WinNT://EXAMPLE/cy").decode(), "WinNT://EXAMPLE/cy"),
])
def test_rows_name_whom_the_proxy_asks_for(magistrate, header, value, expected):
    server = magistrate(SLOW).start()
    icap(server, shown("http://a.example/x", more=f"X-Client-IP: 192.0.2.7\r\n{header}: {value}\r\n"))
    server.stop()
    rows = server.sql("select coalesce(actor.user.email_addr, actor.user.name), src_endpoint.ip from lake where http_request.url.hostname = 'a.example'")
    assert (expected, "192.0.2.7") in rows


def test_a_token_or_an_address_lets_in(magistrate, tmp_path):
    tokens = tmp_path / "judge.tokens"
    tokens.write_text("proxy secret-token-of-a-proxy\n")
    server = magistrate(SLOW + f'[auth]\njudge_tokens = "{tokens}"\n').start()
    assert icap(server, shown("http://a.example/")).startswith("ICAP/1.0 401 ")
    assert icap(server, shown("http://a.example/", more="Authorization: Bearer wrong\r\n")).startswith("ICAP/1.0 401 ")
    assert icap(server, shown("http://a.example/", more="Authorization: Bearer secret-token-of-a-proxy\r\n")).startswith("ICAP/1.0 204 ")
    assert server.metric("magistrate_judge_refused_total", door="icap", reason="denied") == 2

    def with_token(made):
        return made.replace('# adaptation_meta Authorization "Bearer TOKEN" all', 'adaptation_meta Authorization "Bearer secret-token-of-a-proxy" all')

    for change, expected in [(with_token, 200), (lambda made: made, 500)]:
        folder = tmp_path / str(expected)
        folder.mkdir()
        with proxied("squid", server, server.url("judge", ""), folder, change) as port:
            assert through(port, "GET", "https://docs.example.com/")[0] == expected
    server.kill()
    for networks, expected in [('["127.0.0.0/8"]', "204"), ('["192.0.2.0/24"]', "401")]:
        server.config.write_text(SLOW + f'[auth]\njudge_tokens = "{tokens}"\nicap_peers = {networks}\n')
        server.start()
        assert icap(server, shown("http://a.example/")).startswith(f"ICAP/1.0 {expected} ")
        server.kill()
    server.config.write_text(SLOW + '[auth]\nicap_peers = ["192.0.2.1"]\n')
    server.start()
    assert icap(server, shown("http://a.example/")).startswith("ICAP/1.0 401 ")


def test_nothing_secret_is_written_of_what_is_shown(magistrate):
    server = magistrate(SLOW).start()
    basic = base64.b64encode(b"ana:correct-horse-battery").decode()
    for text in (
        shown(f"http://a.example/x?token={KEY}", headers=f"Cookie: key={KEY}\r\nAuthorization: Basic {basic}\r\n"),
        shown("http://a.example/x", more=f"Proxy-Authorization: Basic {basic}\r\nX-Client-Username: {KEY}\r\n"),
        shown(f"http://{KEY}@a.example/x"), f"REQMOD {KEY} ICAP/1.0\r\n\r\n", f"REQMOD icap://h/reqmod ICAP/1.0\r\nEncapsulated: {KEY}\r\n\r\n",
        f"{KEY}\r\n\r\n",
    ):
        assert icap(server, text).startswith("ICAP/1.0 ")
    server.stop()
    for path, content in server.every_byte_written():
        assert KEY.encode() not in content and b"correct-horse" not in content and basic.encode() not in content, path


def test_a_stop_answers_what_has_begun_and_ends_idle_connections(magistrate):
    server = magistrate(SLOW).start()
    idle = socket.create_connection(("127.0.0.1", server.ports["icap"]), timeout=60)
    half = socket.create_connection(("127.0.0.1", server.ports["icap"]), timeout=60)
    text = shown("http://a.example/").encode()
    half.sendall(text[:-4])
    time.sleep(0.3)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert idle.recv(1) == b""
    half.sendall(text[-4:])
    assert half.recv(65_536).startswith(b"ICAP/1.0 204 ")
    stopping.join(40)
    assert not stopping.is_alive() and not server.running()


# --- Squid


def enforced(port, method, url, body=None, headers=None):
    """The decision that Squid carries out, and the body that reached the application."""
    status, answered, _, reached = through(port, method, url, headers or {}, body)
    if status == 200:
        received = Application.last[1]
        assert reached
        return ("allow" if received == (body or b"") else "redact"), received
    assert status == 403 and reached == [], (status, reached)
    return answered["x-magistrate-decision"], None


@pytest.mark.parametrize("text", [text + " more" * 4000 for text in TEXTS])
def test_a_long_body_gets_the_same_verdict_through_squid(server, squid, text):
    url = "https://docs.example.com/a"
    verdict = wanted(server, {"event": "request", "destination": {"url": url, "method": "POST"}, "content": {"text": text}})
    decision, received = enforced(squid, "POST", url, text.encode())
    assert decision == carried(verdict["decision"], *CAN)
    if decision == "redact":
        assert received.decode() == verdict["redacted"]["text"]


def test_a_hundred_writes_after_a_downgrade_fail_through_squid(server, squid):
    session = {"id": "held-squid"}
    hold_to_reading(server, session)
    held = {"x-claude-code-session-id": "held-squid"}
    for number in range(100):
        assert enforced(squid, "PUT", f"https://files.example.com/{number}", b"text" if number % 2 else None, held)[0] == "block"
    assert enforced(squid, "PUT", "https://files.example.com/x")[0] == "allow", "another session is not held"
    assert server.metric("magistrate_judge_answer_seconds_count", door="icap_reqmod") >= 100


def test_an_answer_is_masked_on_its_way_back_through_squid(squid):
    text = f"{'a' * 20_000} password: {KEY} {'b' * 20_000}"
    Application.answers = [text.encode()]
    for headers in ({"content-type": "text/plain"}, {"content-type": "text/plain", "content-length": str(len(text))}):
        Application.headers_of_answer = {**headers, "set-cookie": "a=1", "x-latin": "f\xfcr"}
        status, answered, told, _ = through(squid, "GET", "https://docs.example.com/a", {"accept-encoding": "gzip"})
        assert status == 200 and KEY not in told and "[redacted:" in told
        assert told.startswith("a" * 20_000) and told.endswith("b" * 20_000)
        assert answered["content-length"] in (None, str(len(told))) and answered["set-cookie"] == "a=1" and answered["x-latin"] == "f\xfcr"
        assert "accept-encoding" not in Application.last[0], "else nobody could read the answer"


def test_orders_in_an_answer_do_not_reach_the_agent_through_squid(squid):
    Application.answers = [ATTACK.encode()]
    status, headers, told, reached = through(squid, "GET", "https://docs.example.com/a")
    assert status == 403 and reached and "mallory" not in told and headers["x-magistrate-decision"] == "block"


def test_pictures_and_packed_answers_pass_through_squid_as_they_are(squid):
    for kind, body in [({"content-type": "image/png"}, f"\x89PNG {KEY}".encode("latin-1") * 3_000),
                       ({"content-type": "text/plain", "content-encoding": "gzip"}, gzip.compress(KEY.encode()))]:
        Application.answers, Application.headers_of_answer = [body], {**kind, "content-length": str(len(body))}
        assert bytes_through(squid) == body


def bytes_through(port, path="/a"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path, headers={"host": "docs.example.com"})
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read()


def paced(body):
    """A body as a network brings it. Squid before 7 gets stuck or hangs up (its bug 5352) where more than 64 KiB come faster than they are judged."""
    for at in range(0, len(body), 8192):
        yield body[at:at + 8192]
        time.sleep(0.01)


def test_long_answers_pass_through_squid_in_whole(squid):
    body = b"words and more " * 20_000
    Application.headers_of_answer = {"content-type": "text/plain", "content-length": str(len(body))}
    Application.answers = paced(body)
    assert bytes_through(squid) == body


def test_uploads_larger_than_the_judge_reads_pass_through_squid_in_whole_or_are_stopped(squid):
    body = b"words and more " * (1 << 20)
    length = {"content-length": str(len(body))}
    status, _, _, reached = through(squid, "POST", "https://docs.example.com/a", headers=length, body=paced(body))
    assert status == 200 and reached and Application.last[1] == body
    Application.last = None
    try:
        status, _, _, reached = through(squid, "POST", "https://docs.example.com/a", body=f"the key is {KEY} ".encode() + body)
        assert status == 403 and reached == [], "a part cannot be masked"
    except ConnectionError:
        # Squid answers, and closes while the client still sends.
        pass
    assert Application.last is None


def test_events_go_through_squid_while_they_come_and_secrets_in_pieces_are_masked(squid):
    released = threading.Event()
    secret = [KEY[at:at + 3] for at in range(0, len(KEY), 3)]
    first = [delta(f"word {number} ") for number in range(300)]

    def pieces():
        yield from first
        # The rest only comes once the client has seen the beginning.
        assert released.wait(30)
        yield from (delta(piece) for piece in ["the key is ", *secret, " and that is all"])

    Application.answers, Application.headers_of_answer = pieces(), {"content-type": "text/event-stream"}
    connection = http.client.HTTPConnection("127.0.0.1", squid, timeout=60)
    connection.request("GET", "/v1/messages", headers={"host": "docs.example.com"})
    answer = connection.getresponse()
    assert answer.status == 200
    begun = answer.read1(65_536)
    assert begun
    released.set()
    said = texts(begun + answer.read())
    assert said.startswith("".join(f"word {number} " for number in range(300))), "nothing is lost"
    assert KEY not in said and "the key is [redacted:" in said and said.endswith(" and that is all")


@pytest.mark.parametrize("protocol", (anthropic, chat))
def test_a_tool_that_an_answer_through_squid_calls_is_judged_as_that_call(squid, protocol):
    before = [delta(f"word {number} ") for number in range(300)]
    told = streamed_through(squid, [*before, *stream_of(protocol(WIPE)), *before])
    assert b"word 1 " in told and b"Bash" not in told and told.count(b"word 299 ") <= 1
    told = streamed_through(squid, [*before, *stream_of(protocol(LOOK)), *before])
    assert told.count(b"word 299 ") == 2 and arguments_in(told) == LOOK


def test_what_cannot_be_judged_is_stopped_not_bypassed(magistrate, tmp_path):
    server = magistrate(SLOW).start()
    folder = tmp_path / "squid"
    folder.mkdir()
    with proxied("squid", server, server.url("judge", ""), folder, lambda made: made.replace("bypass=off", "bypass=on")) as port:
        assert through(port, "GET", "https://docs.example.com/")[0] == 200
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.putrequest("GET", "/", skip_host=True)
        for name, value in [("host", "docs.example.com"), ("x-claude-code-session-id", "a"), ("x-claude-code-session-id", "b")]:
            connection.putheader(name, value)
        connection.endheaders()
        Application.reached.clear()
        answer = connection.getresponse()
        assert answer.status == 400 and "twice" in answer.read().decode() and Application.reached == []
        # As the user has told it, an outage lets pass.
        server.kill()
        assert through(port, "GET", "https://docs.example.com/")[0] == 200


def test_a_judge_that_goes_away_lets_nothing_pass_through_squid(magistrate, tmp_path):
    server = magistrate(SLOW).start()
    folder = tmp_path / "squid"
    folder.mkdir()
    with proxied("squid", server, server.url("judge", ""), folder) as port:
        assert through(port, "GET", "https://docs.example.com/")[0] == 200
        server.kill()
        for _ in range(3):
            status, _, _, reached = through(port, "POST", "https://docs.example.com/", body=b"text")
            assert status == 500 and reached == []
