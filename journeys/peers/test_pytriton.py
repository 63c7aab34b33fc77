"""Real PyTriton sends its traces to us: Triton's own spans as JSON, its Python side's as protobuf, one complete trace."""

import pytest
import requests
from playwright.sync_api import expect

from support import otlp, traces
from support.browser import screenshot
from support.peer import needs
from support.pytriton import PyTriton

needs("pytriton")

SERVICE = "test_server_with_passthrough"
USER_SPANS = ["pass-through-get-data", "pass-through-sleep", "pass-through-append"]
CHAIN = ["InferRequest", "passthrough", "python_backend_execute", "proxy_inference_callable"]


@pytest.fixture(scope="module")
def pytriton(traces_program, tmp_path_factory):
    server = PyTriton(tmp_path_factory.mktemp("pytriton"), traces_program.otlp)
    try:
        yield server.start()
    finally:
        server.stop()


def generate(server, body):
    trace, parent = otlp.trace_id(), otlp.span_id()
    answer = requests.post(f"{server.url}/generate", json=body, headers={"traceparent": f"00-{trace}-{parent}-01"}, timeout=60)
    return trace, parent, answer


def test_its_eight_spans_are_one_complete_trace(traces_program, pytriton):
    trace_id, caller, answer = generate(pytriton, {"sleep": 0.02, "error": False})
    assert answer.status_code == 200, answer.text
    trace = traces.wait_for(traces_program.query, trace_id, 8)
    chain = trace.chain(*CHAIN)
    assert chain[0].parent == caller
    assert trace.named("compute").parent == trace.named("passthrough").id
    for name in USER_SPANS:
        assert trace.named(name).parent == chain[-1].id
    assert trace.named("pass-through-sleep").duration >= 20_000
    assert {span.service for span in trace.spans} == {SERVICE}
    assert all(span.resource["test.key"] == "test.value" for span in trace.spans)
    languages = {span.resource.get("telemetry.sdk.language") for span in trace.spans}
    assert "cpp" in languages and len(languages) == 2
    assert trace.named("passthrough").event_names == ["REQUEST_START", "QUEUE_START", "REQUEST_END"]


def test_many_requests_show_complete(traces_program, pytriton):
    sent = []
    for _ in range(50):
        trace_id, _, answer = generate(pytriton, {"sleep": 0, "error": False})
        assert answer.status_code == 200, answer.text
        sent.append(trace_id)
    for trace_id in sent:
        trace = traces.wait_for(traces_program.query, trace_id, 8)
        assert sorted(trace.names) == sorted(CHAIN + ["compute"] + USER_SPANS)


def test_its_failure_is_told(traces_program, pytriton):
    trace_id, _, answer = generate(pytriton, {"sleep": 0, "error": True})
    assert answer.status_code >= 400
    trace = traces.wait_for(traces_program.query, trace_id, 6)
    failed = trace.named("pass-through-get-data")
    assert failed.failed
    assert any("Requested Error" in fields.get("exception.message", "") for _, name, fields in failed.events if name == "exception")


def test_it_is_seen_on_the_page(traces_program, pytriton, page):
    trace_id, _, answer = generate(pytriton, {"sleep": 0.02, "error": False})
    assert answer.status_code == 200, answer.text
    traces.wait_for(traces_program.query, trace_id, 8)
    page.goto(f"{traces_program.query}/search?service={SERVICE}")
    page.locator(f'[data-testid="trace-row"][data-trace-id="{trace_id}"]').click()
    expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", "8")
    for name in CHAIN + ["compute"] + USER_SPANS:
        expect(page.locator(f'[data-testid="span-row"][data-name="{name}"]')).to_be_visible()
    expect(page.get_by_test_id("stage-strip")).to_be_visible()
    screenshot(page, "pytriton")
