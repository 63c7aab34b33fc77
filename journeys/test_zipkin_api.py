"""Zipkin's query API on the port that takes its spans: what its page and scripts ask."""

import time

import pytest
import requests

from support import otlp

SHORT = "5af7183fb1d4cf5f"
LONG = otlp.trace_id()


def spans_since(start):
    """The two traces, `start` in microseconds: set when they are sent, as a whole run of the journeys takes longer than a search looks back."""

    def span(trace, id, service, name, offset, duration, **more):
        return {"traceId": trace, "id": id, "name": name, "timestamp": start + offset, "duration": duration,
                "localEndpoint": {"serviceName": service, "ipv4": "10.1.2.3"}, **more}

    return {
        SHORT: [
            span(SHORT, "352bff9a74ca9ad2", "frontend", "get /api", 0, 200_000, kind="SERVER", tags={"http.method": "GET", "http.path": "/api"}),
            span(SHORT, "6b221d5bc9e6496c", "frontend", "get", 5_000, 150_000, kind="CLIENT", parentId="352bff9a74ca9ad2",
                 remoteEndpoint={"serviceName": "backend", "ipv6": "2001:db8::c001", "port": 9000},
                 annotations=[{"timestamp": start + 5_100, "value": "wire send"}], debug=True),
            span(SHORT, "6b221d5bc9e6496c", "backend", "get", 9_000, 100_000, kind="SERVER", parentId="352bff9a74ca9ad2", shared=True,
                 tags={"error": "timed out"}),
        ],
        LONG: [span(LONG, "00000000000000aa", "backend", "query", 30_000_000, 12, kind="CLIENT", remoteEndpoint={"serviceName": "mysql", "port": 3306})],
    }


@pytest.fixture(scope="module")
def start():
    return time.time_ns() // 1000 - 60_000_000


@pytest.fixture(scope="module")
def sent(start):
    return spans_since(start)


@pytest.fixture(scope="module")
def api(traces_program, sent):
    for spans in sent.values():
        assert requests.post(traces_program.zipkin, json=spans, timeout=10).status_code == 202
    return f"{traces_program.zipkin_query}/api/v2"


def get(api, path, **parameters):
    answer = requests.get(f"{api}/{path}", params=parameters, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_content(spans):
    return sorted(spans, key=lambda one: (one["id"], one["localEndpoint"]["serviceName"]))


def test_what_came_in_comes_back(api, sent):
    for trace, spans in sent.items():
        assert by_content(get(api, f"trace/{trace}")) == by_content(spans)
    assert by_content(get(api, f"trace/{SHORT.upper().zfill(32)}")) == by_content(sent[SHORT])
    assert [by_content(one) for one in get(api, "traceMany", traceIds=f"{LONG},{SHORT}")] == [by_content(sent[LONG]), by_content(sent[SHORT])]


def test_what_the_page_asks(traces_program, api, start):
    """Its settings, the three lists, a search, a trace, the map of services."""
    settings = requests.get(f"{traces_program.zipkin_query}/zipkin/config.json", timeout=10).json()
    assert settings["searchEnabled"] is True and settings["dependency"]["enabled"] is True
    assert get(api, "services") == ["backend", "frontend"]
    assert get(api, "spans", serviceName="frontend") == ["get", "get /api"]
    assert get(api, "remoteServices", serviceName="frontend") == ["backend"]
    assert get(api, "autocompleteKeys") == []
    end = start // 1000 + 60_000
    found = get(api, "traces", serviceName="frontend", spanName="get", limit=10, lookback=900_000, endTs=end)
    assert [trace[0]["traceId"] for trace in found] == [SHORT]
    links = get(api, "dependencies", endTs=end, lookback=900_000)
    assert links == [
        {"parent": "backend", "child": "mysql", "callCount": 1}, {"parent": "frontend", "child": "backend", "callCount": 1, "errorCount": 1},
    ]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [LONG, SHORT]),
        ({"limit": 1}, [LONG]),
        ({"serviceName": "backend"}, [LONG, SHORT]),
        ({"serviceName": "BACKEND", "remoteServiceName": "mysql"}, [LONG]),
        ({"annotationQuery": "http.method=GET and wire send"}, [SHORT]),
        ({"annotationQuery": "error=timed out"}, [SHORT]),
        ({"serviceName": "frontend", "annotationQuery": "error"}, []),
        ({"minDuration": 100_000}, [SHORT]),
        ({"minDuration": 1, "maxDuration": 50}, [LONG]),
        ({"endTs": 10_000}, [SHORT]),
        ({"lookback": 1}, []),
    ],
)
def test_search(api, start, parameters, expected):
    """`endTs` is written here as milliseconds after the first span."""
    if "endTs" in parameters:
        parameters = {**parameters, "endTs": start // 1000 + parameters["endTs"]}
    assert [trace[0]["traceId"] for trace in get(api, "traces", **parameters)] == expected


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        (f"trace/{'f' * 32}", 404, "f" * 32 + " not found"),
        ("trace/xyz", 400, "lower-hex"),
        (f"traceMany?traceIds={SHORT}", 400, "single trace"),
        ("traces?maxDuration=5", 400, "minDuration"),
        ("spans", 400, "serviceName"),
    ],
)
def test_errors(api, path, status, text):
    answer = requests.get(f"{api}/{path}", timeout=10)
    assert answer.status_code == status and text in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_operation_and_deep_links(traces_program, api):
    root = traces_program.zipkin_query
    assert requests.get(f"{root}/health", timeout=10).json()["status"] == "UP"
    assert "needletail" in requests.get(f"{root}/info", timeout=10).json()["zipkin"]["version"]
    assert 'zipkin_collector_spans_total{transport="http"} 4' in requests.get(f"{root}/metrics", timeout=10).text
    for path, place in (("/", "/traces"), ("/zipkin/", "/traces"), (f"/zipkin/traces/{SHORT}", f"/trace/{SHORT.zfill(32)}")):
        answer = requests.get(root + path, timeout=10, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (302, traces_program.query + place)
        assert requests.get(root + path, timeout=10).status_code == 200


def test_spans_of_opentelemetry_are_told_too(traces_program, api):
    trace = otlp.trace_id()
    request = otlp.request("told", [{"trace": trace, "id": otlp.span_id(), "name": "call", "kind": 3, "error": "no",
                                     "attributes": {"server.address": "db.example", "n": 5}}], resource={"host.name": "box"})
    assert requests.post(traces_program.otlp, data=request.SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=10).status_code == 200
    (span,) = get(api, f"trace/{trace}")
    assert span["traceId"] == trace and span["kind"] == "CLIENT"
    assert span["remoteEndpoint"] == {"serviceName": "db.example"}
    tags = span["tags"]
    assert (tags["n"], tags["host.name"], tags["error"], tags["otel.status_code"], tags["otel.scope.name"]) == ("5", "box", "no", "ERROR", "journey")
