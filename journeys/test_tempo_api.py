"""Tempo's API: the requests that Grafana's data source makes, with the answers it relies on."""

import pytest
import requests
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from support.shop import SECOND, Shop, flat


@pytest.fixture(scope="module")
def shop(traces_program):
    return Shop().send(traces_program)


def get(program, path, headers=None, **parameters):
    return requests.get(f"{program.tempo}{path}", params=parameters, headers=headers, timeout=30)


def window(shop):
    return {"start": shop.start // SECOND, "end": shop.now // SECOND + 1}


def numbers(shop, answer):
    assert answer.status_code == 200, answer.text
    return [shop.ids.index(trace["traceID"].zfill(32)) for trace in answer.json().get("traces", [])]


def test_save_and_test(traces_program):
    answer = get(traces_program, "/api/echo")
    assert (answer.status_code, answer.text) == (200, "echo")
    assert get(traces_program, "/ready").text == "ready"
    assert get(traces_program, "/api/status/buildinfo").json()["version"]


def field(body, number):
    """The bytes of a length-delimited field of a message, the first with this number."""
    position = 0
    while position < len(body):
        tag, position = varint(body, position)
        length, position = varint(body, position)
        if tag == number << 3 | 2:
            return body[position:position + length]
        position += length
    return b""


def varint(body, position):
    value = shift = 0
    while True:
        byte = body[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position


def test_a_trace_as_grafana_opens_it(traces_program, shop):
    accept = {"Accept": "application/protobuf"}
    answer = get(traces_program, f"/api/v2/traces/{shop.ids[3]}", headers=accept, **window(shop))
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/protobuf"
    sent = {span.span_id: (service, span) for request in shop.requests[6:8] for service, span in flat(request)}
    assert {span.span_id: (service, span) for service, span in flat(TracesData.FromString(field(answer.content, 1)))} == sent
    first = get(traces_program, f"/api/traces/{shop.ids[3]}", headers=accept)
    assert {span.span_id: (service, span) for service, span in flat(TracesData.FromString(first.content))} == sent
    # Unknown: version 2 has an empty trace, version 1 a 404.
    unknown = get(traces_program, f"/api/v2/traces/{'f' * 32}", headers=accept)
    assert unknown.status_code == 200 and field(unknown.content, 1) == b""
    assert get(traces_program, f"/api/traces/{'f' * 32}", headers=accept).status_code == 404


def test_a_trace_as_json(traces_program, shop):
    version1 = get(traces_program, f"/api/traces/{shop.ids[3]}").json()
    spans = [span for group in version1["batches"] for scoped in group["scopeSpans"] for span in scoped["spans"]]
    assert {span["kind"] for span in spans} == {"SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"}
    assert all(span["traceId"].endswith("=") for span in spans)
    version2 = get(traces_program, f"/api/v2/traces/{shop.ids[3]}").json()
    assert version2["trace"]["resourceSpans"] == version1["batches"]
    answer = get(traces_program, "/api/traces/xyz")
    assert (answer.status_code, answer.text) == (400, "trace IDs can only contain hex characters: invalid character 'x' at position 1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{}", [3, 2, 1, 0]),
        ("{ status = error }", [3]),
        ('{ resource.service.name = "pay/ment" && span.tier = "gold" }', [3, 1]),
        ('{ resource.region = "eu" }', [1, 0]),
        ("{ duration > 60ms }", [3]),
        ("{ traceDuration >= 60ms }", [3, 2]),
        ("{ name = `checkout` } >> { span.http.status_code = 500 }", [3]),
        ('{ event:name = "retry" && event.attempt = 2 }', [2]),
        ("{} | count() > 2", []),
    ],
)
def test_search(traces_program, shop, query, expected):
    assert numbers(shop, get(traces_program, "/api/search", q=query, limit=20, spss=3, **window(shop))) == expected


def test_the_shape_of_a_search(traces_program, shop):
    answer = get(traces_program, "/api/search", q="{ span.http.status_code = 500 } | select(resource.region)", **window(shop)).json()
    (trace,) = answer["traces"]
    assert (trace["rootServiceName"], trace["rootTraceName"], trace["durationMs"]) == ("front", "checkout", 80)
    assert trace["startTimeUnixNano"] == str(shop.now - 60 * SECOND)
    (spans,) = trace["spanSets"]
    assert spans == trace["spanSet"] and spans["matched"] == 1
    attributes = {one["key"]: one["value"] for one in spans["spans"][0]["attributes"]}
    assert attributes["http.status_code"] == {"intValue": "500"} and attributes["region"] == {"stringValue": "us"}
    assert trace["serviceStats"]["pay/ment"] == {"spanCount": 1, "errorCount": 1}
    assert answer["metrics"]["completedJobs"] == 1


def test_search_by_tags(traces_program, shop):
    assert numbers(shop, get(traces_program, "/api/search", tags="service.name=PAY tier=gold", **window(shop))) == [3, 1]
    assert numbers(shop, get(traces_program, "/api/search", tags='http.status_code=500 name="pa"', limit=5)) == [3]
    assert numbers(shop, get(traces_program, "/api/search", minDuration="50ms", maxDuration="70ms", **window(shop))) == [2]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"q": "{}", "start": 20, "end": 10}, "http parameter start must be before end. received start=20 end=10"),
        ({"q": "{}", "tags": "a=b"}, "invalid request: can't specify tags and q in the same query"),
        ({"q": "{}", "limit": 0}, "invalid limit: must be a positive number"),
        ({"q": "{ .a = }"}, "invalid TraceQL query: parse error at line 1, col "),
    ],
)
def test_errors(traces_program, shop, parameters, text):
    answer = get(traces_program, "/api/search", **parameters)
    assert answer.status_code == 400 and answer.text.startswith(text), answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_what_the_search_editor_asks(traces_program, shop):
    scopes = get(traces_program, "/api/v2/search/tags", limit=5000, **window(shop)).json()["scopes"]
    tags = {scope["name"]: scope["tags"] for scope in scopes}
    assert tags["resource"] == ["region", "service.name"]
    assert tags["span"] == ["http.status_code", "tier"]
    assert tags["event"] == ["attempt"]
    assert "span:status" in tags["intrinsic"]
    assert get(traces_program, "/api/v2/search/tags", scope="span").json()["scopes"] == [{"name": "span", "tags": tags["span"]}]

    def values(tag, **parameters):
        answer = get(traces_program, f"/api/v2/search/tag/{tag}/values", **parameters).json()
        return [(one["type"], one["value"]) for one in answer["tagValues"]]

    assert values("resource.service.name") == [("string", "front"), ("string", "pay/ment")]
    assert values("span.http.status_code") == [("int", "200"), ("int", "500")]
    assert ("keyword", "error") in values("status")
    assert values("name", q='{ resource.service.name = "pay/ment" }') == [("string", "pay")]
    assert values("span.tier", q='{ resource.region = "us" && span.http.status_code = 500 && name = }') == [("string", "gold")]
    assert get(traces_program, "/api/search/tag/tier/values").json()["tagValues"] == ["gold", "tin"]
    assert get(traces_program, "/api/v2/search/tag/tier/values").status_code == 400


def test_what_a_graph_asks(traces_program, shop):
    query = "{ resource.service.name = `pay/ment` } | count_over_time() by (span.tier)"
    answer = get(traces_program, "/api/metrics/query_range", q=query, step="30s", exemplars=10, **window(shop))
    assert answer.status_code == 200, answer.text
    totals = {}
    for series in answer.json()["series"]:
        (label,) = [one for one in series["labels"] if one["key"].endswith("tier")]
        totals[label["value"]["stringValue"]] = sum(sample.get("value", 0) for sample in series["samples"])
    assert totals == {"gold": 2, "tin": 2}
    (instant,) = get(traces_program, "/api/metrics/query", q="{ status = error } | count_over_time()", **window(shop)).json()["series"]
    assert instant["value"] == 1
    refused = get(traces_program, "/api/metrics/query_range", q="{}")
    assert refused.status_code == 400
