"""Can one believe the numbers? The chip in the bar, its panel, Data health, gaps, and estimates that are marked as such."""

import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import otlp, studio
from support.steady import inference, send

SECOND = 1_000_000_000
# Rejection thresholds of W3C's tracestate: nothing is left out, and nine of ten are.
EVERYTHING, ONE_IN_TEN = "ot=th:0", "ot=th:e6666666666666"


def test_the_chip_says_mixed_and_its_panel_why(sample, page):
    """One service keeps one trace of ten and another does not tell: the chip says mixed; its panel lists services with their rates and how these are known, what was dropped, and how to change it."""
    sample.open(page, "/map")
    chip = page.get_by_test_id("sampling")
    expect(chip).to_have_text("mixed")
    chip.click()
    panel = page.get_by_test_id("sampling-panel")
    weights = panel.get_by_role("table")
    expect(weights).to_be_visible(timeout=studio.PATIENCE)
    rows = weights.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))")
    known = {entry["service"]: entry for entry in sample.ask("health")["weights"]}
    assert {row[0] for row in rows} == set(known)
    assert dict((row[0], row[1]) for row in rows)[sample.truth["sampled"]["service"]] == f"1 in {sample.truth['sampled']['weight']}"
    assert all(("tracestate" in row[2]) == (known[row[0]]["source"] == "tracestate") for row in rows)
    for words in ("received", "not stored", "late", "without parent", "clocks that disagree", "missing of Triton's numbers", "gaps", "data"):
        expect(panel.locator("dt", has_text=words).first).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.get_by_role("button", name="Copy").first.click()
    assert "OTEL_TRACES_SAMPLER" in page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    chip.press("Enter")
    panel.get_by_test_id("sampling-more").click()
    page.wait_for_url("**/health/data?*")
    studio.ready(page)
    expect(page.get_by_test_id("data-span")).to_contain_text("data from")
    expect(page.get_by_test_id("weights").locator("tbody tr")).to_have_count(len(known))


@pytest.mark.parametrize(("state", "words"), [(EVERYTHING, "complete"), (ONE_IN_TEN, "sampled 1 in 10 · counts ×10"), ("", "sampling unknown")])
def test_the_chip(start, page, state, words):
    """The chip says complete when every trace stands for itself, by how much counts are scaled when all are sampled alike, and that the rate is unknown when nobody tells."""
    program = start("traces")
    send(program.otlp, ("triton", [span for index in range(5) for span in inference(time.time_ns() - index * SECOND - SECOND, state=state)]))
    page.goto(f"{program.query}/errors")
    studio.ready(page)
    expect(page.get_by_test_id("sampling")).to_have_text(words)


def interrupted(program, now):
    """Two requests a second for ten minutes, but for 100 seconds of nothing: the minutes in which the collector's link was cut."""
    begin = now - 600 * SECOND
    times = [begin + index * SECOND // 2 for index in range(1200) if not 300 * 2 <= index < 400 * 2]
    for part in range(0, len(times), 250):
        send(program.otlp, ("triton", [span for at in times[part:part + 250] for span in inference(at)]))
    return begin + 300 * SECOND, begin + 400 * SECOND


def test_a_cut_link_is_a_gap_and_no_zeros(start, page):
    """When nothing at all came for some minutes, the charts have a band there that says so: no zeros in the picture, none in its table; Data health names the time."""
    program = start("traces")
    now = time.time_ns()
    begin, end = interrupted(program, now)
    window = f"from={(now - 601 * SECOND) // 1000}&to={now // 1000}"
    page.goto(f"{program.query}/monitor?{window}&service=triton")
    studio.ready(page)
    for chart in ("chart-rate", "chart-errors", "chart-duration"):
        band = page.get_by_test_id(chart).get_by_test_id("gap-band")
        expect(band).to_have_count(1)
        expect(band).to_contain_text("no data")
    # The line breaks there, and goes on: two strokes.
    assert page.get_by_test_id("chart-rate").locator(".red-line").get_attribute("d").count("M") == 2
    page.get_by_test_id("chart-rate").get_by_role("button", name="Table").click()
    cells = page.get_by_test_id("chart-rate").locator("tbody td.number").all_text_contents()
    assert "0\u202f/s" not in cells and cells.count("no data") >= 9
    expect(page.get_by_test_id("sampling")).to_contain_text("1 gap")
    page.goto(f"{program.query}/traces?{window}")
    studio.ready(page)
    expect(page.get_by_test_id("heatmap").get_by_test_id("gap-band")).to_have_count(1, timeout=studio.PATIENCE)
    page.goto(f"{program.query}/health/data?{window}")
    studio.ready(page)
    seconds = lambda at: time.strftime("%H:%M:%S", time.gmtime(at / SECOND))
    told = page.get_by_test_id("missing").text_content()
    found = re.search(r"no data at all from (?:\S+ )?(\d\d:\d\d:\d\d) to (?:\S+ )?(\d\d:\d\d:\d\d) \((.*?)\)", told)
    # The last request before it took its time; the first after it came when the link was back.
    assert found and found[2] == seconds(end), told
    assert abs(int(found[1][-2:]) - int(seconds(begin)[-2:])) % 59 <= 1, told
    assert found[3].replace("\u202f", " ") == "1 min 40 s", told


def test_rare_requests_are_no_gaps(start, page):
    """Requests that come every other minute leave no gaps."""
    program = start("traces")
    now = time.time_ns()
    send(program.otlp, ("triton", [span for index in range(20) for span in inference(now - (index * 120 + 1) * SECOND)]))
    page.goto(f"{program.query}/monitor?from={(now - 2400 * SECOND) // 1000}&to={now // 1000}")
    studio.ready(page)
    expect(page.get_by_test_id("gap-band")).to_have_count(0)
    # Nobody called in between, and that is known: zeros.
    page.get_by_test_id("chart-rate").get_by_role("button", name="Table").click()
    assert "0\u202f/min" in page.get_by_test_id("chart-rate").locator("tbody td.number").all_text_contents()


def test_a_tail_of_few_requests_is_grey_with_its_number(sample, page):
    """A p99 that rests on fewer than a hundred slower requests is grey and says on how many; one that rests on more is plain."""
    for path, table in (("/models", "models"), ("/monitor", "operations")):
        sample.open(page, path)
        table = page.get_by_test_id(table)
        column = [re.sub(r" [↓↑]", "", text) for text in table.locator("thead th").all_text_contents()].index("p99")
        cells = table.locator("tbody tr").evaluate_all(f"(rows) => rows.map((row) => {{ const cell = row.cells[{column}], few = cell.querySelector('.few'); return [cell.textContent, few ? getComputedStyle(few).color : null]; }})")
        faint = page.evaluate("(() => { const one = document.createElement('i'); one.className = 'faint'; document.body.append(one); return getComputedStyle(one).color; })()")
        # No model of the sample has ten thousand traces.
        assert cells and all(re.search(r" n = [\d\u202f]+$", text) and color == faint for text, color in cells), cells


def test_what_was_not_stored_is_told_by_reason(start, page):
    """Spans that were refused, late ones, those without parents, clocks that disagree and missing numbers of Triton's are all counted."""
    program = start("traces")
    now = time.time_ns()
    trace, root, child = otlp.trace_id(), otlp.span_id(), otlp.span_id()
    numbered = [{**span, "attributes": {**span.get("attributes", {}), "triton.trace_id": number}} if span["name"] == "bert" else span for number in (1, 2, 5) for span in inference(now - SECOND)]
    send(program.otlp, ("triton", numbered), ("web", [
        {"trace": trace, "id": root, "name": "call", "kind": 3, "start": now - SECOND, "duration": 10_000_000},
        {"trace": otlp.trace_id(), "id": otlp.span_id(), "parent": otlp.span_id(), "name": "orphan", "start": now - SECOND},
        {"trace": otlp.trace_id(), "id": otlp.span_id(), "name": "late", "start": now - 600 * SECOND},
    ]), ("api", [{"trace": trace, "id": child, "parent": root, "name": "serve", "kind": 2, "start": now - SECOND - 3_000_000, "duration": 5_000_000}]))
    bad = otlp.request("web", [{"trace": "00" * 16, "id": "00" * 8, "name": "no ids"}])
    requests.post(program.otlp, bad.SerializeToString(), headers={"content-type": otlp.PROTOBUF}, timeout=60)
    assert requests.post(program.otlp, b"\xff\xff\xff", headers={"content-type": otlp.PROTOBUF}, timeout=60).status_code == 400
    page.goto(f"{program.query}/health/data")
    studio.ready(page)
    dropped = dict(page.get_by_test_id("dropped").locator("tbody tr").evaluate_all("(rows) => rows.map((row) => [row.cells[0].textContent, row.cells[1].textContent])"))
    assert dropped["rejected: malformed spans"] == "1" and dropped["requests that could not be read"] == "1" and dropped["refused: too busy"] == "0"
    missing = page.get_by_test_id("missing")
    expect(missing).to_contain_text("1 span came more than a minute after")
    expect(missing).to_contain_text("1 span whose parent is not here")
    expect(missing).to_contain_text("1 call between clocks that disagree")
    expect(missing).to_contain_text("2 of 5 running numbers")
    expect(page.get_by_test_id("arrivals")).to_be_visible()
    page.get_by_test_id("arrivals").get_by_role("button", name="Table").click()
    cells = page.get_by_test_id("arrivals").locator("tbody td.number").all_text_contents()
    assert sum(int(cell) for cell in cells if cell.isdigit()) == 9 + 4


def test_an_empty_server(start, page):
    """A server without any data has a page too."""
    page.goto(f"{start('traces').query}/health/data")
    studio.ready(page)
    expect(page.get_by_test_id("data-span")).to_contain_text("none yet")
