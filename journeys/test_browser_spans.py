"""A page of another origin sends spans with fetch and sendBeacon: Chromium enforces what CORS asks of the receiver."""

import functools
import http.server
import json
import threading

import pytest
import requests

from support import otlp
from support.browser import watched_page
from support.waiting import wait_until


@pytest.fixture
def site(tmp_path):
    """An empty page at an origin of its own."""
    (tmp_path / "index.html").write_text("<!doctype html><title>shop</title>")
    (tmp_path / "favicon.ico").write_bytes(b"")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def body(name):
    trace = otlp.trace_id()
    return trace, json.loads(otlp.to_json(otlp.request("shop", [{"trace": trace, "id": otlp.span_id(), "name": name}])))


SEND = """async ([url, body]) => {
  const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "X-Requested-With": "shop" }, body: JSON.stringify(body) });
  return [answer.status, await answer.text()];
}"""


def test_a_page_sends_spans(start, browser, site):
    program = start("traces", "--cors-allowed-origin", "http://127.0.0.1:*")
    trace, request = body("fetched")
    left, beacon = body("left")
    with watched_page(browser) as page:
        page.goto(site)
        assert page.evaluate(SEND, [program.otlp, request]) == [200, "{}"]
        sent = page.evaluate(
            "([url, body]) => navigator.sendBeacon(url, new Blob([JSON.stringify(body)], { type: 'application/json' }))", [program.otlp, beacon])
        assert sent
        zipkin = [{"traceId": otlp.trace_id(), "id": otlp.span_id(), "name": "zipkin"}]
        assert page.evaluate(SEND, [program.zipkin, zipkin])[0] == 202
        for one in (trace, left, zipkin[0]["traceId"]):
            wait_until(lambda: requests.get(f"{program.query}/api/traces/{one}", timeout=120).status_code == 200, what="the span is stored")


def test_a_page_that_is_not_allowed_sends_nothing(start, browser, site):
    program = start("traces", "--cors-allowed-origin", "https://shop.example")
    trace, request = body("foreign")
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(site)
        failure = page.evaluate("async ([url, body]) => { try { return await (" + SEND + ")([url, body]) } catch (error) { return String(error) } }", [program.otlp, request])
        assert "Failed to fetch" in failure
    finally:
        context.close()
    assert requests.get(f"{program.query}/api/traces/{trace}", timeout=10).status_code == 404
