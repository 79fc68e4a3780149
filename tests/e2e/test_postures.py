"""What becomes of actions that cannot be judged: each fault, each posture, each category. Overload, a clock that runs out while
others are judged, and a disk that stalls are in judge/src/judge/tests.rs, where they can be made to happen."""

import contextlib
import http.client
import resource
import socket
import time

import pytest

import conftest
from conformance import ASK, call, came, mail, said
from test_judge import SLOW, ask
from test_judge_doors import call_of, post, through_proxy

DECISIONS = {"open": "allow", "closed": "block", "approve": "require_approval"}
# An action of each category that passes where it can be judged.
ACTIONS = {
    "irreversible": {"event": "request", "destination": {"url": ASK, "method": "DELETE"}},
    "data_movement": {"event": "message_send", "destination": {"recipient": "bo@corp.example"}},
    "execution": call("Bash", command="ls"),
    "changes": call("Write", file_path="/home/ana/work/a", content="x"),
    "browsing": {"event": "request", "destination": {"url": ASK, "method": "GET"}},
    "reading": call("Read", file_path="/home/ana/work/a"),
    "prompts": {"event": "prompt"},
    "model": {"event": "tool_result", "tool": {"name": "Read"}},
    "other": {"event": "app_action"},
}
# An action of each category whose text the models are asked about.
SPOKEN = {
    "irreversible": lambda text: call("mcp__board__delete_note", reason=text),
    "data_movement": lambda text: mail("bo@corp.example", text),
    "execution": lambda text: call("mcp__board__run_report", note=text),
    "changes": lambda text: call("mcp__board__update_note", note=text),
    "browsing": lambda text: {"event": "download", "destination": {"url": ASK}, "content": {"text": text}},
    "reading": lambda text: {"event": "download", "content": {"text": text}},
    "prompts": said,
    "model": came,
    "other": lambda text: call("mcp__board__frobnicate", note=text),
}
POLICY = """title: Own
id: 7b1f9c4e-8f6e-4a55-9c0e-0d5f1d4f2a11
logsource: {product: magistrate, category: action}
detection:
  selection: {tool.name: own}
  condition: selection
judge: {decision: block, category: own}
"""
# What may be an order, and may be none.
UNSURE = "Please send the summary to the team and do not forget to update the list."
# Far more than can be read in a millisecond.
LONG = "words and more words, nothing else. " * 20_000


def postures(posture):
    return "".join(f'[judge.category.{name}]\non_error = "{posture}"\n' for name in ACTIONS)


def outlives_full_disks(folder):
    """The program, told to get an error where it writes beyond a limit, instead of a signal."""
    script = folder / "magistrate"
    script.write_text(f"#!/bin/sh\ntrap '' XFSZ\nexec '{conftest.BINARY}' \"$@\"\n")
    script.chmod(0o755)
    return script


@pytest.fixture(scope="module", params=DECISIONS)
def posture(request):
    return request.param


@pytest.fixture(scope="module")
def server(posture, tmp_path_factory):
    """A judge of one posture for all categories, without models."""
    folder = tmp_path_factory.mktemp(posture)
    (folder / "policy.yml").write_text(POLICY)
    config = f'policies = ["{folder}/policy.yml"]\n[models]\nfolder = "{folder}/none"\n' + postures(posture)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conftest, "BINARY", outlives_full_disks(folder))
        one = conftest.Magistrate(folder, SLOW + config).start()
    yield one
    one.kill()


def reasons(verdict):
    return {reason["policy"].removeprefix("magistrate.") for reason in verdict["reasons"]}


def judged(server, request):
    """The verdict, which Open Policy Agent's door gives, too."""
    verdict = post(server, "/v1/judge", request)
    other = post(server, "/v1/data/magistrate/decision", {"input": request})["result"]
    assert other["decision"] == verdict["decision"], request
    return verdict


def stopped_by(server, category):
    """Whether the door for whom an action of this category is made stops it."""
    request = ACTIONS[category]
    if request["event"] == "request":
        return through_proxy(server, request["destination"]["method"], "/authz/envoy/a", {"host": "docs.example.com"}) != "allow"
    if request["event"] == "tool_call":
        told = {"hook_event_name": "PreToolUse", "tool_name": request["tool"]["name"], "tool_input": request["tool"]["arguments"]}
        return post(server, "/hooks/claude-code", told) != {} and not post(server, "/mcp/judge", call_of(**request["tool"]))["pass"]
    if request["event"] == "prompt":
        told = {"hook_event_name": "UserPromptSubmit", "prompt": ""}
    elif request["event"] == "tool_result":
        told = {"hook_event_name": "PostToolUse", "tool_name": request["tool"]["name"], "tool_input": {}, "tool_response": {}}
    else:
        return post(server, "/v1/data/magistrate/decision/allow", {"input": request})["result"] is False
    return post(server, "/hooks/claude-code", told) != {}


def test_what_can_be_judged_passes_whatever_the_posture(server):
    for category, request in ACTIONS.items():
        verdict = judged(server, request)
        assert (verdict["decision"], verdict["degraded"]) == ("allow", False), category
        assert not stopped_by(server, category), category


def test_without_models_the_posture_decides_what_they_should_have_judged(server, posture):
    expected = DECISIONS[posture]
    for category, spoken in SPOKEN.items():
        verdict = judged(server, spoken("a page"))
        assert (verdict["decision"], reasons(verdict)) == (expected, {"unjudged"}) and verdict["degraded"], (category, verdict)
        assert {reason["category"] for reason in verdict["reasons"]} == {category}
    told = {"hook_event_name": "PostToolUse", "tool_name": "WebFetch", "tool_input": {}, "tool_response": {"result": "a page"}}
    assert (post(server, "/hooks/claude-code", told) == {}) == (posture == "open")
    # Calls of tools are held against the task.
    task = {"session": {"id": "with-a-task", "task": "Write the minutes of the meeting."}}
    for category, request in ACTIONS.items():
        verdict = judged(server, {**request, **task})
        asks = category in ("execution", "changes")
        assert verdict["decision"] == (expected if asks else "allow") and reasons(verdict) == ({"unjudged"} if asks else set()), category


def test_what_was_looked_at_in_part_or_too_late_is_decided_by_posture(server, posture):
    for category, request in ACTIONS.items():
        content = {"content": {**request.get("content", {}), "text": LONG}}
        # Each door for itself: of so little time one may have left for the record what the other has not.
        verdict = post(server, "/v1/judge", {**request, **content, "deadline_ms": 1})
        # What came too late for a look or for its record is shown to nobody.
        is_late = posture == "approve" and "unasked" in reasons(verdict)
        assert verdict["decision"] == ("block" if is_late else DECISIONS[posture]), (category, verdict)
        assert (verdict["decision"] == "require_approval") == ("approval" in verdict), (category, verdict)
        assert verdict["partial"] and "partial" in reasons(verdict), (category, verdict)
        whole = judged(server, {**request, **content, "deadline_ms": 20_000})
        # There are no models, and these they should have judged.
        asks = category in ("model", "prompts", "data_movement")
        assert asks or (whole["decision"], whole["partial"]) == ("allow", False), category


def test_where_no_record_can_be_kept_the_posture_decides(server, posture):
    every, (_, hard) = resource.RLIMIT_FSIZE, resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, every, (0, hard))
    try:
        for category, request in ACTIONS.items():
            verdict = judged(server, request)
            # No approval could be kept, so that nobody is asked.
            stopped = "allow" if posture == "open" else "block"
            assert (verdict["decision"], verdict["degraded"]) == (stopped, True), category
            assert "unrecorded" in reasons(verdict) and "approval" not in verdict, category
            assert ("unasked" in reasons(verdict)) == (posture == "approve"), category
            assert stopped_by(server, category) == (posture != "open"), category
    finally:
        resource.prlimit(server.process.pid, every, (hard, hard))

    def is_whole():
        return not post(server, "/v1/judge", ACTIONS["reading"])["degraded"]

    server.wait(is_whole, "records, once there is room again")
    assert server.running()


def test_policies_with_a_fault_leave_those_in_force(server, posture):
    faulty = {"open": "title: [", "closed": POLICY.replace("decision: block", "decision: dance"), "approve": POLICY.replace("condition: s", "condition: t")}
    (server.folder / "policy.yml").write_text(faulty[posture])
    server.wait(lambda: "the policies in force stay" in server.log.read_text(), "a word about the fault")
    own = {"name": "own", "arguments": {"a": 1}}
    assert judged(server, {"event": "tool_call", "tool": own})["decision"] == "block"
    assert not post(server, "/mcp/judge", call_of(**own))["pass"]
    for category, request in ACTIONS.items():
        assert judged(server, request)["decision"] == "allow", category


def test_overload_is_refused_and_never_let_pass(magistrate):
    server = magistrate(SLOW + "max_in_flight = 1\n" + postures("open")).start()
    with contextlib.ExitStack() as stack:
        def is_full():
            # It takes the one place, and its body does not come.
            one = stack.enter_context(socket.create_connection(("127.0.0.1", server.ports["judge"]), timeout=60))
            one.sendall(b"POST /v1/judge HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n{")
            time.sleep(0.2)
            return ask(server, {"action": "read"})[0] == 429

        server.wait(is_full, "a full judge")
        assert ask(server, {"input": {"action": "read"}}, "/v1/data/magistrate/decision")[0] == 429
        assert ask(server, call_of("Bash", {"command": "ls"}), "/mcp/judge")[0] == 429
        told = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "ls"}}
        assert post(server, "/hooks/claude-code", told)["hookSpecificOutput"]["permissionDecision"] == "deny"
        assert ask_proxy(server) == 429
        for door in ("http", "opa", "mcp", "claude_code_hook", "envoy_http"):
            assert server.metric("magistrate_judge_refused_total", door=door) >= 1, door
    server.wait(lambda: ask(server, {"action": "read"})[0] == 200, "room again")


def ask_proxy(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.ports["judge"], timeout=60)
    connection.request("GET", "/authz/envoy/a", headers={"host": "docs.example.com"})
    return connection.getresponse().status


@pytest.mark.parametrize("posture", DECISIONS)
def test_models_that_are_too_slow_leave_it_to_the_posture(magistrate, posture):
    server = magistrate(SLOW + postures(posture)).start()
    for number, (category, spoken) in enumerate(SPOKEN.items()):
        # Tier 1 is not sure of it, and tier 2 needs longer for so much than there is.
        text = "".join(f"{number}.{line}: {UNSURE} " for line in range(2_500))
        verdict = post(server, "/v1/judge", {**spoken(text), "deadline_ms": 3_000})
        assert "unjudged" in reasons(verdict) and verdict["degraded"], (category, verdict)
        # A busy machine may have no time left for the record; then nobody can be asked.
        is_late = posture == "approve" and "unasked" in reasons(verdict)
        assert verdict["decision"] == ("block" if is_late else DECISIONS[posture]), (category, verdict)
        assert {reason["category"] for reason in verdict["reasons"]} == {category}
        assert (verdict["decision"] == "require_approval") == ("approval" in verdict), (category, verdict)
