"""Payloads captured from real senders go in, and everything in them comes out: nothing dropped, nothing changed.

The captures lie beside the project and are read only when they are there. What they hold is decoded here with
OpenTelemetry's own message classes, which share nothing with the program's decoders.
"""

import base64
import gzip
import json
from collections import Counter
from pathlib import Path

import grpc
import pytest
import requests

from support import otlp, traces
from support.program import ROOT

GOLDEN = ROOT.parent / "shared/golden"
KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}

pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the folder of captures is not here")


def captures():
    """(path, transport, content type) of every OTLP capture."""
    found = []
    for path in sorted(GOLDEN.glob("triton/**/*")):
        if path.with_suffix(".meta").exists() and path.suffix in (".json", ".pb"):
            found.append((path, "http", otlp.JSON if path.suffix == ".json" else otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("**/*-http4318.bin")):
        found.append((path, "http", otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("**/*-grpc4317.bin")):
        found.append((path, "grpc", otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("envoy/**/*-grpc.bin")):
        found.append((path, "grpc", otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("envoy/**/*-http.bin")):
        found.append((path, "http", otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("envoy/**/*-http.rawjson")):
        found.append((path, "http", otlp.JSON))
    return found


def decode(path, content_type):
    body = path.read_bytes()
    plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    return body, (otlp.from_json(plain) if content_type == otlp.JSON else otlp.from_protobuf(plain))


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
    elif raw["type"] != "string":
        value = str(value)
    elif value[:1] in "[{" and value[-1:] in "]}":
        try:
            value = json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            pass
    return raw["key"], raw["type"], value


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


def test_captures_are_there():
    assert len(captures()) > 50


def test_everything_in_the_captures_comes_back(traces_program):
    expected = {}
    session = requests.Session()
    with grpc.insecure_channel(traces_program.grpc) as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        for path, transport, content_type in captures():
            body, message = decode(path, content_type)
            if transport == "grpc":
                assert not otlp.response(export(body, timeout=30)).HasField("partial_success"), path
            else:
                headers = {"Content-Type": content_type}
                if body[:2] == b"\x1f\x8b":
                    headers["Content-Encoding"] = "gzip"
                answer = session.post(traces_program.otlp, data=body, headers=headers, timeout=30)
                assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
                if content_type == otlp.PROTOBUF:
                    assert not otlp.response(answer.content).HasField("partial_success"), path
                else:
                    assert answer.json().get("partialSuccess", {}) == {}, path
            for group in message.resource_spans:
                for scoped in group.scope_spans:
                    for span in scoped.spans:
                        by_span = expected.setdefault(span.trace_id.hex(), {})
                        by_span.setdefault(span.span_id.hex(), []).append((path, expected_span(group.resource, scoped.scope, span)))

    assert sum(map(len, expected.values())) > 100
    problems = []
    for trace_id, by_span in expected.items():
        answer = session.get(f"{traces_program.query}/api/traces/{trace_id}", params={"raw": "true"}, timeout=30)
        if answer.status_code != 200:
            problems.append(f"trace {trace_id}: {answer.status_code}")
            continue
        (document,) = answer.json()["data"]
        answered = {}
        for raw in document["spans"]:
            answered.setdefault(raw["spanID"], []).append(answered_span(document, raw))
        for span_id in answered.keys() - by_span.keys():
            problems.append(f"trace {trace_id}: span {span_id} was never sent")
        for span_id, candidates in by_span.items():
            for path, one in candidates:
                best = min((differences(one, other) for other in answered.get(span_id, [])), key=len, default=["is missing"])
                if best:
                    problems.append(f"{path.relative_to(GOLDEN)}: span {span_id} {one['name']!r}: " + "; ".join(best))
    assert not problems, f"{len(problems)} differences:\n" + "\n".join(problems[:20])
