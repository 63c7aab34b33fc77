"""Mouse and keyboard on the trace page: zoom, move, the overview, the ruler."""

import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import otlp
from support.browser import screenshot
from support.studio import PATIENCE
from support.waiting import wait_until

MS = 1_000_000


@pytest.fixture(scope="module")
def traces_of_ten(traces_program):
    """Three traces, oldest first: a root of 1 s over nine steps of 100 ms, the fifth failed."""
    ids = []
    for older in (3, 2, 1):
        trace, root = otlp.trace_id(), otlp.span_id()
        start = time.time_ns() - older * 2_000_000_000
        spans = [{"trace": trace, "id": root, "name": "root", "start": start, "duration": 1000 * MS}]
        spans += [{"trace": trace, "id": otlp.span_id(), "parent": root, "name": f"step {n}", "start": start + n * 100 * MS, "duration": 100 * MS, **({"error": "no"} if n == 5 else {})}
                  for n in range(1, 10)]
        body = otlp.request("stepping service", spans).SerializeToString()
        assert requests.post(traces_program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=30).status_code == 200
        ids.append(trace)
    return ids


@pytest.fixture
def trace(traces_program, traces_of_ten, page):
    page.goto(f"{traces_program.query}/trace/{traces_of_ten[1]}")
    expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", "10")
    return page


def window(page):
    return page.evaluate("window.__needletail.window")


def near(window, start, end, slack=5):
    """Whether a window of time is about start…end, in ms."""
    return abs(window[0] / MS - start) < slack and abs(window[1] / MS - end) < slack


def selected(page):
    return page.locator('[data-testid="span-row"][aria-selected="true"]')


def place(box, share):
    """A point in the middle of a box, at a share of its width."""
    return box["x"] + box["width"] * share, box["y"] + box["height"] / 2


def drag(page, box, start, end):
    page.mouse.move(*place(box, start))
    page.mouse.down()
    page.mouse.move(*place(box, (start + end) / 2))
    page.mouse.move(*place(box, end))
    page.mouse.up()


def test_the_overview_is_a_brush(trace):
    box = trace.locator(".minimap-box").bounding_box()
    drag(trace, box, 0.2, 0.4)
    assert near(window(trace), 200, 400)
    drag(trace, box, 0.3, 0.6)
    assert near(window(trace), 500, 700), "dragging inside moves the window"
    drag(trace, box, 0.5, 0.45)
    assert near(window(trace), 450, 700), "the handle moves one end"
    trace.mouse.click(*place(box, 0.1))
    assert near(window(trace), 0, 250), "a click beside the window brings it there"
    trace.mouse.dblclick(*place(box, 0.8))
    assert near(window(trace), 0, 1000, 0.001)


def test_the_wheel_zooms_the_overview_where_the_pointer_is(trace):
    trace.mouse.move(*place(trace.locator(".minimap-box").bounding_box(), 0.25))
    trace.mouse.wheel(0, -200)
    wait_until(lambda: window(trace)[0] > 0)
    start, end = window(trace)
    assert abs((250 * MS - start) / (end - start) - 0.25) < 0.005
    trace.mouse.wheel(0, 2000)
    wait_until(lambda: near(window(trace), 0, 1000, 0.001))


def test_the_overview_shows_failures_matches_and_the_selection(trace):
    colors = """([left, right]) => {
      const canvas = document.querySelector(".minimap-canvas");
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const data = copy.getImageData(Math.floor(left * canvas.width), 0, Math.ceil((right - left) * canvas.width), canvas.height).data;
      let red = 0, yellow = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] > 0 && data[at] > 150 && data[at + 1] < 140 && data[at + 2] < 140) red++;
        if (data[at] > 200 && data[at + 1] > 140 && data[at + 2] < 60) yellow++;
      }
      return [red, yellow];
    }"""
    assert trace.evaluate(colors, [0.5, 0.6])[0] > 50, "the failed step is red"
    assert trace.evaluate(colors, [0.0, 0.49])[0] == 0
    assert trace.evaluate(colors, [0.98, 1])[1] == 0
    expect(trace.get_by_test_id("minimap-selected")).to_be_hidden()
    trace.get_by_test_id("find-input").fill("step")
    trace.keyboard.press("Enter")
    expect(trace.get_by_test_id("minimap-selected")).to_be_visible()
    assert trace.evaluate(colors, [0.98, 1])[1] > 20, "matches stand at the right edge"
    screenshot(trace, "overview")


def test_the_wheel_zooms_and_moves_the_bars(trace):
    box = trace.get_by_test_id("waterfall").bounding_box()
    ruler = trace.get_by_test_id("ruler").bounding_box()
    trace.mouse.move(ruler["x"] + ruler["width"] / 2, box["y"] + 30)
    cursor = trace.get_by_test_id("ruler-cursor")
    expect(cursor).to_be_visible()
    before = cursor.text_content()
    assert re.fullmatch(r"5\d\d\Wms", before), before
    trace.keyboard.down("Control")
    trace.mouse.wheel(0, -300)
    trace.keyboard.up("Control")
    wait_until(lambda: window(trace)[0] > 0)
    start, end = window(trace)
    trace.mouse.move(ruler["x"] + ruler["width"] / 2, box["y"] + 31)
    assert abs(float(cursor.text_content().split("\u202f")[0]) - float(before.split("\u202f")[0])) <= 1, "the time under the pointer stays"
    trace.keyboard.down("Shift")
    trace.mouse.wheel(0, 100)
    trace.keyboard.up("Shift")
    wait_until(lambda: window(trace)[0] > start)
    assert abs(window(trace)[1] - window(trace)[0] - (end - start)) < 10, "moving keeps the width"
    trace.mouse.move(box["x"] + 20, box["y"] + 30)
    expect(cursor).to_be_hidden()


def test_the_ruler_zooms_and_moves(trace):
    ruler = trace.get_by_test_id("ruler").bounding_box()
    left, right = ruler["x"], ruler["x"] + ruler["width"] - 8
    bars = {**ruler, "width": right - left}
    drag(trace, bars, 0.2, 0.5)
    start, end = window(trace)
    assert near((start, end), 200, 500, 15)
    trace.keyboard.down("Alt")
    drag(trace, bars, 0.6, 0.1)
    trace.keyboard.up("Alt")
    assert near(window(trace), start / MS + 150, end / MS + 150, 10)
    trace.mouse.dblclick(*place(bars, 0.5))
    assert near(window(trace), 0, 1000, 0.001)


def test_the_critical_path_can_be_switched(trace):
    """A line in ink lies under the bars, or not; the choice is kept."""
    ink = """() => {
      const canvas = document.querySelector("canvas.bars");
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at] === 0x16 && data[at + 1] === 0x1b && data[at + 2] === 0x22 && data[at + 3] === 255) count++;
      return count;
    }"""
    toggle = trace.get_by_test_id("critical-path")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(trace.locator('[data-testid="span-row"][data-name="step 9"]')).to_have_attribute("aria-label", re.compile("on the critical path"))
    # The line is 2 px high; every moment is on one row, so all pieces together are as wide as the bars.
    width = trace.evaluate("document.querySelector('canvas.bars').width")
    assert abs(trace.evaluate(ink) / 2 - width) < 60
    trace.keyboard.press("c")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    wait_until(lambda: trace.evaluate(ink) < width / 4)
    trace.reload()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    wait_until(lambda: trace.evaluate(ink) > width)


def test_zoom_and_move_by_keyboard(trace):
    for key in ("w", "+", "="):
        before = window(trace)
        trace.keyboard.press(key)
        assert window(trace)[1] - window(trace)[0] < before[1] - before[0], key
    for key, forward in (("d", True), ("a", False)):
        before = window(trace)
        trace.keyboard.press(key)
        assert (window(trace)[0] > before[0]) == forward, key
    for key in ("s", "-"):
        before = window(trace)
        trace.keyboard.press(key)
        assert window(trace)[1] - window(trace)[0] > before[1] - before[0], key
    trace.keyboard.press("e")
    expect(selected(trace)).to_have_attribute("data-name", "step 5")
    trace.keyboard.press("f")
    assert near(window(trace), 495, 605, 2)
    expect(trace).to_have_url(re.compile(r"z=\d+-\d+"))
    trace.keyboard.press("0")
    assert near(window(trace), 0, 1000, 0.001)
    expect(trace).not_to_have_url(re.compile(r"z="))


def test_levels_and_pages_by_keyboard(trace):
    rows = trace.get_by_test_id("span-row").locator("visible=true")
    for key, count in (("1", 1), ("2", 10), ("[", 1), ("]", 10)):
        trace.keyboard.press(key)
        expect(rows).to_have_count(count)
    trace.keyboard.press("PageDown")
    expect(selected(trace)).to_have_attribute("data-name", "step 9")
    trace.keyboard.press("PageUp")
    expect(selected(trace)).to_have_attribute("data-name", "root")
    trace.keyboard.press("\\")
    expect(trace.get_by_test_id("panel")).to_be_hidden()
    trace.keyboard.press("\\")
    expect(trace.get_by_test_id("panel")).to_be_visible()
    # Into the panel: what can be done with the span comes next, then its facts.
    trace.keyboard.press("Enter")
    expect(trace.get_by_test_id("panel")).to_be_focused()
    trace.keyboard.press("Tab")
    expect(trace.get_by_role("button", name="Close the panel")).to_be_focused()
    for _ in range(12):
        trace.keyboard.press("Tab")
        if trace.locator("#panel-body").evaluate("(body) => body === document.activeElement"):
            break
    else:
        raise AssertionError("the facts are further away than twelve presses")
    trace.keyboard.press("Escape")
    expect(trace.get_by_test_id("waterfall")).to_be_focused()


def test_from_trace_to_trace_of_the_list(traces_program, traces_of_ten, page):
    page.goto(f"{traces_program.query}/traces?q=service%3A%22stepping+service%22&sort=start&lookback=24h")
    expect(page.get_by_test_id("trace-row")).to_have_count(3, timeout=PATIENCE)
    page.locator(f'[data-testid="trace-row"][data-trace-id="{traces_of_ten[2]}"]').click()
    for key, number in (("j", 1), ("j", 0), ("k", 1)):
        expect(page.get_by_test_id("trace-page")).to_be_visible()
        page.keyboard.press(key)
        expect(page.get_by_test_id("trace-id")).to_have_attribute("data-trace-id", traces_of_ten[number])
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile("/traces.*stepping"))
