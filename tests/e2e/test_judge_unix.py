"""The judge on a unix socket: asked by curl, closed to other users, replaced and removed with care."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

import pytest

from test_judge import SLOW

ASK = {"deadline_ms": 20000, "event": "upload", "destination": {"url": "https://www.wetransfer.com/u", "method": "POST"}}
# Only root may act as another user (as in tests/run.sh).
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


@pytest.fixture
def folder():
    # Other users must get as far as the socket; and the path must be short.
    made = pathlib.Path(tempfile.mkdtemp(prefix="mg"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def config(path, more="", auth=""):
    return f'[listen.judge_unix]\npath = "{path}"\n{more}\n{auth}\n{SLOW}'


def curl(path, *arguments, body=ASK, user=None):
    """What curl says, run by another user and group where they are given."""
    become = [*AS_ROOT, "setpriv", f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups"] if user else []
    command = [*become, "curl", "-sS", "-m", "30", "--unix-socket", path, "http://judge/v1/judge", "-d", json.dumps(body), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_curl_asks_through_the_socket_and_its_user_is_known(magistrate, folder):
    path = folder / "judge.sock"
    server = magistrate(config(path)).start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and server.ports["judge_unix"] == str(path)
    answer = json.loads(curl(path).stdout)
    assert answer["decision"] == "block"
    assert json.loads(curl(path, "--http2-prior-knowledge").stdout)["decision"] == "block"
    server.stop()
    assert not path.exists(), "it goes with the program"
    rows = server.sql(f"select magistrate.identity, magistrate.peer from lake where magistrate.verdict.uid = '{answer['verdict_id']}'")
    assert rows == [(f"uid:{os.geteuid()}", None)]


def test_a_token_gives_another_name_and_a_wrong_one_none(magistrate, folder, tmp_path):
    path, tokens = folder / "judge.sock", tmp_path / "judge.tokens"
    tokens.write_text("laptop " + "t" * 32 + "\n")
    server = magistrate(config(path, auth=f'[auth]\njudge_tokens = "{tokens}"')).start()
    named = json.loads(curl(path, "-H", "Authorization: Bearer " + "t" * 32).stdout)
    plain = json.loads(curl(path).stdout)
    wrong = curl(path, "-o", os.devnull, "-w", "%{http_code}", "-H", "Authorization: Bearer " + "x" * 32)
    assert wrong.stdout == "401"
    status, _, _ = server.post("/v1/judge", b"{}", "application/json", listener="judge")
    assert status == 401, "the port asks for a token all the same"
    server.stop()
    rows = dict(server.sql("select magistrate.verdict.uid, magistrate.identity from lake where magistrate.verdict.uid is not null"))
    assert rows[named["verdict_id"]] == "laptop" and rows[plain["verdict_id"]] == f"uid:{os.geteuid()}"


def test_a_user_who_is_not_named_is_hung_up_on(magistrate, folder):
    path = folder / "judge.sock"
    server = magistrate(config(path, f'mode = "0660"\nuids = [{os.geteuid() + 12_345}]')).start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    refused = curl(path)
    assert refused.returncode != 0 and refused.stdout == "", refused
    assert server.metric("magistrate_ingest_connections_refused_total", reason="user") == 1


def test_another_user_gets_as_far_as_the_file_lets_and_no_further(magistrate, folder):
    path = folder / "judge.sock"
    server = magistrate(config(path, f'mode = "0660"\nuids = [{os.geteuid()}, 65533]')).start()
    assert json.loads(curl(path).stdout)["decision"] == "block"
    assert json.loads(curl(path, user=(65533, os.getegid())).stdout)["decision"] == "block"
    # Let in by the file's group, and refused by number.
    refused = curl(path, user=(65534, os.getegid()))
    assert refused.returncode != 0 and refused.stdout == ""
    assert server.metric("magistrate_ingest_connections_refused_total", reason="user") == 1
    # The file itself is closed to others.
    assert curl(path, user=(65533, 65533)).returncode == 7
    assert server.metric("magistrate_ingest_connections_refused_total", reason="user") == 1


def test_what_a_kill_left_is_replaced_and_nothing_else(magistrate, run, folder):
    path = folder / "judge.sock"
    server = magistrate(config(path)).start()
    # One that is used is not taken away, whatever folder its owner has.
    second = run("run", "-c", server.config, "--data", folder / "other", env={**os.environ, **OFF})
    assert second.returncode == 64 and b"another program does" in second.stderr, second
    server.kill()
    assert path.exists()
    server.start()
    assert json.loads(curl(path).stdout)["decision"] == "block"
    server.stop()
    path.write_text("my notes")
    refused = run("run", "-c", server.config, "--data", folder / "other", env={**os.environ, **OFF})
    assert refused.returncode == 64 and b"no socket" in refused.stderr
    assert path.read_text() == "my notes"


OFF = {f"MAGISTRATE__LISTEN__{name}": "off" for name in ("OTLP_GRPC", "OTLP_HTTP", "SYSLOG", "JUDGE", "ICAP", "ADMIN")}


def test_check_tells_what_is_wrong(magistrate, run):
    server = magistrate(config("judge.sock", 'uids = []'))
    done = run("check", "-c", server.config)
    told = (done.stdout + done.stderr).decode()
    assert done.returncode == 64 and "listen.judge_unix.path" in told and "listen.judge_unix.uids" in told, told
