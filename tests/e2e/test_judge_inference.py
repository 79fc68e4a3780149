"""Anthropic's inference hooks: calls signed as Standard Webhooks 1.0 says, by code that is not ours."""

import base64
import datetime
import json
import os
import secrets
import time

import pytest
from standardwebhooks import Webhook

import conftest
from conformance import CREDENTIAL_IN_PROMPT, PEM
from test_judge import ATTACK
from test_judge_proxies import SLOW

OLD, NEW = ("whsec_" + base64.b64encode(secrets.token_bytes(24)).decode() for _ in range(2))
ACTOR = {"type": "user", "id": "user_1", "email_address": "ana@example.com"}


@pytest.fixture
def server(magistrate, tmp_path):
    (tmp_path / "secrets").write_text(f"# of the console\n{OLD}\n")
    tokens = tmp_path / "judge.tokens"
    tokens.write_text("caller secret-token-of-a-caller\n")
    # Anthropic shows no token: its signature is enough.
    auth = f'[auth]\njudge_tokens = "{tokens}"\n[judge.inference_hooks]\nsecrets_file = "{tmp_path}/secrets"\n'
    (tmp_path / "policy.yml").write_text(CREDENTIAL_IN_PROMPT)
    return magistrate(SLOW + f'policies = ["{tmp_path}/policy.yml"]\n' + auth).start()


def prompt(*blocks, before=(), session="conversation-1", application="claude-ai"):
    return json.dumps({
        "type": "prompt", "request_id": "ignored", "tenant_id": "tenant", "actor": ACTOR, "source": {"application": application},
        "messages": [*before, {"role": "user", "content": list(blocks)}], "session_id": session, "model": "claude", "metadata": {},
    })


def text(words):
    return {"type": "text", "text": words}


def call(server, body, secret=OLD, identity=None, ahead=0, signature=None, signed=None):
    """Status and answer of a signed call."""
    identity = identity or f"req_{secrets.token_hex(8)}"
    at = datetime.datetime.fromtimestamp(int(time.time()) + ahead, tz=datetime.timezone.utc)
    signature = signature or Webhook(secret).sign(identity, at, signed or body)
    headers = {
        "webhook-id": identity, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature,
        "user-agent": "anthropic-dlp/1", "accept-encoding": "identity",
    }
    status, _, answer = server.post("/hooks/inference", body.encode(), "application/json", headers, "judge")
    assert len(answer) < 65_536
    return status, json.loads(answer)


def test_what_people_write_and_tools_give_back_is_judged_before_the_model_sees_it(server):
    harmless = prompt(text("Please summarise the minutes."))
    status, answer = call(server, harmless)
    assert status == 200 and answer["action"] == "allow" and len(answer["reference_id"]) <= 50
    used = [{"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "tool_name": "WebFetch", "input": {}}]}]
    for block, before in [
        (text(PEM), ()),
        ({"type": "attachment", "file_name": "id_rsa", "media_type": "text/plain", "size_bytes": 9, "text": PEM}, ()),
        ({"type": "tool_result", "content": ATTACK, "is_error": False, "tool_name": "WebFetch", "tool_use_id": "toolu_1"}, used),
    ]:
        status, answer = call(server, prompt(block, before=before))
        assert status == 200 and answer["action"] == "deny", block["type"]
        assert 0 < len(answer["deny_reason"]) <= 500 and answer["reference_id"] in answer["deny_reason"]
        assert "mallory" not in answer["deny_reason"] and "MIIE" not in answer["deny_reason"]
    assert server.metric("magistrate_judge_answer_seconds_count", door="inference_hook") >= 4
    server.stop()
    rows = server.sql("select distinct actor.user.email_addr, actor.session.uid from lake where actor.session.uid = 'conversation-1'")
    assert rows == [("ana@example.com", "conversation-1")]
    for path, content in server.every_byte_written():
        assert b"MIIEowIBAAKCAQEAMIIE" not in content, path


def test_a_conversation_that_was_judged_is_not_judged_again(server):
    old = [{"role": "user", "content": [text(PEM)]}, {"role": "assistant", "content": [text("I see.")]}]
    assert call(server, prompt(text("And now?"), before=old))[1]["action"] == "allow"


def test_a_user_turn_is_the_task_of_its_session(server):
    call(server, prompt(text("Book a table for two in Graz."), session="conversation-task"))
    server.stop()
    rows = server.sql("select magistrate.session.task from lake where actor.session.uid = 'conversation-task'")
    assert rows, "the turn is stored"


def test_only_what_is_signed_now_and_once_counts(server):
    body = prompt(text("hello"))
    for refused in (
        call(server, body, secret=NEW), call(server, body, ahead=-310), call(server, body, ahead=310),
        call(server, body, signature="v1,AAAA"), call(server, body + " ", signed=body), call(server, body, signature="none"),
    ):
        assert refused[0] == 401 and "action" not in refused[1]
    status, first = call(server, body, identity="req_once")
    assert status == 200 and first["action"] == "allow"
    assert call(server, body, identity="req_once") == (200, first), "a second try is the same call"
    assert server.metric("magistrate_judge_repeated_total", door="inference_hook") == 1
    assert call(server, prompt(text("other")), identity="req_once")[0] == 401
    status, _, answer = server.post("/hooks/inference", body.encode(), "application/json", {"authorization": "Bearer secret-token-of-a-caller"}, "judge")
    assert status == 401 and b"not signed" in answer, "a token is no signature"


def test_a_secret_is_changed_without_a_gap(server, tmp_path):
    body = prompt(text("hello"))
    (tmp_path / "secrets").write_text(f"{OLD}\n{NEW}\n")
    server.wait(lambda: call(server, body, secret=NEW)[0] == 200, "the new secret", 30)
    assert call(server, body, secret=OLD)[0] == 200
    (tmp_path / "secrets").write_text("nonsense\n")
    time.sleep(6)
    assert call(server, body, secret=OLD)[0] == 200, "a faulty file leaves the secrets in force"
    (tmp_path / "secrets").write_text(f"{NEW}\n")
    server.wait(lambda: call(server, body, secret=OLD)[0] == 401, "the end of the old secret", 30)
    assert call(server, body, secret=NEW)[0] == 200


def test_before_there_is_a_secret_only_the_test_call_is_answered(magistrate):
    server = magistrate(SLOW).start()

    def unsigned(application):
        body = prompt(text("hello"), application=application).encode()
        status, _, answer = server.post("/hooks/inference", body, "application/json", {}, "judge")
        return status, json.loads(answer).get("action")

    assert unsigned("config-test") == (200, "allow")
    assert unsigned("claude-ai") == (401, None)


def test_ten_megabytes_are_answered_and_what_is_larger_is_denied(server):
    words = "words and more words, nothing else. " * (9_900_000 // 36)
    began = time.monotonic()
    status, answer = call(server, prompt(text(words)))
    assert status == 200 and answer["action"] in ("allow", "deny") and time.monotonic() - began < 60
    status, answer = call(server, prompt(text(words + words)))
    assert status == 200 and answer["action"] == "deny" and "larger than" in answer["deny_reason"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"type":"prompt"}', '{"type":"prompt","messages":7}', "[" * 100_000])
def test_what_cannot_be_judged_is_denied_with_200(server, body):
    status, answer = call(server, body or " ")
    assert status == 200 and answer["action"] == "deny" and "could not judge" in answer["deny_reason"]


def test_an_unknown_type_is_allowed(server):
    assert call(server, '{"type":"something_later","request_id":"r"}') == (200, {"action": "allow"})


def test_a_faulty_file_of_secrets_is_told(run, tmp_path):
    (tmp_path / "secrets").write_text(f"{OLD}\nwhsec_short\n")
    (tmp_path / "c.toml").write_text(f'[judge.inference_hooks]\nsecrets_file = "{tmp_path}/secrets"\n')
    checked = run("check", "-c", tmp_path / "c.toml", env={**os.environ})
    told = (checked.stdout + checked.stderr).decode()
    assert checked.returncode == 64 and "judge.inference_hooks.secrets_file" in told and "line 2" in told and OLD not in told, told
