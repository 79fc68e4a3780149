"""Other doors of the judge: OPA, LiteLLM, MCP. Actions through every door are in test_conformance.py."""

import http.client
import json

import pytest

import conftest
from test_judge import ATTACK, KEY, SLOW


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = conftest.Magistrate(tmp_path_factory.mktemp("judge"), SLOW).start()
    yield one
    one.kill()


def post(server, path, body, headers=None, status=200):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    told, _, answer = server.post(path, body, "application/json", headers, listener="judge")
    assert told == status, answer
    return json.loads(answer)


UPLOAD = {"event": "request", "destination": {"url": "https://www.wetransfer.com/api/u", "method": "POST"}}


def test_opa_is_asked_for_the_decision_or_a_member_of_it(server):
    path = "/v1/data/magistrate/decision"
    answer = post(server, path, {"input": UPLOAD})
    result = answer["result"]
    assert result["decision"] == "block" and result["allow"] is False
    assert answer["decision_id"] == result["verdict_id"] and result["verdict_id"] in result["message"]
    assert post(server, f"{path}/allow", {"input": UPLOAD})["result"] is False
    assert post(server, f"{path}/allow", {"input": {"action": "read"}})["result"] is True
    assert post(server, f"{path}/reasons/0/title", {"input": UPLOAD})["result"] == result["reasons"][0]["title"]
    assert "result" not in post(server, f"{path}/nothing", {"input": UPLOAD}), "what is undefined has no result"


def test_what_a_model_answers_is_judged_with_the_tools_that_it_calls(server):
    def answered(*inputs, name="Bash", **more):
        blocks = [{"type": "tool_use", "id": f"toolu_{at}", "name": name, "input": one} for at, one in enumerate(inputs)]
        text = json.dumps({"type": "message", "content": [{"type": "text", "text": "I will."}, *blocks]})
        request = {"event": "response", "content": {"text": text, "media_type": "application/json"}, **more}
        other = post(server, "/v1/data/magistrate/decision", {"input": request})["result"]
        verdict = post(server, "/v1/judge", request)
        assert other["decision"] == verdict["decision"]
        return verdict

    assert answered({"command": "ls"}, {"command": "pwd"})["decision"] == "allow"
    stopped = answered({"command": "ls"}, {"command": "rm -rf /"}, request_id="r-calls")
    assert stopped["decision"] == "block" and "Command that destroys a system" in titles(stopped)
    assert stopped["request_id"] == "r-calls"
    again = answered({"command": "ls"}, {"command": "rm -rf /"}, request_id="r-calls")
    assert again["verdict_id"] == stopped["verdict_id"], "a retry is no second question"
    masked = answered({"note": f"the key is {KEY}"}, name="mcp__board__create_note")
    assert masked["decision"] == "redact"
    left = json.loads(masked["redacted"]["text"])["content"][1]["input"]["note"]
    assert left.startswith("the key is [redacted:") and KEY not in left


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"input": 3}', b'{"input": {"method": "POST", "path": ["x"]}}'])
def test_opa_input_that_is_no_request_is_refused(server, body):
    # An input of another plugin says nothing that a policy knows: it must not pass for that.
    answer = post(server, "/v1/data/magistrate/decision", body, status=400)
    assert answer["code"] == "invalid_parameter" and answer["message"]


LITELLM = "/beta/litellm_basic_guardrail_api"


def test_litellm_gets_as_many_texts_as_it_sent(server):
    texts = ["hello", f"the key is {KEY}", "bye"]
    answer = post(server, LITELLM, {"texts": texts, "input_type": "request", "litellm_call_id": "c", "request_data": {}})
    assert answer["action"] == "GUARDRAIL_INTERVENED"
    first, masked, last = answer["texts"]
    assert (first, last) == ("hello", "bye") and masked.startswith("the key is [redacted:") and KEY not in masked
    assert post(server, LITELLM, {"texts": ["hello"], "input_type": "request"}) == {"action": "NONE"}


def test_litellm_asks_about_each_call_of_an_answer(server):
    def called(*commands):
        calls = [{"id": f"c{at}", "type": "function",
                  "function": {"name": "Bash", "arguments": json.dumps({"command": command})}}
                 for at, command in enumerate(commands)]
        return post(server, LITELLM, {"texts": ["I will do it"], "input_type": "response", "tool_calls": calls})

    assert called("ls", "pwd") == {"action": "NONE"}
    answer = called("ls", "rm -rf /")
    assert answer["action"] == "BLOCKED" and "Commands that destroy a system" in answer["blocked_reason"]
    post(server, LITELLM, {"texts": ["x"], "input_type": "neither"}, status=400)


def test_litellm_shows_its_token_as_it_can(magistrate, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("litellm a-long-token\n")
    server = magistrate(SLOW + f'[auth]\njudge_tokens = "{tokens}"\n').start()
    body = {"texts": ["hello"], "input_type": "request"}
    post(server, LITELLM, body, status=401)
    post(server, LITELLM, body, {"x-api-key": "another"}, status=401)
    assert post(server, LITELLM, body, {"x-api-key": "a-long-token"}) == {"action": "NONE"}
    # At the other doors it may be the judged request's own.
    post(server, "/v1/judge", {}, {"x-api-key": "a-long-token"}, status=401)
    post(server, "/mcp/judge", {}, {"x-api-key": "a-long-token"}, status=401)


def rpc(**members):
    return {"jsonrpc": "2.0", "id": 7, **members}


def call_of(name, arguments):
    return rpc(method="tools/call", params={"name": name, "arguments": arguments})


def test_mcp_messages_pass_are_masked_or_answered_in_their_place(server):
    answer = post(server, "/mcp/judge", call_of("mcp__crm__lookup_customer", {"q": "ana"}))
    assert answer["decision"] == "allow" and answer["pass"] and not {"forward", "reply"} & set(answer)
    answer = post(server, "/mcp/judge", call_of("mcp__crm__lookup_customer", {"q": f"key {KEY}"}))
    assert answer["decision"] == "redact" and not answer["pass"]
    forward = answer["forward"]
    assert (forward["id"], forward["method"]) == (7, "tools/call") and KEY not in json.dumps(forward)
    answer = post(server, "/mcp/judge", call_of("Bash", {"command": "rm -rf /"}))
    assert answer["decision"] == "block" and answer["reply"]["id"] == 7 and answer["reply"]["result"]["isError"]
    for message in (rpc(result={"tools": [{"name": "look", "description": "Looks."}]}), rpc(method="tools/list")):
        assert post(server, "/mcp/judge", message)["pass"]
    assert server.metric("magistrate_judge_answer_seconds_count", door="mcp") >= 5


def test_what_a_tool_gave_back_over_mcp_counts_in_its_session(server):
    headers = {"x-magistrate-session": "mcp-session", "x-magistrate-server": "mail"}
    page = rpc(result={"content": [{"type": "text", "text": "a page from outside"}]})
    assert post(server, "/mcp/judge", page, {**headers, "mcp-name": "WebFetch"})["pass"]
    look = {"event": "request", "session": {"id": "mcp-session"},
            "destination": {"url": "https://console.aws.amazon.com/ec2", "method": "GET"}}
    assert post(server, "/v1/judge", look)["decision"] == "downgrade"
    answer = post(server, "/mcp/judge", call_of("Write", {"file_path": "/home/ana/work/a", "content": ""}), headers)
    assert answer["reasons"][0]["policy"] == "magistrate.read_only" and not answer["pass"]


@pytest.mark.parametrize("result", [
    {"content": [{"type": "text", "text": ATTACK}]},
    {"tools": [{"name": "look", "description": ATTACK, "inputSchema": {"type": "object"}}]},
])
def test_orders_from_an_mcp_server_do_not_reach_the_model(server, result):
    answer = post(server, "/mcp/judge", rpc(result=result), {"mcp-name": "look"})
    assert answer["decision"] == "block" and not answer["pass"] and answer["scores"]["injection"] >= 0.9
    forward = answer["forward"]
    assert forward["id"] == 7 and "mallory" not in json.dumps(forward)
    assert ("result" in forward) == ("content" in result), "a list of tools becomes an error"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"jsonrpc": "2.0", "method": "ping", "method": "tools/call"}'])
def test_what_is_no_mcp_message_is_refused(server, body):
    post(server, "/mcp/judge", body, status=400)


def carried(decision, *carries):
    """What a door enforces that carries these decisions beside `allow` and `block`."""
    return decision if decision in ("allow", *carries) else "block"


def wanted(server, request):
    return post(server, "/v1/judge", request)


def titles(verdict):
    return [reason["title"] for reason in verdict["reasons"]]


def through_proxy(server, method, path, headers, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.ports["judge"], timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    decision = answer.headers["x-magistrate-decision"]
    assert (answer.status == 200) == (decision == "allow"), (answer.status, decision)
    return decision


def hold_to_reading(server, session):
    """A page from outside and a look at a console: the session may only read from here on."""
    page = {"event": "tool_result", "session": session, "tool": {"name": "WebFetch"}, "content": {"text": "a page", "origin": "webpage"}}
    assert wanted(server, page)["decision"] == "allow"
    look = {"event": "request", "session": session, "destination": {"url": "https://console.aws.amazon.com/ec2", "method": "GET"}}
    assert wanted(server, look)["decision"] == "downgrade"


def test_after_a_downgrade_every_write_is_stopped_through_every_door(server):
    session = {"id": "held"}
    hold_to_reading(server, session)
    names = {"x-claude-code-session-id": "held", "x-magistrate-session": "held"}
    for number in range(20):
        host, path, file = "files.example.com", f"/{number}", {"file_path": f"/home/ana/work/{number}", "content": ""}
        url = f"https://{host}{path}"
        put = {"event": "request", "session": session, "destination": {"url": url, "method": "PUT"}}
        assert post(server, "/v1/data/magistrate/decision/allow", {"input": put})["result"] is False
        assert not post(server, "/mcp/judge", call_of("Write", file), names)["pass"]
        calls = [{"function": {"name": "Write", "arguments": json.dumps(file)}}]
        body = {"input_type": "response", "tool_calls": calls, "litellm_trace_id": "held"}
        assert post(server, LITELLM, body)["action"] == "BLOCKED"
        told = {
            "/authz/nginx": {"x-original-url": url, "x-original-method": "PUT"},
            "/authz/forward-auth": {"x-forwarded-method": "PUT", "x-forwarded-proto": "https", "x-forwarded-host": host,
                                    "x-forwarded-uri": path},
            f"/authz/envoy{path}": {"host": host},
        }
        for door, headers in told.items():
            assert through_proxy(server, "PUT", door, {**headers, **names}) == "block", door
    # Another session is not held.
    assert through_proxy(server, "PUT", "/authz/envoy/x", {"host": "files.example.com"}) == "allow"
