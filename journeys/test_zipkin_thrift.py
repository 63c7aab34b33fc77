"""Spans of Zipkin's first version in Thrift, as Zipkin's generated code writes them: over HTTP, and by the agent's UDP ports."""

import socket

import pytest
import requests

from support import otlp, senders
from support.waiting import wait_until


def stored(program, trace):
    answer = requests.get(f"{program.query}/api/traces/{trace}", params={"raw": "true"}, timeout=10)
    return answer.json()["data"][0] if answer.status_code == 200 else None


def expect_span(document, service):
    (span,) = document["spans"]
    tags = {one["key"]: (one["type"], one["value"]) for one in span["tags"]}
    assert document["processes"][span["processID"]]["serviceName"] == service
    assert (span["operationName"], span["startTime"], span["duration"]) == ("get", 1_700_000_000_000_000, 1500)
    assert tags["span.kind"] == ("string", "server")
    assert tags["text"] == ("string", "wörter")
    assert tags["flag"] == ("bool", True)
    assert tags["bytes"] == ("binary", "AP8=")
    assert tags["short"] == ("int64", -2)
    assert tags["int"] == ("int64", 70000)
    assert tags["long"] == ("int64", -1 << 40)
    assert tags["double"] == ("float64", 2.5)
    assert tags["peer.service"] == ("string", "caller")
    assert tags["net.peer.port"] == ("int64", 65535)
    assert tags["net.host.ip"] == ("string", "127.0.0.1")
    (log,) = span["logs"]
    assert (log["timestamp"], log["fields"]) == (1_700_000_000_000_400, [{"key": "event", "type": "string", "value": "note"}])


def test_over_http(traces_program):
    trace, span = otlp.span_id(), otlp.span_id()
    body = senders.zipkin_thrift("elder", trace, span)
    url = f"{traces_program.zipkin_query}/api/v1/spans"
    answer = requests.post(url, data=body, headers={"Content-Type": "application/x-thrift"}, timeout=10)
    assert (answer.status_code, answer.text) == (202, "")
    expect_span(stored(traces_program, trace.rjust(32, "0")), "elder")
    broken = requests.post(url, data=body[:-3], headers={"Content-Type": "application/x-thrift"}, timeout=10)
    assert broken.status_code == 400
    assert "expected a list of Zipkin spans" in broken.text


@pytest.mark.parametrize("protocol", ["compact", "binary"])
def test_by_the_agent(traces_program, protocol):
    trace, span = otlp.span_id(), otlp.span_id()
    port = traces_program.jaeger_compact_port if protocol == "compact" else traces_program.jaeger_binary_port
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.sendto(senders.zipkin_thrift("agent's", trace, span, agent=protocol), ("127.0.0.1", port))
    wait_until(lambda: stored(traces_program, trace.rjust(32, "0")), what="the span is stored")
    expect_span(stored(traces_program, trace.rjust(32, "0")), "agent's")
