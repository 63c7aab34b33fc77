"""Spans in one form, as Jaeger's query API tells them, from what was sent and from what is answered: for a comparison of everything."""

import base64
import json
from collections import Counter

KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


def plain(any_value):
    """An AnyValue as Python data, as it is told inside a list or map."""
    which = any_value.WhichOneof("value")
    if which == "array_value":
        return [plain(one) for one in any_value.array_value.values]
    if which == "kvlist_value":
        return {one.key: plain(one.value) for one in any_value.kvlist_value.values}
    if which == "bytes_value":
        return base64.b64encode(any_value.bytes_value).decode()
    return getattr(any_value, which) if which else None


def tag(key, any_value):
    """(key, type, value) as Jaeger tells an attribute."""
    which = any_value.WhichOneof("value")
    item = plain(any_value)
    if which == "int_value":
        return key, "int64", str(item)
    if which == "double_value":
        return key, "float64", repr(item)
    if which == "bool_value":
        return key, "bool", str(item)
    if which == "bytes_value":
        return key, "binary", item
    if which in ("array_value", "kvlist_value"):
        return key, "string", json.dumps(item, sort_keys=True)
    return key, "string", item or ""


def told(raw):
    """(key, type, value) of a tag in the answer, in the same form."""
    value = raw["value"]
    if raw["type"] == "float64":
        value = repr(float(value))
    return listed((raw["key"], raw["type"], value if raw["type"] == "string" else str(value)))


def listed(one):
    """(key, type, value), a list or map as text in one spelling."""
    key, kind, value = one
    if kind == "string" and value[:1] in "[{" and value[-1:] in "]}":
        try:
            value = json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            pass
    return key, kind, value


def expected_span(resource, scope, span):
    tags = Counter(tag(one.key, one.value) for one in span.attributes)
    if span.kind in KINDS:
        tags["span.kind", "string", KINDS[span.kind]] += 1
    if span.status.code == 2:
        tags["error", "bool", "True"] += 1
        tags["otel.status_code", "string", "ERROR"] += 1
    elif span.status.code == 1:
        tags["otel.status_code", "string", "OK"] += 1
    if span.status.message:
        tags["otel.status_description", "string", span.status.message] += 1
    if span.trace_state:
        tags["w3c.tracestate", "string", span.trace_state] += 1
    if scope.name:
        tags["otel.scope.name", "string", scope.name] += 1
    if scope.version:
        tags["otel.scope.version", "string", scope.version] += 1
    for one in scope.attributes:
        tags[tag(one.key, one.value)] += 1
    for what in ("attributes", "events", "links"):
        if count := getattr(span, f"dropped_{what}_count"):
            tags[f"otel.dropped_{what}_count", "int64", str(count)] += 1
    events = []
    for event in span.events:
        fields = {tag(one.key, one.value) for one in event.attributes}
        if not any(key == "event" for key, _, _ in fields):
            fields.add(("event", "string", event.name))
        events.append((event.time_unix_nano // 1000, frozenset(fields)))
    references = [("FOLLOWS_FROM", link.trace_id.hex(), link.span_id.hex()) for link in span.links]
    if any(span.parent_span_id):
        references.append(("CHILD_OF", span.trace_id.hex(), span.parent_span_id.hex()))
    service = next((one.value.string_value for one in resource.attributes if one.key == "service.name"), None)
    return {
        "name": span.name,
        "start": span.start_time_unix_nano // 1000,
        "duration": max(0, span.end_time_unix_nano - span.start_time_unix_nano) // 1000,
        "tags": frozenset(tags),
        "events": tuple(sorted(events, key=repr)),
        "references": frozenset(references),
        "service": service,
        "resource": frozenset(tag(one.key, one.value) for one in resource.attributes if one.key != "service.name"),
    }


def answered_span(document, raw):
    process = document["processes"][raw["processID"]]
    events = [(log["timestamp"], frozenset(map(told, log["fields"]))) for log in raw["logs"]]
    return {
        "name": raw["operationName"],
        "start": raw["startTime"],
        "duration": raw["duration"],
        "tags": frozenset(map(told, raw["tags"])),
        "events": tuple(sorted(events, key=repr)),
        "references": frozenset((r["refType"], r["traceID"], r["spanID"]) for r in raw["references"]),
        "service": process["serviceName"],
        "resource": frozenset(map(told, process["tags"])),
    }


def differences(expected, answered):
    found = []
    for key in expected:
        if key == "service" and expected[key] is None:
            continue  # a resource without a name: the back end gives it one
        if key == "duration" and abs(expected[key] - answered[key]) <= 1:
            continue  # both ends rounded down, or their difference
        if expected[key] != answered[key]:
            if isinstance(expected[key], frozenset):
                found.append(f"{key}: missing {sorted(expected[key] - answered[key])}, unexpected {sorted(answered[key] - expected[key])}")
            else:
                found.append(f"{key}: expected {expected[key]!r}, got {answered[key]!r}")
    return found


def decoded_span(span):
    """A span as `senders/decode.py` tells it."""
    references = {tuple(one) for one in span["references"]}
    if span["parent"]:
        references.add(("CHILD_OF", span["trace"], span["parent"]))
    return {
        "name": span["name"],
        "start": span["start"],
        "duration": span["duration"],
        "tags": frozenset(map(listed, span["tags"])),
        "events": tuple(sorted(((time, frozenset(map(listed, fields))) for time, fields in span["logs"]), key=repr)),
        "references": frozenset(references),
        "service": span["service"],
        "resource": frozenset(map(listed, span["process"])),
    }


def plain_text(value):
    return value if isinstance(value, str) else json.dumps(value)


def as_text(tags):
    """What Zipkin makes of values."""
    return frozenset((key, "string", value.lower() if kind == "bool" else value) for key, kind, value in tags)


def zipkin_event(text):
    """An annotation: "name": {attributes} as the specification has it, in braces as Python's exporter has it, or the text as the name."""
    try:
        ((name, attributes),) = json.loads(text if text.startswith("{") else f"{{{text}}}").items()
    except (ValueError, AttributeError):
        return [("event", "string", text)]
    return [("event", "string", name), *(listed((key, "string", plain_text(value))) for key, value in attributes.items())]


def settled(span, wire_format):
    """A span of `senders/decode.py`: what its exporter says twice, or in other words than Jaeger's query API, told once in these."""
    is_zipkin = wire_format.startswith("zipkin")
    tags = {tuple(one) for one in span["tags"]}
    tags.discard(("service.name", "string", span["service"]))
    for key in ("name", "version"):
        # The old names of the scope stand beside the new ones, and where there is no version an empty one.
        old = {one for one in tags if one[0] == f"otel.library.{key}"}
        tags = tags - old | {(f"otel.scope.{key}", *one[1:]) for one in old}
        tags.discard((f"otel.scope.{key}", "string", ""))
    if is_zipkin:
        kind = span["kind"].removeprefix("SPAN_KIND_").lower()
        tags.add(("span.kind", "string", "internal" if kind == "unspecified" else kind))
        if errors := {one for one in tags if one[0] == "error"}:
            tags = tags - errors | {("error", "bool", "True"), ("otel.status_code", "string", "ERROR")}
            tags |= {("otel.status_description", "string", message) for _, _, message in errors if message}
    logs = []
    for time, fields in span["logs"]:
        names = [key for key, _, _ in fields]
        if is_zipkin:
            fields = zipkin_event(fields[0][2])
        elif "event" not in names:
            # Jaeger's exporter of old calls the name so.
            fields = [("event" if key == "message" else key, kind, value) for key, kind, value in fields]
        logs.append((time, fields))
    links = {one for one in tags if is_zipkin and one[0].startswith("otlp.link.")}
    references = span["references"] + [("FOLLOWS_FROM", *text.split("|")[:2]) for _, _, text in links]
    process = [one for one in span["process"] if one[0] != "service.name"]
    return {**span, "tags": list(tags - links), "logs": logs, "references": references, "process": process}
