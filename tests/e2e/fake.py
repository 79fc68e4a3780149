"""What the fake peers share: a JSON answer and a body that may be compressed."""

import gzip
import http.server
import json


class JsonHandler(http.server.BaseHTTPRequestHandler):
    """Answers with JSON and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        return gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
