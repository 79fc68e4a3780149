"""Who can read what is stored, and who has: `magistrate access report`."""

import json
import os

from test_judge import SLOW, verdict
from test_unseal import make_pair, rows, send

ASK = {"deadline_ms": 20000, "event": "app_action", "action": "purchase", "session": {"id": "s1"}}
OWN = ("read", "admin", "access report", "read")


def report(run, server, *more):
    answer = run("access", "report", "-c", server.config, "--data", server.data, "--json", *more)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_it_tells_who_opened_and_read_what_and_why(magistrate, run, tmp_path):
    (tmp_path / "approvers").write_text("bea " + "b" * 32 + "\n")
    private, public, key_id = make_pair(run, tmp_path, "seal")
    config = f'[auth]\napprover_tokens = "{tmp_path / "approvers"}"\n[redact.seal]\nkey_file = "{public}"\n{SLOW}'
    server = magistrate(config).start()
    verdict(server, ASK)
    server.read("/api/v1/approvals", headers={"Authorization": "Bearer " + "b" * 32})
    secret = "AKIA" + "Z7Q3N5XJ4K2WPLM6"
    send(server, f"aws configure set aws_access_key_id {secret}")
    server.wait(lambda: any(server.data.glob("lake/process_activity/**/*.parquet")), "row in the lake")
    [(uid, _, _)] = [row for row in rows(server) if row[2] and row[1]]
    sealed = ("unseal", "-c", server.config, "--data", server.data, "--key-file", private)
    opened = run(*sealed, "--reason", "ticket 4711", uid)
    assert opened.returncode == 0 and secret.encode() in opened.stdout, opened.stderr
    missing = "0" * 32
    assert run(*sealed, "--reason", f"curious about {secret}", missing).returncode == 1

    def check(told, reads):
        looks = {(look["did"], look["who"].split(" (")[0], look["what"], look["outcome"]) for look in told["looks"]}
        me = [look["who"] for look in told["looks"] if look["did"] == "unseal"]
        assert all(who.endswith(f"({os.getuid()})") for who in me), me
        user = me[0].split(" (")[0]
        # Its own row may be too late for it.
        looks.discard(OWN)
        assert looks == {("unseal", user, uid, "opened"), ("unseal", user, missing, "not_found"), *reads}, looks
        reasons = {look["what"]: look["reason"] for look in told["looks"] if look["did"] == "unseal"}
        assert reasons[uid] == "ticket 4711"
        assert reasons[missing].startswith("curious about [redacted:"), reasons
        assert told["journal"]["is_sound"] and told["journal"]["entries"] > 0
        assert secret not in json.dumps(told)

    read = {("read", "bea", "approvals", "read")}
    told = report(run, server)
    check(told, read)
    assert told["sealed_for"] == key_id
    roles = {role["role"]: role["who"] for role in told["roles"]}
    assert roles["approver"] == ["bea"] and roles["sender"] == ["anybody who reaches the port"]
    text = run("access", "report", "-c", server.config, "--data", server.data).stdout.decode()
    assert f"{uid}  opened  \"ticket 4711\"" in text and "as it was written" in text, text
    assert "b" * 32 not in text and (server.data / "admin.token").read_text().strip() not in text
    server.stop()
    told = report(run, server, "--days", "1")
    own = [look for look in told["looks"] if look["what"] == "access report"]
    assert len(own) == 2 and all((look["did"], look["who"]) == OWN[:2] for look in own), "a running instance writes its readers down"
    check(told, read)


def test_it_tells_who_can_read_by_modes_and_names(magistrate, run, tmp_path):
    server = magistrate("").start()
    send(server, "ls")
    server.stop()
    told = report(run, server)
    held = {one["name"]: one for one in told["held"]}
    assert set(held) >= {"lake", "queue", "audit journal", "state", "redaction key", "event id key", "audit key", "admin token"}
    assert not any(one["open_to_others"] for one in told["held"]), held
    assert held["redaction key"]["mode"] == held["admin token"]["mode"] == "0600"
    assert all("root (0)" in one["readers"] for one in told["held"])
    assert told["lake_encrypted"] is False and told["sealed_for"] is None and told["looks"] == []
    key, file = server.data / "keys/redact.key", next(server.data.glob("lake/**/*.parquet"))
    key.chmod(0o644)
    file.chmod(0o644)
    # The folders above still keep others out.
    assert not any(one["open_to_others"] for one in report(run, server)["held"])
    for folder in [server.data, key.parent, *file.parents]:
        if folder.is_relative_to(server.data):
            folder.chmod(0o755)
    for folder in server.data.parents:
        if os.stat(folder).st_uid == os.getuid() and folder != folder.parent:
            folder.chmod(os.stat(folder).st_mode | 0o111)
    held = {one["name"]: one for one in report(run, server)["held"]}
    assert {name for name, one in held.items() if one["open_to_others"]} == {"redaction key", "lake"}, held
    assert "everybody on this machine" in held["redaction key"]["readers"]


def test_a_folder_that_is_none_and_days_that_are_none_are_refused(run, tmp_path):
    assert run("access", "report", "--data", tmp_path / "missing").returncode == 64
    assert run("access", "report", "--data", tmp_path, "--days", "0").returncode == 64
    empty = json.loads(run("access", "report", "--data", tmp_path, "--json").stdout)
    assert empty["held"] == [] and empty["looks"] == [] and empty["journal"] is None
