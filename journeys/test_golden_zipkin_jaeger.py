"""Payloads captured from real Zipkin and Jaeger exporters go in, and everything in them comes out.

The captures lie beside the project and are read only when they are there. What they hold is decoded here with the generated code of
Zipkin and Jaeger, which shares nothing with the program's decoders.
"""

import socket

import grpc
import pytest
import requests

from support import senders
from support.answers import answered_span, as_text, decoded_span, settled
from support.program import ROOT
from support.waiting import wait_until

GOLDEN = ROOT.parent / "shared/golden"

pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the folder of captures is not here")


def send_udp(program, body):
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.sendto(body, ("127.0.0.1", program.jaeger_compact_port))


def send_grpc(program, body):
    with grpc.insecure_channel(f"127.0.0.1:{program.jaeger_grpc_port}") as channel:
        assert channel.unary_unary("/jaeger.api_v2.CollectorService/PostSpans")(body, timeout=30) == b""


def post(url, content_type):
    def send(program, body):
        answer = requests.post(url(program), data=body, headers={"Content-Type": content_type}, timeout=30)
        assert (answer.status_code, answer.text) == (202, "")

    return send


# How the captures of a sink are called; the decoder, and the way in.
SINKS = {
    "udp6831": ("jaeger-compact", send_udp),
    "http14268": ("jaeger-http", post(lambda program: program.jaeger_http, "application/x-thrift")),
    "grpc14250": ("jaeger-grpc", send_grpc),
    "http9411": ("zipkin-json", post(lambda program: program.zipkin, "application/json")),
    "http9411 protobuf": ("zipkin-proto", post(lambda program: program.zipkin, "application/x-protobuf")),
}


def captures(sink):
    name, *protobuf = sink.split()
    return [path for path in sorted(GOLDEN.glob(f"**/*-{name}.bin")) if ("zipkin-proto" in str(path)) == bool(protobuf)]


# What the back end makes of Zipkin's endpoints, which are no tags.
ENDPOINT_KEYS = {"net.host.ip", "net.host.port", "zipkin.local_ipv6", "zipkin.net.host.port"}


def missing(span, answered, wire_format):
    """What of a captured span the answer does not tell, or tells otherwise."""
    wanted = decoded_span(settled(span, wire_format))
    told, expected = answered["tags"] | answered["resource"], wanted["tags"] | wanted["resource"]
    events = (wanted["events"], answered["events"])
    if wire_format.startswith("zipkin"):
        told = {one for one in as_text(told) if one[0] not in ENDPOINT_KEYS or one in expected}
        expected = as_text(expected)
        events = tuple(sorted(((time, frozenset(as_text(fields))) for time, fields in one), key=repr) for one in events)
    keys = ("name", "start", "duration", "service", "references")
    problems = [f"{key}: expected {wanted[key]!r}, got {answered[key]!r}" for key in keys if wanted[key] != answered[key]]
    if events[0] != events[1]:
        problems.append(f"events: expected {events[0]}, got {events[1]}")
    if told != expected:
        problems.append(f"tags: missing {sorted(expected - told)}, unexpected {sorted(told - expected)}")
    return problems


@pytest.mark.parametrize("sink", SINKS)
def test_everything_in_the_captures_comes_back(start, sink):
    wire_format, send = SINKS[sink]
    program = start("traces")
    paths = captures(sink)
    assert paths
    sent = {}
    count = 0
    for path, spans in zip(paths, senders.decode(wire_format, *paths)):
        send(program, path.read_bytes())
        count += len(spans)
        for span in spans:
            sent.setdefault((span["trace"], span["id"]), []).append((path, span))
    status = f"{program.query}/api/ui/status"
    wait_until(lambda: requests.get(status, timeout=120).json()["ingest"]["committedSpans"] == count, what=f"{count} spans stored")

    problems = []
    for trace in {trace for trace, _ in sent}:
        answer = requests.get(f"{program.query}/api/traces/{trace}", params={"raw": "true"}, timeout=30)
        assert answer.status_code == 200, trace
        (document,) = answer.json()["data"]
        answered = {}
        for raw in document["spans"]:
            answered.setdefault(raw["spanID"], []).append(answered_span(document, raw))
        for (of_trace, span_id), candidates in sent.items():
            if of_trace != trace:
                continue
            for path, span in candidates:
                best = min((missing(span, one, wire_format) for one in answered[span_id]), key=len)
                if best:
                    problems.append(f"{path.relative_to(GOLDEN)}: span {span_id} {span['name']!r}: " + "; ".join(best))
    assert not problems, f"{len(problems)} differences:\n" + "\n".join(problems[:20])
