"""Traces of gRPC requests: the caller's context is exact in every call, and each request of a stream has a trace of its own."""

import gzip
import os
import queue
import time
from collections import Counter

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from support import sinks
from support.model_server import model_server
from support.waiting import wait_until

CALLS = 1000


@pytest.fixture
def traced(tmp_path):
    """A model server that traces every request, its address, and a way to the spans by name."""
    with sinks.http(200) as kept:
        words = ["level=TIMESTAMPS", "rate=1", "mode=opentelemetry", f"opentelemetry,url={kept.address}/v1/traces", "opentelemetry,bsp_schedule_delay=100"]
        with model_server(tmp_path, *[part for word in words for part in ("--trace-config", word)]) as server:
            def spans(name="InferRequest"):
                found = []
                for body in list(kept):
                    message = ExportTraceServiceRequest.FromString(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
                    found += [one for group in message.resource_spans for scope in group.scope_spans for one in scope.spans if one.name == name]
                return found

            yield server, spans


def attributes(span):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def events(span):
    return [one.name for one in span.events]


def request(*values, **fields):
    one = service_pb2.ModelInferRequest(model_name="ident", raw_input_contents=[np.array(values, np.float32).tobytes()], **fields)
    one.inputs.add(name="X", datatype="FP32", shape=[1, 2])
    return one


def contexts(count):
    for index in range(count):
        yield os.urandom(16).hex(), os.urandom(8).hex(), f"vendor=value{index},other={'x' * (index % 40)}y"


def check(spans, sent):
    wait_until(lambda: len(spans()) >= len(sent), 30)
    found = {one.trace_id.hex(): (one.parent_span_id.hex(), one.trace_state) for one in spans()}
    assert len(spans()) == len(sent)
    assert found == {trace: (parent, state) for trace, parent, state in sent}


def call(stub, trace, parent, state):
    # Other metadata of many lengths around it: what comes next to it must not run into it.
    stub.ModelInfer(
        request(1, 2),
        metadata=[("a-first", "x" * int(trace[:2], 16)), ("traceparent", f"00-{trace}-{parent}-01"), ("tracestate", state), ("z-last", "longer value")],
    )


def test_the_context_is_exact_a_thousand_times_on_one_channel(traced):
    server, spans = traced
    sent = list(contexts(CALLS))
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        for one in sent:
            call(stub, *one)
    check(spans, sent)


def test_the_context_is_exact_a_thousand_times_on_new_channels(traced):
    server, spans = traced
    sent = list(contexts(CALLS))
    for one in sent:
        with grpc.insecure_channel(server.grpc, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            call(service_pb2_grpc.GRPCInferenceServiceStub(channel), *one)
    check(spans, sent)


def test_events_and_attributes_of_a_call(traced):
    server, spans = traced
    with grpc.insecure_channel(server.grpc) as channel:
        time.sleep(1)  # Triton's spans then say that the request came a second earlier.
        service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request(1, 2, id="r"))
    wait_until(spans, 10)
    (span,) = spans()
    assert events(span) == ["GRPC_WAITREAD_START", "GRPC_WAITREAD_END", "INFER_RESPONSE_COMPLETE", "GRPC_SEND_START", "GRPC_SEND_END"]
    assert all(span.start_time_unix_nano <= one.time_unix_nano <= span.end_time_unix_nano for one in span.events)
    assert span.end_time_unix_nano - span.start_time_unix_nano < 900_000_000
    tags = attributes(span)
    assert (tags["rpc.system"], tags["rpc.service"], tags["rpc.method"]) == ("grpc", "inference.GRPCInferenceService", "ModelInfer")
    assert tags["rpc.grpc.status_code"] == 0


@pytest.mark.parametrize(("values", "code", "message"), [((-1, 0), 3, "per-request boom"), ((-2, 0), 13, "Failed to process the request(s)")])
def test_a_failure_is_on_the_span(traced, values, code, message):
    server, spans = traced
    with grpc.insecure_channel(server.grpc) as channel:
        with pytest.raises(grpc.RpcError, match="boom"):
            service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request(*values))
    wait_until(spans, 10)
    (span,) = spans()
    assert attributes(span)["rpc.grpc.status_code"] == code
    assert span.status.code == 2 and message in span.status.message


def test_a_refused_request_has_its_span(traced):
    server, spans = traced
    with grpc.insecure_channel(server.grpc) as channel:
        wrong = request(1, 2, id="r")
        wrong.inputs[0].shape[:] = [1, 3]
        with pytest.raises(grpc.RpcError):
            service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(wrong)
    wait_until(spans, 10)
    (span,) = spans()
    assert span.status.code == 2 and "unexpected shape for input 'X'" in span.status.message
    assert attributes(span)["rpc.grpc.status_code"] == 3


def test_each_request_of_a_stream_has_a_trace_that_ends_with_its_own_answer(traced):
    server, spans = traced
    with triton.InferenceServerClient(server.grpc) as client:
        answers = queue.Queue()
        client.start_stream(lambda result, error: answers.put((result, error)))
        for index in range(3):
            one = triton.InferInput("X", [1, 2], "FP32")
            one.set_data_from_numpy(np.array([[index, 0]], np.float32))
            client.async_stream_infer("ident", [one], request_id=str(index))
            answers.get(timeout=5)
            time.sleep(0.4)
        # The stream is still open, and yet all three are told.
        wait_until(lambda: len(spans()) == 3, 10)
        client.stop_stream()
    assert len({one.trace_id for one in spans()}) == 3
    for span in spans():
        assert span.end_time_unix_nano - span.start_time_unix_nano < 350_000_000
        assert attributes(span)["rpc.method"] == "ModelStreamInfer"
        assert Counter(events(span))["GRPC_SEND_END"] == 1
    assert {attributes(one)["triton.request_id"] for one in spans("ident")} == {"0", "1", "2"}


def test_a_decoupled_request_is_covered_to_its_last_answer(traced):
    server, spans = traced
    one = service_pb2.ModelInferRequest(model_name="dec", raw_input_contents=[np.array([3], np.int32).tobytes(), np.array([0.1], np.float32).tobytes()])
    one.inputs.add(name="N", datatype="INT32", shape=[1])
    one.inputs.add(name="SLEEP", datatype="FP32", shape=[1])
    with grpc.insecure_channel(server.grpc) as channel:
        assert len(list(service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelStreamInfer(iter([one])))) == 3
    wait_until(spans, 10)
    (span,), (model,), (compute,) = spans(), spans("dec"), spans("compute")
    assert Counter(events(span))["GRPC_SEND_START"] == Counter(events(span))["GRPC_SEND_END"] == 3
    for each in (span, model, compute):
        assert each.end_time_unix_nano - each.start_time_unix_nano >= 290_000_000


@pytest.mark.parametrize("how", ["cancelled", "deadline"])
def test_a_call_that_was_given_up_says_so(traced, how):
    server, spans = traced
    one = service_pb2.ModelInferRequest(model_name="passthrough", raw_input_contents=[np.array([30], np.float32).tobytes()])
    one.inputs.add(name="sleep", datatype="FP32", shape=[1, 1])
    with grpc.insecure_channel(server.grpc) as channel:
        future = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer.future(one, timeout=0.3 if how == "deadline" else None)
        if how == "cancelled":
            time.sleep(0.3)
            future.cancel()
        else:
            assert future.exception().code() == grpc.StatusCode.DEADLINE_EXCEEDED
        wait_until(spans, 10)
    (span,) = spans()
    assert span.status.code == 2
    assert attributes(span)["error.type"].lower().startswith("cancel")
    assert "REQUEST_CANCELLED" in events(span)
    assert not [name for name in events(span) if "SEND" in name]
