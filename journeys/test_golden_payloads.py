"""Payloads captured from real senders go in, and everything in them comes out: nothing dropped, nothing changed.

The captures lie beside the project and are read only when they are there. What they hold is decoded here with
OpenTelemetry's own message classes, which share nothing with the program's decoders.
"""

import gzip
from pathlib import Path

import grpc
import pytest
import requests

from support import otlp
from support.answers import answered_span, differences, expected_span
from support.program import ROOT

GOLDEN = ROOT.parent / "shared/golden"

pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the folder of captures is not here")


def captures():
    """(path, transport, content type) of every OTLP capture."""
    found = []
    for path in sorted(GOLDEN.glob("triton/**/*")):
        if path.with_suffix(".meta").exists() and path.suffix in (".json", ".pb"):
            found.append((path, "http", otlp.JSON if path.suffix == ".json" else otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("**/*-http4318.bin")):
        found.append((path, "http", otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("**/*-grpc4317.bin")):
        found.append((path, "grpc", otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("envoy/**/*-grpc.bin")):
        found.append((path, "grpc", otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("envoy/**/*-http.bin")):
        found.append((path, "http", otlp.PROTOBUF))
    for path in sorted(GOLDEN.glob("envoy/**/*-http.rawjson")):
        found.append((path, "http", otlp.JSON))
    return found


def decode(path, content_type):
    body = path.read_bytes()
    plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    return body, (otlp.from_json(plain) if content_type == otlp.JSON else otlp.from_protobuf(plain))


def test_captures_are_there():
    assert len(captures()) > 50


def test_everything_in_the_captures_comes_back(traces_program):
    expected = {}
    session = requests.Session()
    with grpc.insecure_channel(traces_program.grpc) as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        for path, transport, content_type in captures():
            body, message = decode(path, content_type)
            if transport == "grpc":
                assert not otlp.response(export(body, timeout=30)).HasField("partial_success"), path
            else:
                headers = {"Content-Type": content_type}
                if body[:2] == b"\x1f\x8b":
                    headers["Content-Encoding"] = "gzip"
                answer = session.post(traces_program.otlp, data=body, headers=headers, timeout=30)
                assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
                if content_type == otlp.PROTOBUF:
                    assert not otlp.response(answer.content).HasField("partial_success"), path
                else:
                    assert answer.json().get("partialSuccess", {}) == {}, path
            for group in message.resource_spans:
                for scoped in group.scope_spans:
                    for span in scoped.spans:
                        by_span = expected.setdefault(span.trace_id.hex(), {})
                        by_span.setdefault(span.span_id.hex(), []).append((path, expected_span(group.resource, scoped.scope, span)))

    assert sum(map(len, expected.values())) > 100
    problems = []
    for trace_id, by_span in expected.items():
        answer = session.get(f"{traces_program.query}/api/traces/{trace_id}", params={"raw": "true"}, timeout=30)
        if answer.status_code != 200:
            problems.append(f"trace {trace_id}: {answer.status_code}")
            continue
        (document,) = answer.json()["data"]
        answered = {}
        for raw in document["spans"]:
            answered.setdefault(raw["spanID"], []).append(answered_span(document, raw))
        for span_id in answered.keys() - by_span.keys():
            problems.append(f"trace {trace_id}: span {span_id} was never sent")
        for span_id, candidates in by_span.items():
            for path, one in candidates:
                best = min((differences(one, other) for other in answered.get(span_id, [])), key=len, default=["is missing"])
                if best:
                    problems.append(f"{path.relative_to(GOLDEN)}: span {span_id} {one['name']!r}: " + "; ".join(best))
    assert not problems, f"{len(problems)} differences:\n" + "\n".join(problems[:20])
