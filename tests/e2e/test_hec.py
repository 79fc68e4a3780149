"""Forwarding to a Splunk HEC that is busy, slow to acknowledge, or gone."""

import pytest

import otlp
import records
from conftest import FIXTURES
from hec import TOKEN, Hec


def config(hec, ack="false"):
    return f"""
[[sink]]
name = "splunk"
kind = "splunk_hec"
endpoint = "{hec.url()}"
token = "{TOKEN}"
ack = {ack}
"""


def post(server, ids):
    port = server.ports["otlp_http"]
    status, text = otlp.http_post(port, "logs", records.request(ids), "application/x-protobuf")
    assert status == 200, text


@pytest.mark.parametrize("ack", ["false", "true"])
def test_a_hec_that_is_busy_for_a_while_gets_every_event(magistrate, ack):
    hec = Hec(ack=ack == "true")
    hec.busy = True
    server = magistrate(config(hec, ack)).start()
    for first in range(0, 500, 100):
        post(server, range(first, first + 100))
    server.wait(lambda: hec.refused >= 2, "refusals")
    hec.busy = False
    server.wait(lambda: len(set(hec.uids())) == 500, "500 events at the HEC", 60)
    server.stop()
    assert sorted(set(hec.uids())) == sorted(uid for uid, in server.sql("select metadata.uid from lake"))


def test_events_without_acknowledgement_are_sent_again_after_a_restart(magistrate):
    hec = Hec(ack=True)
    hec.acking = False
    server = magistrate(config(hec, "true")).start()
    post(server, range(50))
    server.wait(lambda: len(hec.events) >= 50, "events at the HEC")
    server.stop()
    hec.acking = True
    server.start()
    server.wait(lambda: len(hec.events) >= 100, "the events again")
    server.stop()
    assert len(set(hec.uids())) == 50


def test_a_masked_tool_has_the_name_at_the_hec_that_a_span_tells_later(magistrate):
    """The log says `mcp_tool`; what does not wait for a name comes before its span is sent."""
    hec = Hec()
    server = magistrate(config(hec)).start()
    bodies = list(otlp.bodies(FIXTURES / "otlp/http-json-redacted"))

    def send(wanted):
        for signal, encoding, body in bodies:
            if signal == wanted:
                text = otlp.as_json(signal, encoding, body)
                assert otlp.http_post(server.ports["otlp_http"], signal, text, "application/json")[0] == 200

    def results():
        found = [event["event"] for event in hec.events if event["event"]["metadata"].get("event_code") == "tool_result"]
        tool = lambda event: event["unmapped"]["magistrate"]["tool"]
        return sorted((event["api"]["operation"], tool(event)["name_state"]) for event in found if tool(event)["class"] == "mcp")

    send("logs")
    server.wait(lambda: len(hec.events) >= 5, "events at the HEC")
    assert results() == []
    send("traces")
    server.wait(lambda: len(results()) == 2, "masked calls at the HEC", 30)
    assert results() == [("broken_tool", "joined"), ("lookup_customer", "joined")]
    server.stop()
    assert len(hec.uids()) == len(set(hec.uids()))


def test_a_dead_sink_delays_neither_intake_nor_lake(magistrate):
    gone = Hec()
    gone.shutdown()
    gone.server_close()
    server = magistrate(config(gone) + '[lake]\nmax_age = "1s"\n').start()
    post(server, range(100))
    server.wait(lambda: server.sql("select count(*) from lake") == [(100,)], "rows in the lake")
    server.stop()


def test_forwarded_events_validate_as_ocsf(magistrate, tmp_path):
    import json
    import subprocess
    import sys

    hec = Hec()
    server = magistrate(config(hec)).start()
    sent = 0
    for capture in sorted((FIXTURES / "otlp").iterdir()):
        if capture.is_dir():
            for signal, encoding, body in otlp.bodies(capture):
                if signal == "logs":
                    body = otlp.as_protobuf(signal, encoding, body)
                    status, text = otlp.http_post(server.ports["otlp_http"], signal, body, "application/x-protobuf")
                    assert status == 200, text
                    sent += 1
    assert sent > 0
    # Alerts are sent, too, and are no records that were accepted.
    server.wait(lambda: server.metric("magistrate_accepted_records_total") <= len(hec.events), "all events", 60)
    server.stop()
    assert any(event["event"]["class_uid"] == 2004 for event in hec.events)
    lines = tmp_path / "events.ndjson"
    lines.write_text("".join(json.dumps(event["event"]) + "\n" for event in hec.events))
    validator = FIXTURES.parent / "python/ocsf_validate.py"
    outcome = subprocess.run([sys.executable, validator, lines], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout[-3000:] + outcome.stderr[-1000:]
