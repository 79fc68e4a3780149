"""Every string position of what the judge is asked, at every door, and how a text is planted there."""

import base64
import datetime
import http.client
import json
import secrets
import socket
import urllib.parse

from conftest import FIXTURES
from standardwebhooks import Webhook

REQUEST = {
    "request_id": "x",
    "deadline_ms": 20000,
    "session": {"id": "s", "user": "ana@example.com", "device": "x", "mode": "native", "task": "x"},
    "event": "tool_call",
    "action": "send",
    "tool": {
        "name": "mcp__crm__send",
        "server": "crm",
        "arguments": {"command": "x", "url": "https://a.example/x", "file_path": "/x", "map": {"inner": {"deep": ["x", {"more": "x"}]}}},
    },
    "destination": {
        "url": "https://a.example/x", "domain": "a.example", "path": "/x", "method": "POST", "recipient": "bo@b.example",
    },
    "app": {"id": "x", "category": "finance"},
    "file": {"name": "x", "path": "/x", "media_type": "text/plain"},
    "content": {"text": "x", "media_type": "text/plain", "origin": "email"},
    "not_known": {"inner": "x"},
}
HOOKS = ("PreToolUse-Bash", "PermissionRequest-Write", "PostToolUse-Bash", "PostToolUseFailure-Bash", "UserPromptSubmit")
ARGUMENTS = {"command": "x", "map": {"inner": ["x"]}}
# The model's arguments are JSON inside a string.
CALL = {"id": "x", "type": "function", "function": {"name": "send", "arguments": ARGUMENTS}}
GUARDED = {
    "texts": ["x", "x"], "tool_calls": [CALL], "litellm_trace_id": "x", "litellm_call_id": "x",
    "request_data": {"user_api_key_user_email": "ana@example.com", "user_api_key_end_user_id": "x", "user_api_key_user_id": "x"},
}
MESSAGES = (
    {"id": "x", "method": "tools/call", "params": {"name": "send", "arguments": ARGUMENTS, "_meta": {"note": "x"}}},
    {"id": 1, "method": "resources/read", "params": {"uri": "https://a.example/x"}},
    {"id": 1, "method": "sampling/createMessage", "params": {"messages": [{"role": "user", "content": {"text": "x"}}]}},
    {"id": "x", "result": {"content": [{"type": "text", "text": "x"}], "structuredContent": {"inner": "x"}}},
    {"id": 1, "error": {"code": -1, "message": "x", "data": {"inner": "x"}}},
)
MCP_HEADERS = {"x-magistrate-session": "s", "x-magistrate-user": "ana", "x-magistrate-server": "crm", "mcp-name": "send"}
# What a proxy passes on of the request that it asks about.
PASSED = {"x-claude-code-session-id": "s", "x-claude-code-prompt-id": "x", "content-type": "text/plain", "authorization": "Basic eA=="}
PROXIES = (
    ("/authz/nginx", {"x-original-url": "https://a.example/x", "x-original-method": "POST", **PASSED}, {}),
    ("/authz/forward-auth", {
        "x-forwarded-method": "POST", "x-forwarded-proto": "https", "x-forwarded-host": "a.example", "x-forwarded-uri": "/x", **PASSED,
    }, {}),
    ("/authz/envoy", {"host": "a.example", **PASSED}, {"path": "x", "query": "x", "body": "x"}),
)
# What Anthropic asks about before the model is.
PROMPT = {
    "type": "prompt", "request_id": "x", "tenant_id": "x", "session_id": "s", "model": "x",
    "actor": {"type": "user", "id": "x", "email_address": "ana@example.com"},
    "source": {"application": "x"}, "metadata": {"note": "x"},
    "messages": [{"role": "user", "content": [
        {"type": "text", "text": "x"},
        {"type": "attachment", "file_name": "x", "media_type": "text/plain", "size_bytes": 1, "text": "x"},
        {"type": "tool_result", "tool_name": "x", "tool_use_id": "x", "content": "x", "is_error": False},
    ]}],
}
SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
# What an ICAP client shows of an exchange.
SHOWN = (
    ("reqmod", {"icap": {"x-client-username": "x"}, "path": "x", "headers": {"cookie": "x", "x-note": "x"}, "body": "x"}),
    ("respmod", {"icap": {"x-client-username": "x"}, "path": "x", "headers": {"set-cookie": "x", "x-note": "x"}, "body": "x"}),
)
# Headers of which the text is only a part, else nothing would be judged.
PREFIXES = {"x-original-url": "https://a.example/", "x-forwarded-uri": "/"}
# Objects whose names are the tool's own, and so are kept.
FREE = {"arguments", "tool_input", "tool_response"}
# The step to the name of a member rather than to its value.
NAMED = "(name)"


def places():
    """Path of a door, what it is asked, and each place of that; hooks share most of theirs."""
    yield from places_of("/v1/judge", REQUEST)
    yield from places_of("/v1/data/magistrate/decision", {"input": REQUEST})
    for kind in ("request", "response"):
        yield from places_of("/beta/litellm_basic_guardrail_api", {**GUARDED, "input_type": kind})
    for message in MESSAGES:
        yield from places_of("/mcp/judge", {"headers": MCP_HEADERS, "body": {"jsonrpc": "2.0", **message}})
    for path, headers, rest in PROXIES:
        yield from places_of(path, {"headers": headers, **rest})
    yield from places_of("/hooks/inference", PROMPT)
    for service, document in SHOWN:
        yield from places_of(service, document)
    seen = set()
    for name in HOOKS:
        body = json.loads((FIXTURES / f"hooks/{name}.json").read_text())["body"]
        for path, document, at in places_of("/hooks/claude-code", body):
            if at not in seen:
                seen.add(at)
                yield path, document, at


def places_of(path, document):
    for at in positions(document):
        yield path, document, at


def kind(document):
    """What tells a door's questions apart."""
    body = document.get("body")
    inner = body if isinstance(body, dict) else document
    return next((inner[name] for name in ("hook_event_name", "input_type", "method") if name in inner), "")


def positions(value, path=()):
    """Every string of a document, and every name that is kept, as a path of steps."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            if FREE.intersection(path):
                yield (*path, name, NAMED)
            yield from positions(inner, (*path, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from positions(inner, (*path, at))


def planted_at(value, path, text):
    """The document with the text at the path; names keep their value and their order."""
    if not path:
        return text
    step, *rest = path
    if isinstance(value, list):
        return [planted_at(inner, rest, text) if at == step else inner for at, inner in enumerate(value)]
    if rest == [NAMED]:
        return {text if name == step else name: inner for name, inner in value.items()}
    return {name: planted_at(inner, rest, text) if name == step else inner for name, inner in value.items()}


def ask(ports, path, document, at, text):
    """Plants and asks; whether it was judged, and all that was answered."""
    asked = planted_at(document, at, text)
    if not path.startswith("/"):
        return shown(ports["icap"], path, asked)
    headers, body = {"content-type": "application/json"}, asked
    method, target = "POST", path
    if path.startswith("/mcp"):
        headers, body = {**headers, **asked["headers"]}, asked["body"]
    elif path.startswith("/authz"):
        headers = {name: PREFIXES.get(name, "") + value if at == ("headers", name) else value for name, value in asked["headers"].items()}
        body = asked.get("body")
        if "path" in asked:
            target += "/" + urllib.parse.quote(asked["path"]) + "?" + urllib.parse.quote(asked["query"], safe="=&")
    elif path.startswith("/beta"):
        body = {**asked, "tool_calls": [as_openai(call) for call in asked["tool_calls"]]}
    elif path == "/hooks/inference":
        headers.update(signatures(json.dumps(asked)))
    status, told, answer = call(ports["judge"], method, target, headers, body)
    is_proxy = path.startswith("/authz")
    assert status in ((200,) if path.startswith("/hooks") else (200, 400, 403) if is_proxy else (200, 400)), answer
    is_judged = status in (200, 403)
    if path == "/hooks/inference":
        is_judged = asked["type"] == "prompt" and '"reference_id"' in answer
    elif path.startswith("/hooks"):
        is_known = document["hook_event_name"] == asked["hook_event_name"]
        is_judged = is_known and "could not judge this" not in answer
    told = [text for header in told for text in header]
    if is_proxy:
        return is_judged, [*told, answer]
    answer = json.loads(answer)
    if isinstance(answer, dict):
        # The caller's own id comes back to it as it is.
        answer.pop("request_id", None)
        if isinstance(answer.get("result"), dict):
            answer["result"].pop("request_id", None)
        for message in ("forward", "reply"):
            answer.get(message, {}).pop("id", None)
    return is_judged, [*told, answer]


def as_openai(call):
    function = call["function"]
    arguments = function["arguments"]
    return {**call, "function": {**function, "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)}}


def signatures(body):
    """The headers that sign an inference hook."""
    identity, now = f"req_{secrets.token_hex(8)}", datetime.datetime.now(datetime.timezone.utc)
    return {
        "webhook-id": identity, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": Webhook(SECRET).sign(identity, now, body),
    }


def shown(port, service, asked):
    """The same for an exchange that is shown over ICAP; what goes on of it is the caller's own."""
    head = f"POST http://a.example/{urllib.parse.quote(asked['path'])} HTTP/1.1\r\nHost: a.example\r\n".encode()
    lines = b"".join(b"%s: %s\r\n" % (name.encode(), as_line(value)) for name, value in asked["headers"].items())
    kind, parts = b"content-type: text/plain\r\n\r\n", []
    if service == "reqmod":
        parts.append((b"req-hdr", head + lines + kind))
    else:
        parts += [(b"req-hdr", head + b"\r\n"), (b"res-hdr", b"HTTP/1.1 200 OK\r\n" + lines + kind)]
    body, places, heads = asked["body"].encode(), [], b""
    for name, part in parts:
        places.append(b"%s=%d" % (name, len(heads)))
        heads += part
    places.append(b"%s-body=%d" % (b"req" if service == "reqmod" else b"res", len(heads)))
    icap = b"".join(b"%s: %s\r\n" % (name.encode(), as_line(value)) for name, value in asked["icap"].items())
    question = b"%s icap://h/%s ICAP/1.0\r\nHost: h\r\nAllow: 204\r\n" % (service.upper().encode(), service.encode())
    question += icap + b"Encapsulated: " + b", ".join(places) + b"\r\n\r\n" + heads + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(question)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65_536), b"")).decode("utf-8", "replace")
    head, _, rest = answer.partition("\r\n\r\n")
    status = head.split(" ")[1]
    assert status in ("200", "204", "400"), answer
    return status != "400", [head, rest if rest.startswith("HTTP/1.1 403") else ""]


def as_line(text):
    """A header's value, as whoever logs headers writes it: on one line, whatever the text."""
    return text.replace("\r", "\\r").replace("\n", "\\n").encode().translate(None, CONTROLS)


def call(port, method, path, headers, body):
    """Status, headers and text of an answer."""
    if body is not None:
        body = body.encode() if isinstance(body, str) and path.startswith("/authz") else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {name: as_line(value) for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read().decode()
    finally:
        connection.close()


# Servers refuse a header with one of them before any door sees it.
CONTROLS = bytes([*range(9), *range(10, 32), 127])
