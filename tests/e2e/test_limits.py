"""Rate limits of policies: through every door alike, per group, told, counted, and the same in a backtest."""

import json

from test_backtest import backtest
from test_judge import SLOW, recorded, verdict

LIMITS = """
title: Many looks into the CRM
id: crm-looks
logsource: {category: action}
detection:
  s: {tool.server: crm, event: tool_call}
  condition: s
judge:
  decision: block
  category: reading
  message: Too many looks into the CRM.
  limit: {count: 5, timespan: 1d, group-by: [session.id, tool.name]}
---
title: Many requests to one place
id: one-place
logsource: {category: action}
detection:
  s: {event: request, destination.domain: busy.example}
  condition: s
judge:
  decision: require_approval
  category: browsing
  limit: {count: 3, timespan: 1d, group-by: [destination.domain]}
"""


def configured(tmp_path):
    (tmp_path / "limits.yml").write_text(LIMITS)
    return SLOW.replace("[judge]", f'[judge]\npolicies = ["{tmp_path}/limits.yml"]')


def look(server, session, tool="mcp__crm__lookup_customer"):
    body = {"deadline_ms": 20000, "event": "tool_call", "session": {"id": session}, "tool": {"name": tool, "arguments": {}}}
    return verdict(server, body)


def test_a_limit_holds_through_every_door_and_is_told(magistrate, run, tmp_path):
    server = magistrate(configured(tmp_path)).start()
    hook = recorded("PreToolUse-mcp__crm__lookup_customer")
    session = hook["session_id"]

    def hooked():
        status, _, body = server.post("/hooks/claude-code", json.dumps(hook).encode(), "application/json", listener="judge")
        assert status == 200
        answer = json.loads(body).get("hookSpecificOutput", {})
        assert "The same may pass in" in answer.get("permissionDecisionReason", "The same may pass in")
        return answer.get("permissionDecision")

    assert [hooked() for _ in range(3)] == [None] * 3
    assert [look(server, session)["decision"] for _ in range(2)] == ["allow"] * 2
    # The five are used up, whichever door asks next.
    assert hooked() == "deny"
    sixth = look(server, session)
    # One of five a day comes back every 288 minutes.
    assert sixth["decision"] == "block" and 17_000_000 < sixth["retry_after_ms"] <= 17_280_001
    [reason] = [one for one in sixth["reasons"] if one["policy"] == "crm-looks"]
    assert reason["title"] == "Many looks into the CRM" and reason["decision"] == "block"
    # Other sessions and other tools have counts of their own.
    another = look(server, "another")
    assert another["decision"] == "allow" and "retry_after_ms" not in another
    assert look(server, session, "mcp__crm__list_orders")["decision"] == "allow"

    def proxied(url):
        status, headers, _ = server.post("/authz/nginx", b"", "text/plain", {"X-Original-URL": url, "X-Original-Method": "GET"}, listener="judge")
        assert (headers["retry-after"] is None) == (status == 200)
        assert status == 200 or 0 < int(headers["retry-after"]) <= 28_801
        return status

    assert [proxied(f"https://{host}.busy.example/") for host in "abcde"] == [200, 200, 200, 403, 403]
    assert proxied("https://calm.example/") == 200
    assert server.metric("magistrate_judge_limited_total", policy="crm-looks") == 2
    assert server.metric("magistrate_judge_limited_total", policy="one-place") == 2
    assert server.metric("magistrate_judge_limit_groups") == 4
    server.stop()
    [(told,)] = server.sql(f"select magistrate.verdict.reasons from lake where magistrate.verdict.uid = '{sixth['verdict_id']}'")
    [reason] = [one for one in json.loads(told) if one["policy"] == "crm-looks"]
    assert reason["matched"]["limit"] == "5 within 1d by session.id, tool.name"
    report = backtest(run, server, "--exit-code")
    assert report["verdicts"] == 15 and report["other_reasons"] == 0, report
    stricter = tmp_path / "stricter.yml"
    stricter.write_text(LIMITS.replace("count: 5", "count: 4"))
    changed = backtest(run, server, "--policies", stricter)
    assert (changed["changed"], changed["stricter"]) == (1, 1), changed
    assert changed["changes"][0]["to"] == "block" and changed["changes"][0]["session"] == session


def test_explain_tells_what_is_counted_and_check_what_is_wrong(magistrate, run, tmp_path):
    server = magistrate(configured(tmp_path))
    body = {"event": "tool_call", "session": {"id": "s"}, "tool": {"name": "mcp__crm__look", "arguments": {}}}
    done = run("judge", "-c", server.config, "--explain", stdin=json.dumps(body).encode())
    answer = json.loads(done.stdout)
    limit = {"policy": "crm-looks", "title": "Many looks into the CRM", "limit": "5 within 1d by session.id, tool.name", "exceeded": False}
    assert answer["decision"] == "allow" and answer["trace"]["limits"] == [limit], answer
    (tmp_path / "limits.yml").write_text(LIMITS.replace("count: 5", "count: 0").replace("[destination.domain]", "[session.task]"))
    done = run("check", "-c", server.config)
    assert done.returncode == 64
    told = (done.stdout + done.stderr).decode()
    assert "`judge.limit.count` is 0" in told and "`judge.limit.group-by` has `session.task`" in told, told
