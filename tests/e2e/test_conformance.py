"""Each action of conformance.py through every door that can tell of it, most of them behind the real proxy."""

import http.client
import json
import socket

import grpc
import pytest

import conformance
import conftest
import test_judge_inference as inference
from conformance import ASK, CASES, kind
from test_judge_doors import LITELLM, call_of, carried, post, rpc, titles
# The client that protoc makes.
from test_judge_grpc import made, message, word  # noqa: F401
from test_judge_proxies import SLOW, Application, proxied, through

SESSION = "x-claude-code-session-id"
PAGE = conformance.came("a page from outside")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    (folder / "policy.yml").write_text(conformance.POLICIES)
    (folder / "secrets").write_text(f"{inference.OLD}\n")
    own = f'policies = ["{folder}/policy.yml"]\n[judge.approvals]\nmax_open = 100000\n'
    hooks = f'[judge.inference_hooks]\nsecrets_file = "{folder}/secrets"\n'
    one = conftest.Magistrate(folder, SLOW + own + hooks).start()
    yield one
    one.kill()


@pytest.fixture(scope="module")
def verdicts(server):
    """What `/v1/judge` answers to each action, which is no more a door than the others."""
    return [judged(server, case, f"judge-{at}") for at, case in enumerate(CASES)]


@pytest.fixture(scope="module")
def ask(server, made):  # noqa: F811
    with grpc.insecure_channel(f"127.0.0.1:{server.ports['judge']}") as channel:
        stub = made[1].JudgeStub(channel)
        yield lambda request: stub.Judge(message(made[0], request), timeout=60)


def in_session(server, case, session):
    """The request in a session of its own, where something has to come before it."""
    if not case.is_after_page:
        return case.request
    named = {"session": {"id": session}}
    assert post(server, "/v1/judge", {**PAGE, **named})["decision"] == "allow"
    return {**case.request, **named}


def judged(server, case, session):
    return post(server, "/v1/judge", in_session(server, case, session))


def masked(verdict):
    """The text or arguments that go on masked."""
    told = verdict.get("redacted", {})
    return told.get("text", told.get("arguments")) if verdict["decision"] == "redact" else None


def agree(door, verdicts, kinds, carries, enforced, word_for=lambda decision: decision):
    """Asks `door` about each action of `kinds`. `enforced` answers for a case, and a name for its session, the decision, and
    what goes on masked; `carries` tells what the door can carry of a case, `word_for` what the door calls a decision."""
    wrong, asked = [], 0
    for at, (case, verdict) in enumerate(zip(CASES, verdicts, strict=True)):
        if kind(case) not in kinds:
            continue
        asked += 1
        expected = word_for(carried(case.decision, *carries(case)))
        decision, text = enforced(case, f"{door}-{at}")
        if decision != expected or (decision == "redact" and text != masked(verdict)):
            wrong.append((case.group, case.request, expected, decision, text))
    assert wrong == []
    assert asked >= LEAST[door], "the table has fewer actions for this door than it had"


# How many actions each door is asked about at least.
LEAST = {
    "judge": 340, "grpc": 340, "opa": 340, "claude_code_hook": 120, "permission_request": 110, "litellm": 120, "mcp": 115, "inference_hook": 10,
    "nginx": 95, "caddy": 95, "envoy": 130, "envoy-grpc": 130, "envoy-ext-proc": 135, "mitmproxy": 135, "squid": 135, "icap": 135,
}
HEAD, BODY, CALL, RESULT = "head", "body", "tool_call", "tool_result"
EVERYTHING = {kind(case) for case in CASES}


def all_of_them(_):
    return "redact", "downgrade", "require_approval"


def stops(decision):
    """Of doors that say no more than that they stop."""
    return decision if decision in ("allow", "redact") else "stopped"


def test_the_table_has_two_hundred_actions_and_every_decision():
    told = [json.dumps(case.request, sort_keys=True) + str(case.is_after_page) for case in CASES]
    assert len(set(told)) == len(told) >= 340
    assert {case.decision for case in CASES} == {"allow", "redact", "downgrade", "require_approval", "block"}


def test_the_judge_decides_as_the_table_says(verdicts):
    answers = {id(case): verdict for case, verdict in zip(CASES, verdicts, strict=True)}
    agree("judge", verdicts, EVERYTHING, all_of_them, lambda case, _: (answers[id(case)]["decision"], masked(answers[id(case)])))


def test_grpc(server, verdicts, made, ask):  # noqa: F811
    def enforced(case, session):
        answer = ask(in_session(server, case, session))
        return word(made[0], answer.decision), answer.redacted.text or json.loads(answer.redacted.arguments_json or "null")

    agree("grpc", verdicts, EVERYTHING, all_of_them, enforced)


def test_open_policy_agent(server, verdicts):
    def enforced(case, session):
        result = post(server, "/v1/data/magistrate/decision", {"input": in_session(server, case, session)})["result"]
        assert result["allow"] == (result["decision"] == "allow")
        assert titles(result) == titles(verdicts[int(session.removeprefix("opa-"))])
        return result["decision"], masked(result)

    agree("opa", verdicts, EVERYTHING, all_of_them, enforced)


def hook(server, case, name, session):
    """What Claude Code is answered to a hook, as a decision."""
    in_session(server, case, session)
    told = {"hook_event_name": name, **({"session_id": session} if case.is_after_page else {})}
    request = case.request
    if name == "UserPromptSubmit":
        told |= {"prompt": request["content"]["text"]}
    elif name == "PostToolUse":
        told |= {"tool_name": request["tool"]["name"], "tool_input": {}, "tool_response": {"result": request["content"]["text"]}}
    else:
        told |= {"tool_name": request["tool"]["name"], "tool_input": request["tool"]["arguments"]}
    answer = post(server, "/hooks/claude-code", told)
    specific = answer.get("hookSpecificOutput", {})
    permission = specific.get("permissionDecision") or specific.get("decision", {}).get("behavior")
    assert permission in (None, "deny") and answer.get("decision") in (None, "block"), "the door only tightens"
    if permission or answer.get("decision"):
        return "stopped", None
    return ("redact", specific["updatedInput"]) if "updatedInput" in specific else ("allow", None)


def test_hooks_of_claude_code(server, verdicts):
    hooks = {CALL: "PreToolUse", RESULT: "PostToolUse", "prompt": "UserPromptSubmit"}
    agree("claude_code_hook", verdicts, hooks, lambda case: () if kind(case) == "prompt" else ("redact",),
          lambda case, session: hook(server, case, hooks[kind(case)], session), stops)
    agree("permission_request", verdicts, {CALL}, lambda _: (), lambda case, session: hook(server, case, "PermissionRequest", session), stops)


def test_litellm(server, verdicts):
    def enforced(case, session):
        request = in_session(server, case, session)
        body = {"input_type": "request" if kind(case) == "question" else "response"}
        if case.is_after_page:
            body["litellm_trace_id"] = session
        if kind(case) == CALL:
            body["tool_calls"] = [{"function": {"name": request["tool"]["name"], "arguments": json.dumps(request["tool"]["arguments"])}}]
        else:
            body["texts"] = [request["content"]["text"]]
        answer = post(server, LITELLM, body)
        decision = {"NONE": "allow", "GUARDRAIL_INTERVENED": "redact", "BLOCKED": "stopped"}[answer["action"]]
        return decision, answer["texts"][0] if decision == "redact" else None

    agree("litellm", verdicts, {CALL, "question", "response"}, lambda case: () if kind(case) == CALL else ("redact",), enforced, stops)


def test_mcp(server, verdicts):
    def enforced(case, session):
        request = in_session(server, case, session)
        headers = {"x-magistrate-session": session} if case.is_after_page else {}
        tool = request["tool"]
        if kind(case) == CALL:
            sent = call_of(tool["name"], tool["arguments"])
        else:
            sent, headers["mcp-name"] = rpc(result={"content": [{"type": "text", "text": request["content"]["text"]}]}), tool["name"]
        answer = post(server, "/mcp/judge", sent, headers)
        assert answer["pass"] == (answer["decision"] in ("allow", "downgrade"))
        return answer["decision"], answer["forward"]["params"]["arguments"] if answer["decision"] == "redact" else None

    agree("mcp", verdicts, {CALL, RESULT}, all_of_them, enforced)


def test_inference_hooks(server, verdicts):
    def enforced(case, session):
        text, before = case.request["content"]["text"], ()
        block = inference.text(text)
        if kind(case) == "question":
            block = {"type": "attachment", "file_name": "a.txt", "media_type": "text/plain", "size_bytes": len(text), "text": text}
        if kind(case) == RESULT:
            name, used = case.request["tool"]["name"], "toolu_1"
            block = {"type": "tool_result", "content": text, "is_error": False, "tool_name": name, "tool_use_id": used}
            before = [{"role": "assistant", "content": [{"type": "tool_use", "id": used, "tool_name": name, "input": {}}]}]
        status, answer = inference.call(server, inference.prompt(block, before=before, session=session))
        assert status == 200
        return {"allow": "allow", "deny": "stopped"}[answer["action"]], None

    agree("inference_hook", verdicts, {"prompt", RESULT, "question"}, lambda _: (), enforced, stops)


def behind(server, case, session, port):
    """The decision that a proxy carries out, and the body that got through, where it was changed."""
    in_session(server, case, session)
    headers = {"x-forwarded-proto": "https", **({SESSION: session} if case.is_after_page else {})}
    if kind(case) == "response":
        sent = case.request["content"]["text"]
        Application.answers, Application.headers_of_answer = [sent.encode()], {"content-type": "text/plain"}
        status, answered, came, _ = through(port, "GET", ASK, headers)
    else:
        destination, sent = case.request["destination"], case.request.get("content", {}).get("text", "")
        Application.answers, Application.headers_of_answer, Application.last = [b"served"], {}, None
        status, answered, _, reached = through(port, destination["method"], destination["url"], headers, sent.encode() or None)
        assert bool(reached) == (status == 200)
        came = Application.last[1].decode() if reached else None
    if status == 200:
        return ("allow", None) if came == sent else ("redact", came)
    assert status == 403
    # nginx hands on the reason and the approval alone.
    stopped = "require_approval" if answered["x-magistrate-approval"] else "block"
    assert answered["x-magistrate-reason"] and answered["x-magistrate-decision"] in (None, stopped)
    return stopped, None


@pytest.mark.parametrize("name, kinds", [
    ("nginx", {HEAD}), ("caddy", {HEAD}), ("envoy", {HEAD, BODY}), ("envoy-grpc", {HEAD, BODY}), ("envoy-ext-proc", {HEAD, BODY, "response"}),
    ("mitmproxy", {HEAD, BODY, "response"}), ("squid", {HEAD, BODY, "response"}),
])
def test_a_real_proxy(server, verdicts, tmp_path, name, kinds):
    changes_bodies = "response" in kinds

    def carries(case):
        return ("redact", "require_approval") if changes_bodies and kind(case) != HEAD else ("require_approval",)

    with proxied(name, server, server.url("judge", ""), tmp_path) as port:
        agree(name, verdicts, kinds, carries, lambda case, session: behind(server, case, session, port))


def icap(connection, head, body, service, request=b""):
    """Status, head and body of an ICAP answer to a message that is shown whole."""
    shown = [("req-hdr" if service == "reqmod" or request else "res-hdr", 0)]
    parts = request + head
    if request:
        shown.append(("res-hdr", len(request)))
    shown.append((("req-body" if service == "reqmod" else "res-body") if body else "null-body", len(parts)))
    places = ", ".join(f"{name}={at}" for name, at in shown)
    start = f"{service.upper()} icap://h/{service} ICAP/1.0\r\nHost: h\r\nAllow: 204\r\nEncapsulated: {places}\r\n\r\n".encode()
    connection.sendall(start + parts + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b""))
    answers = connection.makefile("rb")
    status = answers.readline().split()[1]
    places = dict(http.client.parse_headers(answers))
    if status == b"204":
        return 204, None, None
    assert status == b"200", status
    # The message, or the answer in its place.
    first = answers.readline()
    headers = http.client.parse_headers(answers)
    came = b""
    while "null-body" not in places["Encapsulated"] and (size := int(answers.readline(), 16)):
        came += answers.read(size)
        answers.readline()
    return int(first.split()[1]) if first.startswith(b"HTTP/") else 200, headers, came


def test_icap(server, verdicts):
    with socket.create_connection(("127.0.0.1", server.ports["icap"]), timeout=60) as connection:
        def enforced(case, session):
            in_session(server, case, session)
            sent = case.request.get("content", {}).get("text", "").encode()
            if kind(case) == "response":
                request = f"GET {ASK} HTTP/1.1\r\nHost: docs.example.com\r\n\r\n".encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(sent)}\r\n\r\n".encode()
                status, headers, came = icap(connection, head, sent, "respmod", request)
            else:
                place = case.request["destination"]
                named = f"{SESSION}: {session}\r\n" if case.is_after_page else ""
                head = f"{place['method']} {place['url']} HTTP/1.1\r\n{named}Content-Length: {len(sent)}\r\n\r\n".encode()
                status, headers, came = icap(connection, head, sent, "reqmod")
            if status == 403:
                return headers["x-magistrate-decision"], None
            return ("allow", None) if status == 204 else ("redact", came.decode())

        def carries(case):
            return ("require_approval",) if kind(case) == HEAD else ("redact", "require_approval")

        agree("icap", verdicts, {HEAD, BODY, "response"}, carries, enforced)
