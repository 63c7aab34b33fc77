"""The page in a real browser: what a user sees and can do."""

import json
import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import clients, otlp, traces
from support.browser import brightness, is_red, painted, screenshot

SERVICE = "test_server_with_passthrough"
BIG = 10_000
LINKED = 2 + len(traces.ANSWERED)
FAILED = 2 + len(traces.REFUSED)


def rows(page):
    return page.get_by_test_id("span-row").locator("visible=true")


def row(page, name):
    return page.locator(f'[data-testid="span-row"][data-name="{name}"]:visible')


def open_trace(page, program, trace_id, spans):
    page.goto(f"{program.query}/trace/{trace_id}")
    expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", str(spans))


@pytest.fixture(scope="module")
def linked(up):
    """A traced client's request: spans of two services."""
    report = clients.run("traced_client.py", up.http, up.otlp, json.dumps({"sleep": 0.05}))
    return traces.wait_for(up.query, report["trace"], LINKED)


@pytest.fixture(scope="module")
def failed(up):
    """A traced client's request that the model refused."""
    report = clients.run("traced_client.py", up.http, up.otlp, json.dumps({"sleep": 0.01, "error": True}))
    assert report["status"] == 500
    return traces.wait_for(up.query, report["trace"], FAILED)


@pytest.fixture(scope="module")
def big(up):
    """A trace of 10,000 spans: a root, 98 steps with 100 spans below each, a failure, and small spans."""
    trace, root = otlp.trace_id(), otlp.span_id()
    start = time.time_ns() - 20_000_000_000
    spans = [{"trace": trace, "id": root, "name": "big root", "start": start, "duration": 10_000_000_000}]
    for step in range(98):
        parent = {"trace": trace, "id": otlp.span_id(), "parent": root, "name": f"step {step}", "start": start + step * 100_000_000, "duration": 100_000_000}
        spans.append(parent)
        spans += [
            {"trace": trace, "id": otlp.span_id(), "parent": parent["id"], "name": f"work {step}.{n}", "start": parent["start"] + n * 1_000_000,
             "duration": 900_000, "attributes": {"n": n}}
            for n in range(100)
        ]
    spans.append({"trace": trace, "id": otlp.span_id(), "parent": root, "name": "the last one", "start": start + 9_950_000_000, "duration": 50_000_000, "error": "broke at the end"})
    spans += [{"trace": trace, "id": otlp.span_id(), "parent": root, "name": "filler", "start": start + 1, "duration": 1000} for _ in range(BIG - len(spans))]
    for first in range(0, BIG, 1000):
        body = otlp.request("big service", spans[first:first + 1000]).SerializeToString()
        assert requests.post(up.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=30).status_code == 200
    return trace


def test_a_trace_is_found_and_opened(up, linked, page):
    page.goto(up.query)
    expect(page.get_by_test_id("search-form")).to_be_visible()
    page.select_option("#f-service", "upstream-service")
    page.get_by_test_id("find").click()
    result = page.locator(f'[data-testid="trace-row"][data-trace-id="{linked.id}"]')
    expect(result).to_contain_text("outgoing-request")
    expect(result).to_contain_text(f"{LINKED} spans")
    expect(result).to_contain_text(SERVICE)
    expect(result).to_have_attribute("data-error", "false")
    assert "service=upstream-service" in page.url
    screenshot(page, "search")

    result.click()
    expect(page).to_have_url(re.compile(f"/trace/{linked.id}"))
    expect(page.get_by_test_id("trace-title")).to_contain_text("outgoing-request")
    expect(page.get_by_test_id("trace-facts")).to_contain_text(f"{LINKED} spans")
    expect(page.get_by_test_id("trace-facts")).to_contain_text("2 services")


def test_the_linked_trace_shows_every_level(up, linked, page):
    open_trace(page, up, linked.id, LINKED)
    names = ["outgoing-request", "POST", "InferRequest", "passthrough", "compute"]
    expect(rows(page)).to_have_count(LINKED)
    for level, name in [*enumerate(names, start=1), *((6, name) for name in traces.ANSWERED[3:])]:
        expect(row(page, name)).to_have_attribute("aria-level", str(level))
        expect(row(page, name)).to_have_attribute("data-error", "false")
    expect(page.get_by_test_id("minimap")).to_be_visible()
    assert painted(page.locator("canvas.bars")) > 1000
    screenshot(page, "linked-trace")


def test_the_stage_strip_sums_to_the_duration(up, linked, page):
    open_trace(page, up, linked.id, LINKED)
    strip = page.get_by_test_id("stage-strip")
    expect(strip).to_be_visible()
    parts = {entry.get_attribute("data-stage"): int(entry.get_attribute("data-ns")) for entry in page.get_by_test_id("strip-legend").all()}
    assert set(parts) <= {"receive", "queue", "input", "infer", "output", "send", "unaccounted"}
    assert parts["infer"] >= 50_000_000
    answer = requests.get(f"{up.query}/api/ui/trace/{linked.id}", timeout=10).json()
    assert sum(parts.values()) == int(strip.get_attribute("data-total-ns")) == answer["durationNano"]


def test_the_panel_tells_everything_about_a_span(up, linked, page):
    open_trace(page, up, linked.id, LINKED)
    row(page, "passthrough").click()
    expect(page.get_by_test_id("panel-title")).to_have_text("passthrough")
    expect(page.locator('[data-testid="attribute"][data-key="triton.model_name"]')).to_contain_text("passthrough")
    page.get_by_test_id("tab-events").click()
    for name in ("REQUEST_START", "QUEUE_START", "REQUEST_END"):
        expect(page.locator(f'[data-testid="event"][data-name="{name}"]')).to_be_visible()
    page.get_by_test_id("tab-resource").click()
    expect(page.locator('[data-testid="attribute"][data-key="service.name"]')).to_contain_text(SERVICE)
    expect(page.locator('[data-testid="attribute"][data-key="test.key"]')).to_contain_text("test.value")


def test_a_failure_is_red_on_every_level(up, failed, page):
    page.goto(f"{up.query}/search?service={SERVICE}&tags=" + json.dumps({"error": "true"}))
    result = page.locator(f'[data-testid="trace-row"][data-trace-id="{failed.id}"]')
    expect(result).to_have_attribute("data-error", "true")
    expect(result).to_contain_text("Requested Error")

    open_trace(page, up, failed.id, FAILED)
    expect(page.get_by_test_id("error-banner")).to_contain_text("Requested Error")
    assert is_red(page.get_by_test_id("trace-title"))
    for name in ("POST", *traces.REFUSED):
        span = row(page, name)
        expect(span).to_have_attribute("data-error", "true")
        icon = span.locator(".row-icon")
        assert is_red(icon, "color") or is_red(icon, "backgroundColor"), f"{name} is not red"
        if name == "POST":
            continue  # the client's span: the instrumentation writes no message for a 500
        span.click()
        expect(page.get_by_test_id("panel-title")).to_have_text(name)
        expect(page.get_by_test_id("panel-error")).to_contain_text("Requested Error")
        page.get_by_test_id("tab-events").click()
        expect(page.locator('[data-testid="event"][data-name="exception"]')).to_contain_text("Requested Error")
    screenshot(page, "failed-trace")


def test_keyboard(up, linked, page):
    open_trace(page, up, linked.id, LINKED)
    selected = page.locator('[data-testid="span-row"][aria-selected="true"]')
    expect(selected).to_have_attribute("data-name", "outgoing-request")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(selected).to_have_attribute("data-name", "InferRequest")
    expect(page.get_by_test_id("panel-title")).to_have_text("InferRequest")
    page.keyboard.press("ArrowLeft")
    expect(rows(page)).to_have_count(3)
    page.keyboard.press("ArrowRight")
    expect(rows(page)).to_have_count(LINKED)
    page.keyboard.press("End")
    expect(selected).to_have_attribute("data-name", "pass-through-append")
    page.keyboard.press("Home")
    expect(selected).to_have_attribute("data-name", "outgoing-request")
    page.keyboard.press("/")
    page.keyboard.type("compute")
    expect(page.get_by_test_id("find-count")).to_contain_text("1")
    page.keyboard.press("Enter")
    expect(selected).to_have_attribute("data-name", "compute")
    expect(page).to_have_url(re.compile(linked.named("compute").id))
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_test_id("help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("help")).to_have_count(0)


def test_a_link_opens_the_same_view(up, linked, page):
    span = linked.named("passthrough")
    page.goto(f"{up.query}/trace/{linked.id}?span={span.id}")
    expect(page.locator('[data-testid="span-row"][aria-selected="true"]')).to_have_attribute("data-name", "passthrough")
    expect(page.get_by_test_id("panel-title")).to_have_text("passthrough")


def test_light_and_dark(up, linked, page):
    body = page.locator("body")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        open_trace(page, up, linked.id, LINKED)
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        assert (brightness(body, "backgroundColor") > 128) == (scheme == "light")
        assert abs(brightness(page.get_by_test_id("trace-title"), "color") - brightness(body, "backgroundColor")) > 100
        screenshot(page, f"trace-{scheme}")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_filters_work_and_stand_in_the_url(up, linked, failed, page):
    page.goto(f"{up.query}/search")
    page.select_option("#f-service", SERVICE)
    page.fill("#f-operation", "InferRequest")
    page.fill("#f-tags", "error=true")
    page.fill("#f-limit", "50")
    page.get_by_test_id("find").click()
    expect(page.locator(f'[data-trace-id="{failed.id}"]')).to_be_visible()
    expect(page.locator(f'[data-trace-id="{linked.id}"]')).to_have_count(0)
    for part in (f"service={SERVICE}", "operation=InferRequest", "tags=", "limit=50"):
        assert part in page.url
    page.reload()
    expect(page.locator("#f-operation")).to_have_value("InferRequest")
    expect(page.locator(f'[data-trace-id="{failed.id}"]')).to_be_visible()

    page.fill("#f-tags", "")
    page.fill("#f-minDuration", "40ms")
    page.get_by_test_id("find").click()
    expect(page.locator(f'[data-trace-id="{linked.id}"]')).to_be_visible()
    expect(page.locator(f'[data-trace-id="{failed.id}"]')).to_have_count(0)
    page.go_back()
    expect(page.locator(f'[data-trace-id="{failed.id}"]')).to_be_visible()

    page.fill("#f-operation", "no such operation")
    page.get_by_test_id("find").click()
    expect(page.get_by_test_id("no-results")).to_be_visible()
    page.fill("#f-minDuration", "fast")
    page.get_by_test_id("find").click()
    expect(page.locator("#e-minDuration")).not_to_be_empty()


def test_ten_thousand_spans_open_and_scroll(up, big, page):
    open_trace(page, up, big, BIG)
    expect(page.get_by_test_id("trace-facts")).to_contain_text(re.compile(r"10.?000 spans"))
    assert len(page.get_by_test_id("span-row").all()) < 100, "rows are not virtual"
    expect(row(page, "big root")).to_be_visible()
    expect(row(page, "step 0")).to_be_visible()

    page.get_by_test_id("waterfall").hover()
    page.mouse.wheel(0, 24 * 5000)
    expect(row(page, "big root")).to_have_count(0)
    assert painted(page.locator("canvas.bars")) > 100
    expect(rows(page).first).to_have_attribute("data-name", re.compile(r"(work|step) \d+"))

    page.keyboard.press("e")
    expect(page.locator('[data-testid="span-row"][aria-selected="true"]')).to_have_attribute("data-name", "the last one")
    expect(page.get_by_test_id("panel-error")).to_contain_text("broke at the end")
    page.keyboard.press("Home")
    expect(row(page, "big root")).to_be_visible()
    assert len(page.get_by_test_id("span-row").all()) < 100
    screenshot(page, "ten-thousand-spans")


def test_repeated_spans_are_one_row(up, page):
    """Two hundred equal calls, one of them failed, between two other spans."""
    trace, root = otlp.trace_id(), otlp.span_id()
    start = time.time_ns() - 5_000_000_000
    spans = [{"trace": trace, "id": root, "name": "gather", "start": start, "duration": 400_000_000}]
    spans += [{"trace": trace, "id": otlp.span_id(), "parent": root, "name": "MGET", "start": start + n * 1_000_000, "duration": 205_000 if n else 2_100_000,
               **({"error": "timed out"} if n == 150 else {})} for n in range(200)]
    spans.append({"trace": trace, "id": otlp.span_id(), "parent": root, "name": "after", "start": start + 300_000_000, "duration": 1_000_000})
    body = otlp.request("repeating service", spans).SerializeToString()
    assert requests.post(up.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=30).status_code == 200

    open_trace(page, up, trace, 202)
    expect(rows(page)).to_have_count(3)
    group = row(page, "MGET")
    expect(group).to_contain_text(re.compile("MGET ×200· 1 failed · sum 42.9.ms · max 2.1.ms"))
    expect(group).to_have_attribute("aria-expanded", "false")
    screenshot(page, "group")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(group.first).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(rows(page)).to_have_count(3)
    expect(group).to_have_attribute("aria-selected", "true")
    page.keyboard.press("e")
    expect(page.get_by_test_id("panel-error")).to_contain_text("timed out")
    assert page.evaluate("window.__needletail.rowCount") == 202
    page.keyboard.press("[")
    expect(rows(page)).to_have_count(3)
    group.click()
    assert page.evaluate("window.__needletail.rowCount") == 202


def test_an_unknown_trace_is_explained(up, browser):
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{up.query}/trace/{'f' * 32}")
        expect(page.get_by_test_id("trace-error")).to_be_visible()
        page.goto(f"{up.query}/trace/xyz")
        expect(page.get_by_test_id("trace-error")).to_be_visible()
    finally:
        context.close()


def test_a_first_visit_says_what_to_do(start, page):
    program = start("up")
    page.goto(program.query)
    expect(page.get_by_test_id("welcome")).to_contain_text("curl")
    assert program.generate({"sleep": 0}).status_code == 200
    expect(page.get_by_test_id("trace-row")).to_have_count(1)


def test_the_page_comes_whole_compressed_and_guarded(up):
    answer = requests.get(f"{up.query}/search", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    total = 0
    for name in set(re.findall(r'/assets/([\w.-]+)', answer.text)):
        with requests.get(f"{up.query}/assets/{name}", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10) as asset:
            assert asset.status_code == 200, name
            total += len(asset.raw.read(decode_content=False))
            again = requests.get(f"{up.query}/assets/{name}", headers={"If-None-Match": asset.headers["ETag"], "Accept-Encoding": "gzip"}, timeout=10)
            assert again.status_code == 304, name
    assert total < 300_000
