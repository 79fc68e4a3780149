"""Every string position of an OTLP message, and how a text is planted there."""

import otlp
import records


def sample(signal):
    """A message of the signal with something in every string position that it has."""
    message = otlp.REQUESTS[signal]()
    if signal == "logs":
        message.ParseFromString(records.request([1]))
        scope = message.resource_logs[0].scope_logs[0]
        record = scope.log_records[0]
        record.event_name = record.severity_text = "x"
        _nest(record.attributes)
        record.attributes.add(key="b").value.bytes_value = b"raw"
        message.resource_logs[0].schema_url = scope.schema_url = scope.scope.version = "x"
        scope.scope.attributes.add(key="scope").value.string_value = "x"
    elif signal == "metrics":
        scope = message.resource_metrics.add().scope_metrics.add()
        message.resource_metrics[0].resource.attributes.add(key="service.name").value.string_value = "x"
        scope.scope.name = scope.scope.version = scope.schema_url = message.resource_metrics[0].schema_url = "x"
        for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary"):
            metric = scope.metrics.add(name="claude_code." + kind, description="x", unit="x")
            point = getattr(metric, kind).data_points.add(time_unix_nano=1795422229000000000)
            _nest(point.attributes)
            if hasattr(point, "exemplars"):
                point.exemplars.add().filtered_attributes.add(key="e").value.string_value = "x"
        metadata = scope.metrics[0].metadata.add(key="m")
        metadata.value.string_value = "x"
    else:
        scope = message.resource_spans.add().scope_spans.add()
        message.resource_spans[0].resource.attributes.add(key="service.name").value.string_value = "x"
        scope.scope.name = scope.scope.version = scope.schema_url = message.resource_spans[0].schema_url = "x"
        span = scope.spans.add(name="claude_code.tool", trace_state="x", trace_id=bytes(range(16)), span_id=bytes(8))
        span.status.message = "x"
        _nest(span.attributes)
        event = span.events.add(name="tool.output")
        _nest(event.attributes)
        _nest(span.links.add(trace_state="x").attributes)
    return message


def _nest(attributes):
    attributes.add(key="plain").value.string_value = "x"
    attributes.add(key="list").value.array_value.values.add().string_value = "x"
    inner = attributes.add(key="map").value.kvlist_value.values.add(key="inner")
    inner.value.array_value.values.add().string_value = "x"
    attributes.add(key="tool_parameters").value.string_value = '{"full_command":"x"}'
    attributes.add(key="user.email").value.string_value = "ana@example.com"
    attributes.add(key="session.id").value.string_value = "s"


def positions(message, path=()):
    """Every string field of the message that is set, as a path of steps."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING:
            yield path + ((field.name, None),)
        elif field.type == field.TYPE_MESSAGE and field.is_repeated:
            for index, item in enumerate(value):
                yield from positions(item, path + ((field.name, index),))
        elif field.type == field.TYPE_MESSAGE:
            yield from positions(value, path + ((field.name, None),))


def plant(message, path, text):
    for name, index in path[:-1]:
        message = getattr(message, name)
        message = message if index is None else message[index]
    setattr(message, path[-1][0], text)
