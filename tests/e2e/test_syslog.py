"""Syslog from programs that we did not write: logger(1), Squid."""

import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import urllib.request

import pytest

SQUID_LINES = (
    "1795422229.068    231 192.0.2.10 TCP_MISS/200 15432 GET http://www.example.com/a/b?q=1 ana HIER_DIRECT/198.51.100.7 text/html\n"
    "1795422230.500      3 192.0.2.10 TCP_DENIED/403 3900 POST http://files.example.net/upload - HIER_NONE/- text/html\n"
    "1795422231.000  60012 192.0.2.11 TCP_TUNNEL/200 91234 CONNECT api.example.com:443 ben HIER_DIRECT/198.51.100.9 -\n"
)


def accepted(server, count):
    server.wait(lambda: server.metric("magistrate_accepted_records_total") >= count, f"{count} accepted records")


@pytest.mark.parametrize("arguments", [
    ["-d", "--rfc5424"], ["-d", "--rfc3164"],
    ["-T", "--rfc5424"], ["-T", "--rfc3164"],
    ["-T", "--rfc5424", "--octet-count"], ["-T", "--rfc3164", "--octet-count"],
], ids=" ".join)
def test_logger_messages_are_typed_rows(magistrate, arguments):
    server = magistrate().start()
    subprocess.run(
        ["logger", "-n", "127.0.0.1", "-P", str(server.ports["syslog_tcp"]), *arguments,
         "-p", "auth.warning", "-t", "sshd", "hello from logger"],
        check=True, timeout=10,
    )
    accepted(server, 1)
    server.stop()
    [(message, app, host, severity)] = server.sql(
        "select message, actor.app_name, device.hostname, severity_id from lake"
    )
    assert "hello from logger" in message
    assert app == "sshd"
    assert host
    assert severity == 3, "warning is OCSF medium"


def send(server, data, framing):
    with socket.create_connection(("127.0.0.1", server.ports["syslog_tcp"])) as connection:
        for line in data.splitlines():
            line = line.encode()
            connection.sendall(b"%d %s" % (len(line), line) if framing == "octet" else line + b"\n")


@pytest.mark.parametrize("framing", ["octet", "newline"])
def test_squid_lines_are_typed_http_rows(magistrate, framing):
    server = magistrate().start()
    wrapped = "".join(f"<13>1 - proxy squid - - - {line}\n" for line in SQUID_LINES.splitlines())
    send(server, wrapped, framing)
    accepted(server, 3)
    server.stop()
    rows = server.sql(
        "select http_request.http_method, http_response.code, http_request.url.hostname, src_endpoint.ip, "
        "actor.user.name, duration, action_id from lake where class_uid = 4002 order by time"
    )
    assert rows == [
        ("GET", 200, "www.example.com", "192.0.2.10", "ana", 231, 1),
        ("POST", 403, "files.example.net", "192.0.2.10", None, 3, 2),
        ("CONNECT", 200, "api.example.com", "192.0.2.11", "ben", 60012, 1),
    ]


def test_equal_lines_are_two_events_and_nothing_is_dropped(magistrate):
    server = magistrate().start()
    send(server, "the same words\n" * 2 + '{"url":"https://a.example/x","method":"PUT","user":"ana"}\n'
         + "CEF:0|Acme|Proxy|1.0|100|Blocked upload|7|src=192.0.2.1 request=https://b.example/y requestMethod=POST act=blocked\n"
         + "\x01\x02 not a known format\n", "newline")
    accepted(server, 5)
    server.stop()
    assert server.sql("select count(*), count(distinct metadata.uid) from lake") == [(5, 5)]
    urls = server.sql("select http_request.url.hostname from lake where class_uid = 4002 order by 1")
    assert urls == [("a.example",), ("b.example",)]
    raw = server.sql("select count(*) from lake where raw_data is not null and magistrate.parse_status is not null")
    assert raw == [(3,)]


def squid_binary():
    binary = shutil.which("squid", path=f"{os.environ['PATH']}:/usr/sbin")
    assert binary, "squid is missing; tests/run.sh installs it"
    return binary


def test_a_real_squid_logs_over_tcp(magistrate, tmp_path):
    server = magistrate().start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path / "squid"
    folder.mkdir()
    if os.geteuid() == 0:
        user = pwd.getpwnam("proxy")
        os.chown(folder, user.pw_uid, user.pw_gid)
        for parent in [folder, *folder.parents]:
            if parent != pathlib.Path("/") and str(parent).startswith("/tmp/pytest"):
                parent.chmod(0o755)
    config = folder / "squid.conf"
    config.write_text(f"""
http_port 127.0.0.1:{port}
access_log tcp://127.0.0.1:{server.ports['syslog_tcp']} logformat=squid
cache_log {folder}/cache.log
pid_filename {folder}/squid.pid
coredump_dir {folder}
cache deny all
http_access allow localhost
http_access deny all
shutdown_lifetime 1 seconds
netdb_filename none
""")
    squid = subprocess.Popen([squid_binary(), "-N", "-f", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def proxied():
            proxy = urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{port}"})
            url = server.url("admin", "/livez")
            return urllib.request.build_opener(proxy).open(url, timeout=5).read() == b"ok\n"

        server.wait(proxied, "answer through squid")
    finally:
        squid.terminate()
        squid.wait(20)
    accepted(server, 1)
    server.stop()
    rows = server.sql(
        "select http_request.http_method, http_request.url.path, http_response.code, src_endpoint.ip "
        "from lake where class_uid = 4002"
    )
    assert ("GET", "/livez", 200, "127.0.0.1") in rows
