"""A strict Elasticsearch `_bulk` endpoint with data streams, that can refuse items."""

import http.server
import json
import threading

from fake import JsonHandler


class Elastic(http.server.ThreadingHTTPServer):
    """Stores documents by id. `failing` maps how often an id's first attempts get which status."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.documents = {}
        self.attempts = {}
        self.busy_requests = 0
        self.refuse = lambda document, attempt: None
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(JsonHandler):
    def do_POST(self):
        body = self.body()
        elastic = self.server
        with elastic.lock:
            if not self.path.split("?")[0].endswith("/_bulk"):
                return self.answer(404, {"error": "no such page"})
            if self.headers["content-type"] != "application/x-ndjson":
                return self.answer(406, {"error": "content type"})
            if not body.endswith(b"\n"):
                return self.answer(400, {"error": "The bulk request must be terminated by a newline [\\n]"})
            if elastic.busy_requests > 0:
                elastic.busy_requests -= 1
                return self.answer(503, {"error": "busy"})
            items = [self.item(*pair) for pair in self.pairs(body)]
            self.answer(200, {"errors": any(item["create"]["status"] >= 300 for item in items), "items": items})

    @staticmethod
    def pairs(body):
        lines = [json.loads(line) for line in body.splitlines()]
        return zip(lines[::2], lines[1::2], strict=True)

    def item(self, action, document):
        elastic = self.server
        [(verb, target)] = action.items()
        uid = target["_id"]
        attempt = elastic.attempts[uid] = elastic.attempts.get(uid, 0) + 1
        status, error = 201, None
        refusal = elastic.refuse(document, attempt)
        if verb != "create":
            status, error = 400, {"type": "illegal_argument_exception", "reason": "only create in a data stream"}
        elif "@timestamp" not in document:
            status, error = 400, {"type": "document_parsing_exception", "reason": "no @timestamp"}
        elif uid in elastic.documents:
            status, error = 409, {"type": "version_conflict_engine_exception", "reason": "exists"}
        elif refusal:
            status, error = refusal, {"type": "refused", "reason": "asked to"}
        else:
            elastic.documents[uid] = document
        result = {"_index": target.get("_index"), "_id": uid, "status": status}
        return {"create": {**result, "error": error} if error else result}
