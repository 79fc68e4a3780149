"""Who read what is stored: a row for each reader, kept before anything is shown."""

import json

from test_judge import SLOW, verdict

ASK = {"deadline_ms": 20000, "event": "app_action", "action": "purchase", "session": {"id": "s1"}}


def test_each_reader_and_what_it_read_is_a_row(magistrate, run, tmp_path):
    (tmp_path / "approvers").write_text("bea " + "b" * 32 + "\n")
    server = magistrate(f'[auth]\napprover_tokens = "{tmp_path / "approvers"}"\n{SLOW}').start()
    approval = verdict(server, ASK)["approval"]["id"]
    own = {"Authorization": "Bearer " + (server.data / "admin.token").read_text().strip()}
    bea = {"Authorization": "Bearer " + "b" * 32}
    # Again and again: one row.
    for _ in range(3):
        server.read("/api/v1/approvals", headers=bea)
    server.read(f"/api/v1/approvals/{approval}", headers=bea)
    server.read("/api/v1/coverage", headers=own)
    server.read("/api/v1/inventory", headers=own)
    # What is refused, or is not there, is not read.
    server.read("/api/v1/approvals", status=401)
    server.read("/api/v1/coverage", headers=bea, status=401)
    server.read("/api/v1/approvals/" + "0" * 32, headers=bea, status=404)
    assert run("session", "s1", "-c", server.config, "--data", server.data).returncode == 0
    assert run("backtest", "-c", server.config, "--data", server.data).returncode == 0
    assert run("approvals", "show", approval, "-c", server.config, "--data", server.data).returncode == 0
    status, _, _ = server.post("/api/v1/lake/close", b"{", "application/json", own, listener="admin")
    assert status == 400
    server.kill()
    server.start()
    server.stop()
    rows = server.sql("select actor.user.name, message, magistrate.peer from lake where metadata.event_code = 'magistrate.read'")
    expected = {
        ("bea", "approvals"), ("bea", f"approval {approval}"), ("admin", "coverage"), ("admin", "inventory"),
        ("admin", "session s1"), ("admin", "backtest"), ("admin", f"approval {approval}"),
    }
    assert sorted(rows) == sorted((person, what, "127.0.0.1") for person, what in expected), rows
    report = json.loads(run("verify", server.data, "--json").stdout)
    assert report["entries"] >= len(expected)
