"""The studio: pages in headless Chromium, and the questions that they ask."""

import statistics
import time

import requests

from runner import machine
from runner.large import start
from runner.table import at_most, plain
from support.browser import chromium, watched_page
from support.studio import PATIENCE, Studio
from support.tracepage import big_spans, open_trace, send
from support.waiting import wait_until

# From the start of the navigation until a trace of so many spans is painted, ms.
PAINTED = {1_000: 150, 10_000: 300, 100_000: 800}
# Until the overview's first content is painted, ms.
FIRST = 150
# From the key until the facts of the next span are there: 40 of it the page waits for a key that is held.
SELECTED = 90
# A selection against the rest, or another one.
COMPARED = 200
ASKED = (
    ("search", {"q": "queue>5ms"}, None), ("heatmap", {}, None), ("tail", {"sel": "p99+"}, COMPARED),
    ("compare", {"a": "version:3", "b": "version:4"}, COMPARED), ("aggregate", {"sel": "p50+", "band": "p99"}, COMPARED),
)

# Tells when the facts of the span that the next key selects stand in the panel.
WATCH = """() => {
  const body = document.querySelector(".panel-body");
  window.__facts = null;
  addEventListener("keydown", () => {
    const began = performance.now();
    new MutationObserver((_, observer) => {
      if (body.getAttribute("aria-busy") !== "false") return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => { window.__facts = performance.now() - began; }));
    }).observe(body, { attributes: true, attributeFilter: ["aria-busy"] });
  }, { once: true, capture: true });
}"""


def measure(folder, quick):
    program = start(folder, "studio")
    try:
        sample = load(program, 1_000 if quick else 10_000)
        rows = questions(sample, 3 if quick else 15)
        with chromium() as browser:
            rows += first_paint(browser, program, 3 if quick else 9) + traces(browser, program, quick)
        rows.append(plain("the server's memory after all of this", machine.memory_mib(program.process.pid), "MiB", "resident"))
    finally:
        program.stop()
    program = start(folder, "studio-many")
    try:
        sample = load(program, 2_000 if quick else 100_000)
        rows += questions(sample, 3 if quick else 9)
        rows.append(plain("the server's memory after that", machine.memory_mib(program.process.pid), "MiB", "resident"))
        return rows
    finally:
        program.stop()


def load(program, count):
    answer = requests.post(f"{program.query}/api/ui/sample", params={"traces": count, "seed": 1}, timeout=600)
    answer.raise_for_status()
    return Studio(program.query, answer.json())


def questions(sample, rounds):
    """What pages ask about the hour, after it was read once."""
    count, session = sample.truth["traceCount"], requests.Session()
    hour = {"from": sample.truth["from"], "to": str(int(sample.truth["to"]) + 1), "limit": 100_000}

    def ask(path, parameters):
        began = time.perf_counter()
        answer = session.get(f"{sample.query}/api/ui/{path}", params={**hour, **parameters}, timeout=300)
        assert answer.status_code == 200, answer.text[:300]
        return (time.perf_counter() - began) * 1000

    rows = [plain(f"the hour of {count:,} traces, read for the first question", ask("search", {}), "ms", f"{sample.truth['spanCount']:,} spans")]
    for path, parameters, limit in ASKED:
        times = sorted(ask(path, parameters) for _ in range(rounds))
        told = " ".join(f"{name}={value}" for name, value in parameters.items())
        name, value = f"{path} {told} over {count:,} traces".replace("  ", " "), statistics.median(times)
        note = f"the most {times[-1]:.0f} ms, warm, median of {rounds}, Python client included"
        rows.append(plain(name, value, "ms", note) if limit is None else at_most(limit, name, value, "ms", note))
    return rows


def first_paint(browser, program, rounds):
    times = []
    for _ in range(rounds):
        with watched_page(browser) as page:
            page.goto(program.query)
            wait_until(lambda: page.evaluate("performance.getEntriesByName('first-contentful-paint').length") > 0, what="the first paint")
            times.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    return [at_most(FIRST, "overview: first contentful paint", statistics.median(times), "ms", f"the most {max(times):.0f} ms, an empty cache, median of {rounds}")]


def traces(browser, program, quick):
    rows = []
    for count, limit in list(PAINTED.items())[:2 if quick else 3]:
        trace, times, rounds = send(program, big_spans(count), "big service"), [], 3 if quick else 7
        for _ in range(rounds):
            with watched_page(browser) as page:
                open_trace(page, program, trace)
                wait_until(lambda: page.evaluate("window.__needletail?.paintTime !== undefined"), PATIENCE / 1000, what="the picture")
                times.append(page.evaluate("performance.getEntriesByName('trace-painted').at(-1).startTime"))
        rows.append(at_most(limit, f"trace of {count:,} spans: opened until painted", statistics.median(times), "ms", f"first {times[0]:.0f} ms, the most {max(times):.0f} ms, an empty cache, median of {rounds}"))
    with watched_page(browser) as page:
        open_trace(page, program, trace)
        wait_until(lambda: page.evaluate("window.__needletail?.paintTime !== undefined"), PATIENCE / 1000, what="the picture")
        times = []
        for _ in range(5 if quick else 15):
            page.evaluate(WATCH)
            page.keyboard.press("ArrowDown")
            wait_until(lambda: page.evaluate("window.__facts") is not None, what="the facts of a span")
            times.append(page.evaluate("window.__facts"))
    rows.append(at_most(SELECTED, f"the next span of {count:,}: from the key until its facts are there", statistics.median(times), "ms", f"the most {max(times):.0f} ms; 40 ms of it the page waits for a key that is held"))
    return rows
