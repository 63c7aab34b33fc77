"""A real BentoML service, set up by what the page lets its users copy."""

import pytest
import requests
from playwright.sync_api import expect

from support import otlp, traces
from support.browser import is_red, screenshot
from support.peer import Peer, clean_environment, needs
from support.program import free_ports
from support.sendblocks import copied_block, shows_on_the_page

needs("bentoml")

SERVICE = """
import bentoml


@bentoml.service
class Shop:
    @bentoml.api
    def price(self, text: str) -> str:
        return text.upper()

    @bentoml.api
    def fail(self, text: str) -> str:
        raise RuntimeError("no price")
"""


@pytest.fixture
def shop(traces_program, page, tmp_path):
    """The service of service.py, served by the lines of the block in its folder."""
    block = copied_block(page, traces_program.query, "BentoML")
    (tmp_path / "service.py").write_text(SERVICE)
    port = free_ports(1)[0]
    settings = {"BENTOML_HOST": "127.0.0.1", "BENTOML_PORT": str(port), "BENTOML_HOME": str(tmp_path / "home"), "BENTOML_DO_NOT_TRACK": "True"}
    url = f"http://127.0.0.1:{port}"
    with Peer("bentoml", tmp_path, ["bash", "-eu", "-c", block], clean_environment("bentoml") | settings, f"{url}/readyz") as peer:
        peer.url = url
        yield peer


def test_bentoml_served_with_the_copied_lines(traces_program, page, shop):
    """The server's span with its messages under their caller; a request that begins at the service is traced too, and shown as failed when it did."""
    trace_id, caller = otlp.trace_id(), otlp.span_id()
    answer = requests.post(f"{shop.url}/price", json={"text": "tea"}, headers={"traceparent": f"00-{trace_id}-{caller}-01"}, timeout=60)
    assert answer.text == "TEA", shop.log()
    trace = traces.wait_for(traces_program.query, trace_id, 4)
    server = trace.named("POST /price")
    assert server.parent == caller
    assert server.tags["span.kind"] == "server"
    assert server.tags["http.status_code"] == 200
    assert not server.failed
    messages = [span for span in trace.spans if span is not server]
    assert sorted(span.name for span in messages) == ["POST /price http receive", "POST /price http send", "POST /price http send"]
    assert {span.parent for span in messages} == {server.id}
    assert {span.service for span in trace.spans} == {"Shop"}
    shows_on_the_page(page, traces_program.query, trace)
    screenshot(page, "setup-bentoml")

    answer = requests.post(f"{shop.url}/fail", json={"text": "tea"}, timeout=60)
    assert answer.status_code == 500, answer.text
    failed = traces.wait_for_root(traces_program.query, "Shop", "POST /fail", 4)
    assert failed.is_linked
    assert failed.named("POST /fail").failed
    assert failed.named("POST /fail").tags["http.status_code"] == 500
    page.goto(f"{traces_program.query}/traces?service=Shop")
    row = page.locator(f'[data-testid="trace-row"][data-trace-id="{failed.id}"]')
    expect(row).to_be_visible()
    row.click()
    expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", "4")
    expect(page.get_by_test_id("error-banner")).to_contain_text("2 spans failed")
    assert is_red(page.locator('[data-testid="span-row"][data-name="POST /fail"]').get_by_text("POST /fail", exact=True))
    screenshot(page, "setup-bentoml-failed")
