"""The generated command hook of Claude Code: what the judge says, and a stop where it says nothing."""

import http.server
import json
import os
import subprocess
import threading

import pytest

import conftest
from test_judge import SLOW, recorded

HARMLESS = recorded("PreToolUse-Bash")
HARMFUL = {**HARMLESS, "tool_input": {"command": "rm -rf /"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = conftest.Magistrate(tmp_path_factory.mktemp("judge"), SLOW).start()
    yield one
    one.kill()


def hook(folder, judge, name, body, env=None):
    """Runs the hook as the client does: the call on standard input."""
    made = subprocess.run([conftest.BINARY, "generate", "claude-hook", "--judge", judge], capture_output=True, check=True)
    script = folder / "claude-hook"
    # A judge that tests share a machine with may take longer than one in production.
    script.write_bytes(made.stdout.replace(b"-m 10", b"-m 60"))
    script.chmod(0o755)
    return subprocess.run(
        [script, name], input=json.dumps(body).encode(), capture_output=True, timeout=90, env={**os.environ, **(env or {})}
    )


def test_the_answer_of_the_judge_is_the_answer_of_the_hook(server, tmp_path):
    judge = server.url("judge", "")
    done = hook(tmp_path, judge, "PreToolUse", HARMLESS)
    assert (done.returncode, json.loads(done.stdout)) == (0, {})
    done = hook(tmp_path, judge, "PreToolUse", HARMFUL)
    specific = json.loads(done.stdout)["hookSpecificOutput"]
    assert done.returncode == 0 and specific["permissionDecision"] == "deny"
    # Project settings cannot lead it elsewhere.
    for env in ({"http_proxy": "http://127.0.0.1:1"}, {"ALL_PROXY": "http://127.0.0.1:1"}, {"PATH": "/nowhere"}):
        done = hook(tmp_path, judge, "PreToolUse", HARMFUL, env)
        assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny", env


def stopped(done, name):
    if name == "PermissionRequest":
        return done.returncode == 0 and json.loads(done.stdout)["hookSpecificOutput"]["decision"]["behavior"] == "deny"
    return done.returncode == 2 and not done.stdout and b"nothing passes" in done.stderr


@pytest.mark.parametrize("name", ["PreToolUse", "UserPromptSubmit", "PostToolUse", "PermissionRequest"])
@pytest.mark.parametrize("status, body", [(200, b"<html>sign in</html>"), (200, b""), (500, b"{}"), (None, b"")])
def test_without_a_verdict_nothing_passes(tmp_path, name, status, body):
    class Broken(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            if status is None:
                return  # hangs up
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    broken = http.server.HTTPServer(("127.0.0.1", 0), Broken)
    threading.Thread(target=broken.serve_forever, daemon=True).start()
    judge = f"http://127.0.0.1:{broken.server_port}"
    assert stopped(hook(tmp_path, judge, name, HARMLESS), name)
    broken.shutdown()
    broken.server_close()
    assert stopped(hook(tmp_path, judge, name, HARMLESS), name), "nobody listens"
