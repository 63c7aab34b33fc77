"""The real tritonclient.http: binary tensors and JSON, a linked trace, errors."""

import pytest

from support import clients, traces


@pytest.mark.parametrize("encoding", ["binary", "json"])
def test_infer_gives_a_linked_trace(up, encoding):
    report = clients.run("triton_client.py", up.http.removeprefix("http://"), up.otlp, "0.03", "false", encoding)
    assert "failure" not in report, report
    assert report["sleep"] == [[pytest.approx(0.03)]]
    assert report["id"] == "req-42"
    assert report["metadata"]["name"] == "passthrough"
    assert {(one["name"], one["datatype"]) for one in report["metadata"]["inputs"]} == {("sleep", "FP32"), ("error", "BOOL")}
    assert report["maximum_batch_size"] >= 1
    (statistics,) = report["statistics"]["model_stats"]
    assert statistics["inference_count"] >= 1
    assert statistics["inference_stats"]["success"]["count"] >= 1

    trace = traces.wait_for(up.query, report["trace"], 1 + len(traces.ANSWERED))
    assert trace.is_linked
    outgoing, infer, model, compute = trace.chain("outgoing-request", "InferRequest", "passthrough", "compute")
    assert model.tags["triton.request_id"] == "req-42"
    assert compute.duration >= 30_000
    traces.assert_nested(infer, model)
    traces.assert_nested(model, compute)
    assert outgoing.service == "upstream-service"


@pytest.mark.parametrize("encoding", ["binary", "json"])
def test_a_failing_model_tells_the_client_and_the_trace(up, encoding):
    report = clients.run("triton_client.py", up.http.removeprefix("http://"), up.otlp, "0.01", "true", encoding)
    assert "Requested Error" in report["failure"]

    trace = traces.wait_for(up.query, report["trace"], 1 + len(traces.REFUSED))
    for name in traces.REFUSED:
        assert trace.named(name).failed, name
        assert "Requested Error" in trace.named(name).tags["otel.status_description"]
