"""Makes OTLP log requests for tests: Claude-shaped, each record with an id of its own."""

import time

import otlp


def _attribute(attributes, key, value):
    attribute = attributes.add()
    attribute.key = key
    if isinstance(value, int):
        attribute.value.int_value = value
    else:
        attribute.value.string_value = value


def request(ids, session="11111111-2222-4333-8444-555555555555", text="hello"):
    """A log request with one `tool_result` per id."""
    message = otlp.REQUESTS["logs"]()
    resource_logs = message.resource_logs.add()
    _attribute(resource_logs.resource.attributes, "service.name", "claude-code")
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = "com.anthropic.claude_code.events"
    now = time.time_ns()
    for number in ids:
        record = scope_logs.log_records.add()
        record.time_unix_nano = now
        record.body.string_value = "claude_code.tool_result"
        _attribute(record.attributes, "event.name", "tool_result")
        _attribute(record.attributes, "session.id", session)
        _attribute(record.attributes, "event.sequence", number)
        _attribute(record.attributes, "prompt.id", f"00000000-0000-4000-8000-{number:012x}")
        _attribute(record.attributes, "tool_name", "Bash")
        _attribute(record.attributes, "tool_use_id", f"toolu_{number:024x}")
        _attribute(record.attributes, "success", "true")
        _attribute(record.attributes, "tool_parameters", '{"bash_command":"echo","full_command":"echo %s"}' % text)
    return message.SerializeToString()
