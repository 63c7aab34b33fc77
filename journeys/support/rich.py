"""The trace that `span-sender` makes, told a second time: what every way out of the SDK is held against."""

import os

from support import otlp

START = 1_700_000_000_123_456_789
PARENT = "b7ad6b7169203331"
TRACE_STATE = "vendor=v1,other=x"
SERVICE = "größen-dienst"
RESOURCE = {"service.version": "1.2.3", "deployment.environment.name": "tést", "zone": "b"}
LINKED = ("8af7651916cd43dd8448eb211c80319c", "f067aa0ba902b7ff")

ROOT_NAME = "POST /größe ☃ 𝄞"
# Name, kind, parent, start and end after START in nanoseconds, and what else there is.
SPANS = [
    (ROOT_NAME, 2, None, 0, 9_000_000, {
        "attributes": {
            "b.true": True, "b.false": False, "i.zero": 0, "i.min": -(2**63), "i.max": 2**63 - 1,
            "f.pi": 3.141592653589793, "f.whole": 2.0, "f.tiny": 5e-324, "f.big": 1e300,
            "s.empty": "", "s.unicode": 'héllo ☃ 𝄞 "q" \\ \n\t</x>', "s.long": "L" * 5000,
            "a.strings": ["x", "", "é"], "a.bools": [True, False], "a.ints": [1, -2, 2**63 - 1], "a.doubles": [0.5, 2.25], "a.empty": [],
            "y.bytes": b"\x00\xff\x10", "m.map": {"k": "v", "n": 7},
            "late": "last",
        },
        "events": [(1_000_999, "cache miss", {"key": "k", "size": 3, "hot": True}), (2_000_000, "no attributes", {})],
    }),
    ("call", 3, ROOT_NAME, 1_000_000, 4_000_500, {
        "attributes": {"peer": "downstream"},
        "events": [(3_000_000, "exception", {
            "exception.type": "needletail_span_sender.CardRefused", "exception.message": "card refused", "exception.stacktrace": "at pay()\n  at main()",
        })],
        "status": (2, 'it bröke: "quoted"'),
    }),
    ("produce", 4, ROOT_NAME, 5_000_000, 6_000_000, {"links": [(*LINKED, {}), (None, "call", {"why": "retry"})]}),
    ("consume", 5, "produce", 7_000_000, 7_000_000, {"status": (1, "")}),
    ("step", 1, ROOT_NAME, 8_000_001, 8_002_001, {}),
]


def environment(trace):
    """Variables of the sender besides those of its exporter."""
    return {
        "TRACEPARENT": f"00-{trace}-{PARENT}-01", "TRACESTATE": TRACE_STATE, "OTEL_SERVICE_NAME": SERVICE,
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=1.2.3,deployment.environment.name=t%C3%A9st,zone=b",
    }


def message(trace, ids, version):
    """The trace as an OTLP request. `ids`: the spans' ids by name; `version`: the SDK's."""
    request = otlp.ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(otlp.attributes({"service.name": SERVICE, **RESOURCE}))
    scoped = group.scope_spans.add()
    scoped.scope.name, scoped.scope.version = "NeedletailTracing", version
    for name, kind, parent, start, end, more in SPANS:
        span = scoped.spans.add()
        span.trace_id = bytes.fromhex(trace)
        span.span_id = bytes.fromhex(ids[name])
        span.parent_span_id = bytes.fromhex(ids[parent] if parent else PARENT)
        span.trace_state = TRACE_STATE
        span.name, span.kind = name, kind
        span.start_time_unix_nano, span.end_time_unix_nano = START + start, START + end
        span.attributes.extend(otlp.attributes(more.get("attributes", {})))
        for offset, event_name, attributes in more.get("events", []):
            event = span.events.add(time_unix_nano=START + offset, name=event_name)
            event.attributes.extend(otlp.attributes(attributes))
        for linked_trace, linked_span, attributes in more.get("links", []):
            link = span.links.add(trace_id=bytes.fromhex(linked_trace or trace), span_id=bytes.fromhex(ids.get(linked_span, linked_span)))
            link.trace_state = "" if linked_trace else TRACE_STATE
            link.attributes.extend(otlp.attributes(attributes))
        if "status" in more:
            span.status.code, span.status.message = more["status"]
    return request


def new_trace():
    return os.urandom(16).hex()
