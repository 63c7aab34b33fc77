"""Jaeger's query API, version 3, over HTTP: what the newest Jaeger page and Grafana's data source ask, in both ways to write names."""

import json
from datetime import datetime, timezone

import pytest
import requests

from support import otlp
from support.shop import SECOND, Shop, flat, settled


@pytest.fixture(scope="module")
def shop(traces_program):
    return Shop().send(traces_program)


def moment(nanoseconds):
    seconds, rest = divmod(nanoseconds, SECOND)
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09}Z"


def get(program, path, **parameters):
    return requests.get(f"{program.query}/api/v3/{path}", params=parameters, timeout=10)


def snake(shop, **fields):
    window = {"start_time_min": moment(shop.start), "start_time_max": moment(shop.now)}
    return {f"query.{name}": value for name, value in {**window, **fields}.items()}


def camel(shop, **fields):
    def rename(name):
        head, *rest = name.split("_")
        return head + "".join(part.capitalize() for part in rest)

    return {rename(name): value for name, value in snake(shop, **fields).items()}


def numbers(shop, answer):
    assert answer.status_code == 200, answer.text
    order = []
    for _, span in flat(otlp.from_json(json.dumps(answer.json()["result"]))):
        number = shop.ids.index(span.trace_id.hex())
        if number not in order:
            order.append(number)
    return order


def test_what_grafana_asks(traces_program, shop):
    """Its health check, the choice of a service and an operation, a search, and a trace that was found."""
    assert get(traces_program, "services").json() == {"services": ["front", "pay/ment"]}
    assert get(traces_program, "operations", service="pay/ment").json() == {"operations": [{"name": "pay", "spanKind": "client"}]}
    found = get(traces_program, "traces", **snake(shop, service_name="pay/ment", operation_name="pay", search_depth=20))
    assert numbers(shop, found) == [3, 2, 1, 0]
    trace = get(traces_program, f"traces/{shop.ids[3]}")
    assert trace.headers["Content-Type"] == "application/json"
    answered = {span.span_id: (service, settled(span)) for service, span in flat(otlp.from_json(json.dumps(trace.json()["result"])))}
    assert answered == {span.span_id: (service, settled(span)) for request in shop.requests[6:8] for service, span in flat(request)}


@pytest.mark.parametrize("names", [snake, camel])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [3, 2, 1, 0]),
        ({"service_name": "front", "duration_min": "60ms"}, [3, 2]),
        ({"service_name": "front", "duration_max": "0.04s"}, [1, 0]),
        ({"attributes": '{"tier":"gold","http.status_code":"200"}'}, [1]),
        ({"search_depth": 1}, [3]),
        ({"num_traces": 2}, [3, 2]),
        ({"service_name": "front", "raw_traces": "true"}, [3, 2, 1, 0]),
    ],
)
def test_search(traces_program, shop, names, fields, expected):
    assert numbers(shop, get(traces_program, "traces", **names(shop, **fields))) == expected


def test_what_the_newest_page_asks(traces_program, shop):
    answer = get(traces_program, "trace-summaries", **camel(shop, service_name="front", search_depth=20)).json()
    first = answer["summaries"][0]
    assert first["traceId"] == shop.ids[3]
    assert first["rootServiceName"] == "front" and first["rootOperationName"] == "checkout"
    assert (first["spanCount"], first["errorSpanCount"], first["orphanSpanCount"]) == (2, 1, 0)
    assert first["minStartTimeUnixNano"] == str(shop.now - 60 * SECOND)
    assert first["services"] == [
        {"name": "front", "spanCount": 1, "errorSpanCount": 0}, {"name": "pay/ment", "spanCount": 1, "errorSpanCount": 1},
    ]
    links = get(traces_program, "dependencies", startTime=moment(shop.start), endTime=moment(shop.now)).json()
    assert links == {"dependencies": [{"parent": "front", "child": "pay/ment", "callCount": "4"}]}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("traces/" + "f" * 32, 404, "No traces found"),
        ("traces/xyz", 400, "malformed trace id"),
        ("traces", 400, "query.start_time_min and query.start_time_max are required"),
        ("traces?query.start_time_min=1&query.start_time_max=2", 400, "malformed parameter query.start_time_min"),
        ("trace-summaries", 400, "are required"),
        ("operations", 400, "service"),
    ],
)
def test_errors(traces_program, shop, path, status, message):
    answer = get(traces_program, path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["httpCode"] == status and message in error["message"]
