"""Captures of real senders go in, and each API gives them back in its own format, span for span and field for field."""

import gzip
import json

import grpc
import pytest
import requests
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from support import otlp
from support.answers import listed
from support.jaeger_query import QueryClient
from support.program import ROOT
from support.shop import settled

GOLDEN = ROOT.parent / "shared/golden"

pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the folder of captures is not here")


def otlp_captures():
    """(path, body, message) of every OTLP capture over HTTP and gRPC."""
    for pattern, content_type in (
        ("triton/**/*.json", otlp.JSON), ("triton/**/*.pb", otlp.PROTOBUF), ("**/*-http4318.bin", otlp.PROTOBUF), ("**/*-grpc4317.bin", otlp.PROTOBUF),
        ("envoy/**/*-grpc.bin", otlp.PROTOBUF), ("envoy/**/*-http.bin", otlp.PROTOBUF), ("envoy/**/*-http.rawjson", otlp.JSON),
    ):
        for path in sorted(GOLDEN.glob(pattern)):
            if pattern.startswith("triton") and not path.with_suffix(".meta").exists():
                continue
            body = path.read_bytes()
            plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
            yield path, plain, content_type, otlp.from_json(plain) if content_type == otlp.JSON else otlp.from_protobuf(plain)


def contents(message):
    """{(resource, scope, span)} as bytes, by trace."""
    found = {}
    for group in message.resource_spans:
        resource = group.resource.SerializeToString(deterministic=True)
        for scoped in group.scope_spans:
            scope = scoped.scope.SerializeToString(deterministic=True)
            for span in scoped.spans:
                found.setdefault(span.trace_id.hex(), set()).add((resource, scope, settled(span)))
    return found


@pytest.fixture(scope="module")
def sent(traces_program):
    """Everything in the captures, by trace."""
    everything = {}
    for path, body, content_type, message in otlp_captures():
        answer = requests.post(traces_program.otlp, data=body, headers={"Content-Type": content_type}, timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        for trace, spans in contents(message).items():
            everything.setdefault(trace, set()).update(spans)
    assert sum(map(len, everything.values())) > 100
    return everything


def from_v3_http(program):
    def read(trace):
        answer = requests.get(f"{program.query}/api/v3/traces/{trace}", timeout=30)
        return otlp.from_json(json.dumps(answer.json()["result"]))

    return read


def from_v3_grpc(program):
    client = QueryClient(grpc.insecure_channel(program.jaeger_query_grpc), 3)

    def read(trace):
        whole = TracesData()
        for chunk in client.trace(trace):
            whole.resource_spans.extend(chunk.resource_spans)
        return whole

    return read


def from_tempo(program):
    def read(trace):
        answer = requests.get(f"{program.tempo}/api/traces/{trace}", headers={"Accept": "application/protobuf"}, timeout=30)
        return TracesData.FromString(answer.content)

    return read


@pytest.mark.parametrize("reader", [from_v3_http, from_v3_grpc, from_tempo])
def test_otlp_comes_back_as_it_was(traces_program, sent, reader):
    read = reader(traces_program)
    different = []
    for trace, spans in sent.items():
        answered = contents(read(trace)).get(trace, set())
        if answered != spans:
            different.append(f"{trace}: {len(spans - answered)} of {len(spans)} spans are missing or changed, {len(answered - spans)} are others")
    assert not different, "\n".join(different[:20])


def zipkin_captures():
    paths = sorted(GOLDEN.glob("**/*-http9411.bin"))
    return [path for path in paths if "proto" not in str(path) and "v1" not in str(path)]


def zipkin_settled(span):
    """A span in Zipkin's JSON, with what its exporter and the back end may say differently said in one way."""
    tags = dict(span.get("tags", {}))
    for key in ("name", "version"):
        # Exporters write the scope under its old names; empty ones say nothing.
        old = tags.pop(f"otel.library.{key}", "")
        if name := tags.pop(f"otel.scope.{key}", old):
            tags[f"otel.scope.{key}"] = name
    if "service.name" in tags and tags["service.name"] == span["localEndpoint"]["serviceName"]:
        del tags["service.name"]
    annotations = [(one["timestamp"], event(one["value"])) for one in span.get("annotations", [])]
    # Some exporters write `null` or an empty text for what is not there, and 0 for the shortest duration, which is 1.
    fields = ("traceId", "id", "parentId", "name", "kind", "timestamp")
    result = {key: span[key] for key in fields if span.get(key)}
    tags = {key: listed((key, "string", value))[2] for key, value in tags.items()}
    return {**result, "duration": max(1, span["duration"]), "service": span["localEndpoint"]["serviceName"], "tags": tags, "annotations": sorted(annotations)}


def event(text):
    """Python's exporter puts braces around `"name": {attributes}`."""
    try:
        ((name, attributes),) = json.loads(text if text.startswith("{") else f"{{{text}}}").items()
    except (ValueError, AttributeError):
        return text
    return f"{name} {json.dumps(attributes, sort_keys=True)}" if attributes else name


def unequal(sent, answered):
    """The fields in which two spans differ; of tags, which ones."""
    found = [f"{key}: {sent.get(key)!r} became {answered.get(key)!r}" for key in sent.keys() | answered.keys() if key != "tags" and sent.get(key) != answered.get(key)]
    tags = sent["tags"].items() ^ answered["tags"].items()
    return found + ([f"tags: {sorted(tags)}"] if tags else [])


def test_zipkin_comes_back_as_it_was(traces_program):
    problems = []
    count = 0
    for path in zipkin_captures():
        body = path.read_bytes()
        assert requests.post(traces_program.zipkin, data=body, headers={"Content-Type": "application/json"}, timeout=30).status_code == 202
        for span in json.loads(body):
            answer = requests.get(f"{traces_program.zipkin_query}/api/v2/trace/{span['traceId']}", timeout=30)
            assert answer.status_code == 200, f"{path}: {span['traceId']}"
            wanted = zipkin_settled(span)
            answered = [zipkin_settled(one) for one in answer.json() if one["id"] == span["id"]]
            count += 1
            if best := min((unequal(wanted, one) for one in answered), key=len, default=["is missing"]):
                problems.append(f"{path.relative_to(GOLDEN)}: span {span['id']} {span['name']!r}: " + "; ".join(best))
    assert count > 10
    assert not problems, f"{len(problems)} of {count} spans differ:\n" + "\n".join(problems[:20])
