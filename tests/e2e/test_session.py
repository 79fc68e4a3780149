"""`magistrate session` shows what the judge said, and what is in no closed file of the lake yet."""

import json

import otlp
from test_detect import log
from test_judge import SLOW, hook, recorded, verdict

# No file is closed by itself while a test runs.
OPEN = SLOW.replace('max_age = "1s"', 'max_age = "1h"')
SESSION = "11111111-2222-4333-8444-555555555555"


def post(server, *bodies):
    for body in bodies:
        assert otlp.http_post(server.ports["otlp_http"], "logs", body, "application/json")[0] == 200


def graph(run, server, session=SESSION):
    outcome = run("session", session, "--json", "--data", server.data)
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
