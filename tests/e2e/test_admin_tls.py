"""The admin listener over TLS: people and scrapers check its certificate, commands of the machine know it."""

import http.client
import json
import ssl
import urllib.error

import pytest

from test_approvals import token
from test_judge import SLOW, verdict
from test_judge_icap import certificates  # noqa: F401

PURCHASE = {"deadline_ms": 20000, "event": "app_action", "action": "delete", "app": {"id": "shop"}}


def configured(certificates, more=""):
    certificate, key = certificates["judge"]
    return SLOW + f'profile = "high-risk"\n[tls.admin]\ncert_file = "{certificate}"\nkey_file = "{key}"\n{more}'


def trusting(certificates, who=None):
    context = ssl.create_default_context(cafile=certificates["authority"][0])
    if who:
        context.load_cert_chain(*certificates[who])
    return context


def test_people_and_commands_are_served_over_tls_and_nobody_in_the_clear(magistrate, certificates, run):
    server = magistrate(configured(certificates))
    server.trusts = trusting(certificates)
    server.start()
    assert "magistrate_judge" in server.get("/metrics"), "no token is needed on loopback"
    server.read("/api/v1/approvals", status=401)
    asked = verdict(server, PURCHASE)
    page = f"https://127.0.0.1:{server.ports['admin']}/"
    assert asked["decision"] == "require_approval" and asked["approval"]["page"].startswith(page), asked
    admin = {"authorization": f"Bearer {token(server)}"}
    [waiting] = server.read("/api/v1/approvals?state=open", headers=admin)["approvals"]
    assert waiting["id"] == asked["approval"]["id"]
    for command in (["approvals", "list", "--json"], ["coverage", "--json"]):
        done = run(*command, "-c", server.config, "--data", server.data)
        assert done.returncode in (0, 1) and json.loads(done.stdout) is not None, done
        assert b"no answer" not in done.stderr, done.stderr
    done = run("approvals", "approve", asked["approval"]["id"], "-c", server.config, "--data", server.data)
    assert done.returncode == 0, done.stderr
    assert verdict(server, PURCHASE)["decision"] == "allow"
    plain = http.client.HTTPConnection("127.0.0.1", server.ports["admin"], timeout=30)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        plain.request("GET", "/livez")
        plain.getresponse()


def test_commands_speak_with_no_other_certificate(magistrate, certificates, run):
    server = magistrate(configured(certificates))
    server.trusts = trusting(certificates)
    server.start()
    lock = server.data / "lock"
    process, address, own, *_ = lock.read_text().split("\n")
    lock.write_text(f"{process}\n{address}\n{own[::-1]}\n")
    done = run("approvals", "list", "-c", server.config, "--data", server.data)
    assert done.returncode != 0 and b"no answer from the instance" in done.stderr, done


def test_where_an_authority_is_set_only_its_certificates_are_let_in(magistrate, certificates):
    server = magistrate(configured(certificates, f'client_ca_file = "{certificates["authority"][0]}"\n'))
    server.trusts = trusting(certificates, "proxy")
    server.start()
    for who in (None, "stranger"):
        server.trusts = trusting(certificates, who)
        with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
            server.get("/livez")
