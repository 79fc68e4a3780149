"""The standing proof of redaction: rounds that find nothing, and a leak that stops the output."""

import records
from hec import Hec
from test_hec import config as hec_config

QUICK = '[lake]\nmax_age = "1s"\n[canary]\nevery = "1s"\n'


def test_a_round_goes_through_every_source_and_finds_nothing(magistrate):
    server = magistrate(QUICK + hec_config(Hec())).start()
    server.wait(lambda: server.metric("redaction_canary_last_success_timestamp_seconds") > 0, "clean round", 60)
    for output in ("queue", "lake", "dead_letters", "splunk"):
        assert server.metric("redaction_canary_checked_outputs_total", output=output) > 0, output
    assert server.metric("redaction_canary_planted_secrets_total") > 100
    assert server.metric("redaction_canary_leaks_total") == 0
    server.stop()
    sources = server.sql("select distinct magistrate.source from lake where magistrate.identity = 'redaction-canary'")
    assert sorted(source for (source,) in sources) == ["otlp_grpc", "otlp_http", "syslog_tcp", "syslog_udp"]


def test_a_sample_that_no_rule_masks_stops_the_queue(magistrate):
    sample = "blue heron over the lake"
    server = magistrate(QUICK + f'samples = ["{sample}"]\n').start()
    server.wait(lambda: server.metric("redaction_canary_leaks_total", output="queue") > 0, "leak", 60)
    status, headers, _ = server.post("/v1/logs", records.request([1]), "application/x-protobuf")
    assert (status, headers["retry-after"]) == (503, "60")
    assert server.metric("redaction_canary_last_success_timestamp_seconds") == 0
    server.wait(lambda: "has stopped" in server.log.read_text(), "log line", 10)
    server.stop()
    for path, content in server.every_byte_written():
        assert sample.encode() not in content, path


def test_faults_of_the_section_are_named(run, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('[canary]\nevery = "0s"\nsamples = ["x"]\n')
    done = run("check", "-c", file)
    assert done.returncode == 64
    text = (done.stdout + done.stderr).decode()
    assert "canary.every" in text and "canary.samples[0]" in text
