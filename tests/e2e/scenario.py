"""Scripts sessions out of what the real client recorded: records are taken as they came, and only
ids, times, targets and contents are changed."""

import copy
import json
import time

from conftest import FIXTURES

FOLDER = "/home/alex/ClaudeWork"
# Not a part of any session: where the model is, which differs from place to place.
DROPPED = {"anthropic.custom_base_url"}


def _plain(value):
    return next(iter(value.values())) if value else None


def _records(capture, signal):
    kind, scopes, records = {
        "logs": ("resourceLogs", "scopeLogs", "logRecords"),
        "traces": ("resourceSpans", "scopeSpans", "spans"),
    }[signal]
    for path in sorted((FIXTURES / "otlp" / capture).glob(f"*-{signal}.json")):
        for resource in json.loads(path.read_text())[kind]:
            for scope in resource[scopes]:
                yield from ((resource["resource"], scope["scope"], record) for record in scope[records])


def _templates():
    """The first record of each event and tool, and the first span of a tool with its output."""
    found = {}
    for capture in ("http-json-full", "http-json-multi-prompt", "http-json-hook-down", "http-json-cowork-like"):
        for resource, scope, record in _records(capture, "logs"):
            values = {one["key"]: _plain(one["value"]) for one in record["attributes"]}
            found.setdefault((values["event.name"], values.get("tool_name")), (resource, scope, record))
    for resource, scope, span in _records("http-json-full", "traces"):
        if any(event["name"] == "tool.output" for event in span.get("events", [])):
            found.setdefault("span", (resource, scope, span))
    return found


TEMPLATES = _templates()


def _value(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": value if isinstance(value, str) else json.dumps(value)}


class Session:
    """One scripted session; each call adds a step, a few seconds after the one before."""

    def __init__(self, name, ago=900, grants=(), user=None):
        self.id = f"scenario-{name}"
        self.name = name
        self.user = user or f"{name}@example.com"
        self.grants = list(grants)
        self.now = time.time() - ago
        self.sequence = 0
        self.calls = 0
        self.turn = 0
        self.records = []
        self.spans = []

    def _add(self, event, tool=None, **attributes):
        resource, scope, record = copy.deepcopy(TEMPLATES[event, tool])
        self.now += 2
        attributes |= {
            "session.id": self.id,
            "event.sequence": self.sequence,
            "user.email": self.user,
            "user.id": f"installation of {self.name}",
        }
        if self.turn:
            attributes["prompt.id"] = f"{self.id}-{self.turn}"
        if self.grants:
            attributes["workspace.host_paths"] = self.grants
        self.sequence += 1
        kept = [one for one in record["attributes"] if one["key"] not in DROPPED | attributes.keys()]
        kept = [one for one in kept if one["key"] not in ("event.timestamp", "prompt.id")]
        more = [{"key": key, "value": _value(value)} for key, value in attributes.items() if value is not None]
        record["attributes"] = kept + more
        record["timeUnixNano"] = record["observedTimeUnixNano"] = str(int(self.now * 1000) * 1_000_000)
        record.pop("traceId", None), record.pop("spanId", None)
        self.records.append((resource, scope, record))
        return self

    def pause(self, seconds):
        self.now += seconds
        return self

    def lose(self, count=1):
        """So many events never arrive."""
        self.sequence += count
        return self

    def prompt(self, text):
        self.turn += 1
        return self._add("user_prompt", prompt=text, prompt_text=text, prompt_length=str(len(text)))

    def call(self, tool, parameters=None, arguments=None, decision="accept", source="config", ok=True, output=None,
             **more):
        """A decision, and what followed from it: a result, and a span where the content is told."""
        self.calls += 1
        self._add("api_request")
        call = {"tool_use_id": f"toolu_{self.name}_{self.calls:04}", "tool_parameters": parameters, **more}
        self._add("tool_decision", tool, decision=decision, source=source, **call)
        if decision != "accept":
            return self
        error = None if ok else "it failed"
        self._add("tool_result", tool, success="true" if ok else "false", error=error, tool_input=arguments, **call)
        if output is not None:
            self._span(tool, call["tool_use_id"], arguments, output)
        return self

    def _span(self, tool, call, arguments, output):
        resource, scope, span = copy.deepcopy(TEMPLATES["span"])
        span["startTimeUnixNano"] = span["endTimeUnixNano"] = str(int(self.now * 1000) * 1_000_000)
        values = {
            "session.id": self.id, "tool_use_id": call, "gen_ai.tool.call.id": call,
            "tool_name": tool, "gen_ai.tool.name": tool, "gen_ai.conversation.id": self.id, "user.email": self.user,
        }
        for key in ("file_path", "command"):
            if key in (arguments or {}):
                values["full_command" if key == "command" else key] = arguments[key]
        dropped = DROPPED | values.keys() | {"full_command", "bash_argv0", "bash_command_class", "file_path",
                                             "tool_name_safe", "user.id"}
        kept = [one for one in span["attributes"] if one["key"] not in dropped]
        span["attributes"] = kept + [{"key": key, "value": _value(value)} for key, value in values.items()]
        span["events"] = [one for one in span["events"] if one["name"] == "tool.output"]
        for event in span["events"]:
            event["attributes"] = [{"key": "content", "value": _value(output)}]
            event["timeUnixNano"] = span["endTimeUnixNano"]
        self.spans.append((resource, scope, span))

    def read(self, path, **more):
        return self.call("Read", arguments={"file_path": path}, **more)

    def write(self, path, content="text", **more):
        return self.call("Write", arguments={"file_path": path, "content": content}, **more)

    def fetch(self, url, **more):
        return self.call("WebFetch", arguments={"url": url, "prompt": "What does it say?"}, **more)

    def bash(self, command, **more):
        program = command.split()[0]
        parameters = {"bash_command": program, "full_command": command}
        return self.call("Bash", parameters, {"command": command, **more.pop("flags", {})}, **more)

    def mcp(self, server, tool, arguments=None, **more):
        parameters = {"mcp_server_name": server, "mcp_tool_name": tool}
        return self.call("mcp_tool", parameters, arguments or {}, **more)

    def mode(self, mode):
        return self._add("permission_mode_changed", to_mode=mode, from_mode="default")

    def hook(self, failed=0, cancelled=0, name="PreToolUse", tool="Bash"):
        return self._add(
            "hook_execution_complete", hook_event=name, hook_name=f"{name}:{tool}", managed_only="true", hook_source=None,
            num_success="0" if failed or cancelled else "1", num_non_blocking_error=str(failed),
            num_cancelled=str(cancelled), total_duration_ms="40", duration_ms=None,
        )

    def server(self, name, **more):
        return self._add("mcp_server_connection", server_name=name, **more)

    def plugin(self, name, marketplace):
        return self._add("plugin_loaded", **{"plugin.name": name, "marketplace.name": marketplace, "has_hooks": False})

    def skill(self, name, marketplace):
        return self._add("skill_activated", **{"skill.name": name, "skill.source": "plugin", "marketplace.name": marketplace})

    def answer(self, text):
        return self._add("assistant_response", response=text, response_length=str(len(text)))

    def agent_ends(self):
        return self._add("subagent_completed")


def request(records, kind, scopes, name):
    return json.dumps({kind: [
        {"resource": resource, scopes: [{"scope": scope, name: [record]}]} for resource, scope, record in records
    ]}).encode()
