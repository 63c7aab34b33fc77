"""The page of a trace of some hundred thousand spans: opened folded, scrolled to its end, searched and selected in bounded memory. `LARGE_PAGE_SPANS` changes the number."""

import os
import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import otlp
from support.browser import watched_page
from support.studio import PATIENCE
from support.tracepage import open_trace, row, rows, selected
from support.waiting import wait_until
from support.wire import otlp_spans

STEPS = 300
#: Spans below each step.
INSIDE = int(os.environ.get("LARGE_PAGE_SPANS", "300000")) // STEPS
COUNT = 1 + STEPS + STEPS * INSIDE
MOST_NODES, MOST_HEAP = 1_500, 60_000_000
FRAME = 6


@pytest.fixture(scope="module")
def trace(traces_program):
    """A root over steps, each over spans of two kinds in turn, so that no two alike follow each other."""
    trace, start = otlp.trace_id(), time.time_ns() - 60_000_000_000
    with requests.Session() as session:
        def send(*arguments, **more):
            answer = session.post(traces_program.otlp, data=otlp_spans(trace, *arguments, **more), headers={"Content-Type": otlp.PROTOBUF}, timeout=120)
            assert answer.status_code == 200, answer.text

        send(1, 1, name=b"big root", start=start)
        send(2, STEPS, parent=1, start=start)
        for step in range(STEPS):
            for half in range(2):
                send(2 + STEPS + step * INSIDE + half * (INSIDE // 2), INSIDE // 2, parent=2 + step, name=b"work " + b"ab"[half:half + 1], start=start + step * INSIDE * 1000 + half * 500)
    return trace


def measured(page):
    """Nodes, and bytes of heap that are reachable."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return metrics["Nodes"], metrics["JSHeapUsedSize"]


def settled(page):
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def last_row(page):
    return max(int(number) for number in rows(page).evaluate_all("(rows) => rows.map((row) => row.dataset.row)"))


@pytest.mark.parametrize("width", [1440, 390])
def test_a_very_large_trace(traces_program, trace, browser, width):
    """Two levels are open at first and each folded row tells what is in it; the end of all rows is reached by key and by scrollbar, the wheel moves by rows and not by screens, find and selection work, and memory and nodes stay bounded."""
    with watched_page(browser) as page:
        page.context.set_default_timeout(PATIENCE)
        page.set_viewport_size({"width": width, "height": 900})
        open_trace(page, traces_program, trace)
        expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", str(COUNT))
        assert page.evaluate("window.__needletail.rowCount") == 1 + STEPS
        expect(row(page, "step").first).to_contain_text(f"{INSIDE:,} spans in here".replace(",", "\u202f"))
        tree = page.get_by_test_id("waterfall")
        open_trace(page, traces_program, trace, fold="d0")
        wait_until(lambda: page.evaluate("window.__needletail.rowCount") == COUNT, what="all rows")
        assert tree.evaluate("(tree) => tree.scrollHeight") <= 12_000_000
        tree.focus()
        page.keyboard.press("End")
        settled(page)
        assert last_row(page) == COUNT - 1
        expect(selected(page)).to_have_attribute("data-row", str(COUNT - 1))
        page.keyboard.press("Home")
        settled(page)
        box = tree.bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 60)
        before = last_row(page)
        for _ in range(10):
            page.mouse.wheel(0, 84)
            settled(page)
        moved, height = last_row(page) - before, page.evaluate("document.querySelector('.row').offsetHeight")
        assert abs(moved - 840 / height) <= 2, moved
        tree.evaluate("(tree) => { tree.scrollTop = tree.scrollHeight; }")
        wait_until(lambda: last_row(page) == COUNT - 1, what="the last row")
        box = page.get_by_test_id("find-input")
        box.fill("step")
        expect(page.locator(".trace-head")).to_contain_text(re.compile(rf"(of )?{STEPS}\b"), timeout=PATIENCE)
        box.press("Enter")
        expect(selected(page)).to_have_attribute("data-name", "step")
        drawn = sorted(page.evaluate("window.__needletail.drawTimes"))
        assert drawn[len(drawn) // 2] <= FRAME, drawn[-5:]
        nodes, heap = measured(page)
        assert nodes <= MOST_NODES and heap <= MOST_HEAP, (nodes, heap)
