"""Jaeger's query API over gRPC, versions 3 and 2, asked with grpcio and messages made of tables of fields."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support import otlp
from support.jaeger_query import QueryClient, code_of
from support.shop import SECOND, Shop, flat


@pytest.fixture(scope="module")
def shop(traces_program):
    return Shop().send(traces_program)


@pytest.fixture(scope="module")
def channel(traces_program):
    with grpc.insecure_channel(traces_program.jaeger_query_grpc) as channel:
        yield channel


@pytest.fixture(scope="module")
def v3(channel):
    return QueryClient(channel, 3)


@pytest.fixture(scope="module")
def v2(channel):
    return QueryClient(channel, 2)


def test_health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status == serving
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=30)
    assert next(iter(watch)).status == serving
    watch.cancel()


def test_names(shop, v3, v2):
    assert v3.services() == v2.services() == ["front", "pay/ment"]
    assert [(one.name, one.span_kind) for one in v3.operations("front").operations] == [("checkout", "server")]
    assert list(v3.operations("front", "client").operations) == []
    answer = v2.operations("pay/ment")
    assert list(answer.operation_names) == ["pay"]
    assert [(one.name, one.span_kind) for one in answer.operations] == [("pay", "client")]
    assert code_of(lambda: v3.operations("")) == grpc.StatusCode.INVALID_ARGUMENT


def test_one_trace_comes_back_as_it_was_sent(shop, v3):
    sent = {span.span_id: (service, span) for request in shop.requests[2:4] for service, span in flat(request)}
    answered = {span.span_id: (service, span) for chunk in v3.trace(shop.ids[1]) for service, span in flat(chunk)}
    assert answered == sent
    assert code_of(lambda: v3.trace("f" * 32)) == grpc.StatusCode.NOT_FOUND
    assert code_of(lambda: v3.trace("nohex")) == grpc.StatusCode.INVALID_ARGUMENT


def numbers(shop, answers):
    """The numbers of the traces found, in the order of the answer."""
    order = []
    for chunk in answers:
        for _, span in flat(chunk):
            number = shop.ids.index(span.trace_id.hex())
            if number not in order:
                order.append(number)
    return order


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"service_name": "front"}, [3, 2, 1, 0]),
        ({}, [3, 2, 1, 0]),
        ({"service_name": "front", "search_depth": 2}, [3, 2]),
        ({"service_name": "pay/ment", "operation_name": "pay", "attributes": {"tier": "gold"}}, [3, 1]),
        ({"attributes": {"error": "true"}}, [3]),
        ({"service_name": "front", "duration_min": 60_000_000}, [3, 2]),
        ({"service_name": "front", "duration_max": 40_000_000}, [1, 0]),
        ({"service_name": "nobody"}, []),
    ],
)
def test_search(shop, v3, fields, expected):
    assert numbers(shop, v3.find(shop.start, shop.now, **fields)) == expected


def test_window(shop, v3):
    assert numbers(shop, v3.find(shop.now - 200 * SECOND, shop.now - 100 * SECOND)) == [2, 1]
    request = v3.messages["FindTracesRequest"]()
    call = v3.channel.unary_stream(f"/{v3.service}/FindTraces", request_serializer=lambda one: one.SerializeToString())
    assert code_of(lambda: list(call(request, timeout=10))) == grpc.StatusCode.INVALID_ARGUMENT
    assert code_of(lambda: v3.find(shop.now, shop.start)) == grpc.StatusCode.INVALID_ARGUMENT
    assert code_of(lambda: list(v3.channel.unary_stream(f"/{v3.service}/FindTraces")(b"\x0a\xff", timeout=10))) == grpc.StatusCode.INVALID_ARGUMENT


def test_summaries(shop, v3):
    newest, *rest = v3.summaries(shop.start, shop.now, service_name="pay/ment")
    assert len(rest) == 3
    assert newest.trace_id == shop.ids[3]
    assert (newest.root_service_name, newest.root_operation_name) == ("front", "checkout")
    assert (newest.span_count, newest.error_span_count, newest.orphan_span_count) == (2, 1, 0)
    assert newest.max_end_time_unix_nano - newest.min_start_time_unix_nano == 80_000_000
    assert [(one.name, one.span_count, one.error_span_count) for one in newest.services] == [("front", 1, 0), ("pay/ment", 1, 1)]


def test_dependencies(shop, v3, v2):
    assert v3.dependencies(shop.start, shop.now) == v2.dependencies(shop.start, shop.now) == [("front", "pay/ment", 4)]
    assert v3.dependencies(shop.start, shop.now - 100 * SECOND) == [("front", "pay/ment", 3)]
    assert code_of(lambda: v3.dependencies(shop.now, shop.start)) == grpc.StatusCode.INVALID_ARGUMENT


def test_version_2_tells_the_same_in_jaegers_words(shop, v2):
    spans = {span.operation_name: span for chunk in v2.trace(shop.ids[3]) for span in chunk.spans}
    assert set(spans) == {"checkout", "pay"}
    pay = spans["pay"]
    assert pay.trace_id.hex() == shop.ids[3]
    assert pay.process.service_name == "pay/ment"
    (reference,) = pay.references
    assert reference.span_id == spans["checkout"].span_id and reference.ref_type == 0
    tags = {tag.key: tag for tag in pay.tags}
    assert (tags["http.status_code"].v_type, tags["http.status_code"].v_int64) == (2, 500)
    assert (tags["error"].v_type, tags["error"].v_bool) == (1, True)
    assert tags["span.kind"].v_str == "client"
    assert {field.key: field.v_str or field.v_int64 for field in pay.logs[0].fields} == {"event": "retry", "attempt": 3}
    assert (pay.duration.seconds, pay.duration.nanos) == (0, 40_000_000)
    found = [span.trace_id.hex() for chunk in v2.find(shop.start, shop.now, service_name="front", search_depth=1) for span in chunk.spans]
    assert set(found) == {shop.ids[3]}
    v2.archive(shop.ids[0])
    assert code_of(lambda: v2.archive("f" * 32)) == grpc.StatusCode.NOT_FOUND
    assert code_of(lambda: v2.trace("ff")) == grpc.StatusCode.INVALID_ARGUMENT


def test_a_large_trace_comes_in_several_messages(traces_program, v3, v2):
    trace, root = otlp.trace_id(), otlp.span_id()
    spans = [{"trace": trace, "id": root, "name": "root", "duration": 1_000_000_000}]
    spans += [{"trace": trace, "id": otlp.span_id(), "parent": root, "name": f"step {n}", "attributes": {"text": "x" * 900}} for n in range(10_000)]
    Shop.send(type("Large", (), {"requests": [otlp.request("large", spans)]})(), traces_program)
    chunks = v3.trace(trace)
    assert len(chunks) > 1
    assert len({span.span_id for chunk in chunks for _, span in flat(chunk)}) == 10_001
    assert sum(len(chunk.spans) for chunk in v2.trace(trace)) == 10_001
