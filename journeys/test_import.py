"""Files of traces are uploaded to the page's API, and what is in them comes back."""

import gzip
import json

import pytest
import requests

from support import otlp
from support.answers import answered_span, differences, expected_span
from support.program import ROOT

GOLDEN = ROOT.parent / "shared/golden"
captured = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the folder of captures is not here")


def upload(program, body, **parameters):
    return requests.post(f"{program.query}/api/ui/import", data=body, params=parameters, timeout=60)


def document(program, trace):
    answer = requests.get(f"{program.query}/api/traces/{trace}", params={"raw": "true"}, timeout=10)
    assert answer.status_code == 200, trace
    return answer.json()["data"][0]


def example(count=3):
    trace = otlp.trace_id()
    spans = [{"trace": trace, "id": otlp.span_id(), "name": f"span {number}", "attributes": {"n": number, "f": 0.5, "ok": True}} for number in range(count)]
    return trace, otlp.request("imported", spans)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_otlp_in_lines_and_behind_lengths(traces_program, compress):
    (first, one), (second, two) = example(), example()
    lines = "\n".join(json.dumps(json.loads(otlp.to_json(message))) for message in (one, two)).encode()
    answer = upload(traces_program, compress(lines)).json()
    assert (answer["format"], answer["traces"], answer["spanCount"]) == ("otlp-json", [first, second], 6)
    third, three = example(2)
    framed = b"".join(len(body).to_bytes(4, "big") + body for body in [three.SerializeToString()])
    answer = upload(traces_program, compress(framed)).json()
    assert (answer["format"], answer["traces"], answer["spanCount"]) == ("otlp-protobuf", [third], 2)
    assert len(document(traces_program, first)["spans"]) == 3


def test_a_saved_trace_comes_back_the_same(traces_program, start):
    """What Jaeger's page saves is what its query API answers."""
    trace, message = example()
    headers = {"Content-Type": otlp.PROTOBUF}
    assert requests.post(traces_program.otlp, data=message.SerializeToString(), headers=headers, timeout=10).status_code == 200
    saved = requests.get(f"{traces_program.query}/api/traces/{trace}", timeout=10)
    other = start("traces")
    answer = upload(other, saved.content).json()
    assert (answer["format"], answer["traces"], answer["spanCount"], answer["rejectedSpanCount"]) == ("jaeger-json", [trace], 3, 0)
    assert requests.get(f"{other.query}/api/traces/{trace}", timeout=10).json()["data"] == saved.json()["data"]
    # Again: nothing is there twice.
    upload(other, saved.content)
    assert requests.get(f"{other.query}/api/traces/{trace}", timeout=10).json()["data"] == saved.json()["data"]


def test_what_cannot_be_read_is_told(traces_program):
    for body, part in [
        (b"hello", "begins with “hello”"), (b"\x00\xff\x00\xff", "00 ff 00 ff"), (b"", "the file is empty"), (b'{"resourceSpans":[{', "malformed OTLP JSON at byte 19"),
        (b'{"a":1}', "JSON that holds no traces"), (b"\x1f\x8b\x08garbage", "cannot be decompressed"),
    ]:
        answer = upload(traces_program, body)
        assert answer.status_code == 400, body
        assert part in answer.json()["errors"][0]["msg"]
    _, message = example()
    line = json.dumps(json.loads(otlp.to_json(message))).encode()
    answer = upload(traces_program, b"\n".join([line, line[:-9], line])).json()
    assert (answer["spanCount"], answer["unreadablePartCount"]) == (6, 1)
    assert answer["message"].startswith("line 2: malformed OTLP JSON")
    assert requests.get(f"{traces_program.query}/api/ui/import", timeout=10).status_code == 405


def test_pages_of_others_may_not_import(traces_program):
    _, message = example()
    url = f"{traces_program.query}/api/ui/import"
    body = message.SerializeToString()
    assert requests.post(url, data=body, headers={"Origin": "https://evil.example"}, timeout=10).status_code == 403
    assert requests.post(url, data=body, headers={"Origin": traces_program.query}, timeout=10).status_code == 200


@captured
def test_tritons_own_files(traces_program):
    """Every timestamp in them is an event at its time, every request a trace of the shape of Triton's other mode."""
    for path in sorted(GOLDEN.glob("triton/triton_mode/*.json*")):
        body = path.read_bytes()
        answer = upload(traces_program, body, lastModified="1795225495123").json()
        assert (answer["format"], answer["rejectedSpanCount"]) == ("triton", 0), path
        again = upload(traces_program, body, lastModified="1795225495123").json()
        assert again["traces"] == answer["traces"], path
        try:
            entries = json.loads(body)
        except ValueError:
            assert path.name == "types.json"
            continue
        stamps = [(entry["id"], stamp["name"], stamp["ns"]) for entry in entries for stamp in entry.get("timestamps", [])]
        newest = max(time for _, _, time in stamps)
        tensors = sum("tensor" in entry for entry in entries)
        events, tensor_events, untimed, spans = [], 0, 0, {}
        for trace in answer["traces"]:
            for span in document(traces_program, trace)["spans"]:
                spans[span["spanID"]] = span
                tags = {one["key"]: one["value"] for one in span["tags"]}
                untimed += len(json.loads(tags.get("triton.untimed_events", "[]")))
                for log in span["logs"]:
                    fields = {one["key"]: one["value"] for one in log["fields"]}
                    if "tensor.name" in fields:
                        tensor_events += 1
                    else:
                        events.append((fields["event"], log["timestamp"]))
        expected = [(name, (time - newest + 1795225495123 * 10**6) // 1000) for _, name, time in stamps if time]
        assert sorted(events) == sorted(expected), path
        assert untimed == sum(time == 0 for _, _, time in stamps), path
        assert tensor_events == tensors, path
        models = {(entry["id"], entry["model_name"]) for entry in entries if "model_name" in entry}
        named = {one["operationName"] for one in spans.values()}
        assert {name for _, name in models} <= named, path
        # Nothing hangs in the air.
        assert all(one["spanID"] in spans for span in spans.values() for one in span["references"]), path


@captured
def test_captured_requests_are_files_too(traces_program):
    """Each compared field by field with OpenTelemetry's own message classes."""
    paths = sorted(GOLDEN.glob("triton/otel_bare/*/*.json")) + sorted(GOLDEN.glob("triton/otel_pytriton/*/*.pb"))
    assert paths
    problems = []
    for path in paths:
        body = path.read_bytes()
        message = otlp.from_json(body) if path.suffix == ".json" else otlp.from_protobuf(body)
        answer = upload(traces_program, body).json()
        for group in message.resource_spans:
            for scoped in group.scope_spans:
                for span in scoped.spans:
                    wanted = expected_span(group.resource, scoped.scope, span)
                    told = document(traces_program, span.trace_id.hex())
                    best = min((differences(wanted, answered_span(told, raw)) for raw in told["spans"] if raw["spanID"] == span.span_id.hex()), key=len)
                    if best:
                        problems.append(f"{path.relative_to(GOLDEN)}: {span.name}: {best}")
        assert answer["rejectedSpanCount"] == 0, path
    assert not problems, "\n".join(problems[:20])
