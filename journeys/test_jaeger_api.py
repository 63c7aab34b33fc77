"""Jaeger's query API with all its parameters, on traces made for it."""

import json

import pytest
import requests

from support import otlp, traces
from support.shop import SECOND, Shop


@pytest.fixture(scope="module")
def shop(traces_program):
    return Shop().send(traces_program)


def found(program, shop, **parameters):
    """The numbers of the traces found, in the order of the answer."""
    result = traces.search(program.query, **parameters)
    assert all(len(trace.spans) == 2 for trace in result), "a trace is not complete"
    return [shop.ids.index(trace.id) for trace in result]


def test_services_and_operations(traces_program, shop):
    answer = requests.get(f"{traces_program.query}/api/services", timeout=10).json()
    assert answer["data"] == ["front", "pay/ment"] and answer["total"] == 2 and answer["errors"] is None
    assert requests.get(f"{traces_program.query}/api/services/pay%2Fment/operations", timeout=10).json()["data"] == ["pay"]
    assert requests.get(f"{traces_program.query}/api/services/front/operations", timeout=10).json()["data"] == ["checkout"]


@pytest.mark.parametrize(
    ("parameters", "numbers"),
    [
        ({"service": "front"}, [3, 2, 1, 0]),
        ({"service": "front", "limit": 2}, [3, 2]),
        ({"service": "front", "operation": "pay"}, []),
        ({"service": "pay/ment", "operation": "pay"}, [3, 2, 1, 0]),
        ({"service": "pay/ment", "tag": "tier:gold"}, [3, 1]),
        ({"service": "pay/ment", "tag": ["tier:gold", "http.status_code:200"]}, [1]),
        ({"service": "pay/ment", "tags": json.dumps({"http.status_code": "500"})}, [3]),
        ({"service": "pay/ment", "tags": json.dumps({"error": "true"})}, [3]),
        ({"service": "pay/ment", "tags": json.dumps({"span.kind": "client", "tier": "tin"})}, [2, 0]),
        ({"service": "front", "tags": json.dumps({"tier": "gold"})}, []),
        ({"service": "front", "tags": json.dumps({"region": "eu"})}, [1, 0]),
        ({"service": "pay/ment", "tags": json.dumps({"attempt": "2"})}, [2]),
        ({"service": "front", "minDuration": "60ms"}, [3, 2]),
        ({"service": "front", "maxDuration": "40ms"}, [1, 0]),
        ({"service": "pay/ment", "minDuration": "0.02s", "maxDuration": "30000us"}, [2, 1]),
        ({"service": "nobody"}, []),
        ({"service": "front", "lookback": "1h", "unknown": "x"}, [3, 2, 1, 0]),
    ],
)
def test_search(traces_program, shop, parameters, numbers):
    assert found(traces_program, shop, **parameters) == numbers


def test_time_range(traces_program, shop):
    start = (shop.now - 200 * SECOND) // 1000
    end = (shop.now - 100 * SECOND) // 1000
    assert found(traces_program, shop, service="front", start=start, end=end) == [2, 1]
    assert found(traces_program, shop, service="front", end=start) == [0]


def test_by_id(traces_program, shop):
    assert found(traces_program, shop, traceID=[shop.ids[2], shop.ids[0]], service="ignored") in ([2, 0], [0, 2])
    upper = requests.get(f"{traces_program.query}/api/traces/{shop.ids[1].upper()}", timeout=10)
    assert upper.status_code == 200 and upper.json()["data"][0]["traceID"] == shop.ids[1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/traces", 400),
        ("/api/traces?service=front&limit=many", 400),
        ("/api/traces?service=front&minDuration=fast", 400),
        ("/api/traces?service=front&minDuration=2s&maxDuration=1s", 400),
        ("/api/traces?service=front&start=yesterday", 400),
        ("/api/traces?service=front&tag=novalue", 400),
        ("/api/traces?service=front&tags=%7Bbroken", 400),
        ("/api/traces/" + "f" * 32, 404),
        ("/api/traces/xyz", 400),
        ("/api/nothing", 404),
    ],
)
def test_errors(traces_program, shop, path, status):
    answer = requests.get(traces_program.query + path, timeout=10)
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert error["code"] == status
    assert error["msg"]


def test_dependencies_count_every_call(traces_program, shop):
    def links(**parameters):
        return requests.get(f"{traces_program.query}/api/dependencies", params=parameters, timeout=10).json()["data"]

    window = {"endTs": shop.now // 1_000_000, "lookback": 600_000}
    assert links(**window) == [{"parent": "front", "child": "pay/ment", "callCount": 4}]
    assert links(endTs=(shop.now - 100 * SECOND) // 1_000_000, lookback=600_000) == [{"parent": "front", "child": "pay/ment", "callCount": 3}]
    assert links(service="pay/ment", **window) == links(**window)
    assert links(service="nobody", **window) == []


def test_archive(start, shop):
    program = start("traces")
    for request in shop.requests[:2]:
        requests.post(program.otlp, data=request.SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=10)
    answer = requests.post(f"{program.query}/api/archive/{shop.ids[0]}", timeout=10)
    assert answer.status_code == 200 and answer.json()["data"] == []
    assert requests.post(f"{program.query}/api/archive/{'f' * 32}", timeout=10).status_code == 404
    assert requests.get(f"{program.query}/api/archive/{shop.ids[0]}", timeout=10).headers["Allow"] == "POST"
    # The store's file goes, as retention would have it; the archive stays.
    assert program.stop() == 0
    for path in program.data_dir.iterdir():
        if path.is_file():
            path.unlink()
    program.start()
    assert len(traces.get(program.query, shop.ids[0]).spans) == 2
    assert traces.search(program.query, service="front") == []
    assert requests.get(f"{program.tempo}/api/v2/traces/{shop.ids[0]}", timeout=10).json()["trace"]["resourceSpans"]
    assert requests.get(f"{program.zipkin_query}/api/v2/trace/{shop.ids[0]}", timeout=10).status_code == 200


def test_transform(traces_program, shop):
    trace = otlp.trace_id()
    request = otlp.request("file", [{"trace": trace, "id": otlp.span_id(), "name": "step", "kind": 2}])
    answer = requests.post(f"{traces_program.query}/api/transform", data=otlp.to_json(request), timeout=10)
    assert answer.status_code == 200, answer.text
    (document,) = answer.json()["data"]
    assert traces.parse(document).named("step").service == "file"
    refused = requests.post(f"{traces_program.query}/api/transform", data=b"{", timeout=10)
    assert refused.status_code == 400 and refused.json()["errors"][0]["msg"].startswith("cannot unmarshal OTLP : ")
    assert requests.get(f"{traces_program.query}/api/traces/{trace}", timeout=10).status_code == 404, "nothing is stored"


def test_manners_of_http(traces_program, shop):
    services = f"{traces_program.query}/api/services"
    head = requests.head(services, timeout=10)
    assert head.status_code == 200 and head.content == b""
    refused = requests.delete(services, timeout=10)
    assert refused.status_code == 405 and refused.headers["Allow"] == "GET, HEAD"
    assert "Access-Control-Allow-Origin" not in requests.get(services, headers={"Origin": "http://elsewhere"}, timeout=10).headers
    assert requests.get(services, params={"prettyPrint": "true"}, timeout=10).text.startswith('{\n    "data": [\n        "front"')
    error = requests.get(f"{traces_program.query}/api/traces", timeout=10)
    assert error.headers["Content-Type"] == "text/plain; charset=utf-8" and error.headers["X-Content-Type-Options"] == "nosniff"


def test_a_clock_that_is_behind(start):
    program = start("traces", "--max-clock-skew-adjustment-ms", "2000")
    trace, root = otlp.trace_id(), otlp.span_id()
    now = 1_800_000_000 * SECOND
    for service, span in (
        ("front", {"trace": trace, "id": root, "name": "call", "start": now, "duration": 100_000_000}),
        ("back", {"trace": trace, "id": otlp.span_id(), "parent": root, "name": "answer", "start": now - SECOND, "duration": 40_000_000}),
    ):
        body = otlp.request(service, [span], resource={"host.name": service}).SerializeToString()
        assert requests.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=10).status_code == 200
    moved = traces.get(program.query, trace).named("answer")
    assert moved.start == now // 1000 + 30_000
    assert moved.raw["warnings"] == ["This span's timestamps were adjusted by 1.03s"]
    assert traces.get(program.query, trace, raw=True).named("answer").start == (now - SECOND) // 1000
