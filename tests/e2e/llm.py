"""A strict language model of either kind, built from the documented APIs, that can misbehave."""

import http.server
import json
import threading

from fake import JsonHandler

KEY = "-".join(["sk", "made-up", "key", "0123456789"])
PATHS = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions"}


class Llm(http.server.ThreadingHTTPServer):
    """Says `score` of everything. `words`, where set, are said instead; `status`, where set, is answered
    instead; while `held` is set, it takes its time."""

    daemon_threads = True

    def __init__(self, kind):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kind = kind
        self.score = 0.0
        self.words = None
        self.status = None
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.questions = []
        self.bodies = []
        self.faults = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_port}{PATHS[self.kind]}"


class _Handler(JsonHandler):
    def do_POST(self):
        llm, body = self.server, self.body()
        try:
            question = {"anthropic": self.anthropic, "openai": self.openai}[llm.kind](json.loads(body))
            _check(question)
        except (AssertionError, KeyError, TypeError, ValueError) as fault:
            llm.faults.append(repr(fault))
            return self.answer(400, {"error": {"message": repr(fault)}})
        llm.bodies.append(body)
        llm.questions.append(question)
        llm.goes_on.wait(60)
        if llm.status:
            return self.answer(llm.status, {"error": {"message": "made up"}})
        words = llm.words or json.dumps({"score": llm.score, "reason": "so says a fake"})
        try:
            self.answer(200, _said(llm.kind, words))
        except OSError:
            pass  # Whoever asked has gone.

    def anthropic(self, body):
        """The question, where the call is one of the Messages API with one forced tool."""
        assert self.path == PATHS["anthropic"]
        assert self.headers["x-api-key"] == KEY and self.headers["anthropic-version"] == "2023-06-01"
        assert set(body) == {"model", "max_tokens", "system", "messages", "tools", "tool_choice"}
        [tool] = body["tools"]
        assert body["tool_choice"]["type"] == "tool" and body["tool_choice"]["name"] == tool["name"]
        assert tool["input_schema"]["additionalProperties"] is False
        [message] = body["messages"]
        assert message["role"] == "user"
        return message["content"]

    def openai(self, body):
        """The question, where the call is one of chat completions with a strict schema."""
        assert self.path == PATHS["openai"]
        assert self.headers["authorization"] == f"Bearer {KEY}"
        assert set(body) == {"model", "max_completion_tokens", "messages", "response_format"}
        form = body["response_format"]
        assert form["type"] == "json_schema" and form["json_schema"]["strict"] is True
        assert form["json_schema"]["schema"]["additionalProperties"] is False
        system, user = body["messages"]
        assert (system["role"], user["role"]) == ("system", "user")
        return user["content"]


def _check(question):
    """The data are one line a value, between two lines with the boundary."""
    head, begin, *data, end, tail = question.split("\n")
    boundary = begin.removeprefix("BEGIN ")
    assert len(boundary) == 32 and begin == f"BEGIN {boundary}" and end == f"END {boundary}"
    assert question.count(boundary) == 3 and boundary in head and tail
    for line in data:
        name, _, value = line.partition(": ")
        assert name.isidentifier() and value[0] == value[-1] == '"', line


def _said(kind, words):
    if kind == "openai":
        message = {"role": "assistant", "content": words, "refusal": None}
        return {"id": "c1", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    try:
        block = {"type": "tool_use", "id": "t1", "name": "verdict", "input": json.loads(words)}
    except ValueError:
        block = {"type": "text", "text": words}
    return {"id": "m1", "type": "message", "role": "assistant", "content": [block], "stop_reason": "tool_use"}
