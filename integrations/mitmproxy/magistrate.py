"""Asks Magistrate's judge about each request and answer that passes mitmproxy, and tells it of each flow.

    mitmdump -s magistrate.py --set magistrate_token_file=/etc/magistrate/token

- A request is held until its verdict is there, and passes, passes masked, or is answered 403 with the reason.
- Text that comes back is judged before the client gets it, up to `magistrate_max_bytes`; more than that, pictures and
  the like pass as they come.
- Server-sent events pass at once, piece by piece; a sample of them is judged when they have ended, for the record and
  for what the session may do from then on.
- Where the judge cannot be asked, `magistrate_posture` decides: `closed` (503) or `open` (it passes, with a warning).
- With `magistrate_log` (`127.0.0.1:5514`), every flow is told as a line of JSON over syslog, and every client that does
  not trust the proxy. Nobody waits for that: of too many lines the newest are dropped, and how many is told.

Runs with mitmproxy 11. Needs nothing beside Python's standard library.
"""

import asyncio
import json
import logging
import queue
import socket
import ssl
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from http import client

from mitmproxy import ctx, exceptions, http

log = logging.getLogger("magistrate")

# The judge's door whose answers say what the agent may be told.
PATH = "/v1/data/magistrate/decision"
SESSION = "x-claude-code-session-id"
# A request with one of these acts as somebody who has logged on.
LOGGED_ON = ("cookie", "authorization", "x-api-key")
# Questions at once; each has a thread and a connection while it waits.
MAX_ASKED = 64
# Lines that wait for the log.
MAX_LINES = 10_000
# A sample of a stream.
SAMPLE_BYTES = 64 * 1024
# What the way there and back may take beside the deadline.
GRACE_S = 2.0
# Media types without text that could give orders.
SILENT = ("image/", "audio/", "video/", "font/")


class Unreachable(Exception):
    """The judge gave no verdict."""


class Judge:
    """A few connections that are kept open; each is used by one thread at a time."""

    def __init__(self, address, token, deadline_ms):
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise exceptions.OptionsError(f"magistrate_judge: `{address}` is no http or https address")
        self.parts, self.token, self.deadline_ms = parts, token, deadline_ms
        self.idle = queue.LifoQueue()

    def connect(self):
        timeout = self.deadline_ms / 1000 + GRACE_S
        if self.parts.scheme == "https":
            return client.HTTPSConnection(
                self.parts.hostname, self.parts.port or 443, timeout=timeout, context=ssl.create_default_context()
            )
        return client.HTTPConnection(self.parts.hostname, self.parts.port or 80, timeout=timeout)

    def ask(self, question):
        """The verdict; blocks."""
        question = {"deadline_ms": self.deadline_ms, **question}
        body = json.dumps({"input": question}).encode()
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        # A connection that was kept may have been closed by the other side meanwhile: then a new one is tried.
        for fresh in (False, True):
            try:
                connection = self.connect() if fresh else self.idle.get_nowait()
            except queue.Empty:
                continue
            try:
                connection.request("POST", self.parts.path.rstrip("/") + PATH, body, headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, client.HTTPException) as error:
                connection.close()
                if fresh:
                    raise Unreachable(f"{type(error).__name__}: {error}") from error
                continue
            self.idle.put(connection)
            if answer.status != 200:
                raise Unreachable(f"status {answer.status}: {text[:200].decode(errors='replace')}")
            try:
                verdict = json.loads(text)["result"]
                verdict["decision"]
            except (ValueError, LookupError, TypeError) as error:
                raise Unreachable("the answer is no verdict") from error
            return verdict
        raise Unreachable("no connection")


class Log:
    """Sends lines to a syslog listener (RFC 5424, octet counting over TCP) from a thread of its own."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            raise exceptions.OptionsError(f"magistrate_log: `{address}` is no host:port")
        self.place = host.strip("[]"), int(port)
        self.lines = queue.Queue(MAX_LINES)
        self.dropped = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name="magistrate-log", daemon=True)
        self.thread.start()

    def put(self, fields):
        try:
            self.lines.put_nowait(fields)
        except queue.Full:
            self.dropped += 1

    def run(self):
        connection = None
        while not (self.ended.is_set() and self.lines.empty()):
            try:
                fields = self.lines.get(timeout=0.5)
            except queue.Empty:
                continue
            message = f"<134>1 {timestamp(time.time())} - mitmproxy - - - {json.dumps(fields)}".encode()
            framed = b"%d %s" % (len(message), message)
            while True:
                try:
                    connection = connection or socket.create_connection(self.place, timeout=5)
                    connection.sendall(framed)
                    break
                except OSError as error:
                    connection = connection and connection.close()
                    log.warning("magistrate: cannot log to %s: %s", self.place, error)
                    if self.ended.wait(2):
                        return
            if self.dropped:
                log.warning("magistrate: %d flows were not logged: too many at once", self.dropped)
                self.dropped = 0

    def end(self):
        self.ended.set()
        self.thread.join(3)


def timestamp(seconds):
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1e6):06}Z"


class Magistrate:
    def __init__(self):
        self.judge = None
        self.flows = None
        self.threads = ThreadPoolExecutor(MAX_ASKED, "magistrate")

    def load(self, loader):
        for name, kind, default, text in (
            ("judge", str, "http://127.0.0.1:8787", "Address of Magistrate's judge."),
            ("token_file", str, "", "File with the token of this proxy; one of the judge's `judge_tokens`."),
            ("posture", str, "closed", "What becomes of requests where the judge gives no verdict: closed or open."),
            ("deadline_ms", int, 2000, "How long the judge may take for one question."),
            ("max_bytes", int, 1024 * 1024, "Bodies up to this size are held back and judged whole."),
            ("log", str, "", "host:port of Magistrate's syslog listener; empty logs nothing."),
            ("user", str, "", "Who uses this proxy, where it is one person's: name or e-mail address."),
        ):
            loader.add_option(f"magistrate_{name}", kind, default, text)

    def configure(self, updated):
        if not any(name.startswith("magistrate_") for name in updated):
            return
        options = ctx.options
        if options.magistrate_posture not in ("closed", "open"):
            raise exceptions.OptionsError("magistrate_posture is `closed` or `open`")
        if options.magistrate_max_bytes < SAMPLE_BYTES:
            raise exceptions.OptionsError(f"magistrate_max_bytes is at least {SAMPLE_BYTES}")
        token = ""
        if options.magistrate_token_file:
            try:
                token = open(options.magistrate_token_file, encoding="ascii").read().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise exceptions.OptionsError(f"magistrate_token_file: {error}") from error
        self.judge = Judge(options.magistrate_judge, token, options.magistrate_deadline_ms)
        if "magistrate_log" in updated:
            if self.flows:
                self.flows.end()
            self.flows = Log(options.magistrate_log) if options.magistrate_log else None

    def done(self):
        self.threads.shutdown(wait=False)
        if self.flows:
            self.flows.end()

    # What goes out.

    async def requestheaders(self, flow):
        """What is too large to be held back is judged by its head, as cut."""
        if length(flow.request) > ctx.options.magistrate_max_bytes:
            refused = await self.judged(flow, is_cut=True)
            # mitmproxy takes no answer while a body is on its way: it is read, and answered then.
            flow.metadata["magistrate_refused"] = refused
            flow.request.stream = refused is None

    async def request(self, flow):
        if flow.request.stream:
            return
        refused = flow.metadata.pop("magistrate_refused", None) or await self.judged(flow)
        if refused:
            stop(flow, refused)

    async def judged(self, flow, is_cut=False):
        """The answer in place of a request that is stopped; None for one that passes, masked where it must be."""
        for number, url in enumerate(addresses(flow)):
            if refused := await self.judged_at(url, f"{flow.id}-{number}", flow, is_cut):
                return refused
        return None

    async def judged_at(self, url, request_id, flow, is_cut):
        request = flow.request
        question = {
            "request_id": request_id,
            "event": "request",
            "destination": {"url": url, "method": request.method},
            "session": session(flow),
        }
        text = None if is_cut else text_of(request)
        if is_cut or request.raw_content:
            content = {"media_type": media_type(request), "truncated": is_cut or text is None}
            question["content"] = {**content, "text": text or ""}
        verdict = await self.ask(question)
        if verdict is None:
            is_closed = ctx.options.magistrate_posture == "closed"
            return refusal(503, "The request could not be judged.") if is_closed else None
        flow.metadata["magistrate_verdict"] = verdict.get("verdict_id")
        if verdict["decision"] == "allow":
            return None
        masked = masked_text(verdict)
        if verdict["decision"] == "redact" and text is not None and masked is not None:
            # Where policy would mask something of the address, too, masking the body does not do.
            again = {**question, "request_id": f"{request_id}-head"}
            del again["content"]
            if (await self.ask(again) or {}).get("decision") == "allow":
                request.text = masked
                return None
        return stopped(verdict)

    # What comes back.

    async def responseheaders(self, flow):
        response = flow.response
        kind = media_type(response)
        if kind == "text/event-stream":
            flow.metadata["magistrate_sample"] = sample = bytearray()

            def passing(piece):
                if len(sample) < SAMPLE_BYTES:
                    sample.extend(piece[: SAMPLE_BYTES - len(sample)])
                return piece

            response.stream = passing
        elif kind.startswith(SILENT) or length(response) > ctx.options.magistrate_max_bytes:
            response.stream = True

    async def response(self, flow):
        if not flow.metadata.get("magistrate_stopped"):
            await self.judge_response(flow)
        self.tell(flow)

    async def judge_response(self, flow):
        response, sample = flow.response, flow.metadata.pop("magistrate_sample", None)
        is_passed = bool(response.stream)
        if sample is not None:
            text = bytes(sample).decode(errors="replace")
        elif is_passed:
            return
        else:
            text = text_of(response)
        if not text:
            return
        verdict = await self.ask({
            "request_id": f"{flow.id}-answer",
            "event": "response",
            "session": session(flow),
            "content": {
                "text": text,
                "media_type": media_type(response),
                "truncated": sample is not None and len(sample) >= SAMPLE_BYTES,
            },
        })
        if is_passed:
            return
        if verdict is None:
            if ctx.options.magistrate_posture == "closed":
                stop(flow, refusal(503, "The answer could not be judged."))
            return
        if verdict["decision"] == "allow":
            return
        masked = masked_text(verdict)
        if verdict["decision"] == "redact" and masked is not None:
            response.text = masked
        else:
            stop(flow, stopped(verdict))

    def error(self, flow):
        self.tell(flow)

    def tls_failed_client(self, data):
        """A client that does not trust the proxy's certificates: what it says then is not seen."""
        if not self.flows:
            return
        client, (name, number) = data.context.client, data.context.server.address or ("", 443)
        fields = {
            "product": "mitmproxy",
            "time": timestamp(time.time()),
            "method": "CONNECT",
            "url": f"https://{client.sni or name}:{number}",
            "src_ip": client.peername and client.peername[0],
            "src_port": client.peername and client.peername[1],
            "user": ctx.options.magistrate_user or None,
            "reason": f"tls handshake with the client failed: {client.error}",
        }
        self.flows.put({name: value for name, value in fields.items() if value is not None})

    # Both ways.

    async def ask(self, question):
        """The verdict; None where there is none."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, self.judge.ask, question)
        except Unreachable as error:
            log.warning("magistrate: no verdict (%s), posture %s", error, ctx.options.magistrate_posture)
            return None

    def tell(self, flow):
        if not self.flows:
            return
        request, response, peer = flow.request, flow.response, flow.client_conn.peername
        server = flow.server_conn.peername
        ended = (response and response.timestamp_end) or time.time()
        fields = {
            "product": "mitmproxy",
            "time": timestamp(request.timestamp_start),
            "method": request.method,
            "url": request.pretty_url,
            "status": response.status_code if response else 0,
            "user_agent": request.headers.get("user-agent"),
            "referer": request.headers.get("referer"),
            "content_type": response and response.headers.get("content-type"),
            "bytes_received": size(request),
            "bytes_sent": size(response),
            "duration_ms": int((ended - request.timestamp_start) * 1000),
            "src_ip": peer and peer[0],
            "src_port": peer and peer[1],
            "dst_ip": server and server[0],
            "dst_port": server and server[1],
            "session_id": request.headers.get(SESSION),
            "session_bearing": any(name in request.headers for name in LOGGED_ON),
            "user": ctx.options.magistrate_user or None,
            "request_id": flow.id,
            "verdict": flow.metadata.get("magistrate_verdict"),
            "reason": flow.error.msg if flow.error else None,
        }
        self.flows.put({name: value for name, value in fields.items() if value is not None})


def addresses(flow):
    """Where a request goes, and where it says that it goes: a client that lies about either is judged by both.

    Behind a reverse proxy there is one place to go to, and the request alone says which of its names is meant.
    """
    connected, said = flow.request.url, flow.request.pretty_url
    is_reverse = flow.client_conn.proxy_mode.type_name == "reverse"
    return [said] if is_reverse or connected == said else [connected, said]


def session(flow):
    """Who asks, as far as it is known. The client says the session; a lie only loses what came before in its own."""
    known = {"id": flow.request.headers.get(SESSION), "user": ctx.options.magistrate_user or None}
    return {name: value for name, value in known.items() if value}


def length(message):
    told = message.headers.get("content-length", "")
    return int(told) if told.isdigit() else 0


def size(message):
    if message is None:
        return None
    return len(message.raw_content) if message.raw_content is not None else length(message) or None


def media_type(message):
    return message.headers.get("content-type", "").split(";")[0].strip().lower()


def text_of(message):
    """The body as text; None where it is not there whole or is no text."""
    if message.raw_content is None:
        return None
    try:
        text = message.get_text(strict=True)
    except ValueError:
        return None
    return text if text is not None and "\0" not in text else None


def masked_text(verdict):
    text = (verdict.get("redacted") or {}).get("text")
    return text if isinstance(text, str) else None


def stop(flow, answer):
    """Gives the client an answer of ours, which nobody need judge."""
    flow.metadata["magistrate_stopped"] = True
    flow.response = answer


def stopped(verdict):
    """What the client gets in place of what was stopped."""
    wait = verdict.get("retry_after_ms")
    headers = {
        "retry-after": wait and str(-(-wait // 1000)),
        # What passes only masked, or only to be read, does not pass here.
        "x-magistrate-decision": "require_approval" if verdict["decision"] == "require_approval" else "block",
        "x-magistrate-verdict": verdict.get("verdict_id"),
        "x-magistrate-approval": (verdict.get("approval") or {}).get("page"),
    }
    return refusal(403, verdict.get("message") or "Stopped by policy.", headers)


def refusal(status, reason, headers=None):
    line = "".join(letter if " " <= letter <= "~" else "?" for letter in reason)[:512]
    told = {"content-type": "text/plain; charset=utf-8", "x-magistrate-reason": line, **(headers or {})}
    return http.Response.make(status, f"{reason}\n".encode(), {name: value for name, value in told.items() if value})


addons = [Magistrate()]
