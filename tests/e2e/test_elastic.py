"""Forwarding to Elasticsearch data streams: per-item results, busy answers, dead letters."""

import json

import otlp
import records
from elastic import Elastic


def start(magistrate, elastic):
    return magistrate(f"""
[[sink]]
name = "elastic"
kind = "elasticsearch"
endpoint = "{elastic.url()}"
token = "made-up-api-key"
""").start()


def post(server, ids):
    status, text = otlp.http_post(server.ports["otlp_http"], "logs", records.request(ids), "application/x-protobuf")
    assert status == 200, text


def call(document):
    return document["process"]["uid"]


def test_busy_requests_and_busy_items_are_sent_again(magistrate):
    elastic = Elastic()
    elastic.busy_requests = 2
    elastic.refuse = lambda document, attempt: 429 if attempt == 1 and call(document)[-1] in "02468" else None
    server = start(magistrate, elastic)
    post(server, range(300))
    server.wait(lambda: len(elastic.documents) == 300, "300 documents", 60)
    server.stop()
    assert sorted(elastic.documents) == sorted(uid for uid, in server.sql("select metadata.uid from lake"))
    assert all(attempts == 1 for uid, attempts in elastic.attempts.items()
               if call(elastic.documents[uid])[-1] in "13579bdf")


def test_documents_that_can_never_be_stored_are_dead_letters(magistrate):
    elastic = Elastic()
    elastic.refuse = lambda document, attempt: 400 if call(document).endswith("7") else None
    server = start(magistrate, elastic)
    post(server, range(16))
    server.wait(lambda: len(elastic.documents) == 15, "15 documents", 60)
    server.stop()
    letters = [json.loads(line) for path in (server.data / "dlq").iterdir() for line in path.read_text().splitlines()]
    assert [letter["stage"] for letter in letters] == ["elastic"]
    assert all(attempts == 1 for attempts in elastic.attempts.values()), "nothing is tried for ever"
