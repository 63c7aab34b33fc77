"""The trace page as tests see it: its rows, its window of time, and spans sent for it."""

import re
import time

import requests
from playwright.sync_api import expect

from support import otlp
from support.studio import PATIENCE
from support.waiting import wait_until

MS = 1_000_000
# What a span of a large trace is sent in.
CHUNK = 2_000


def send(program, spans, service="journey", **resource):
    """Sends spans over OTLP and returns the trace of the first."""
    for first in range(0, len(spans), CHUNK):
        body = otlp.request(service, spans[first:first + CHUNK], resource).SerializeToString()
        answer = requests.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=120)
        assert answer.status_code == 200, answer.text
    return spans[0]["trace"]


def big_spans(count):
    """A root over steps with a hundred different calls each; the last span of all failed."""
    trace, root, start = otlp.trace_id(), otlp.span_id(), time.time_ns() - 20_000_000_000
    step = 10_000 * MS * 101 // count
    made = [{"trace": trace, "id": root, "name": "big root", "start": start, "duration": 10_000 * MS}]
    while len(made) < count - 1:
        parent, number = otlp.span_id(), (len(made) - 1) // 101
        begin = start + number * step
        made.append({"trace": trace, "id": parent, "parent": root, "name": f"step {number}", "start": begin, "duration": step})
        made += [{"trace": trace, "id": otlp.span_id(), "parent": parent, "name": f"work {n % 17}", "start": begin + n * step // 101, "duration": step // 120} for n in range(min(100, count - 1 - len(made)))]
    made.append({"trace": trace, "id": otlp.span_id(), "parent": root, "name": "the last one", "start": start + 9_990 * MS, "duration": 10 * MS, "error": "broke at the end"})
    return made


def open_trace(page, program, trace, spans=None, **parameters):
    query = "&".join(f"{key}={value}" for key, value in parameters.items())
    page.goto(f"{program.query}/trace/{trace}" + (f"?{query}" if query else ""))
    expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
    if spans is not None:
        expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", str(spans))


def rows(page):
    return page.get_by_test_id("span-row").locator("visible=true")


def row(page, name):
    return page.locator(f'[data-testid="span-row"][data-name="{name}"]:visible')


def selected(page):
    return page.locator('[data-testid="span-row"][aria-selected="true"]:visible')


def drawn(page):
    """Waits until all rows of a trace that fits on the screen stand there."""
    wait_until(lambda: page.evaluate("window.__needletail.rowCount") == rows(page).count(), what="all rows")


def names(page):
    drawn(page)
    return sorted(rows(page).evaluate_all("(rows) => rows.map((row) => row.dataset.name)"))


def window(page):
    """Start and end of what is shown, nanoseconds."""
    return page.evaluate("window.__needletail.window")


def plain(text):
    """Thin spaces as plain ones."""
    return text.replace("\u202f", " ")


def colours(page, box, canvas="canvas.bars"):
    """How many pixels of each colour a part of a canvas has, as {(red, green, blue): pixels}; `box` in CSS pixels of the canvas: left, top, right, bottom."""
    told = page.evaluate(
        """([selector, [left, top, right, bottom]]) => {
          const canvas = document.querySelector(selector), ratio = canvas.width / canvas.clientWidth;
          const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const data = copy.getImageData(Math.floor(left * ratio), Math.floor(top * ratio), Math.max(1, Math.ceil((right - left) * ratio)), Math.max(1, Math.ceil((bottom - top) * ratio))).data, counts = {};
          for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 0) { const key = `${data[at]},${data[at + 1]},${data[at + 2]}`; counts[key] = (counts[key] ?? 0) + 1; }
          return counts;
        }""", [canvas, list(box)])
    return {tuple(map(int, key.split(","))): count for key, count in told.items()}


def copied(page):
    """Reads what was copied last: pages of tests may use the clipboard."""
    return page.evaluate("navigator.clipboard.readText()")


def columns(query, trace, **parameters):
    answer = requests.get(f"{query}/api/ui/trace/{trace}", parameters, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def strip(page):
    """The stages of the strip, once the wait was asked for: nanoseconds by stage."""
    expect(page.get_by_test_id("stage-strip")).to_have_attribute("data-queue-split", re.compile("known|none"), timeout=PATIENCE)
    return dict(page.get_by_test_id("strip-legend").evaluate_all("(entries) => entries.map((entry) => [entry.dataset.stage, Number(entry.dataset.ns)])"))
