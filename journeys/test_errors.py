"""What goes wrong is told to the client, and shows on every span it went through."""

import requests

from support import otlp, traces
from support.waiting import wait_until


def traced_headers():
    trace, parent = otlp.trace_id(), otlp.span_id()
    return trace, {"traceparent": f"00-{trace}-{parent}-01"}


def test_requested_error_is_on_every_span(up):
    trace_id, headers = traced_headers()
    answer = up.generate({"sleep": 0.01, "error": True}, headers=headers)
    assert answer.status_code == 500
    assert "Requested Error" in answer.json()["error"]

    trace = traces.wait_for(up.query, trace_id, len(traces.REFUSED))
    for span in trace.spans:
        assert span.failed, f"{span.name} is not marked as failed"
        assert "Requested Error" in span.tags["otel.status_description"]
        exceptions = [fields for _, name, fields in span.events if name == "exception"]
        assert len(exceptions) == 1, f"{span.name}: {span.event_names}"
        assert "Requested Error" in exceptions[0]["exception.message"]
        assert exceptions[0]["exception.type"]


def test_one_failing_request_does_not_touch_its_neighbour(up):
    good, good_headers = traced_headers()
    bad, bad_headers = traced_headers()
    assert up.generate({"sleep": 0.01, "error": True}, headers=bad_headers).status_code == 500
    assert up.generate({"sleep": 0.01, "error": False}, headers=good_headers).status_code == 200
    assert not any(span.failed for span in traces.wait_for(up.query, good, len(traces.ANSWERED)).spans)
    assert all(span.failed for span in traces.wait_for(up.query, bad, len(traces.REFUSED)).spans)


def test_refused_requests_have_triton_s_shape_and_leave_a_span(up):
    infer = f"{up.http}/v2/models/passthrough/infer"
    cases = [
        ("unknown model", f"{up.http}/v2/models/nope/infer", b'{"inputs":[]}', 404, "nope"),
        ("malformed JSON", infer, b'{"inputs":[', 500, "JSON"),
        ("missing input", infer, b'{"inputs":[]}', 400, "passthrough"),
        ("wrong type", infer, b'{"inputs":[{"name":"sleep","shape":[1,1],"datatype":"INT32","data":[1]}]}', 400, "INT32"),
        ("wrong shape", infer, b'{"inputs":[{"name":"sleep","shape":[1,2],"datatype":"FP32","data":[1,2]}]}', 400, "shape"),
    ]
    for what, url, body, status, word in cases:
        trace_id, headers = traced_headers()
        answer = requests.post(url, data=body, headers={"Content-Type": "application/json", **headers}, timeout=10)
        assert answer.status_code == status, f"{what}: {answer.status_code} {answer.text}"
        assert word in answer.json()["error"], f"{what}: {answer.text}"
        if what == "unknown model":
            continue
        trace = wait_until(lambda trace_id=trace_id: traces.get(up.query, trace_id), what=f"the trace of: {what}")
        assert trace.named("InferRequest").failed, what


def test_bad_routes(up):
    assert requests.get(f"{up.http}/v2/models/passthrough/infer", timeout=10).status_code == 405
    assert requests.get(f"{up.http}/nowhere", timeout=10).status_code == 404
    assert requests.get(f"{up.http}/v2/models/passthrough/ready", timeout=10).status_code == 200
    assert requests.get(f"{up.http}/v2/models/nope/ready", timeout=10).status_code == 400
    assert requests.get(f"{up.http}/v2", timeout=10).json()["name"]
