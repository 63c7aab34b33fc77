"""Jaeger's query API with all its parameters, on traces made for it."""

import json
import time

import pytest
import requests

from support import otlp, traces

SECOND = 1_000_000_000


class Shop:
    """Four traces, a minute apart: the newest is the last."""

    def __init__(self):
        self.now = time.time_ns() // 1000 * 1000
        self.ids = [otlp.trace_id() for _ in range(4)]

    def spans(self, number):
        trace, root = self.ids[number], otlp.span_id()
        start = self.now - (4 - number) * 60 * SECOND
        pay = {"trace": trace, "id": otlp.span_id(), "parent": root, "name": "pay", "start": start + 1_000_000, "duration": (number + 1) * 10_000_000,
               "attributes": {"http.status_code": 500 if number == 3 else 200, "tier": "gold" if number % 2 else "tin"}, "kind": 3,
               "events": [(1000, "retry", {"attempt": number})]}
        if number == 3:
            pay["error"] = "card refused"
        return [{"trace": trace, "id": root, "name": "checkout", "kind": 2, "start": start, "duration": (number + 1) * 20_000_000}], [pay]


@pytest.fixture(scope="module")
def shop(traces_program):
    shop = Shop()
    for number in range(4):
        front, back = shop.spans(number)
        for service, spans in (("front", front), ("pay/ment", back)):
            body = otlp.request(service, spans, resource={"region": "eu" if number < 2 else "us"}).SerializeToString()
            assert requests.post(traces_program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=10).status_code == 200
    return shop


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
