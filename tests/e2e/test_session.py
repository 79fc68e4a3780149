"""`magistrate session` shows what the judge said, what proxies saw, what sub-agents did, and what is in no closed file of the
lake yet."""

import json
import socket
import time

import otlp
from conftest import FIXTURES
from test_detect import log, send
from test_judge import SLOW, hook, recorded, verdict

# No file is closed by itself while a test runs.
OPEN = SLOW.replace('max_age = "1s"', 'max_age = "1h"')
SESSION = "11111111-2222-4333-8444-555555555555"


def post(server, *bodies):
    for body in bodies:
        assert otlp.http_post(server.ports["otlp_http"], "logs", body, "application/json")[0] == 200


def graph(run, server, session=SESSION):
    # As far back as it goes: recorded traffic has its own dates.
    outcome = run("session", session, "--json", "--days", "400", "--data", server.data)
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


def steps(found):
    return [step for turn in found["turns"] for step in turn["steps"]]


def files(server):
    return list(server.data.glob("lake/*/*/*.parquet"))


def call(number, seconds_ago):
    return [
        log("tool_decision", seconds_ago, tool_name="Bash", tool_use_id=f"toolu_{number}", decision="accept",
            source="hook", **{"prompt.id": "p1"}),
        log("tool_result", seconds_ago, tool_name="Bash", tool_use_id=f"toolu_{number}", success="true",
            **{"prompt.id": "p1"}),
    ]


def test_a_session_shows_verdicts_and_what_came_a_moment_ago(magistrate, run):
    server = magistrate(OPEN).start()
    post(server, log("user_prompt", 9, prompt="Clean up", **{"prompt.id": "p1"}), *call(1, 5))
    asked = {**recorded("PreToolUse-Bash"), "session_id": SESSION, "tool_use_id": "toolu_1", "prompt_id": "p1"}
    assert hook(server, asked) == {}
    refused = {**asked, "tool_use_id": "toolu_2", "tool_input": {"command": "rm -rf /"}}
    assert hook(server, refused)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert not files(server)
    found = graph(run, server)
    calls = {step["id"]: step for step in steps(found) if step["kind"] == "call"}
    [allowed] = calls["toolu_1"]["verdicts"]
    assert allowed["decision"] == "allow" and not allowed["late"] and calls["toolu_1"]["result"] == "success"
    [blocked] = calls["toolu_2"]["verdicts"]
    assert blocked["decision"] == "block" and blocked["reasons"] and blocked["door"]
    text = run("session", SESSION, "--data", server.data).stdout.decode()
    assert "verdict block · " in text and "└─" in text, text
    # Asked again, what came since is there, too.
    post(server, *call(3, 1))
    assert "toolu_3" in {step.get("id") for step in steps(graph(run, server))}
    server.stop()
    assert len(steps(graph(run, server))) == len(calls) + 1


def test_after_a_kill_the_queue_tells_what_the_lake_does_not_have(magistrate, run):
    server = magistrate(OPEN).start()
    post(server, log("user_prompt", 9, prompt="Clean up", **{"prompt.id": "p1"}), *call(1, 5))
    assert {step["id"] for step in steps(graph(run, server))} == {"toolu_1"}
    stored = files(server)
    post(server, *call(2, 1))
    server.kill()
    killed = graph(run, server)
    assert {step["id"] for step in steps(killed)} == {"toolu_1", "toolu_2"}
    assert files(server) == stored, "to look changes nothing"
    server.start()
    server.stop()
    assert graph(run, server)["turns"] == killed["turns"]


def test_a_flow_that_names_no_session_stands_under_its_call_with_its_verdict(magistrate, run):
    server = magistrate(OPEN).start()
    arguments = dict(tool_name="WebFetch", tool_use_id="toolu_1", tool_input='{"url":"https://news.example.com/a"}')
    post(server, log("tool_result", 0, success="true", **arguments, **{"prompt.id": "p1"}))
    answer = verdict(server, {"event": "request", "destination": {"url": "https://news.example.com/a", "method": "GET"}})
    [call] = steps(graph(run, server))
    [flow] = call["flows"]
    assert flow["host"] == "news.example.com" and call["evidence"] == "confirmed"
    assert [one["id"] for one in flow["verdicts"]] == [answer["verdict_id"]]


def squid(server, *flows):
    """Lines of a proxy: how many seconds ago, from where, by whom, to which host."""
    accepted = server.metric("magistrate_accepted_records_total")
    with socket.create_connection(("127.0.0.1", server.ports["syslog_tcp"])) as connection:
        for seconds_ago, address, user, host in flows:
            line = (f"{time.time() - seconds_ago:.3f} 5 {address} TCP_TUNNEL/200 900 CONNECT {host}:443 {user}"
                    " HIER_DIRECT/198.51.100.9 -")
            connection.sendall(f"<13>1 - proxy squid - - - {line}\n".encode())
    server.wait(lambda: server.metric("magistrate_accepted_records_total") >= accepted + len(flows), "the proxy's lines")


def fetched(number, seconds_ago, host):
    return log("tool_result", seconds_ago, success="true", tool_name="WebFetch", tool_use_id=f"toolu_{number}",
               tool_input=json.dumps({"url": f"https://{host}/a"}), **{"prompt.id": "p1"})


def evidence(found):
    return {step["id"]: step.get("evidence") for step in steps(found) if step["kind"] == "call"}


def test_only_flows_of_the_sessions_owner_are_held_against_its_calls(magistrate, run):
    server = magistrate(OPEN).start()
    post(server, fetched(1, 600, "docs.example.com"))
    # Others at other addresses say nothing: not that she was there, and not that the proxy sees her.
    squid(server, (600, "10.9.9.9", "bob", "docs.example.com"), (600, "10.9.9.9", "-", "docs.example.com"))
    assert evidence(graph(run, server)) == {"toolu_1": None}
    squid(server, *((590 - number, "10.1.1.1", "CORP\\ana", f"n{number}.example.org") for number in range(3)))
    assert evidence(graph(run, server)) == {"toolu_1": "telemetry_only"}
    # Without a name, by the address that telemetry came from.
    squid(server, (601, "127.0.0.1", "-", "docs.example.com"))
    found = graph(run, server)
    assert evidence(found) == {"toolu_1": "confirmed"} and not found["clocks"]
    [call] = steps(found)
    assert len(call["flows"]) == 1


def test_a_proxy_whose_clock_is_off_is_understood_and_told(magistrate, run):
    server = magistrate(OPEN).start()
    post(server, fetched(1, 900, "docs.example.com"), fetched(2, 700, "news.example.com"), fetched(3, 500, "past.example.com"))
    squid(server, (4500, "10.1.1.1", "ana", "docs.example.com"), (4300, "10.1.1.1", "ana", "news.example.com"),
          (700, "10.1.1.7", "dan", "news.example.com"))
    found = graph(run, server)
    assert evidence(found) == {"toolu_1": "confirmed", "toolu_2": "confirmed", "toolu_3": "telemetry_only"}
    [clock] = found["clocks"]
    assert abs(clock["ahead_s"] + 3600) <= 2 and clock["pairs"] == 2 and clock["by"] == "host", clock
    text = run("session", SESSION, "--data", server.data).stdout.decode()
    assert "clocks that are off" in text and "s behind (2 by host)" in text, text


def test_requests_to_the_model_stand_with_their_flows(magistrate, run):
    server = magistrate(OPEN).start()
    ask = lambda number, seconds_ago: log("api_request", seconds_ago, model="m", request_id=f"req_{number}", **{"prompt.id": "p1"})
    post(server, ask(1, 60), ask(2, 30))
    line = {"time": time.time() - 60, "url": "https://api.anthropic.com/v1/messages?beta=true", "method": "POST",
            "status": 200, "session_id": SESSION, "request_id": "req_1"}
    accepted = server.metric("magistrate_accepted_records_total")
    with socket.create_connection(("127.0.0.1", server.ports["syslog_tcp"])) as connection:
        connection.sendall(f"<13>1 - proxy gateway - - - {json.dumps(line)}\n".encode())
    server.wait(lambda: server.metric("magistrate_accepted_records_total") > accepted, "the proxy's line")
    found = graph(run, server)
    told = {step["request"]: (step["evidence"], len(step.get("flows", []))) for step in steps(found)}
    assert told == {"req_1": ("confirmed", 1), "req_2": ("telemetry_only", 0)} and not found["flows"]


def test_a_recorded_sub_agent_stands_under_its_call_by_its_spans(magistrate, run):
    server = magistrate(OPEN).start()
    send(server, "http-json-full")
    [session] = json.loads((FIXTURES / "otlp/expected.json").read_text())["http-json-full"]["sessions"]
    found = graph(run, server, session)
    [starter] = [step for step in steps(found) if step.get("agents")]
    [agent] = starter["agents"]
    assert starter["tool"] == "Agent" and agent["joined_by"] == "span", starter
    [inner] = starter["calls"]
    assert inner["tool"] == "Bash" and inner["agent"] == agent["id"]
    assert [ask["agent"] for ask in starter["model_calls"]] == [agent["id"]] * 2
    # The request that asked for a call is told.
    assert inner["request"] == starter["model_calls"][0]["request"]
