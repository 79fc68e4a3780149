"""Approvals: asked for at the judge, decided on the admin listener alone, good once, and for one action only."""

import base64
import hashlib
import hmac
import http.server
import json
import subprocess
import threading
import urllib.parse

import pytest

from conftest import BINARY
from test_judge import SLOW, ask, changed, hook, verdict

KEY = "AKIA" + "Z7Q3N5XJ4K2WPLM6"
POLICY = """title: Purchases
id: 7b1f9c4e-8f6e-4a55-9c0e-0d5f1d4f2a12
logsource: {product: magistrate, category: action}
detection:
  selection:
    action: [purchase, execute]
  condition: selection
judge: {decision: require_approval, category: irreversible, message: Purchases need a person.}
"""


def bought(what="a book", **members):
    return {"deadline_ms": 20000, "event": "app_action", "action": "purchase", "session": {"id": "s1", "user": "ana@example.com"},
            "destination": {"recipient": "shop@example.com"}, "content": {"text": what}, **members}


@pytest.fixture
def start(magistrate, tmp_path):
    """Starts a judge with a policy that wants a person."""

    def begin(config="", auth=""):
        (tmp_path / "own.yml").write_text(POLICY)
        own = f'policies = ["{tmp_path}/own.yml"]\n'
        return magistrate(SLOW + own + config + auth).start()

    return begin


def token(server):
    return (server.data / "admin.token").read_text().strip()


def admin(server, path, body=None, headers=None, bearer="admin"):
    """Status and JSON of a call to the admin listener."""
    shown = token(server) if bearer == "admin" else bearer
    headers = {**({"authorization": f"Bearer {shown}"} if shown else {}), **(headers or {})}
    body = b"" if body is None else json.dumps(body).encode()
    status, _, answer = server.post(path, body, "application/json", headers, listener="admin")
    try:
        return status, json.loads(answer)
    except ValueError:
        return status, answer.decode()


def decide(server, approval, choice="approve", **options):
    return admin(server, f"/api/v1/approvals/{approval['id']}/{choice}", {"comment": f"fine, {KEY}"}, **options)


def state(server, approval, wait_ms=0):
    address = f"/v1/approvals/{approval['id']}"
    assert approval["url"] == server.url("judge", address)
    return server.read(f"{address}?wait_ms={wait_ms}", listener="judge")["state"]


def wanted(answer):
    assert answer["decision"] == "require_approval", answer
    return answer["approval"]


def test_an_approved_action_happens_once_and_no_other_does(start):
    server = start()
    first = verdict(server, bought())
    approval = wanted(first)
    assert wanted(verdict(server, bought())) == approval, "the same action waits for the same word"
    assert state(server, approval) == "pending"
    status, told = decide(server, approval)
    assert (status, told["state"]) == (200, "approved")
    assert KEY not in json.dumps(told)
    assert state(server, approval) == "approved"
    mutations = [
        bought("a bool"), bought(destination={"recipient": "shop@example.org"}),
        bought(session={"id": "s2", "user": "ana@example.com"}), bought(session={"id": "s1", "user": "ana@example.com", "task": "t"}),
        bought(action="execute"), bought(file={"name": "a"}), bought(tool={"name": "Bash", "arguments": {}}),
    ]
    for other in mutations:
        assert wanted(verdict(server, other))["id"] != approval["id"], other
    passed = verdict(server, bought())
    assert passed["decision"] == "allow" and "approval" not in passed
    assert "magistrate.approved" in [reason["policy"] for reason in passed["reasons"]]
    assert state(server, approval) == "expired", "used up"
    assert wanted(verdict(server, bought()))["id"] != approval["id"], "replayed"
    assert decide(server, approval)[0] == 409
    server.stop()
    rows = server.sql("select magistrate.approval.state, magistrate.approval.person, magistrate.approval.comment from lake"
                      f" where magistrate.approval.uid = '{approval['id']}' and magistrate.approval.state is not null order by time")
    assert [row[:2] for row in rows] == [("pending", None), ("approved", "admin"), ("used", None)]
    assert rows[1][2].startswith("fine, [redacted:")
    used = server.sql(f"select magistrate.verdict.uid from lake where magistrate.approval.uid = '{approval['id']}'"
                      " and magistrate.verdict.decision = 'allow'")
    assert used == [(passed["verdict_id"],)]
    for path, content in server.every_byte_written():
        assert KEY.encode() not in content, path


def test_only_the_admin_listener_and_its_credentials_decide(start, tmp_path):
    tokens = tmp_path / "judge.tokens"
    tokens.write_text("proxy the-judges-token\n")
    people = tmp_path / "people.tokens"
    people.write_text("ana anas-own-token\nbo the-judges-token\n")
    auth = f'[auth]\njudge_tokens = "{tokens}"\napprover_tokens = "{people}"\n'
    server = start(auth=auth)
    judge = {"authorization": "Bearer the-judges-token"}
    status, answer = ask(server, bought(), headers=judge)
    approval = wanted(answer)
    for bearer in ["the-judges-token", "nobodys", None]:
        status, told = decide(server, approval, bearer=bearer)
        assert status == 401, (bearer, told)
    for path in [f"/v1/approvals/{approval['id']}/approve", f"/api/v1/approvals/{approval['id']}/approve"]:
        status, _, _ = server.post(path, b"{}", "application/json", {"authorization": f"Bearer {token(server)}"}, listener="judge")
        assert status in (404, 405), path
    # A cookie is no token either, and a person's token opens nothing but approvals.
    cookie = {"cookie": "magistrate_session=" + "0" * 32, "x-magistrate-page": "1"}
    assert decide(server, approval, bearer=None, headers=cookie)[0] == 401
    assert server.read("/api/v1/coverage", headers={"authorization": "Bearer anas-own-token"}, status=401)
    assert server.read(f"/v1/approvals/{approval['id']}", listener="judge", headers=judge)["state"] == "pending"
    assert server.read(f"/v1/approvals/{approval['id']}", listener="judge", status=401)
    status, told = decide(server, approval, bearer="anas-own-token")
    assert (status, told["votes"][0]["person"]) == (200, "ana")


def test_a_second_person_where_one_is_not_enough(start, tmp_path):
    people = tmp_path / "people.tokens"
    people.write_text("ana anas-own-token\nbo bos-own-token\n")
    server = start(config="[judge.category.irreversible]\npersons = 2\n", auth=f'[auth]\napprover_tokens = "{people}"\n')
    approval = wanted(verdict(server, bought()))
    assert decide(server, approval, bearer="anas-own-token")[1]["state"] == "pending"
    assert decide(server, approval, bearer="anas-own-token")[0] == 409
    assert wanted(verdict(server, bought())) == approval
    assert decide(server, approval, bearer="bos-own-token")[1]["state"] == "approved"
    assert verdict(server, bought())["decision"] == "allow"


def test_denied_and_expired_ones_let_nothing_pass(start):
    server = start(config="[judge.approvals]\nexpires_seconds = 600\nuse_within_seconds = 1\n")
    approval = wanted(verdict(server, bought()))
    assert decide(server, approval, "deny")[1]["state"] == "denied"
    denied = verdict(server, bought())
    assert denied["decision"] == "block" and denied["reasons"][0]["policy"] == "magistrate.denied"
    assert decide(server, approval)[0] == 409
    approval = wanted(verdict(server, bought("another")))
    decide(server, approval)
    server.wait(lambda: state(server, approval) == "expired", "expiry")
    assert wanted(verdict(server, bought("another")))["id"] != approval["id"]
    server.stop()
    told = server.sql("select count(*) from lake where magistrate.approval.state = 'expired'")
    assert told == [(1,)]


def test_a_kill_between_grant_and_use_neither_loses_nor_doubles_it(start):
    server = start()
    approvals = [wanted(verdict(server, bought(str(number)))) for number in range(10)]
    for approval in approvals:
        assert decide(server, approval)[0] == 200
    for number in range(5):
        assert verdict(server, bought(str(number)))["decision"] == "allow"
    asked_again = verdict(server, bought("5", request_id="r5"))
    assert asked_again["decision"] == "allow"
    server.kill()
    server.start()
    for number in range(5):
        assert wanted(verdict(server, bought(str(number))))["id"] not in [one["id"] for one in approvals]
    assert verdict(server, bought("5", request_id="r5"))["decision"] == "allow", "the very same question once more"
    assert wanted(verdict(server, bought("5")))
    for number in range(6, 10):
        assert verdict(server, bought(str(number)))["decision"] == "allow", number
        assert wanted(verdict(server, bought(str(number))))
    server.stop()
    count = "select count(*), count(distinct metadata.uid) from lake where magistrate.approval.state = '{}'"
    assert server.sql(count.format("used")) == [(10, 10)]
    assert server.sql(count.format("approved")) == [(10, 10)]


def test_a_hook_is_denied_with_the_approvals_address_and_passes_once(start):
    server = start()
    call = changed("PreToolUse-Bash", tool_input={"command": "make release"})
    reason = hook(server, call)["hookSpecificOutput"]["permissionDecisionReason"]
    listed = server.read("/api/v1/approvals?state=open", headers={"authorization": f"Bearer {token(server)}"})["approvals"]
    [approval] = listed
    assert approval["page"] in reason and approval["id"] in reason
    assert decide(server, approval)[0] == 200
    other = {**call, "tool_input": {"command": "make releasf"}}
    assert hook(server, other)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert hook(server, call) == {}
    # The client asks for permission for the same call, and then never again.
    permission = {key: value for key, value in call.items() if key != "tool_use_id"}
    permission["hook_event_name"] = "PermissionRequest"
    assert hook(server, permission) == {}
    assert hook(server, permission)["hookSpecificOutput"]["decision"]["behavior"] == "deny"
    assert hook(server, call)["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_whoever_waits_hears_at_once(start):
    server = start()
    approval = wanted(verdict(server, bought()))
    headers = {"authorization": f"Bearer {token(server)}"}
    version = server.read("/api/v1/approvals", headers=headers)["version"]
    heard = []
    waiting = [threading.Thread(target=lambda: heard.append(state(server, approval, wait_ms=20000))),
               threading.Thread(target=lambda: heard.append(server.read(
                   f"/api/v1/approvals?after={version}&wait_ms=20000", headers=headers)["approvals"][0]["state"]))]
    for one in waiting:
        one.start()
    decide(server, approval)
    for one in waiting:
        one.join(15)
    assert heard == ["approved", "approved"]
    heard.clear()
    other = wanted(verdict(server, bought("b")))
    waiting = threading.Thread(target=lambda: heard.append(state(server, other, wait_ms=60000)))
    waiting.start()
    server.wait(lambda: server.metric("magistrate_ingest_connections", listener="judge") == 1, "somebody who waits")
    server.stop()
    waiting.join(15)
    assert heard == ["pending"], "a stop ends the wait"


def command(server, *arguments):
    line = [BINARY, "approvals", *arguments, "-c", server.config, "--data", server.data]
    return subprocess.run([str(part) for part in line], capture_output=True, text=True, timeout=60)


def test_the_command_lists_shows_and_decides(start):
    server = start()
    approval = wanted(verdict(server, bought()))
    listed = command(server, "list")
    assert listed.returncode == 0 and approval["id"] in listed.stdout and "purchase" in listed.stdout, listed.stderr
    assert json.loads(command(server, "list", "--json").stdout)[0]["id"] == approval["id"]
    assert "ana@example.com" in command(server, "show", approval["id"]).stdout
    done = command(server, "approve", approval["id"], "--comment", "go on", "--json")
    assert json.loads(done.stdout)["state"] == "approved", done.stderr
    assert command(server, "approve", approval["id"]).returncode == 64
    assert command(server, "deny", "nonsense").returncode == 64
    assert command(server, "deny", approval["id"]).returncode == 0
    server.stop()
    assert "nothing waits" in command(server, "list").stdout
    assert approval["id"] in command(server, "list", "--all").stdout
    refused = command(server, "approve", approval["id"])
    assert refused.returncode == 64 and "running instance" in refused.stderr


def test_a_browser_signs_in_and_other_sites_cannot_decide(start):
    server = start()
    approval = wanted(verdict(server, bought()))
    page = approval["page"].removeprefix(server.url("admin", ""))
    html = {"accept": "text/html,*/*"}
    asked = server.read(page, headers=html, status=401)
    assert 'name="token"' in asked and page in asked
    form = urllib.parse.urlencode({"token": "wrong", "next": page}).encode()
    assert server.post("/sign-in", form, "application/x-www-form-urlencoded", listener="admin")[0] == 401
    form = urllib.parse.urlencode({"token": token(server), "next": page}).encode()
    cookie = server.sign_in(form)
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    cookie = {"cookie": cookie.split(";")[0]}
    shown = server.read(page, headers={**html, **cookie})
    assert "approvals.js" in shown and approval["id"] not in shown
    assert decide(server, approval, bearer=None, headers=cookie)[0] == 401, "another site's form"
    ours = {**cookie, "x-magistrate-page": "approvals"}
    assert decide(server, approval, bearer=None, headers=ours)[1]["state"] == "approved"
    assert admin(server, "/sign-out", bearer=None, headers=ours)[0] == 204
    assert server.read(page, headers={**html, **cookie}, status=401)


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((dict(self.headers), body))
        self.send_response(500 if len(self.server.seen) == 1 else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_webhook_is_told_signed_and_again_where_it_failed(start, tmp_path):
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    receiver.seen = []
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    secret = bytes(range(24))
    (tmp_path / "secret").write_text("whsec_" + base64.b64encode(secret).decode())
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    server = start(config=f'[judge.approvals.webhook]\nurl = "{url}"\nsecret_file = "{tmp_path}/secret"\n')
    approval = wanted(verdict(server, bought(f"a book for {KEY}")))
    decide(server, approval)
    server.wait(lambda: len(receiver.seen) >= 3, "three messages")
    receiver.shutdown()
    told = []
    for headers, body in receiver.seen:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        tag = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{tag}"
        assert KEY.encode() not in body
        told.append((headers["webhook-id"], json.loads(body)["type"]))
    assert told[0] == told[1], "the one that failed came again with the same id"
    assert [kind for _, kind in told[1:]] == ["approval.pending", "approval.approved"]
