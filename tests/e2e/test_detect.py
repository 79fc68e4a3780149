"""Rules look at what was recorded, and what they find is stored beside it, once."""

import json
import random
import time

import otlp
import pytest

from conftest import FIXTURES, Magistrate

RULE = """title: Reads of the report
id: 0b9f5a4e-1111-4c3f-9a55-1c2d3e4f5a6b
level: medium
logsource: {product: claude_code, category: action}
detection:
  selection: {file.name: NAME, action: read}
  condition: selection
"""
FINDINGS = (
    "select finding_info.title, count(*) from lake where class_uid = 2004 and is_alert group by all order by all"
)


def config(folder="", more=""):
    rules = f'rules = ["{folder}"]\n' if folder else ""
    return f'[lake]\nmax_age = "1s"\n[canary]\nenabled = false\n[detect]\n{rules}{more}'


def send(server, capture):
    for signal, encoding, body in otlp.bodies(FIXTURES / "otlp" / capture):
        body = otlp.as_protobuf(signal, encoding, body)
        status, text = otlp.http_post(server.ports["otlp_http"], signal, body, "application/x-protobuf")
        assert status == 200, text


def looked_at(server):
    """All that was stored was looked at: metrics and findings are not."""
    return server.metric("magistrate_detect_events_total") > 0 and server.metric("magistrate_detect_rules") > 0


@pytest.mark.parametrize("capture", ["http-json-hook-down", "http-json-hook-timeout"])
def test_a_hook_that_fails_open_raises_an_alert(magistrate, capture):
    server = magistrate(config()).start()
    send(server, capture)
    server.stop()
    assert ("Judge bypassed: hook failed open", 1) in server.sql(FINDINGS)
    [(severity, related, analytic)] = server.sql(
        "select severity_id, finding_info.related_events, finding_info.analytic.uid from lake"
        " where finding_info.title = 'Judge bypassed: hook failed open'"
    )
    assert severity == 4 and analytic
    for event in json.loads(related):
        [(name,)] = server.sql(f"select metadata.event_code from lake where metadata.uid = '{event['uid']}'")
        assert name in ("hook_execution_complete", "tool_decision")


def test_a_hook_that_denies_raises_none(magistrate):
    server = magistrate(config()).start()
    send(server, "http-json-hook-deny")
    server.stop()
    assert "Judge bypassed: hook failed open" not in dict(server.sql(FINDINGS))


def test_alerts_are_stored_once_over_kills_and_repeats(magistrate):
    server = magistrate(config()).start()
    send(server, "http-json-hook-down")
    server.wait(lambda: looked_at(server), "a look at the events")
    server.kill()
    server.start()
    send(server, "http-json-hook-down")
    server.stop()
    server.start()
    server.stop()
    found = server.sql("select metadata.uid, count(*) from lake where class_uid = 2004 group by all")
    assert found and all(count == 1 for _, count in found)
    assert dict(server.sql(FINDINGS))["Judge bypassed: hook failed open"] == 1


def test_rule_files_are_read_again_and_faulty_ones_are_not(magistrate, tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    file = folder / "report.yml"
    file.write_text(RULE.replace("NAME", "nothing.txt"))
    server = magistrate(config(folder)).start()
    loads = lambda outcome: server.metric("magistrate_detect_rule_loads_total", outcome=outcome)
    file.write_text(RULE.replace("NAME", "'*.csv'") + "# changed\n")
    server.wait(lambda: loads("loaded") == 2, "the changed rule", 30)
    file.write_text("title: [\n")
    server.wait(lambda: loads("refused") >= 1, "the refusal", 30)
    assert "report.yml:2" in server.log.read_text()
    send(server, "http-protobuf-full")
    server.stop()
    assert dict(server.sql(FINDINGS))["Reads of the report"] == 1


def test_what_is_suppressed_raises_no_alert(magistrate):
    hook_failed_open = "a7651d38-5b4c-5036-b934-95f86a21da8e"
    more = f'suppress = [{{ rule = "{hook_failed_open}", reason = "the judge is being moved" }}]\n'
    server = magistrate(config(more=more)).start()
    send(server, "http-json-hook-down")
    server.stop()
    found = dict(server.sql(FINDINGS))
    assert found and "Judge bypassed: hook failed open" not in found


def test_a_month_in_a_file_is_a_month_of_alerts(magistrate, run, tmp_path):
    """Hours, groups and risk of what is replayed go by its own time, and its groups are closed at the end."""
    folder, source = tmp_path / "rules", tmp_path / "in"
    folder.mkdir()
    source.mkdir()
    (folder / "reads.yml").write_text(RULE.replace("NAME", "a.txt"))
    (tmp_path / "c.toml").write_text(config(folder, "max_alerts_per_hour = 2\nrisk_user = 100\n"))
    for day in range(30):
        for number in range(2):
            body = log("tool_result", (day + 1) * 86_400 + number, tool_name="Read", tool_use_id=f"t{day}-{number}",
                       success="true", tool_input='{"file_path":"/home/ana/a.txt"}')
            (source / f"{day:02}-{number}.json").write_bytes(body)
    answer = run("replay", "-c", tmp_path / "c.toml", "--json", "--data", tmp_path / "data", source)
    assert answer.returncode == 0, answer.stderr.decode()
    reader = Magistrate(tmp_path)
    rows = reader.sql(
        "select activity_id, count(*), count(distinct finding_info.uid), max(finding_info.related_events_count)"
        " from lake where finding_info.title = 'Reads of the report' group by all order by all"
    )
    assert rows == [(1, 30, 30, 1), (2, 30, 30, 2)], rows
    assert not [title for title, _ in reader.sql(FINDINGS) if "Too many" in title or "Risk" in title]


def test_rules_can_be_switched_off(magistrate):
    server = magistrate(config(more="enabled = false\n")).start()
    send(server, "http-json-hook-down")
    server.stop()
    assert server.sql("select count(*) from lake where class_uid = 2004") == [(0,)]


def test_the_verb_test_plays_examples(run, tmp_path):
    outcome = run("test")
    assert outcome.returncode == 0 and outcome.stdout.startswith(b"ok: "), outcome.stdout
    file = tmp_path / "report.yml"
    file.write_text(RULE.replace("NAME", "a.txt") + "examples:\n  match:\n    - {file.name: b.txt, action: read}\n")
    outcome = run("test", file)
    assert outcome.returncode == 1
    assert f"{file}:1: rule `Reads of the report`: match example 1" in outcome.stdout.decode()
    file.write_text("title: x\nlogsource: {product: magistrate}\ndetection:\n  s: {a|contians: b}\n  condition: s\n")
    outcome = run("test", file)
    assert outcome.returncode == 64
    assert f"{file}:4: rule `x`:" in outcome.stderr.decode() and "contians" in outcome.stderr.decode()
    report = json.loads(run("test", "--json").stdout)
    assert report["failures"] == [] and report["examples"] > 400


CHAIN = """title: Sent after a page was read
id: 0b9f5a4e-2222-4c3f-9a55-1c2d3e4f5a6b
level: high
logsource: {product: claude_code, category: action}
detection:
  selection: {action: send, event.name: tool_result, session.untrusted_read: true}
  condition: selection
"""


def log(name, seconds_ago, **attributes):
    """One log record of the client, as an OTLP/JSON request."""
    attributes |= {
        "event.name": name, "session.id": "11111111-2222-4333-8444-555555555555", "user.email": "ana@example.com",
    }
    return json.dumps({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]},
        "scopeLogs": [{"logRecords": [{
            "timeUnixNano": str(int((time.time() - seconds_ago) * 1e9)),
            "body": {"stringValue": f"claude_code.{name}"},
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
        }]}],
    }]}).encode()


@pytest.mark.parametrize("is_stored", [False, True], ids=["before a checkpoint", "after a checkpoint"])
def test_what_a_session_has_read_outlives_a_kill(magistrate, tmp_path, is_stored):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "chain.yml").write_text(CHAIN)
    server = magistrate(config(folder)).start()
    post = lambda body: otlp.http_post(server.ports["otlp_http"], "logs", body, "application/json")
    fetch = log("tool_result", 9, tool_name="WebFetch", tool_use_id="t1", success="true",
                tool_input='{"url":"https://blog.example/post"}')
    assert post(fetch)[0] == 200
    if is_stored:
        server.wait(lambda: server.metric("magistrate_detect_sessions") == 1, "a checkpoint", 30)
    server.kill()
    server.start()
    message = log("tool_result", 1, tool_name="mcp__gmail__send_message", tool_use_id="t2", success="true",
                  tool_input='{"to":"x@other.example","body":"hello"}')
    assert post(message)[0] == 200
    server.stop()
    assert dict(server.sql(FINDINGS))["Sent after a page was read"] == 1


def test_a_chain_whose_first_step_comes_last_is_found_once(magistrate, tmp_path):
    """A batch that was refused and sent again arrives after later ones."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "chain.yml").write_text(CHAIN)
    server = magistrate(config(folder)).start()
    fetch = log("tool_result", 9, tool_name="WebFetch", tool_use_id="t1", success="true",
                tool_input='{"url":"https://blog.example/post"}')
    again = log("tool_result", 8, tool_name="WebFetch", tool_use_id="t3", success="true",
                tool_input='{"url":"https://news.example/post"}')
    message = log("tool_result", 1, tool_name="mcp__gmail__send_message", tool_use_id="t2", success="true",
                  tool_input='{"to":"x@other.example","body":"hello"}')
    for body in (message, fetch, again):
        assert otlp.http_post(server.ports["otlp_http"], "logs", body, "application/json")[0] == 200
    server.stop()
    assert dict(server.sql(FINDINGS))["Sent after a page was read"] == 1
    [(count, session)] = server.sql(
        "select max(finding_info.related_events_count), max(actor.session.uid) from lake"
        " where finding_info.title = 'Sent after a page was read'"
    )
    assert (count, session) == (1, "11111111-2222-4333-8444-555555555555")


def test_deleted_events_are_reported_as_exactly_those_gaps(magistrate):
    chance = random.Random(20261128)
    server = magistrate(config()).start()
    deleted, sessions = set(), {}
    for signal, encoding, body in otlp.bodies(FIXTURES / "otlp" / "http-json-full"):
        if signal == "logs":
            request = json.loads(body)
            for scope in (scope for resource in request["resourceLogs"] for scope in resource["scopeLogs"]):
                kept = []
                for record in scope["logRecords"]:
                    values = {one["key"]: next(iter(one["value"].values())) for one in record["attributes"]}
                    place = (values["session.id"], int(values["event.sequence"]))
                    sessions[place[0]] = max(place[1], sessions.get(place[0], 0))
                    if chance.random() < 0.01:
                        deleted.add(place)
                    else:
                        kept.append(record)
                scope["logRecords"] = kept
            body = json.dumps(request).encode()
        status, text = otlp.http_post(server.ports["otlp_http"], signal, body, "application/json")
        assert status == 200, text
    # What comes after the last event is not known to have been.
    deleted -= set(sessions.items())
    assert len(deleted) >= 2
    server.stop()
    told = set()
    for session, details in server.sql(
        "select actor.session.uid, unmapped from lake where metadata.event_code = 'telemetry_gap'"
    ):
        details = json.loads(details)
        told |= {(session, number) for number in range(details["missing.first"], details["missing.last"] + 1)}
    assert told == deleted
    assert dict(server.sql(FINDINGS))["Events of a session are missing"] == 1


def test_coverage_is_told_by_a_running_instance_and_by_its_folder(magistrate, run):
    server = magistrate(config()).start()
    send(server, "http-protobuf-cowork-like")
    ask = lambda: run("coverage", "--json", "--data", server.data)
    server.wait(lambda: ask().stdout not in (b"", b"[]\n"), "a checkpoint", 30)
    live = json.loads(ask().stdout)
    server.stop()
    outcome = ask()
    assert outcome.returncode == 0
    lines = json.loads(outcome.stdout)
    place = lambda line: (line["subject"], line["path"], line["version"])
    assert sorted(map(place, live)) == sorted(map(place, lines)) and len(lines) % 7 == 0
    seen = {line["path"] for line in lines if line["state"] == "green"}
    assert {"native_loop", "code_vm"} & seen
    assert all(line["version"] == "2.1.330" for line in lines if line["telemetry"])
    text = run("coverage", "--data", server.data).stdout.decode()
    assert "endpoint telemetry required  screenshots taken" in text
    blind = {line["path"]: line.get("blind_spots", []) for line in json.loads(run("coverage", "--json", "--data", server.data).stdout)}
    assert [spot["label"] for spot in blind["computer_use"]] == ["endpoint telemetry required"] * 4
    assert [spot["label"] for spot in blind["remote_connector"]] == ["telemetry only"] and blind["browser"] == []
    assert "native_loop" in text and "unseen" in text


PATHS = {
    "native_loop": lambda ago: log("user_prompt", ago, prompt="Go on"),
    "chrome_bridge": lambda ago: log("tool_result", ago, tool_name="mcp__claude-in-chrome__read_page", tool_use_id=f"a{ago}"),
    "local_mcp": lambda ago: log("mcp_server_connection", ago, server_name="crm", transport_type="stdio", status="connected"),
    "remote_connector": lambda ago: log("mcp_server_connection", ago, server_name="drive", transport_type="http",
                                        status="connected"),
    "computer_use": lambda ago: log("tool_result", ago, tool_name="mcp__computer-use__screenshot", tool_use_id=f"b{ago}"),
}


@pytest.mark.parametrize("dark", PATHS)
def test_coverage_goes_red_for_exactly_the_path_that_was_switched_off(magistrate, run, dark):
    server = magistrate(config()).start()
    hour = 3_600
    for ago, paths in ((50 * hour, PATHS), (hour, set(PATHS) - {dark})):
        for path in paths:
            assert otlp.http_post(server.ports["otlp_http"], "logs", PATHS[path](ago), "application/json")[0] == 200
    server.stop()
    outcome = run("coverage", "--json", "--data", server.data)
    states = {line["path"]: line["state"] for line in json.loads(outcome.stdout) if line["telemetry"]}
    assert states == {path: "red" if path == dark else "green" for path in PATHS}
    assert outcome.returncode == 1
    assert run("coverage", "--data", server.data, "--stale-hours", 100).returncode == 0


def test_a_climb_of_the_ladder_asks_why_and_says_what_is_known(magistrate):
    mcp = lambda server, tool: json.dumps({"mcp_server_name": server, "mcp_tool_name": tool})
    call = lambda ago, number, server, tool, ok="true", **given: log(
        "tool_result", ago, tool_name="mcp_tool", tool_source="mcp", tool_use_id=f"t{number}", success=ok,
        tool_parameters=mcp(server, tool), tool_input=json.dumps(given))
    decided = log("tool_decision", 31, tool_name="mcp_tool", tool_source="mcp", tool_use_id="t4", decision="accept",
                  source="user_temporary", tool_parameters=mcp("computer-use", "left_click"))
    server = magistrate(config()).start()
    for body in (
        log("user_prompt", 60, prompt="Move the meeting to Friday"),
        call(58, 1, "calendar", "search"), call(55, 2, "calendar", "update_event", ok="false"),
        call(50, 3, "claude-in-chrome", "navigate", url="https://calendar.example.com/week"),
        decided, call(30, 4, "computer-use", "left_click", coordinate=[1, 2]),
    ):
        assert otlp.http_post(server.ports["otlp_http"], "logs", body, "application/json")[0] == 200
    server.stop()
    [(text,)] = server.sql("select evidences from lake where finding_info.title = 'From connector to browser to screen'")
    [asked] = [one["data"] for one in json.loads(text) if one.get("name") == "questions"]
    assert len(asked) == 5
    enough, where, task, read, let = asked.values()
    assert "session.servers: calendar" in enough and "session.failed: update_event" in enough
    assert "tool.name: left_click" in where and task == "session.task: Move the meeting to Friday"
    assert "page:calendar.example.com" in read and "left_click (user_temporary)" in let
    [(text,)] = server.sql("select evidences from lake where finding_info.title = 'Step up the ladder' limit 1")
    assert any(one.get("name") == "questions" for one in json.loads(text))
