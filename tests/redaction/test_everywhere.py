"""Secrets in every encoding, in every string position of every source, are nowhere: disk, wire, log, metrics.

Every encoding meets every position; every format meets a sample of both, drawn for each place by itself.
MAGISTRATE_PLANT_ROUNDS asks for more formats in each place, MAGISTRATE_PLANT_SEED for others.
"""

import collections
import concurrent.futures
import copy
import json
import os
import random
import re
import socket

import grpc
import pytest

import otlp
import questions
import records
from disguises import ENCODINGS
from elastic import Elastic
from formats import BY_NAME
from gram_index import GramIndex
from hec import TOKEN, Hec
from lines import LINES
from planting import planted
from positions import plant, positions, sample

SEED = os.environ.get("MAGISTRATE_PLANT_SEED", "3")
ROUNDS = int(os.environ.get("MAGISTRATE_PLANT_ROUNDS", 1))
BATCH = 60
# Survivors that a report shows.
SHOWN = 40
PRINTABLE = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f]{8,}")
# Questions come several at once, as many as may wait for a debug build.
ASKERS = 4
CONFIG = """
[lake]
max_age = "1s"

[judge]
deadline_ms = 20000

[judge.inference_hooks]
secrets_file = "{}"

[[sink]]
name = "splunk"
kind = "splunk_hec"
endpoint = "{}"
token = "{}"
records = ["alert", "verdict", "event", "metric", "span"]

[[sink]]
name = "elastic"
kind = "elasticsearch"
endpoint = "{}"
token = "made-up-api-key"
records = ["alert", "verdict", "event", "metric", "span"]
"""


def places(turn):
    """Every position of every source; the three forms of OTLP take turns."""
    for signal in otlp.REQUESTS:
        for at, path in enumerate(positions(sample(signal))):
            form = ("protobuf", "json", "grpc")[(turn + at) % 3]
            yield form, signal, path, f"{signal} {at} " + ".".join(step for step, _ in path)
    for name in LINES:
        yield "syslog", None, name, f"syslog {name}"
    yield "broken", None, None, "broken body"
    for path, document, at in questions.places():
        where = f"{path} {questions.kind(document)} " + ".".join(map(str, at))
        yield "judge", path, (document, at), where


def plan():
    """What is planted where: encoding by place in full, the formats drawn so that more places shift nothing."""
    names = list(BY_NAME)
    for turn in range(ROUNDS):
        for at, encoding in enumerate(ENCODINGS):
            for place in places(turn + at):
                seed = f"{SEED} {turn} {encoding} {place[3]}"
                yield random.Random(seed).choice(names), encoding, place, seed


class Sender:
    """Sends what is planted in batches, as each source does."""

    def __init__(self, server):
        self.server = server
        self.wholes = {signal: sample(signal) for signal in otlp.REQUESTS}
        self.channel = grpc.insecure_channel(f"127.0.0.1:{server.ports['otlp_grpc']}")
        self.syslog = socket.create_connection(("127.0.0.1", server.ports["syslog_tcp"]))
        self.waiting = collections.defaultdict(list)
        self.lines = self.broken = 0
        self.askers = concurrent.futures.ThreadPoolExecutor(ASKERS)
        self.asked = []

    def send(self, place, text):
        form, signal, path, _ = place
        if form == "syslog":
            # `{}` and not a format call: templates of JSON hold braces of their own.
            template = LINES[path].replace("{{", "{").replace("}}", "}")
            line = template.replace("{json}", json.dumps(text, ensure_ascii=False)[1:-1]).replace("{}", text).encode()
            self.syslog.sendall(b"%d %s" % (len(line), line))
            self.lines += 1
        elif form == "broken":
            body = otlp.as_json("logs", "protobuf", records.request([1], text="x"))
            body = body.replace(b"echo x", json.dumps(text, ensure_ascii=False)[1:-1].encode())[:-9]
            assert self.server.post("/v1/logs", body, "application/json")[0] == 400
            self.broken += 1
        elif form == "judge":
            document, at = path
            self.asked.append(self.askers.submit(questions.ask, self.server.ports, signal, document, at, text))
        else:
            message = copy.deepcopy(self.wholes[signal])
            plant(message, path, text)
            waiting = self.waiting[form, signal]
            waiting.append(message.SerializeToString())
            if len(waiting) >= BATCH:
                self.flush(form, signal)

    def flush(self, form, signal):
        # Protobuf messages one after another are one message with the lists of all.
        body = b"".join(self.waiting.pop((form, signal)))
        if form == "grpc":
            otlp.grpc_call(self.channel, signal, body)
            return
        content_type = "application/x-protobuf"
        if form == "json":
            body, content_type = otlp.as_json(signal, "protobuf", body), "application/json"
        status, answer = otlp.http_post(self.server.ports["otlp_http"], signal, body, content_type)
        assert status == 200, answer

    def finish(self):
        for form, signal in list(self.waiting):
            self.flush(form, signal)
        self.syslog.close()
        self.channel.close()
        self.askers.shutdown()

    def answers(self):
        """What the judge answered."""
        return [one.result()[1] for one in self.asked]

    def judged(self):
        """How many questions were judged."""
        return sum(one.result()[0] for one in self.asked)


def strings(value):
    """Every string in a JSON document, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def survivors(index, places):
    """What was planted and can still be read, with the places where and a text of each."""
    found, seen = collections.defaultdict(dict), {}
    for place, texts in places:
        for text in texts:
            if text not in seen:
                seen[text] = index.decoded_hits(text)
            for label in seen[text]:
                found[label][place] = text
    return found


def written(server):
    for path, content in server.every_byte_written():
        if path.suffix != ".parquet":
            yield path.name, PRINTABLE.findall(content.decode("utf-8", "replace"))


def report(found, planned):
    counts = {kind: collections.Counter() for kind in ("format", "encoding", "position", "found in")}
    for (name, encoding, place), where in found.items():
        for kind, value in (("format", name), ("encoding", encoding), ("position", place)):
            counts[kind][value] += 1
        counts["found in"].update(list(where))
    total = collections.Counter(encoding for _, encoding, _, _ in planned)
    lines = [f"survivors: {len(found)} of {len(planned)} planted"]
    lines += [f"{kind:9} {number:5}  {value}{f' of {total[value]}' if kind == 'encoding' else ''}"
              for kind, counter in counts.items() for value, number in counter.most_common()]
    for label, where in list(found.items())[:SHOWN]:
        lines.append(" | ".join(label))
        lines += [f"    {place}: {text[:400]!r}" for place, text in where.items()]
    return "\n".join(lines)


@pytest.fixture
def run_with_peers(magistrate, tmp_path):
    hec, elastic = Hec(), Elastic()
    hooks = tmp_path / "hooks"
    hooks.write_text(questions.SECRET + "\n")
    yield magistrate(CONFIG.format(hooks, hec.url(), TOKEN, elastic.url())).start(), hec, elastic
    for peer in (hec, elastic):
        peer.shutdown()
        peer.server_close()


def test_no_secret_is_anywhere(run_with_peers):
    server, hec, elastic = run_with_peers
    planned, index, sender = list(plan()), GramIndex(), Sender(server)
    assert len({name for name, *_ in planned}) >= 150
    for name, encoding, place, seed in planned:
        text, parts = planted(BY_NAME[name], encoding, seed)
        index.add(parts, (name, encoding, place[3]))
        sender.send(place, text)
    sender.finish()
    # What is asked has two rows, an action and a verdict; a question that is malformed has none.
    assert sender.judged() > len(sender.asked) * 0.8
    planted_rows = len(planned) - sender.broken - len(sender.asked) + 2 * sender.judged()
    server.wait(lambda: server.metric("magistrate_queue_appended_total") >= planted_rows, "queued rows", 60)
    queued = server.metric("magistrate_queue_appended_total")
    server.wait(lambda: len(hec.events) >= queued and len(elastic.documents) >= queued, "forwarded rows", 60)
    metrics = server.get("/metrics").splitlines()
    server.stop()
    rows = [json.loads(row) for row, in server.sql("select to_json(lake) from lake")]
    assert len(rows) >= planted_rows
    assert any(row["class_uid"] == 2004 for row in rows), "alerts are searched, too"
    found = survivors(index, [
        *(("lake", strings(row)) for row in rows), ("metrics", metrics), *written(server),
        *(("answers", strings(answer)) for answer in sender.answers()),
        *(("hec", strings(event)) for event in hec.events), *(("elastic", strings(document)) for document in elastic.documents.values()),
    ])
    print(report(found, planned))
    assert not found, report(found, planned)
