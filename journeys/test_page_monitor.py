"""The monitor: rate, errors and duration of a service and its operations; truth is own spans, and what the API says of the sample."""

import re
import time

from playwright.sync_api import expect

from support import otlp, studio
from support.steady import send
from support.studio import shown

SECOND, MILLISECOND = 1_000_000_000, 1_000_000
ONE_IN_TEN = "ot=th:e6666666666666"


def cells(page):
    """The table of operations, as texts by operation and column."""
    table = page.get_by_test_id("operations")
    heads = [re.sub(r" [↓↑]", "", head) for head in table.locator("thead th").all_text_contents()]
    rows = table.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => [row.dataset.operation, ...[...row.cells].map((cell) => cell.textContent.trim())])")
    return {row[0]: dict(zip(heads, row[1:])) for row in rows}


def test_the_figures_of_own_calls(start, page):
    """Calls, their rate, errors and durations are what was sent; the charts' tables add up to them; each operation leads to its slowest, failed and all traces."""
    program = start("traces")
    now = time.time_ns()
    begin = now - 600 * SECOND
    spans = [{"trace": otlp.trace_id(), "id": otlp.span_id(), "name": name, "kind": 2, "start": begin + index * SECOND, "duration": milliseconds * MILLISECOND, **({"error": "no"} if index % 10 == 3 else {})}
             for name, milliseconds in (("GET /fast", 10), ("GET /slow", 400)) for index in range(300)]
    spans[450]["duration"] = 900 * MILLISECOND
    send(program.otlp, ("shop", spans))
    page.goto(f"{program.query}/monitor?from={begin // 1000}&to={now // 1000}")
    studio.ready(page)
    expect(page.get_by_test_id("monitor-service")).to_have_value("shop")
    table = cells(page)
    assert list(table) == ["GET /slow", "GET /fast"]
    for name, milliseconds in (("GET /fast", 10), ("GET /slow", 400)):
        row = table[name]
        assert row["calls"] == "300" and row["errors"] == "10 %" and row["rate"] == "0.5\u202f/s", row
        # Quantiles are told with an error of 1 %.
        assert abs(float(row["p50"].removesuffix("\u202fms")) - milliseconds) <= milliseconds * 0.01
    assert table["GET /slow"]["p99"].startswith(("40", "39")) and "n = 3" in table["GET /slow"]["p99"]
    assert page.get_by_test_id("slowest").first.get_attribute("href") == f"/trace/{spans[450]['trace']}"
    # All requests together: 600 in ten minutes, half of them in each of the first five.
    page.get_by_test_id("chart-rate").get_by_role("button", name="Table").click()
    rates = [float(text.removesuffix("\u202f/s")) for text in page.get_by_test_id("chart-rate").locator("tbody td.number").all_text_contents() if text.endswith("/s")]
    assert abs(sum(rates) * 10 - 600) < 12 and max(rates) == 2
    page.get_by_test_id("operations").get_by_role("link", name="GET /slow").click()
    page.wait_for_url("**operation=GET*")
    studio.ready(page)
    expect(page.get_by_test_id("monitor-title")).to_have_text("GET /slow")
    page.get_by_test_id("chart-duration").get_by_role("button", name="Table").click()
    assert re.search("(39\\d|40\\d)\u202fms", page.get_by_test_id("chart-duration").locator("tbody").text_content())
    page.get_by_test_id("operation-traces").first.click()
    page.wait_for_url("**/traces?*")
    studio.ready(page)
    query = page.evaluate("new URL(location.href).searchParams.get('q')")
    found = page.request.get(f"{program.query}/api/ui/search", params={"q": query, "from": str(begin), "to": str(now)}).json()
    assert found["matched"] == 300


def test_calls_are_scaled_to_what_the_traces_stand_for(start, page):
    """Of a service that keeps one trace of ten, calls are ten times what is stored, marked as an estimate with its margin."""
    program = start("traces")
    now = time.time_ns()
    send(program.otlp, ("shop", [{"trace": otlp.trace_id(), "id": otlp.span_id(), "name": "GET /", "kind": 2, "start": now - (index + 1) * SECOND, "duration": MILLISECOND, "state": ONE_IN_TEN} for index in range(100)]))
    page.goto(f"{program.query}/monitor")
    studio.ready(page)
    assert cells(page)["GET /"]["calls"].replace("\u202f", " ") == "≈ 1 000 ± 196"


def test_services_of_the_sample(sample, page):
    """Each service of the sample can be chosen; its table says what the API says; the choice is in the address and Back undoes it."""
    sample.open(page, "/monitor")
    answer = sample.ask("operations", service="triton-a")
    expect(page.get_by_test_id("monitor-service")).to_have_value(answer["services"][0]["name"])
    page.get_by_test_id("monitor-service").select_option("triton-a")
    expect(page.get_by_test_id("monitor-title")).to_have_text("All requests to triton-a", timeout=studio.PATIENCE)
    table = cells(page)
    assert set(table) == {one["operation"] for one in answer["operations"]}
    for one in answer["operations"]:
        assert table[one["operation"]]["p50"] == shown(one["duration"]["p50"])
        assert table[one["operation"]]["p95"].startswith(shown(one["duration"]["p95"]))
    assert "service=triton-a" in page.url
    page.go_back()
    expect(page.get_by_test_id("monitor-title")).not_to_have_text("All requests to triton-a", timeout=studio.PATIENCE)


def test_a_part_of_a_chart_leads_to_its_traces(sample, page):
    """A step of time on a chart leads to the traces of the service in this time."""
    sample.open(page, "/monitor", service="vllm")
    href = page.get_by_test_id("chart-rate").locator("a").nth(20).get_attribute("href")
    target = page.evaluate("(href) => Object.fromEntries(new URL(href, location.href).searchParams)", href)
    assert target["q"] == "service:vllm"
    length = (int(sample.truth["to"]) - int(sample.truth["from"])) / 60 / 1000
    assert abs(int(target["to"]) - int(target["from"]) - length) < length * 0.01


def test_nothing_to_monitor(start, page):
    """An empty server says that there are no services."""
    page.goto(f"{start('traces').query}/monitor")
    studio.ready(page)
    expect(page.get_by_test_id("nothing")).to_contain_text("No services")
