"""A strict Splunk HTTP Event Collector, built from its documented contract, that can misbehave."""

import http.server
import json
import threading

from fake import JsonHandler

TOKEN = "0000" + "-made-up-token"


class Hec(http.server.ThreadingHTTPServer):
    """Keeps every event it accepted; answers 503 while `busy` is set; acks only when `acking`."""

    def __init__(self, ack=False):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ack = ack
        self.acking = True
        self.busy = False
        self.events = []
        self.refused = 0
        self.next_ack = 0
        self.pending = set()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def uids(self):
        return [event["event"]["metadata"]["uid"] for event in self.events]


class _Handler(JsonHandler):
    def do_POST(self):
        body = self.body()
        hec = self.server
        with hec.lock:
            if self.headers.get("authorization") != f"Splunk {TOKEN}":
                return self.answer(401, {"text": "Invalid authorization", "code": 3})
            if hec.ack and not self.headers.get("x-splunk-request-channel"):
                return self.answer(400, {"text": "Data channel is missing", "code": 10})
            if self.path.startswith("/services/collector/ack"):
                asked = json.loads(body)["acks"]
                done = {number for number in asked if hec.acking and number in hec.pending}
                hec.pending -= done
                return self.answer(200, {"acks": {str(number): number in done for number in asked}})
            if self.path not in ("/services/collector/event", "/services/collector"):
                return self.answer(404, {"text": "not found", "code": 404})
            if hec.busy:
                hec.refused += 1
                return self.answer(503, {"text": "Server is busy", "code": 9})
            return self.take(body.decode())

    def take(self, text):
        hec, decoder, at, events = self.server, json.JSONDecoder(), 0, []
        while at < len(text):
            try:
                event, at = decoder.raw_decode(text, at)
            except ValueError:
                return self.answer(400, {"text": "Invalid data format", "code": 6, "invalid-event-number": len(events)})
            if not event.get("event"):
                return self.answer(400, {"text": "Event field is required", "code": 12})
            if any(isinstance(value, dict) for value in event.get("fields", {}).values()):
                return self.answer(400, {"text": "Error in handling indexed fields", "code": 15})
            events.append(event)
            while at < len(text) and text[at].isspace():
                at += 1
        if not events:
            return self.answer(400, {"text": "No data", "code": 5})
        hec.events.extend(events)
        reply = {"text": "Success", "code": 0}
        if hec.ack:
            reply["ackId"] = hec.next_ack
            hec.pending.add(hec.next_ack)
            hec.next_ack += 1
        self.answer(200, reply)
