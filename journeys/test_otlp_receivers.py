"""OTLP as the specification says: two transports, two encodings, gzip, and honest answers to bad requests."""

import gzip
import json

import grpc
import pytest
import requests
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GRPCExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HTTPExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from support import otlp, traces

EXPORTERS = {
    "grpc": lambda program: GRPCExporter(endpoint=program.grpc, insecure=True),
    "grpc gzip": lambda program: GRPCExporter(endpoint=program.grpc, insecure=True, compression=grpc.Compression.Gzip),
    "http": lambda program: HTTPExporter(endpoint=program.otlp),
    "http gzip": lambda program: HTTPExporter(endpoint=program.otlp, compression=Compression.Gzip),
    "http deflate": lambda program: HTTPExporter(endpoint=program.otlp, compression=Compression.Deflate),
}


def post(program, body, content_type=otlp.PROTOBUF, **headers):
    return requests.post(program.otlp, data=body, headers={"Content-Type": content_type, **headers}, timeout=30)


def one_span(service="receivers", **span):
    trace = otlp.trace_id()
    return trace, otlp.request(service, [{"trace": trace, "id": otlp.span_id(), "name": "one", **span}])


@pytest.mark.parametrize("name", EXPORTERS)
def test_opentelemetry_s_exporters(traces_program, name):
    provider = TracerProvider(resource=Resource.create({"service.name": f"sender over {name}", "zone": "b"}))
    provider.add_span_processor(SimpleSpanProcessor(EXPORTERS[name](traces_program)))
    tracer = provider.get_tracer("journey", "1.2")
    with tracer.start_as_current_span("parent", kind=SpanKind.CLIENT) as parent:
        with tracer.start_as_current_span("child", attributes={"count": 3, "ratio": 0.5, "on": True, "list": ["a", "b"]}) as child:
            child.add_event("cache miss", {"key": "k"})
            child.set_status(Status(StatusCode.ERROR, "no luck"))
    provider.shutdown()

    trace = traces.wait_for(traces_program.query, format(parent.get_span_context().trace_id, "032x"), 2)
    outer, inner = trace.chain("parent", "child")
    assert outer.tags["span.kind"] == "client"
    assert inner.service == f"sender over {name}"
    assert inner.resource["zone"] == "b"
    assert (inner.tags["count"], inner.tags["ratio"], inner.tags["on"]) == (3, 0.5, True)
    assert json.loads(inner.tags["list"]) == ["a", "b"]
    assert inner.tags["otel.scope.name"] == "journey"
    assert inner.tags["otel.scope.version"] == "1.2"
    assert inner.event_names == ["cache miss"]
    assert inner.failed and inner.tags["otel.status_description"] == "no luck"
    assert inner.start == child.start_time // 1000


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_json(traces_program, coding):
    trace, message = one_span(attributes={"big": 2**60, "text": "grün \u2028 \"q\""})
    body = otlp.to_json(message)
    headers = {"Content-Encoding": coding} if coding else {}
    answer = post(traces_program, gzip.compress(body) if coding else body, otlp.JSON, **headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(otlp.JSON)
    assert answer.json().get("partialSuccess", {}) == {}
    span = traces.get(traces_program.query, trace).named("one")
    assert span.tags["text"] == "grün \u2028 \"q\""
    assert int(span.tags["big"]) == 2**60


def test_an_empty_request_is_a_success(traces_program):
    assert post(traces_program, b"").status_code == 200
    assert post(traces_program, b"{}", otlp.JSON).status_code == 200


def test_spans_with_bad_ids_are_rejected_one_by_one(traces_program):
    trace, message = one_span()
    bad = message.resource_spans[0].scope_spans[0].spans.add()
    bad.CopyFrom(message.resource_spans[0].scope_spans[0].spans[0])
    bad.span_id = bytes(8)
    answer = post(traces_program, message.SerializeToString())
    assert answer.status_code == 200
    partial = otlp.response(answer.content).partial_success
    assert partial.rejected_spans == 1
    assert partial.error_message
    assert len(traces.get(traces_program.query, trace).spans) == 1

    trace, message = one_span()
    message.resource_spans[0].scope_spans[0].spans.add().name = "no ids"
    answer = post(traces_program, otlp.to_json(message), otlp.JSON)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert len(traces.get(traces_program.query, trace).spans) == 1


@pytest.mark.parametrize(
    ("what", "content_type", "body", "headers", "status"),
    [
        ("protobuf cut short", otlp.PROTOBUF, one_span()[1].SerializeToString()[:-3], {}, 400),
        ("no protobuf", otlp.PROTOBUF, b"\xff\xff\xff\xff\xff", {}, 400),
        ("JSON cut short", otlp.JSON, b'{"resourceSpans":[{', {}, 400),
        ("JSON of another shape", otlp.JSON, b'{"resourceSpans":7}', {}, 400),
        ("no gzip", otlp.PROTOBUF, b"plain", {"Content-Encoding": "gzip"}, 400),
        ("another coding", otlp.PROTOBUF, b"plain", {"Content-Encoding": "br"}, 415),
        ("another type", "text/plain", b"hello", {}, 415),
    ],
)
def test_bad_bodies(traces_program, what, content_type, body, headers, status):
    answer = post(traces_program, body, content_type, **headers)
    assert answer.status_code == status, f"{what}: {answer.status_code} {answer.text}"
    if status == 400:
        assert answer.headers["Content-Type"].startswith(content_type)
    if status == 400 and content_type == otlp.JSON:
        assert answer.json()["message"]
    assert requests.get(f"{traces_program.query}/api/services", timeout=10).status_code == 200


def test_methods_and_paths(traces_program):
    assert requests.get(traces_program.otlp, timeout=10).status_code == 405
    root = traces_program.otlp.removesuffix("/v1/traces")
    assert requests.post(f"{root}/v1/nothing", data=b"", timeout=10).status_code == 404


def test_a_decompression_bomb_is_refused(traces_program):
    answer = post(traces_program, gzip.compress(bytes(100 << 20), 1), **{"Content-Encoding": "gzip"})
    assert answer.status_code in (400, 413), answer.status_code
    assert requests.get(f"{traces_program.query}/api/services", timeout=10).status_code == 200


def test_grpc_partial_success_and_errors(traces_program):
    with grpc.insecure_channel(traces_program.grpc) as channel:
        stub = TraceServiceStub(channel)
        trace, message = one_span()
        assert not stub.Export(message, timeout=10).HasField("partial_success")
        assert len(traces.get(traces_program.query, trace).spans) == 1

        trace, message = one_span()
        message.resource_spans[0].scope_spans[0].spans.add().name = "no ids"
        assert stub.Export(message, timeout=10).partial_success.rejected_spans == 1
        assert len(traces.get(traces_program.query, trace).spans) == 1

        raw = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as failure:
            raw(b"\xff\xff\xff\xff\xff", timeout=10)
        assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as failure:
            channel.unary_unary("/no.such.Service/Call")(b"", timeout=10)
        assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED
