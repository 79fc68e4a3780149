"""The standing proof of redaction: rounds that find nothing, and a leak that stops the output."""

import json

import records
from hec import Hec
from test_hec import config as hec_config

QUICK = '[lake]\nmax_age = "1s"\n[judge]\ndeadline_ms = 20000\n[canary]\nevery = "1s"\n'
OUTPUTS = ("queue", "lake", "dead_letters", "splunk", "audit", "approvals", "state", "answers")
DOORS = (
    "http", "opa", "claude_code_hook", "mcp", "litellm", "envoy_http", "inference_hook", "icap_reqmod", "icap_respmod",
    "grpc", "envoy_grpc", "ext_proc", "nginx", "forward_auth",
)
GRPC = (
    "/magistrate.judge.v1.Judge/Judge", "/envoy.service.auth.v3.Authorization/Check", "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
)
# Masks one kind where something can be masked, and takes requests out of the shipped policy that masks more.
MASKS_SOME = """
title: Some are masked
id: some
logsource: {product: magistrate}
detection:
  selection: {event: [request, response, tool_call, tool_result]}
  condition: selection
judge: {decision: redact, category: secrets, redact: [credential.github]}
---
title: Requests may hold credentials
logsource: {product: magistrate, category: action}
filter:
  rules: [e2fa9931-177e-54d1-b1f8-9daf2474e3dc]
  selection: {event: request}
  condition: not selection
"""


def test_a_round_goes_through_every_source_and_finds_nothing(magistrate):
    server = magistrate(QUICK + hec_config(Hec())).start()
    server.wait(lambda: server.metric("redaction_canary_last_success_timestamp_seconds") > 0, "clean round", 240)
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
        server.wait(lambda: server.metric("redaction_canary_leaks_total", output=output) > 0, f"leak in {output}", 120)
    status, _, answer = server.post("/v1/judge", b'{"event": "prompt"}', "application/json", listener="judge")
    assert status == 401 and b"planted secret" in answer
    for door in GRPC:
        # A frame without a message, as HTTP/1.1 carries it: who may not ask is told so before it is read.
        status, headers, _ = server.post(door, bytes(5), "application/grpc", listener="judge")
        assert (status, headers["grpc-status"]) == (200, "16") and "planted%20secret" in headers["grpc-message"], door
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
    server.wait(lambda: server.metric("redaction_canary_last_success_timestamp_seconds") > 0, "clean round", 240)
    # The rule asks for the edge of a word: the session's task is kept as it is.
    asked = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": f"draw a x{sample}x"}
    status, _, answer = server.post("/hooks/claude-code", json.dumps(asked).encode(), "application/json", listener="judge")
    assert status == 200 and b"deny" not in answer
    server.wait(lambda: server.metric("redaction_canary_leaks_total", output="state") > 0, "leak in state", 60)
    server.wait(lambda: "analysis has stopped" in server.log.read_text(), "the analysis's end", 10)
    # The others go on, and the alert with them.
    server.wait(lambda: any(server.data.glob("lake/detection_finding/**/*.parquet")), "alert", 120)
    told = "select finding_info.uid, severity_id from lake where class_uid = 2004"
    assert server.sql(told) == [("redaction-canary-state", 5)]
    status, _, _ = server.post("/v1/logs", records.request([1]), "application/x-protobuf")
    assert status == 200
    assert server.metric("redaction_canary_leaks_total") == server.metric("redaction_canary_leaks_total", output="state") == 1
    server.stop()
    assert sample.encode() not in (server.data / "state.redb").read_bytes()


def test_what_a_policy_leaves_in_answers_is_no_leak(magistrate, tmp_path):
    (tmp_path / "some.yml").write_text(MASKS_SOME)
    # Beside it no policy of the sample's: what no rule knows is a leak all the same.
    judge = f'policies = ["{tmp_path}/some.yml"]\ndeadline_ms = 20000'
    server = magistrate(QUICK.replace("deadline_ms = 20000", judge)).start()
    server.wait(lambda: server.metric("redaction_canary_last_success_timestamp_seconds") > 0, "clean round", 240)
    assert server.metric("redaction_canary_checked_outputs_total", output="answers") > 0
    assert server.metric("redaction_canary_leaks_total") == 0
    # It does leave them: the caller gets back what it sent.
    token = "sk-ant-" + "api03-" + "Ab1" * 31 + "AA"
    asked = json.dumps({"texts": [f"key {token} and ghp_{'Ab1' * 12}"], "input_type": "request"})
    status, _, answer = server.post("/beta/litellm_basic_guardrail_api", asked.encode(), "application/json", listener="judge")
    assert status == 200 and token.encode() in answer and b"ghp_Ab1" not in answer, answer
    server.stop()


def test_faults_of_the_section_are_named(run, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('[canary]\nevery = "0s"\nsamples = ["x"]\n')
    done = run("check", "-c", file)
    assert done.returncode == 64
    text = (done.stdout + done.stderr).decode()
    assert "canary.every" in text and "canary.samples[0]" in text
