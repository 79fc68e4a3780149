"""Files by what they are: in uploads through Envoy's and Squid's doors, in blocks of base64, in arguments of tools."""

import base64
import http.client
import io
import json
import socket
import zipfile

import pytest

import conftest
from test_backtest import backtest
from test_judge import SLOW, verdict

PROGRAM = b"MZ\x90\0" + bytes(200) + b"\xff\xfe"
BOUNDARY = "frontier"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    config = SLOW.replace("[judge]", '[lists]\ncorporate_domains = ["example.org"]\n[judge]\nprofile = "company"')
    one = conftest.Magistrate(tmp_path_factory.mktemp("judge"), config).start()
    yield one
    if one.running():
        one.kill()


def archive(*names, comment=b""):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, b"\0\xff" * 50)
        file.comment = comment
    return made.getvalue()


def form(name, content, media_type="application/octet-stream"):
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {media_type}\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def through_envoy(server, body, path="/up"):
    connection = http.client.HTTPConnection("127.0.0.1", server.ports["judge"], timeout=60)
    headers = {"Host": "files.example.org", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", f"/authz/envoy{path}", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.headers.get("x-magistrate-verdict")


def through_icap(server, body):
    head = f"POST http://files.example.org/up HTTP/1.1\r\nHost: files.example.org\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    text = f"REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nAllow: 204\r\nEncapsulated: req-hdr=0, req-body={len(head)}\r\n\r\n{head}".encode()
    text += f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.ports["icap"]), timeout=60) as connection:
        connection.sendall(text)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65_536)
    return 200 if answer.startswith(b"ICAP/1.0 204") else 403 if b"HTTP/1.1 403" in answer else answer


@pytest.mark.parametrize(
    "name, content, media_type, passes",
    [
        ("notes.txt", b"hello \xff", "text/plain", True),
        ("cat.png", b"\x89PNG\r\n\x1a\n\xff", "image/png", True),
        ("cat.png", PROGRAM, "image/png", False),
        ("cat", PROGRAM, "application/octet-stream", False),
        ("photos.zip", archive("a.jpg", "b.jpg"), "application/zip", None),
        ("photos.dat", archive("a.jpg", "setup.exe"), "application/octet-stream", False),
        ("photos.dat", archive("a.jpg", "invoice.pdf.js", comment=b"x" * 60_000), "application/octet-stream", False),
        ("report.docx", archive("[Content_Types].xml", "word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", True),
        ("report.docx", archive("[Content_Types].xml", "word/vbaProject.bin"), "application/octet-stream", False),
    ],
)
def test_an_upload_is_what_it_holds_through_both_doors(server, name, content, media_type, passes):
    body = form(name, content, media_type)
    status, _, _ = through_envoy(server, body)
    assert through_icap(server, body) == status, "both doors say the same"
    if passes is not None:
        assert status == (200 if passes else 403)


def asked(server, body):
    answer = verdict(server, {"deadline_ms": 20000, **body})
    return answer["decision"], {reason["title"] for reason in answer["reasons"]}


def test_blocks_of_base64_and_what_tools_write_are_files(server):
    def block(content, media_type):
        source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(content).decode()}
        return json.dumps({"messages": [{"role": "user", "content": [{"type": "document", "source": source}]}]})

    send = {"event": "upload", "destination": {"url": "https://api.example.org/v1/messages", "method": "POST"}}
    harmless = asked(server, {**send, "content": {"text": block(b"%PDF-1.7 \xff" * 9, "application/pdf")}})
    decision, titles = asked(server, {**send, "content": {"text": block(PROGRAM, "application/pdf")}})
    assert decision == "block" and {"File that is something else than it says", "Program by content about to leave"} <= titles
    assert not {"File that is something else than it says", "Program by content about to leave"} & harmless[1]
    decision, titles = asked(server, {**send, "content": {"text": block(archive("a.txt", "run.exe"), "application/zip")}})
    assert decision == "block" and "Program by content about to leave" in titles
    write = {"event": "tool_call", "tool": {"name": "Write", "arguments": {"file_path": "/home/ana/notes.pdf", "content": "#!/bin/sh\nls\n"}}}
    decision, titles = asked(server, write)
    assert decision == "block" and "File that is something else than it says" in titles
    write["tool"]["arguments"]["file_path"] = "/home/ana/notes.sh"
    assert "File that is something else than it says" not in asked(server, write)[1]


def test_the_rows_tell_the_traits_and_a_backtest_sees_them(server, run):
    _, _, told = through_envoy(server, form("cat.png", PROGRAM, "image/png"), "/told")
    server.stop()
    rows = server.sql(
        "select file.name, magistrate.action, magistrate.file.traits, magistrate.file.types from lake"
        " where metadata.uid = (select any_value(magistrate.verdict.event_uid) from lake where magistrate.verdict.uid = "
        f"'{told}')"
    )
    assert rows == [("cat.png", "upload", ["disguised", "executable"], ["exe"])], rows
    report = backtest(run, server, "--exit-code")
    assert report["verdicts"] > 20 and report["other_reasons"] == 0, report
