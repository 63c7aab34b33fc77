"""The analysis that the page shows, asked of the real program: batches, lanes, the map, errors, comparison, live rows, and stages of
payloads that real servers sent."""

import concurrent.futures
import gzip
import json
import time
import uuid

import pytest
import requests

from support import otlp
from support.program import ROOT
from support.waiting import wait_until

GOLDEN = ROOT.parent / "shared/golden"
needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the folder of captures is not here")


def ui(program, path, **params):
    answer = requests.get(f"{program.query}/api/ui/{path}", params=params, timeout=30)
    assert answer.status_code == 200, f"{path} {params}: {answer.status_code} {answer.text}"
    return answer.json()


def post(program, message):
    answer = requests.post(program.otlp, data=message, headers={"Content-Type": otlp.PROTOBUF}, timeout=30)
    assert answer.status_code == 200, answer.text


def send_capture(program, paths):
    """Sends captured OTLP bodies; the ids of their traces."""
    traces = set()
    for path in paths:
        body = path.read_bytes()
        plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        content_type = otlp.JSON if path.suffix in (".json", ".rawjson") else otlp.PROTOBUF
        message = otlp.from_json(plain) if content_type == otlp.JSON else otlp.from_protobuf(plain)
        answer = requests.post(program.otlp, data=plain, headers={"Content-Type": content_type}, timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        for group in message.resource_spans:
            for scoped in group.scope_spans:
                traces.update(span.trace_id.hex() for span in scoped.spans)
    return sorted(traces)


def strip(trace):
    parts = {part["stage"]: part["duration"] for part in trace["strip"]}
    assert not parts or sum(parts.values()) == trace["durationNano"]
    return parts


@needs_golden
def test_stages_of_a_captured_triton_request(traces_program):
    folder = GOLDEN / "triton/otel_bare/http_infer"
    paths = [path for path in sorted(folder.glob("*.json")) if path.with_suffix(".meta").exists()]
    (trace_id,) = send_capture(traces_program, paths)
    spans = {}
    for path in paths:
        for group in otlp.from_json(path.read_bytes()).resource_spans:
            for scoped in group.scope_spans:
                for span in scoped.spans:
                    spans[span.name] = {event.name: event.time_unix_nano for event in span.events}
    compute = spans["compute"]
    model = next(events for name, events in spans.items() if "QUEUE_START" in events)
    parts = strip(ui(traces_program, f"trace/{trace_id}"))
    assert parts["queue"] == compute["COMPUTE_START"] - model["QUEUE_START"]
    assert parts["infer"] == compute["COMPUTE_OUTPUT_START"] - compute["COMPUTE_INPUT_END"]
    assert parts.get("input", 0) == compute["COMPUTE_INPUT_END"] - compute["COMPUTE_START"]
    assert parts.get("output", 0) == compute["COMPUTE_END"] - compute["COMPUTE_OUTPUT_START"]


@needs_golden
def test_stages_of_captured_language_model_requests(traces_program):
    folder = GOLDEN / "bentoml-vllm/vllm-0.32/otlp-grpc-main/cap"
    seen = 0
    for path in sorted(folder.glob("*-grpc4317.bin"))[:10]:
        message = otlp.from_protobuf(path.read_bytes())
        send_capture(traces_program, [path])
        for group in message.resource_spans:
            for scoped in group.scope_spans:
                for span in scoped.spans:
                    if span.name != "llm_request":
                        continue
                    told = {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes}
                    trace = ui(traces_program, f"trace/{span.trace_id.hex()}")
                    row = next(index for index in range(trace["spanCount"]) if trace["columns"]["spanID"][16 * index:16 * index + 16] == span.span_id.hex())
                    facts = next(facts for facts in trace["llm"] if facts["row"] == row)
                    assert facts["tokensIn"] == told["gen_ai.usage.prompt_tokens"]
                    assert facts["tokensOut"] == told["gen_ai.usage.completion_tokens"]
                    assert facts["ttft"] == round(told["gen_ai.latency.time_to_first_token"] * 1e9)
                    bars = {part["stage"]: part["duration"] for part in trace["stages"] if part["row"] == row}
                    for stage, key in [("queue", "queue"), ("prefill", "model_prefill"), ("decode", "model_decode")]:
                        assert bars.get(stage, 0) == round(told[f"gen_ai.latency.time_in_{key}"] * 1e9)
                    strip(trace)
                    seen += 1
    assert seen > 5


@needs_golden
def test_stages_behind_captured_gateways_and_frameworks(traces_program):
    for folder in ("grpc_supersonic", "http1_verbose_otlphttp"):
        paths = [path for path in sorted((GOLDEN / "envoy" / folder).glob("*")) if path.suffix in (".bin", ".rawjson")]
        for trace_id in send_capture(traces_program, paths):
            trace = ui(traces_program, f"trace/{trace_id}")
            parts = strip(trace)
            assert parts["gateway"] > 0 and parts["infer"] > 10_000_000
            # One attempt upstream has a span of its own only where Envoy was told to make one.
            assert ("network" in parts) == (folder == "http1_verbose_otlphttp")
            edges = ui(traces_program, f"trace/{trace_id}/map")["edges"]
            assert len(edges) == 1 and edges[0]["callee"] == "test_server_with_passthrough"
            assert ("network" in edges[0]) == (folder == "http1_verbose_otlphttp")
    paths = sorted((GOLDEN / "bentoml-vllm/bentoml-1.4/otlp-http_otel1.26/cap").glob("*-http4318.bin"))
    found = 0
    for trace_id in send_capture(traces_program, paths):
        trace = ui(traces_program, f"trace/{trace_id}")
        if any(name.startswith("POST /predict") for name in trace["strings"]):
            parts = strip(trace)
            assert parts["receive"] > 0 and parts["infer"] > 0 and parts["send"] > 0
            assert trace["sources"] == ["spans"]
            found += 1
    assert found >= 2


def test_load_of_a_real_model_shows_in_batches_lanes_errors_and_map(up):
    name = "passthrough"

    def ask(body):
        return up.generate(body).status_code

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, [{"sleep": 0.02}] * 60 + [{"sleep": 0, "error": True}] * 4))
    assert answers[:60] == [200] * 60
    assert all(code >= 400 for code in answers[60:])

    def counted():
        rows = ui(up, "models", lookback="1h")["models"]
        return rows if rows and rows[0]["count"] >= 64 else None

    (row,) = wait_until(counted, what="all requests in the models' table")
    assert (row["model"], row["count"], row["errors"]) == (name, 64, 4)
    # Sixteen clients and one instance that takes 20 ms: requests go together.
    batches = ui(up, "batches", lookback="1h", model=name)
    (figures,) = batches["models"]
    assert figures["seen"] == 64 and figures["exact"]
    assert figures["meanFill"] > 1 and figures["largest"] > 1
    assert sum(step["size"] * step["n"] for step in figures["fill"]) == pytest.approx(64)
    largest = max(batches["batches"], key=lambda batch: batch["requests"])
    one = ui(up, f"batch/{largest['key']}")["batch"]
    assert one["evidence"] == "attribute" and one["complete"]
    assert one["requests"] == one["seen"] == len(one["members"]) == figures["largest"]
    for member in one["members"]:
        again = ui(up, f"batch/{member['traceID']}-{member['spanID']}")["batch"]
        assert again["key"] == one["key"]
        if again["queueSplit"]:
            assert all(part["noInstanceNano"] + part["batchWaitNano"] == part["queueNano"] for part in again["members"])
    lanes = ui(up, "lanes", lookback="1h", model=name)["lanes"]
    assert lanes and not any(lane["inferred"] for lane in lanes)
    assert sum(lane["executions"] for lane in lanes) == figures["executions"]
    groups = ui(up, "errors", lookback="1h")["groups"]
    assert [(group["model"], group["template"], group["count"]) for group in groups] == [(name, "Requested Error", 4)]
    services = ui(up, "map", lookback="1h")["nodes"]
    assert any(model["name"] == name for node in services for model in node["models"])
    found = ui(up, "search", lookback="1h", q=f"model:{name} status:ok", sort="duration")
    assert found["matched"] == 60
    slowest = found["rows"][0]
    assert sum(slowest["stages"].values()) == slowest["durationNano"]
    rank = ui(up, f"trace/{slowest['traceID']}/rank")
    assert rank["others"] == 63 and rank["rank"] > 0.5


def planted(count, now):
    """Requests of which every fourth, on one host, is slow; one in ten of these fails."""
    for number in range(count):
        slow = number % 4 == 0
        start = now - (count - number) * 10_000_000
        length = (80 if slow else 10) * 1_000_000 + number
        status = {"code": 2, "message": f"worker {number} lost its device"} if number % 40 == 0 else {}
        yield ("gpu-bad" if slow else f"gpu-{number % 3}"), start, length, status, number


def planted_message(count):
    now = time.time_ns()
    groups = []
    for host, start, length, status, number in planted(count, now):
        trace, root, model, compute = uuid.uuid4().hex, *(uuid.uuid4().hex[:16] for _ in range(3))

        def span(name, span_id, parent, begin, end, attributes=(), events=(), status=None):
            return {
                "traceId": trace, "spanId": span_id, "parentSpanId": parent, "name": name, "kind": 2,
                "startTimeUnixNano": str(begin), "endTimeUnixNano": str(end), "status": status or {},
                "attributes": [{"key": key, "value": value} for key, value in attributes],
                "events": [{"name": name, "timeUnixNano": str(at)} for name, at in events],
            }

        end = start + 2_000_000 + length
        groups.append({
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "planted"}}, {"key": "host.name", "value": {"stringValue": host}}]},
            "scopeSpans": [{"scope": {"name": "triton-server"}, "spans": [
                span("InferRequest", root, "", start, end, [("client", {"stringValue": f"c{number % 5}"}), ("id", {"stringValue": f"r-{number}"})]),
                span("ranker", model, root, start, end, [("triton.model_name", {"stringValue": "ranker"}), ("triton.model_version", {"intValue": "3"})],
                     [("QUEUE_START", start)], status),
                span("compute", compute, model, start + 2_000_000, end, (),
                     [("COMPUTE_START", start + 2_000_000), ("COMPUTE_INPUT_END", start + 2_000_000), ("COMPUTE_OUTPUT_START", end), ("COMPUTE_END", end)]),
            ]}],
        })
    return json.dumps({"resourceSpans": groups})


def test_a_planted_cause_is_found_first(start):
    program = start("traces")
    answer = requests.post(program.otlp, data=planted_message(400), headers={"Content-Type": otlp.JSON}, timeout=60)
    assert answer.status_code == 200, answer.text
    tail = ui(program, "tail", sel="duration>50ms", lookback="1h")
    assert (tail["selection"]["traces"], tail["baseline"]["traces"]) == (100, 300)
    assert (tail["attributes"][0]["key"], tail["attributes"][0]["value"]) == ("host", "gpu-bad")
    assert sum(stage["differenceNano"] for stage in tail["stages"]) == pytest.approx(tail["gapNano"], abs=1)
    assert max(tail["stages"], key=lambda stage: stage["differenceNano"])["stage"] == "infer"
    assert "root.id" in tail["hiddenKeys"]
    # Without the host the slow band is gone.
    assert ui(program, "search", q="-host:gpu-bad duration>50ms", lookback="1h")["matched"] == 0
    groups = ui(program, "errors", lookback="1h")["groups"]
    assert [(group["template"], group["count"]) for group in groups] == [("worker <n> lost its device", 10)]
    heatmap = ui(program, "heatmap", lookback="1h", q="host:gpu-bad")
    assert sum(cell["n"] for cell in heatmap["cells"]) == 100
    assert ui(program, "models", lookback="1h")["models"][0]["count"] == 400
    # What comes later is in the next answer.
    requests.post(program.otlp, data=planted_message(40), headers={"Content-Type": otlp.JSON}, timeout=60).raise_for_status()
    # At once, or, where a busy machine took long to read the window, some seconds later.
    wait_until(lambda: ui(program, "models", lookback="1h")["models"][0]["count"] == 440, what="the later requests counted")


def test_live_rows_follow_what_is_stored(start):
    program = start("traces")
    with requests.get(f"{program.query}/api/ui/live", params={"q": "model:ranker"}, stream=True, timeout=60) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        lines = stream.iter_lines(decode_unicode=True)
        assert any(line.startswith(": following") for line in lines)
        requests.post(program.otlp, data=planted_message(3), headers={"Content-Type": otlp.JSON}, timeout=60).raise_for_status()
        rows = []
        for line in lines:
            if line and line.startswith("data: "):
                rows += json.loads(line[6:])["rows"]
            if len(rows) >= 3:
                break
    assert {row["model"] for row in rows} == {"ranker"}
    assert all(row["stages"]["infer"] > 0 for row in rows)
    health = ui(program, "health", lookback="1h")
    assert health["spansPerSecond"] > 0 and health["ingest"]["committedSpans"] == 9
