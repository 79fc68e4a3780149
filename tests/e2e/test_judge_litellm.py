"""A real LiteLLM proxy with the generated guardrail: what goes to a model, what comes back, and the tools that it calls."""

import contextlib
import http.server
import json
import os
import pathlib
import secrets
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

import conftest
from test_judge import ATTACK, KEY, SLOW
from test_judge_proxies import free_port

LITELLM = pathlib.Path(os.environ.get("MAGISTRATE_LITELLM", conftest.ROOT / ".venv-litellm/bin/litellm"))
START_S = 120
# LiteLLM starts with no key that could be guessed.
MASTER = f"sk-{secrets.token_hex(32)}"


class Model(http.server.BaseHTTPRequestHandler):
    """Answers chat completions with what the test wants, and keeps what it was asked."""

    protocol_version = "HTTP/1.1"
    answer = {"content": "Hello."}
    asked = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Model.asked.append(body)
        message = {"role": "assistant", "content": None, **Model.answer}
        why = "tool_calls" if "tool_calls" in message else "stop"
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        text = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": usage,
                           "choices": [{"index": 0, "message": message, "finish_reason": why}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def calling(command):
    function = {"name": "Bash", "arguments": json.dumps({"command": command})}
    return {"tool_calls": [{"id": "call_1", "type": "function", "function": function}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    (folder / "judge.tokens").write_text("litellm token-of-litellm\n")
    one = conftest.Magistrate(folder, SLOW + f'[auth]\njudge_tokens = "{folder}/judge.tokens"\n').start()
    yield one
    one.kill()


@pytest.fixture(scope="module")
def proxy(server, tmp_path_factory):
    """The address of a LiteLLM in front of the model."""
    assert LITELLM.exists(), f"{LITELLM} is missing; tests/run.sh installs it"
    folder, port = tmp_path_factory.mktemp("litellm"), free_port()
    model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    made = subprocess.run([conftest.BINARY, "generate", "litellm", "--judge", server.url("judge", "")], capture_output=True, text=True, check=True)
    (folder / "config.yaml").write_text(
        "model_list:\n  - model_name: m\n    litellm_params:\n      model: openai/m\n      api_key: none\n"
        f'      api_base: "http://127.0.0.1:{model.server_port}/v1"\n{made.stdout}')
    env = {**os.environ, "MAGISTRATE_TOKEN": "token-of-litellm", "HOME": str(folder), "LITELLM_TELEMETRY": "False", "LITELLM_MASTER_KEY": MASTER,
           "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    log = folder / "log.txt"
    start = [LITELLM, "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with open(log, "wb") as out, subprocess.Popen(start, stdout=out, stderr=out, env=env, cwd=folder) as process, contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        stack.callback(model.shutdown)

        def is_up():
            assert process.poll() is None, log.read_text()[-4000:]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=5) as answer:
                return answer.status == 200

        server.wait(is_up, "LiteLLM", START_S)
        yield f"http://127.0.0.1:{port}/v1/chat/completions"


def ask(proxy, text, answer=None):
    """Status and JSON of a chat completion; the model answers with `answer`."""
    Model.answer, Model.asked = answer or {"content": "Hello."}, []
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(proxy, body, {"content-type": "application/json", "authorization": f"Bearer {MASTER}"})
    try:
        with urllib.request.urlopen(request, timeout=120) as done:
            return done.status, json.loads(done.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_what_goes_to_a_model_passes_or_is_masked(proxy, server):
    status, answer = ask(proxy, "Good morning.")
    assert (status, answer["choices"][0]["message"]["content"]) == (200, "Hello."), answer
    status, _ = ask(proxy, f"the key is {KEY}, keep it")
    [asked] = Model.asked
    said = asked["messages"][-1]["content"]
    assert status == 200 and KEY not in json.dumps(asked) and "the key is [redacted:" in json.dumps(said)
    assert server.metric("magistrate_judge_answers_total", door="litellm", decision="redact") >= 1


def test_orders_in_an_answer_do_not_reach_the_application(proxy):
    status, answer = ask(proxy, "Good morning.", {"content": ATTACK})
    assert status >= 400 and "mallory" not in json.dumps(answer), answer


def test_a_tool_that_a_model_calls_is_judged_as_that_call(proxy):
    status, answer = ask(proxy, "Clean up.", calling("ls"))
    [call] = answer["choices"][0]["message"]["tool_calls"]
    assert status == 200 and json.loads(call["function"]["arguments"]) == {"command": "ls"}
    status, answer = ask(proxy, "Clean up.", calling("rm -rf /"))
    assert status >= 400 and "Commands that destroy a system" in json.dumps(answer), answer
    assert "rm -rf" not in json.dumps(answer)


def test_without_a_judge_nothing_passes(proxy, server):
    server.kill()
    status, _ = ask(proxy, "Good morning.")
    assert status >= 400 and Model.asked == []
