"""A trace seen in other ways: flame, tables, logs, JSON; and what can be taken along from it."""

import json
import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import otlp
from support.browser import painted, watched_page
from support.studio import PATIENCE
from support.waiting import wait_until
from support.tracepage import MS, copied, open_trace, plain, row, selected, send

EVERYTHING = {"text": "a “quoted” \\ text", "number": 7, "big": 2**60, "share": 0.1, "yes": True, "list": [1, "two", False], "map": {"in": {"deeper": 1}}, "bytes": b"\x00\xff"}


@pytest.fixture(scope="module")
def shop(traces_program):
    """Six spans of two services with values of all types, events and a failure."""
    trace, begin = otlp.trace_id(), time.time_ns() - 5_000_000_000
    ids = [otlp.span_id() for _ in range(6)]
    send(traces_program, [
        {"trace": trace, "id": ids[0], "name": "order", "start": begin, "duration": 100 * MS, "kind": 2, "attributes": EVERYTHING},
        {"trace": trace, "id": ids[1], "parent": ids[0], "name": "charge", "start": begin + 10 * MS, "duration": 40 * MS, "kind": 3, "events": [(5 * MS, "sent", {"try": 1})]},
        {"trace": trace, "id": ids[3], "parent": ids[0], "name": "pack", "start": begin + 50 * MS, "duration": 10 * MS},
        {"trace": trace, "id": ids[4], "parent": ids[0], "name": "pack", "start": begin + 60 * MS, "duration": 20 * MS},
    ], "front", **{"host.name": "a", "n": 3})
    send(traces_program, [
        {"trace": trace, "id": ids[2], "parent": ids[1], "name": "pay", "start": begin + 15 * MS, "duration": 30 * MS, "kind": 2, "error": "declined", "events": [(20 * MS, "exception", {"exception.type": "Declined", "exception.message": "no money"})]},
        {"trace": trace, "id": ids[5], "parent": ids[2], "name": "look up", "start": begin + 16 * MS, "duration": 5 * MS},
    ], "back")
    return trace, ids


@pytest.fixture
def page(browser):
    with watched_page(browser, permissions=["clipboard-read", "clipboard-write"]) as one:
        yield one


def show(page, view):
    page.locator(f'[data-view="{view}"]').click()
    expect(page).to_have_url(re.compile(f"v={view}"))


def take(page, key, menu="copy-trace"):
    """Chooses an entry of a copy menu; returns what is in the clipboard then."""
    page.evaluate("navigator.clipboard.writeText('nothing yet')")
    page.get_by_test_id(menu).locator("summary").click()
    page.get_by_test_id(menu).locator(f'[data-copy="{key}"]').click()
    wait_until(lambda: copied(page) != "nothing yet", what="a copy")
    return copied(page)


def test_views_stand_in_the_address(traces_program, shop, page):
    trace, _ = shop
    open_trace(page, traces_program, trace, 6)
    show(page, "table")
    page.reload()
    expect(page.get_by_test_id("span-table")).to_be_visible(timeout=PATIENCE)
    page.locator('[data-view="waterfall"]').click()
    expect(page).not_to_have_url(re.compile("v="))
    expect(page.get_by_test_id("waterfall")).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_test_id("span-table")).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_test_id("waterfall")).to_be_visible()


def test_the_flame_shows_every_level_and_selects(traces_program, shop, page):
    trace, _ = shop
    open_trace(page, traces_program, trace, 6)
    show(page, "flame")
    canvas = page.locator(".flame-canvas")
    assert painted(canvas) > 5000
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 18 * 2 + 10)
    expect(page.locator(".flame-box .tip")).to_contain_text("pay")
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + 18 * 2 + 10)
    expect(page.get_by_test_id("panel-title")).to_have_text("pay")
    page.get_by_role("button", name="Left heavy").click()
    # Both times of packing are one frame of 30 ms behind the 40 ms of charging.
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 18 + 10)
    expect(page.locator(".flame-box .tip")).to_contain_text(re.compile(r"pack.*2 spans, together 30\Wms"))


def test_the_flame_shows_what_ran_side_by_side(traces_program, page):
    """Of two branches at the same time neither hides the other: the second one has lines of its own, with what it called below it."""
    trace, start = otlp.trace_id(), time.time_ns() - 5_000_000_000
    root, left, right = otlp.span_id(), otlp.span_id(), otlp.span_id()
    send(traces_program, [
        {"trace": trace, "id": root, "name": "both", "start": start, "duration": 100 * MS},
        {"trace": trace, "id": left, "parent": root, "name": "long branch", "start": start + 10 * MS, "duration": 80 * MS},
        {"trace": trace, "id": otlp.span_id(), "parent": left, "name": "long work", "start": start + 20 * MS, "duration": 60 * MS},
        {"trace": trace, "id": right, "parent": root, "name": "short branch", "start": start + 15 * MS, "duration": 60 * MS},
        {"trace": trace, "id": otlp.span_id(), "parent": right, "name": "short work", "start": start + 30 * MS, "duration": 30 * MS},
    ])
    open_trace(page, traces_program, trace, 5)
    show(page, "flame")
    box = page.locator(".flame-canvas").bounding_box()
    for line, name in enumerate(("both", "long branch", "long work", "short branch", "short work")):
        page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 18 * line + 10)
        expect(page.get_by_test_id("panel-title")).to_have_text(name)


def test_the_table_adds_up_own_times(traces_program, shop, page):
    trace, _ = shop
    open_trace(page, traces_program, trace, 6)
    show(page, "table")
    lines = {one.locator("td").first.inner_text().split()[0]: [plain(cell) for cell in one.locator("td").all_inner_texts()] for one in page.get_by_test_id("span-table").locator("tbody tr").all()}
    assert lines["order"][2] == "30 ms" and lines["pack"][1:3] == ["2", "30 ms"] and lines["charge"][2] == "10 ms" and lines["pay"][2] == "25 ms"
    page.get_by_role("button", name="Every span").click()
    expect(page.get_by_test_id("span-table").locator("tbody tr")).to_have_count(6)
    page.get_by_test_id("span-table").locator('[data-key="duration"]').click()
    expect(page.get_by_test_id("span-table").locator("tbody tr").nth(1)).to_contain_text("charge")
    page.get_by_test_id("span-table").get_by_role("button", name=re.compile("look up")).click()
    expect(selected(page)).to_have_attribute("data-name", "look up")


def test_the_logs_are_in_the_order_of_time(traces_program, shop, page):
    trace, _ = shop
    open_trace(page, traces_program, trace, 6)
    show(page, "logs")
    lines = page.get_by_test_id("logs").locator("li")
    expect(lines).to_have_count(2, timeout=PATIENCE)
    expect(lines.nth(0)).to_contain_text(re.compile(r"\+15\Wms.*charge.*sent.*try=1", re.S))
    expect(lines.nth(1)).to_contain_text(re.compile(r"\+35\Wms.*pay.*exception.*no money", re.S))


def test_the_json_is_what_was_sent(traces_program, shop, page):
    trace, _ = shop
    open_trace(page, traces_program, trace, 6)
    show(page, "json")
    text = page.get_by_test_id("json").locator("pre")
    expect(text).to_be_visible(timeout=PATIENCE)
    assert json.loads(text.text_content()) == requests.get(f"{traces_program.query}/api/ui/trace/{trace}/export", timeout=60).json()


def test_what_can_be_copied_from_a_trace(traces_program, shop, page):
    trace, ids = shop
    open_trace(page, traces_program, trace, 6)
    row(page, "pay").click()
    expect(page).to_have_url(re.compile("span="))
    assert take(page, "link") == page.url
    assert take(page, "id") == trace
    assert take(page, "traceparent") == f"00-{trace}-{ids[2]}-01"
    assert f"/api/ui/trace/{trace}/export" in take(page, "curl")
    words = plain(take(page, "markdown"))
    assert words.startswith("**order** (front): 100 ms, 6 spans, 1 error") and f"/trace/{trace}" in words and "declined" in words
    assert take(page, "filter") == "service:front operation:order status:error"
    jaeger = json.loads(take(page, "jaeger"))
    assert jaeger["data"] == requests.get(f"{traces_program.query}/api/traces/{trace}?raw=true", timeout=60).json()["data"]


def test_what_can_be_copied_from_a_span(traces_program, shop, page):
    trace, ids = shop
    open_trace(page, traces_program, trace, 6)
    row(page, "charge").click()
    expect(page.get_by_test_id("panel-title")).to_have_text("charge")
    assert take(page, "link", "copy-span") == f"{traces_program.query}/trace/{trace}?span={ids[1]}"
    assert take(page, "id", "copy-span") == ids[1]
    assert take(page, "traceparent", "copy-span") == f"00-{trace}-{ids[1]}-01"
    one = json.loads(take(page, "otlp", "copy-span"))
    spans = [span for group in one["resourceSpans"] for scoped in group["scopeSpans"] for span in scoped["spans"]]
    assert [span["spanId"] for span in spans] == [ids[1]]
    assert [span["spanID"] for span in json.loads(take(page, "jaeger", "copy-span"))["data"][0]["spans"]] == [ids[1]]
    assert take(page, "filter", "copy-span").startswith('{ resource.service.name = "front" && name = "charge"')
    assert "charge" in take(page, "markdown", "copy-span")


def test_a_copied_trace_comes_back_to_the_byte(traces_program, shop, page, start):
    """The OTLP JSON in the clipboard, sent to another server, is what that one exports."""
    trace, _ = shop
    open_trace(page, traces_program, trace, 6)
    text = take(page, "otlp")
    other = start("traces")
    assert requests.post(other.otlp, data=text.encode(), headers={"Content-Type": otlp.JSON}, timeout=60).status_code == 200
    assert requests.get(f"{other.query}/api/ui/trace/{trace}/export", timeout=60).content == text.encode()


def test_what_finds_similar_finds_the_trace(traces_program, shop, page):
    """What the menu offers as filter and as TraceQL finds the trace that they were made of."""
    trace, _ = shop
    open_trace(page, traces_program, trace, 6)
    for menu, name in (("copy-trace", None), ("copy-span", "pay"), ("copy-span", "charge")):
        if name:
            row(page, name).click()
            expect(page.get_by_test_id("panel-title")).to_have_text(name)
        for key in ("filter",) if name else ("filter", "traceql"):
            q = take(page, key, menu)
            found = requests.get(f"{traces_program.query}/api/ui/search", {"q": q, "lookback": "24h"}, timeout=60)
            assert found.status_code == 200, (q, found.text)
            assert trace in [one["traceID"] for one in found.json()["rows"]], q
