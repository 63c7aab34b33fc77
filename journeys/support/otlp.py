"""OTLP requests made and read with OpenTelemetry's own message classes."""

import base64
import json
import os
import time

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


def trace_id():
    return os.urandom(16).hex()


def span_id():
    return os.urandom(8).hex()


def value(item):
    """A Python value as an AnyValue."""
    if isinstance(item, bool):
        return AnyValue(bool_value=item)
    if isinstance(item, int):
        return AnyValue(int_value=item)
    if isinstance(item, float):
        return AnyValue(double_value=item)
    if isinstance(item, bytes):
        return AnyValue(bytes_value=item)
    if isinstance(item, list):
        return AnyValue(array_value=ArrayValue(values=[value(one) for one in item]))
    if isinstance(item, dict):
        return AnyValue(kvlist_value=KeyValueList(values=attributes(item)))
    return AnyValue(string_value=item)


def attributes(items):
    return [KeyValue(key=key, value=value(item)) for key, item in items.items()]


def request(service, spans, resource=None, scope="journey"):
    """One export request. Each span is a dictionary: trace, id, name, and optional parent, start, duration (ns),
    attributes, kind, error, state (of W3C), events [(ns from start, name, attributes)]."""
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    group.resource.attributes.extend(attributes({"service.name": service, **(resource or {})}))
    scoped = group.scope_spans.add()
    scoped.scope.name = scope
    for item in spans:
        span = scoped.spans.add()
        span.trace_id = bytes.fromhex(item["trace"])
        span.span_id = bytes.fromhex(item["id"])
        if item.get("parent"):
            span.parent_span_id = bytes.fromhex(item["parent"])
        span.name = item["name"]
        span.trace_state = item.get("state", "")
        span.kind = item.get("kind", 1)
        span.start_time_unix_nano = item.get("start") or time.time_ns()
        span.end_time_unix_nano = span.start_time_unix_nano + item.get("duration", 1_000_000)
        span.attributes.extend(attributes(item.get("attributes", {})))
        if "error" in item:
            span.status.code = 2
            span.status.message = item["error"]
        for offset, name, extra in item.get("events", []):
            event = span.events.add()
            event.time_unix_nano = span.start_time_unix_nano + offset
            event.name = name
            event.attributes.extend(attributes(extra))
    return message


_IDS = {"traceId", "spanId", "parentSpanId"}


def _recode_ids(node, recode):
    if isinstance(node, dict):
        return {k: recode(v) if k in _IDS and isinstance(v, str) else _recode_ids(v, recode) for k, v in node.items()}
    if isinstance(node, list):
        return [_recode_ids(one, recode) for one in node]
    return node


def to_json(message):
    """The request in OTLP's JSON: hexadecimal ids, enumerations as numbers."""
    tree = json_format.MessageToDict(message, use_integers_for_enums=True)
    return json.dumps(_recode_ids(tree, lambda text: base64.b64decode(text).hex())).encode()


def from_json(body):
    tree = _recode_ids(json.loads(body), lambda text: base64.b64encode(bytes.fromhex(text)).decode())
    return json_format.ParseDict(tree, ExportTraceServiceRequest(), ignore_unknown_fields=True)


def from_protobuf(body):
    return ExportTraceServiceRequest.FromString(body)


def response(body):
    return ExportTraceServiceResponse.FromString(body)
