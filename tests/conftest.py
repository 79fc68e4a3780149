"""Starts magistrate as its users run it, on free loopback ports, and reads what it wrote."""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

import duckdb
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = pathlib.Path(os.environ.get("MAGISTRATE_BIN", ROOT / "target/debug/magistrate"))
FIXTURES = ROOT / "tests/fixtures"
START_S = 30
STOP_S = 35


class Magistrate:
    """One running magistrate over one data folder; may be stopped, killed and started again."""

    def __init__(self, folder, config="", env=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.config = self.folder / "magistrate.toml"
        self.config.write_text(config)
        self.log = self.folder / "log.txt"
        self.env = {**os.environ, **(env or {})}
        self.process = None
        self.ports = {}
        # How the admin listener's certificate is checked, where it speaks TLS.
        self.trusts = None

    def start(self):
        listen = {name: "127.0.0.1:0" for name in ("OTLP_GRPC", "OTLP_HTTP", "SYSLOG", "JUDGE", "ICAP", "ADMIN")}
        env = {**{f"MAGISTRATE__LISTEN__{name}": value for name, value in listen.items()}, **self.env}
        self.process = subprocess.Popen(
            [BINARY, "run", "-c", self.config, "--data", self.data],
            stdout=subprocess.PIPE, stderr=open(self.log, "ab"), env=env, text=True,
        )
        self.ports = {}
        for line in self.process.stdout:
            name, _, value = line.strip().partition(" ")
            if name == "data":
                break
            # A unix socket has no port.
            port = value.rsplit(":", 1)[-1].strip()
            self.ports[name] = int(port) if port.isdigit() else port
        else:
            raise AssertionError(f"magistrate did not start:\n{self.log.read_text()}")
        self.wait(lambda: self.get("/readyz") == "ready\n", "readiness", START_S)
        return self

    def wait(self, condition, what, seconds=20):
        """Polls until `condition` holds; the program under test has no other way to tell."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"no {what} within {seconds} s; log:\n{self.log.read_text()[-4000:]}")

    def stop(self):
        """SIGTERM; everything acknowledged must be in the lake when this returns."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(STOP_S) == 0, self.log.read_text()[-4000:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def url(self, listener, path):
        scheme = "https" if self.trusts and listener == "admin" else "http"
        return f"{scheme}://127.0.0.1:{self.ports[listener]}{path}"

    def get(self, path):
        with urllib.request.urlopen(self.url("admin", path), timeout=5, context=self.trusts) as answer:
            return answer.read().decode()

    def read(self, path, listener="admin", headers=None, status=200):
        """What is shown at `path`, as JSON where it is; fails on another status."""
        request = urllib.request.Request(self.url(listener, path), headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=70, context=self.trusts) as answer:
                found, body = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            found, body = error.code, error.read().decode()
        assert found == status, (path, found, body)
        try:
            return json.loads(body)
        except ValueError:
            return body

    def sign_in(self, form):
        """The cookie that the console gives for a form with a token."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["admin"], timeout=30)
        connection.request("POST", "/sign-in", form, {"content-type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        assert answer.status == 303, answer.read()
        return answer.headers["set-cookie"]

    def metric(self, name, **labels):
        """The sum of a metric's samples that carry `labels`."""
        total = 0.0
        for line in self.get("/metrics").splitlines():
            match = re.fullmatch(rf"{name}(?:\{{(.*)\}})? ([^ ]+)", line)
            if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
                total += float(match[2])
        return total

    def post(self, path, body, content_type, headers=None, listener="otlp_http"):
        """Returns status, headers and body, whatever the status."""
        request = urllib.request.Request(
            self.url(listener, path), data=body, headers={"content-type": content_type, **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def sql(self, query):
        """Runs SQL over the whole lake, called `lake`."""
        files = [str(path) for path in self.data.glob("lake/**/*.parquet")]
        if not files:
            return []
        connection = duckdb.connect()
        connection.execute(f"create view lake as select * from read_parquet({files!r}, union_by_name=true)")
        return connection.execute(query).fetchall()

    def every_byte_written(self):
        """Path and content of every file of the data folder, and the log."""
        for path in [*self.data.rglob("*"), self.log]:
            if path.is_file():
                yield path, path.read_bytes()


@pytest.fixture
def magistrate(tmp_path):
    """Makes magistrates that are gone when the test ends."""
    made = []

    def make(config="", env=None):
        one = Magistrate(tmp_path, config, env)
        made.append(one)
        return one

    yield make
    for one in made:
        if one.running():
            one.kill()


@pytest.fixture
def run(tmp_path):
    """Runs a command of the binary and returns the finished process."""

    def command(*arguments, stdin=b"", timeout=60, **options):
        return subprocess.run(
            [BINARY, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout, **options
        )

    return command


def recordings():
    """Each recorded capture with its expected counts."""
    expected = json.loads((FIXTURES / "otlp/expected.json").read_text())
    return sorted(expected.items())
