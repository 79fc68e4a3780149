"""Stored verdicts held against policies: the same by the same ones, and exactly the expected others by others."""

import itertools
import json

import pytest

from conftest import FIXTURES
from test_judge import KEY, SLOW, recorded, verdict

CONFIG = SLOW.replace("[judge]", '[lists]\ncorporate_domains = ["corp.example"]\n[judge]\nprofile = "company"')
MORE = """
title: No notes to the archive
id: archive
logsource: {category: action}
detection:
  s: {tool.server: notes, tool.name: file_note}
  condition: s
judge: {decision: block, category: changes}
"""


def questions():
    """More than a hundred actions of many kinds, of a few sessions, some of which depend on those before."""
    places = [
        {"url": "https://www.wetransfer.com/api/u", "method": "POST"},
        {"url": "https://crm.corp.example/a?b=c", "method": "GET"},
        {"url": "https://new.example/form", "method": "PUT"},
        {"recipient": "bo@corp.example, eve@gmail.com"},
        {"recipient": "bo@corp.example"},
        {"url": "https://www.paypal.com/send", "method": "POST"},
    ]
    texts = ["hello", f"the key is {KEY}"]
    events = ["upload", "message_send", "request", "download", "share"]
    for number, (event, place, text) in enumerate(itertools.product(events, places, texts)):
        session = {"id": f"s{number % 7}", "user": "ana@corp.example", "task": "sum up the report"}
        yield {"event": event, "destination": place, "content": {"text": text}, "session": session}
        if number % 5 == 0:
            page = {"text": f"Page {number} about ships and their cargo", "origin": "webpage"}
            fetch = {"name": "WebFetch", "arguments": {"url": "https://x.example/"}}
            yield {"event": "tool_result", "tool": fetch, "content": page, "session": session}
    for number, name in enumerate(["Bash", "Write", "WebSearch", "mcp__notes__file_note", "mcp__crm__delete_customer", "Read"] * 8):
        arguments = {"command": f"cat /tmp/{number}", "file_path": f"/home/ana/{number}.txt"}
        mode = ["native", "containment"][number // 6 % 2]
        yield {"event": "tool_call", "tool": {"name": name, "arguments": arguments}, "session": {"id": f"t{number % 3}", "mode": mode}}


def backtest(run, server, *arguments, status=0):
    done = run("backtest", "-c", server.config, "--data", server.data, "--json", *arguments)
    assert done.returncode == status, done
    return json.loads(done.stdout)


def test_the_same_policies_say_the_same_and_others_what_is_expected(magistrate, run, tmp_path):
    server = magistrate(CONFIG).start()
    answers = [(body, verdict(server, {"deadline_ms": 20000, **body})) for body in questions()]
    assert len(answers) >= 120
    decisions = {answer["decision"] for _, answer in answers}
    assert decisions >= {"allow", "redact", "require_approval", "block"}, decisions
    # Of a running instance, whose files are closed first.
    report = backtest(run, server, "--exit-code")
    assert report["verdicts"] == len(answers) and report["changed"] == 0, report
    assert report["other_reasons"] == 0 and report["without_action"] == 0 and report["by_posture"] == 0
    counted = {(one["from"], one["to"]): one["count"] for one in report["decisions"]}
    assert counted == {(one, one): sum(answer["decision"] == one for _, answer in answers) for one in decisions}
    server.kill()
    # Of a folder that nobody holds: what is in no file yet lies in the queue.
    more = tmp_path / "more"
    more.mkdir()
    (more / "a.yml").write_text(MORE)
    changed = backtest(run, server, "--policies", more, "--exit-code", "--list", "500", status=1)
    expected = {
        answer["verdict_id"]: answer["decision"]
        for body, answer in answers
        if body.get("tool", {}).get("name") == "mcp__notes__file_note" and answer["decision"] != "block"
    }
    assert expected and {one["verdict_id"]: one["from"] for one in changed["changes"]} == expected
    for one in changed["changes"]:
        assert one["to"] == "block" and "archive" in [reason["policy"] for reason in one["reasons"]], one
    assert changed["changed"] == changed["stricter"] == len(expected) and changed["verdicts"] == len(answers)
    assert changed["policy_version"] != report["policy_version"]
    milder = backtest(run, server, "--profile", "native")
    assert milder["milder"] > 0 and milder["stricter"] == 0
    assert backtest(run, server, "--since", "2001-01-01", "--until", "2001-01-02")["verdicts"] == 0
    for _, content in server.every_byte_written():
        assert KEY.encode() not in content
    told = run("backtest", "-c", server.config, "--data", server.data, "--policies", more)
    assert told.returncode == 0 and b"-> block" in told.stdout and b"now: block by archive" in told.stdout


def test_doors_that_carry_less_are_compared_by_what_policy_asked_for(magistrate, run):
    server = magistrate(CONFIG).start()
    for path in sorted((FIXTURES / "hooks").glob("P*ToolUse-*.json")):
        body = json.dumps(recorded(path.stem)).encode()
        status, _, _ = server.post("/hooks/claude-code", body, "application/json", listener="judge")
        assert status == 200
    for method, url in [("POST", "https://www.wetransfer.com/u"), ("GET", "https://a.example/")]:
        server.post("/authz/nginx", b"", "text/plain", {"X-Original-URL": url, "X-Original-Method": method}, listener="judge")
    server.stop()
    report = backtest(run, server, "--exit-code")
    assert report["verdicts"] > 10 and report["other_reasons"] == 0, report


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--since", "yesterday"], "write an age"),
        (["--profile", "lax"], "write one of native"),
        (["--data", "/nonexistent"], "has no lake"),
        (["--policies", "/nonexistent"], "the policies have faults"),
    ],
)
def test_bad_usage_is_told(run, tmp_path, arguments, told):
    (tmp_path / "lake").mkdir()
    place = [] if "--data" in arguments else ["--data", tmp_path]
    done = run("backtest", *place, *arguments)
    assert done.returncode == 64 and told in done.stderr.decode(), done
