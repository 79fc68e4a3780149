"""The standing proof of redaction: rounds that find nothing, and a leak that stops the output."""

import json

import records
from hec import Hec
from test_hec import config as hec_config

QUICK = '[lake]\nmax_age = "1s"\n[judge]\ndeadline_ms = 20000\n[canary]\nevery = "1s"\n'
OUTPUTS = ("queue", "lake", "dead_letters", "splunk", "audit", "approvals", "state", "answers")
DOORS = ("http", "opa", "claude_code_hook", "mcp", "litellm", "envoy_http", "inference_hook", "icap_reqmod", "icap_respmod")


def test_a_round_goes_through_every_source_and_finds_nothing(magistrate):
    server = magistrate(QUICK + hec_config(Hec())).start()
    server.wait(lambda: server.metric("redaction_canary_last_success_timestamp_seconds") > 0, "clean round", 120)
    for output in OUTPUTS:
        assert server.metric("redaction_canary_checked_outputs_total", output=output) > 0, output
    for door in DOORS:
        assert server.metric("magistrate_judge_answers_total", door=door) > 0, door
    assert server.metric("redaction_canary_planted_secrets_total") > 100
    assert server.metric("redaction_canary_leaks_total") == 0
    token = (server.data / "admin.token").read_text().strip()
    waiting = server.read("/api/v1/approvals", headers={"authorization": f"Bearer {token}"})
    assert waiting["approvals"] == [], "nobody is asked about it"
    server.stop()
    sources = server.sql("select distinct magistrate.source from lake where magistrate.identity = 'redaction-canary' and magistrate.source is not null")
    assert sorted(source for (source,) in sources) == ["judge", "otlp_grpc", "otlp_http", "syslog_tcp", "syslog_udp"]


def test_a_sample_that_no_rule_masks_stops_the_queue(magistrate):
    sample = "blue heron over the lake"
    server = magistrate(QUICK + f'samples = ["{sample}"]\n').start()
    server.wait(lambda: server.metric("redaction_canary_leaks_total", output="queue") > 0, "leak", 60)
    status, headers, _ = server.post("/v1/logs", records.request([1]), "application/x-protobuf")
    assert (status, headers["retry-after"]) == (503, "60")
    assert server.metric("redaction_canary_last_success_timestamp_seconds") == 0
    # What a person would see of it, what is kept of verdicts and sessions, and what callers hear.
    for output in ("audit", "approvals", "answers"):
        server.wait(lambda: server.metric("redaction_canary_leaks_total", output=output) > 0, f"leak in {output}", 60)
    status, _, answer = server.post("/v1/judge", b'{"event": "prompt"}', "application/json", listener="judge")
    assert status == 401 and b"planted secret" in answer
    hook = b'{"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Bash", "tool_input": {"command": "ls"}}'
    status, _, answer = server.post("/hooks/claude-code", hook, "application/json", listener="judge")
    assert status == 200 and b"deny" in answer
    server.wait(lambda: "has stopped" in server.log.read_text(), "log line", 10)
    server.stop()
    for path, content in server.every_byte_written():
        assert sample.encode() not in content, path


def test_a_leak_in_what_sessions_remember_stops_the_analysis(magistrate, tmp_path):
    sample = "blue heron over the lake"
    (tmp_path / "rules.toml").write_text(f"[[rules]]\nid = 'heron'\nregex = '\\b{sample}\\b'\nkeywords = ['heron']\n")
    redact = f'[redact]\nrules = ["{tmp_path}/rules.toml"]\n'
    server = magistrate(QUICK + f'samples = ["{sample}"]\n' + redact).start()
    server.wait(lambda: server.metric("redaction_canary_last_success_timestamp_seconds") > 0, "clean round", 120)
    # The rule asks for the edge of a word: the session's task is kept as it is.
    asked = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": f"draw a x{sample}x"}
    status, _, answer = server.post("/hooks/claude-code", json.dumps(asked).encode(), "application/json", listener="judge")
    assert status == 200 and b"deny" not in answer
    server.wait(lambda: server.metric("redaction_canary_leaks_total", output="state") > 0, "leak in state", 60)
    server.wait(lambda: "analysis has stopped" in server.log.read_text(), "the analysis's end", 10)
    # The others go on, and the alert with them.
    server.wait(lambda: any(server.data.glob("lake/detection_finding/**/*.parquet")), "alert", 60)
    told = "select finding_info.uid, severity_id from lake where class_uid = 2004"
    assert server.sql(told) == [("redaction-canary-state", 5)]
    status, _, _ = server.post("/v1/logs", records.request([1]), "application/x-protobuf")
    assert status == 200
    assert server.metric("redaction_canary_leaks_total") == server.metric("redaction_canary_leaks_total", output="state") == 1
    server.stop()
    assert sample.encode() not in (server.data / "state.redb").read_bytes()


def test_faults_of_the_section_are_named(run, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('[canary]\nevery = "0s"\nsamples = ["x"]\n')
    done = run("check", "-c", file)
    assert done.returncode == 64
    text = (done.stdout + done.stderr).decode()
    assert "canary.every" in text and "canary.samples[0]" in text
