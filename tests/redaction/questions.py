"""Every string position of what the judge is asked, by request and by hook, and how a text is planted there."""

import json

from conftest import FIXTURES

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
# Objects whose names are the tool's own, and so are kept.
FREE = {"arguments", "tool_input", "tool_response"}
# The step to the name of a member rather than to its value.
NAMED = "(name)"


def places():
    """Path and body of each kind of question, and each of its places; hooks share most of theirs."""
    for at in positions(REQUEST):
        yield "/v1/judge", REQUEST, at
    seen = set()
    for name in HOOKS:
        body = json.loads((FIXTURES / f"hooks/{name}.json").read_text())["body"]
        for at in positions(body):
            if at not in seen:
                seen.add(at)
                yield "/hooks/claude-code", body, at


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
