"""One rich trace leaves the SDK through each of its exporters. The back end shows the same spans whichever way they came, and the
decoders of OpenTelemetry, Jaeger and Zipkin read them as they were made.
"""

import json

import pytest
import requests
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.sdk.resources import Resource as OpenTelemetryResource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from support import otlp, rich, senders, sinks, traces
from support.answers import answered_span, as_text, decoded_span, differences, expected_span, settled

OTLP, ZIPKIN, JAEGER = "otlp", "zipkin", "jaeger"

# Name: the format, the name in the back end's counters, and the variables that choose the exporter and tell it where the back end is.
EXPORTERS = {
    "otlp grpc": (OTLP, "otlp-grpc", lambda to: {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{to.grpc}"}),
    "otlp grpc gzip": (OTLP, "otlp-grpc", lambda to: {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{to.grpc}", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    }),
    "otlp http protobuf": (OTLP, "otlp-http", lambda to: {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT": to.otlp.removesuffix("/v1/traces"),
    }),
    "otlp http json gzip": (OTLP, "otlp-http", lambda to: {
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": to.otlp,
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip",
    }),
    "zipkin": (ZIPKIN, "zipkin", lambda to: {"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": to.zipkin}),
    "jaeger udp": (JAEGER, "jaeger-compact", lambda to: {
        "OTEL_TRACES_EXPORTER": "jaeger", "OTEL_EXPORTER_JAEGER_AGENT_HOST": "127.0.0.1",
        "OTEL_EXPORTER_JAEGER_AGENT_PORT": str(to.jaeger_compact_port),
    }),
    "jaeger http": (JAEGER, "jaeger-http", lambda to: {
        "OTEL_TRACES_EXPORTER": "jaeger", "OTEL_EXPORTER_JAEGER_PROTOCOL": "http/thrift.binary", "OTEL_EXPORTER_JAEGER_ENDPOINT": to.jaeger_http,
    }),
    "jaeger grpc": (JAEGER, "jaeger-grpc", lambda to: {
        "OTEL_TRACES_EXPORTER": "jaeger", "OTEL_EXPORTER_JAEGER_PROTOCOL": "grpc",
        "OTEL_EXPORTER_JAEGER_ENDPOINT": f"http://127.0.0.1:{to.jaeger_grpc_port}",
    }),
    "file": (OTLP, "otlp-http", lambda to: {"OTEL_TRACES_EXPORTER": "file", "OTEL_SWIFT_EXPORTER_FILE_PATH": "spans.jsonl"}),
    "console": (OTLP, "otlp-http", lambda to: {"OTEL_TRACES_EXPORTER": "otlp/stdout"}),
}


# Not compared by value: what the SDK says of this process and of itself.
OWN_RESOURCE = ("telemetry.", "process.", "host.", "os.", "container.", "service.instance.id")


def in_format(span, wire_format):
    """A span in the form of `support.answers` as far as the format has room for it, and without what the SDK says of this process."""
    def others(tags):
        return frozenset(one for one in tags if not one[0].startswith(OWN_RESOURCE))

    if wire_format == ZIPKIN:
        # All values are text, and the attributes of the resource stand among those of the span.
        events = tuple(sorted(((time, as_text(fields)) for time, fields in span["events"]), key=repr))
        return {**span, "tags": others(as_text(span["tags"] | span["resource"])), "resource": frozenset(), "events": events}
    return {**span, "resource": others(span["resource"])}


def expected_spans(trace, report, wire_format):
    (group,) = rich.message(trace, report["spans"], report["version"]).resource_spans
    (scoped,) = group.scope_spans
    return {span.name: in_format(expected_span(group.resource, scoped.scope, span), wire_format) for span in scoped.spans}


def lines_as_requests(name, folder, output):
    """What the file and console exporters wrote, as OTLP requests."""
    if name == "file":
        return [json.loads(line) for line in (folder / "spans.jsonl").read_text().splitlines()]
    if name == "console":
        spans = [json.loads(line) for line in output.splitlines()]
        return [
            {"resourceSpans": [{"resource": span.pop("resource"), "scopeSpans": [{"scope": span.pop("scope"), "spans": [span]}]}]}
            for span in spans
        ]
    return []


def received(program, way):
    """How many spans the back end says it has received this way."""
    status = requests.get(f"{program.query}/api/ui/status", timeout=10).json()
    return status["ingest"]["receivedSpansByProtocol"].get(way, 0)


@pytest.mark.parametrize("name", EXPORTERS)
def test_the_back_end_shows_the_same_spans(traces_program, tmp_path, name):
    wire_format, way, variables = EXPORTERS[name]
    trace = rich.new_trace()
    before = received(traces_program, way)
    report, output = senders.send({**rich.environment(trace), **variables(traces_program)}, cwd=tmp_path)
    assert report["exported"] == [len(rich.SPANS)], report
    for request in lines_as_requests(name, tmp_path, output):
        answer = requests.post(traces_program.otlp, json=request, timeout=10)
        assert answer.status_code == 200 and answer.json().get("partialSuccess", {}) == {}, answer.text

    traces.wait_for(traces_program.query, trace, len(rich.SPANS))
    document = requests.get(f"{traces_program.query}/api/traces/{trace}", params={"raw": "true"}, timeout=10).json()["data"][0]
    found = {raw["operationName"]: in_format(answered_span(document, raw), wire_format) for raw in document["spans"]}
    expected = expected_spans(trace, report, wire_format)
    assert found.keys() == expected.keys()
    problems = {span: differences(expected[span], found[span]) for span in expected}
    assert not any(problems.values()), json.dumps(problems, indent=2, ensure_ascii=False)
    ids = {raw["operationName"]: raw["spanID"] for raw in document["spans"]}
    assert ids == report["spans"]
    told = {tag["key"] for process in document["processes"].values() for tag in process["tags"]}
    assert received(traces_program, way) == before + len(rich.SPANS)
    assert {"telemetry.sdk.name", "telemetry.sdk.language", "telemetry.sdk.version", "service.version"} <= told


def test_two_exporters_at_once(traces_program, tmp_path):
    trace = rich.new_trace()
    report, _ = senders.send(
        {
            **rich.environment(trace), "OTEL_TRACES_EXPORTER": "otlp,file", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces_program.otlp,
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf", "OTEL_SWIFT_EXPORTER_FILE_PATH": "spans.jsonl",
        },
        cwd=tmp_path,
    )
    assert report["exported"] == [len(rich.SPANS)] * 2
    (line,) = (tmp_path / "spans.jsonl").read_text().splitlines()
    assert len(otlp.from_json(line).resource_spans[0].scope_spans[0].spans) == len(rich.SPANS)
    traces.wait_for(traces_program.query, trace, len(rich.SPANS))


# --- Read by the decoders of those who made the formats -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["grpc", "http/protobuf", "http/json"])
def test_opentelemetry_s_classes_read_otlp(name):
    trace = rich.new_trace()
    method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    with sinks.grpc_server(method) if name == "grpc" else sinks.http(200) as sink:
        report, _ = senders.send({
            **rich.environment(trace), "OTEL_EXPORTER_OTLP_PROTOCOL": name, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.address,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        })
        (body,) = sink.wait()
        headers = {key.lower(): value for key, value in sink.headers[0].items()}
    assert headers["x-key"] == "a b"
    # json_format and the strict reader of protobuf refuse what the schema does not know.
    sent = otlp.from_json(body) if name == "http/json" else otlp.from_protobuf(body)
    (group,) = sent.resource_spans
    (scoped,) = group.scope_spans
    wanted = rich.message(trace, report["spans"], report["version"]).resource_spans[0]
    assert scoped.scope == wanted.scope_spans[0].scope
    resource = {one.key: one.value for one in group.resource.attributes}
    assert {one.key: resource.get(one.key) for one in wanted.resource.attributes} == {one.key: one.value for one in wanted.resource.attributes}
    spans = {span.name: span for span in scoped.spans}
    for span in wanted.scope_spans[0].spans:
        found = spans[span.name]
        assert found.flags & 0x01
        assert bool(found.flags & 0x200) == (span.name == rich.ROOT_NAME), "the parent of the first span is remote"
        found.ClearField("flags")
        if found.status.ByteSize() == 0:
            found.ClearField("status")
        for one in (*span.links, *found.links):
            one.ClearField("flags")
        # The specification's order of attributes is any.
        for one in (span, found, *span.events, *found.events, *span.links, *found.links):
            one.attributes.sort(key=lambda attribute: attribute.key)
        assert found == span


DECODED = {
    "jaeger-compact": (sinks.udp, lambda to: {
        "OTEL_EXPORTER_JAEGER_AGENT_HOST": "127.0.0.1", "OTEL_EXPORTER_JAEGER_AGENT_PORT": str(to),
    }),
    "jaeger-http": (lambda: sinks.http(202), lambda to: {
        "OTEL_EXPORTER_JAEGER_PROTOCOL": "http/thrift.binary", "OTEL_EXPORTER_JAEGER_ENDPOINT": f"{to}/api/traces",
    }),
    "jaeger-grpc": (lambda: sinks.grpc_server("/jaeger.api_v2.CollectorService/PostSpans"), lambda to: {
        "OTEL_EXPORTER_JAEGER_PROTOCOL": "grpc", "OTEL_EXPORTER_JAEGER_ENDPOINT": to,
    }),
    "zipkin-json": (lambda: sinks.http(202), lambda to: {
        "OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": f"{to}/api/v2/spans",
    }),
}


@pytest.mark.parametrize("wire_format", DECODED)
def test_the_formats_own_code_reads_them(tmp_path, wire_format):
    make_sink, variables = DECODED[wire_format]
    trace = rich.new_trace()
    with make_sink() as sink:
        report, _ = senders.send({"OTEL_TRACES_EXPORTER": "jaeger", **rich.environment(trace), **variables(sink.address)})
        bodies = sink.wait()
    paths = [tmp_path / str(number) for number in range(len(bodies))]
    for path, body in zip(paths, bodies):
        path.write_bytes(body)
    found = {span["name"]: span for spans in senders.decode(wire_format, *paths) for span in spans}
    family = ZIPKIN if wire_format.startswith("zipkin") else JAEGER
    expected = expected_spans(trace, report, family)
    assert found.keys() == expected.keys()
    decoded = {name: in_format(decoded_span(settled(span, wire_format)), family) for name, span in found.items()}
    problems = {name: differences(expected[name], decoded[name]) for name in expected}
    assert not any(problems.values()), json.dumps(problems, indent=2, ensure_ascii=False)


# --- Spans of others' exporters -----------------------------------------------------------------------------------------------------

PYTHON = {
    "jaeger-udp": lambda to: f"127.0.0.1:{to.jaeger_compact_port}",
    "jaeger-http": lambda to: to.jaeger_http,
    "jaeger-grpc": lambda to: f"127.0.0.1:{to.jaeger_grpc_port}",
    "zipkin-json": lambda to: to.zipkin,
    "zipkin-proto": lambda to: to.zipkin,
}


@pytest.mark.parametrize("name", PYTHON)
def test_python_s_exporters(traces_program, name):
    trace = traces.wait_for(traces_program.query, senders.python_exporter(name, PYTHON[name](traces_program)), 2)
    outer, inner = trace.chain("parent", "child")
    assert outer.tags["span.kind"] == "client"
    assert inner.service == f"python over {name}"
    assert {**inner.tags, **inner.resource}["zone"] == "b"
    text = name.startswith("zipkin")
    assert [inner.tags[key] for key in ("count", "ratio", "on", "text")] == (["3", "0.5", "true", "grün"] if text else [3, 0.5, True, "grün"])
    assert inner.tags["otel.scope.name"] == "journey" and inner.tags["otel.scope.version"] == "1.2"
    assert inner.event_names == ["cache miss"]
    assert inner.events[0][2]["key"] == "k"
    assert inner.failed and inner.tags["otel.status_description"] == "no luck"
    assert outer.start <= inner.start <= inner.end <= outer.end + 1


def test_a_current_zipkin_exporter(traces_program):
    provider = TracerProvider(resource=OpenTelemetryResource.create({"service.name": "python today"}))
    provider.add_span_processor(SimpleSpanProcessor(ZipkinExporter(endpoint=traces_program.zipkin)))
    with provider.get_tracer("journey").start_as_current_span("one") as span:
        span.add_event("event", {"key": "k"})
    provider.shutdown()
    trace = traces.wait_for(traces_program.query, format(span.get_span_context().trace_id, "032x"), 1)
    assert trace.named("one").service == "python today"
    # It rounds up.
    assert trace.named("one").start - span.start_time // 1000 in (0, 1)
