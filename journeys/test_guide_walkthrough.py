"""The walk-through of the README: a curl, then a traced Python client, then the linked trace."""

import json
import subprocess

import pytest
import requests

from support import clients, traces
from support.waiting import wait_until

SERVICE = "test_server_with_passthrough"


def newest(query, service, span_count):
    def found():
        result = traces.search(query, service=service, limit=1)
        return result[0] if result and len(result[0].spans) >= span_count else None

    return wait_until(found, what=f"a trace of {service} with {span_count} spans")


def test_curl_gives_a_trace(up):
    done = subprocess.run(
        ["curl", f"{up.http}/v2/models/passthrough/generate", "-H", "Content-Type: application/json",
         "-sS", "-w", "\\n", "-d", '{"sleep": 0.05}'],
        capture_output=True, text=True, timeout=60, check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["model_name"] == "passthrough"
    assert answer["model_version"] == "1"
    assert answer["sleep"] == pytest.approx(0.05)

    trace = newest(up.query, SERVICE, len(traces.ANSWERED))
    assert trace.names == sorted(traces.ANSWERED)
    root, model, compute = trace.chain("InferRequest", "passthrough", "compute")
    assert trace.is_linked
    assert compute.duration >= 50_000
    assert root.service == SERVICE
    assert root.resource["test.key"] == "test.value"
    assert SERVICE in requests.get(f"{up.query}/api/services", timeout=10).json()["data"]


def test_python_client_and_server_are_one_trace(up):
    report = clients.run("traced_client.py", up.http, up.otlp, json.dumps({"sleep": 0.05}))
    assert report["status"] == 200
    assert report["answer"]["sleep"] == pytest.approx(0.05)

    trace = traces.wait_for(up.query, report["trace"], 2 + len(traces.ANSWERED))
    assert trace.is_linked
    outgoing, post, infer, model, compute = trace.chain("outgoing-request", "POST", "InferRequest", "passthrough", "compute")
    assert [span.service for span in (outgoing, post, infer, model, compute)] == ["upstream-service"] * 2 + [SERVICE] * 3

    traces.assert_nested(outgoing, post)
    # The server's span ends when its answer is written, which the client may have read by then.
    assert post.start - 2 <= infer.start
    traces.assert_nested(post, model)
    traces.assert_nested(infer, model)
    traces.assert_nested(model, compute)
    for name in traces.ANSWERED[3:]:
        assert trace.named(name).parent == compute.id
        traces.assert_nested(compute, trace.named(name))
    assert trace.named("pass-through-sleep").duration >= 50_000

    assert infer.resource["test.key"] == "test.value"
    assert infer.resource["telemetry.sdk.language"] == "swift"
    assert [span.tags["span.kind"] for span in (post, infer)] == ["client", "server"]
    assert model.tags["triton.model_name"] == "passthrough"
    assert str(model.tags["triton.model_version"]) == "1"
    assert infer.event_names == [
        "HTTP_RECV_START", "HTTP_RECV_END", "INFER_RESPONSE_COMPLETE", "HTTP_SEND_START", "HTTP_SEND_END",
    ]
    assert model.event_names == ["REQUEST_START", "QUEUE_START", "REQUEST_END"]
    assert compute.event_names == ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END"]
    for span in (infer, model, compute):
        times = [time for time, _, _ in span.events]
        assert times == sorted(times), f"events of {span.name} run backwards"
        assert span.start - 1 <= times[0] and times[-1] <= span.end + 1, f"events of {span.name} lie outside it"
    assert not any(span.failed for span in trace.spans)


def test_request_id_is_on_the_model_span(up):
    answer = up.generate({"sleep": 0, "id": "order-7"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == "order-7"

    def found():
        return traces.search(up.query, service=SERVICE, tags=json.dumps({"triton.request_id": "order-7"}))

    (trace,) = wait_until(found, what="a trace with the request id")
    assert trace.named("passthrough").tags["triton.request_id"] == "order-7"
