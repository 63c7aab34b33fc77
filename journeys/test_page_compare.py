"""Two selections, and two traces, side by side."""

import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support.browser import watched_page
from support.studio import PATIENCE, ready

MODEL = "model:bert_reranker"


@pytest.fixture
def versions(sample):
    """The two versions of the sample, of which one infers longer."""
    version = sample.truth["version"]
    return {"q": f"model:{version['model']}", "a": f"version:{version['faster']}", "b": f"version:{version['slower']}"}


def differences(page):
    """Stage → (difference in nanoseconds, whether it is certain), as drawn."""
    rows = page.get_by_test_id("stage-differences").locator("tbody tr").all()
    return {row.get_attribute("data-stage"): (float(row.get_attribute("data-difference")), row.get_attribute("data-certain") == "true") for row in rows}


@pytest.mark.parametrize("server", ["triton-a"])
def test_slower_version_shows_as_infer_only(sample, page, versions, server):
    """The planted +15 % of one version is told of infer; every other stage is grey. Mean and median agree."""
    sample.open(page, "/compare", **{**versions, "q": f"{versions['q']} server:{server}"})
    for measure in ("mean", "p50"):
        if measure != "mean":
            page.locator(f"button[data-measure={measure}]").click()
            ready(page)
        drawn = differences(page)
        infer, certain = drawn["infer"]
        assert certain, drawn
        assert [stage for stage, (_, sure) in drawn.items() if sure and stage not in ("infer", "whole")] == []
        answer = sample.ask("compare", **{**versions, "q": f"{versions['q']} server:{server}"})
        row = next(row for row in answer["rows"] if row.get("stage") == "infer")
        one = next(one for one in row["differences"] if one["measure"] == measure)
        assert infer == pytest.approx(one["differenceNano"], abs=1)
        assert one["differenceNano"] / one["aNano"] == pytest.approx(sample.truth["version"]["ratio"] - 1, abs=0.03)
        assert one["lowNano"] < (sample.truth["version"]["ratio"] - 1) * one["aNano"] < one["highNano"]
        # Grey in fact: no weight, and the ink of faint text.
        assert page.get_by_test_id("stage-differences").locator("tr[data-stage=queue] b").evaluate("(element) => getComputedStyle(element).fontWeight") == "400"


def test_swapping_sides_flips_signs(sample, page, versions):
    """After "Swap sides" each stage has the other sign, and the sides have changed places; Back undoes it."""
    sample.open(page, "/compare", **versions)
    before = differences(page)
    page.get_by_test_id("swap").click()
    ready(page)
    expect(page.get_by_test_id("side-a")).to_have_value(versions["b"])
    after = differences(page)
    assert before.keys() == after.keys()
    assert all(abs(after[stage][0] + before[stage][0]) < 1e-6 * max(1, abs(before[stage][0])) for stage in before)
    page.go_back()
    ready(page)
    assert differences(page) == before


def test_each_side_has_exemplars_at_its_quantiles(sample, page, versions):
    """Three links a side, at p50, p95 and p99; each trace is of its side and took about that long."""
    sample.open(page, "/compare", **versions)
    for side in ("a", "b"):
        row = page.get_by_test_id("sides").locator(f"tr[data-side={side}]")
        links = row.get_by_test_id("exemplar")
        assert [link.get_attribute("data-measure") for link in links.all()] == ["p50", "p95", "p99"]
        traces = [link.get_attribute("href").removeprefix("/trace/") for link in links.all()]
        rows = [sample.ask("search", q=f"{versions['q']} {versions[side]} trace:{trace}")["rows"] for trace in traces]
        assert all(len(one) == 1 for one in rows)
        took = [one[0]["durationNano"] for one in rows]
        table = sample.ask("models", q=f"{versions['q']} {versions[side]}")["all"]["duration"]
        for duration, measure in zip(took, ("p50", "p95", "p99")):
            assert duration == pytest.approx(table[measure], rel=0.03)


def test_butterfly_has_the_numbers_of_its_table(sample, page, versions):
    """Both halves of the histogram and the table behind them tell the same; each side adds up to all of it."""
    sample.open(page, "/compare", **versions)
    answer = sample.ask("compare", **versions)
    picture = page.get_by_test_id("butterfly")
    for side, name in (("a", "side-a"), ("b", "side-b")):
        assert picture.locator(f"rect.{name}").count() == sum(1 for value in answer[side]["histogram"] if value)
        assert sum(answer[side]["histogram"]) == pytest.approx(answer[side]["count"])
    picture.get_by_role("button", name="Table").click()
    assert picture.locator("tbody tr").count() == len(answer["a"]["histogram"])


def test_intervals_are_the_same_each_time(sample, versions):
    """The same question twice: the same intervals, because what is drawn by lot has a fixed seed."""
    first, second = sample.ask("compare", **versions), sample.ask("compare", **versions)
    assert first["rows"] == second["rows"]
    assert any(one["lowNano"] < one["highNano"] for row in first["rows"] for one in row["differences"])


def test_sides_are_changed_in_place(sample, page, versions):
    """Other filters typed into the two boxes; a side without traces says so; a wrong one says what is wrong with it."""
    sample.open(page, "/compare", **versions)
    page.get_by_test_id("side-b").fill("version:99")
    page.get_by_test_id("side-b").press("Enter")
    ready(page)
    expect(page.get_by_test_id("nothing")).to_contain_text("One side has no traces")
    page.get_by_test_id("side-b").fill("-version:3")
    page.get_by_test_id("side-b").press("Enter")
    ready(page)
    expect(page.get_by_test_id("sides")).to_be_visible()


def test_wrong_filter_of_a_side_is_told(sample, browser, versions):
    """The server's words about the side that cannot be read; what was seen stays."""
    context = browser.new_context()
    page = context.new_page()
    sample.open(page, "/compare", **versions)
    page.get_by_test_id("side-b").fill("duration>fast")
    page.get_by_test_id("side-b").press("Enter")
    expect(page.get_by_test_id("page-error")).to_contain_text("'b'", timeout=PATIENCE)
    expect(page.get_by_test_id("sides")).to_be_visible()
    context.close()


def test_time_before_as_the_other_side(sample, page):
    """A side may have a time of its own: the hour before the sample has nothing; half against half has both."""
    sample.open(page, "/models/bert_reranker")
    page.get_by_test_id("versus").filter(has_text="time before").click()
    ready(page)
    expect(page.get_by_test_id("nothing")).to_contain_text("One side has no traces")
    start, end = int(sample.truth["from"]) // 1000, int(sample.truth["to"]) // 1000
    middle = (start + end) // 2
    sample.open(page, "/compare", q=MODEL, **{"a.from": start, "a.to": middle, "b.from": middle, "b.to": end})
    answer = sample.ask("compare", q=MODEL, **{"a.from": start, "a.to": middle, "b.from": middle, "b.to": end})
    assert answer["a"]["traces"] > 100 and answer["b"]["traces"] > 100
    assert abs(answer["a"]["traces"] + answer["b"]["traces"] - sample.ask("search", q=MODEL)["matched"]) <= 1
    assert float(page.get_by_test_id("stage-differences").locator("tr[data-stage=whole]").get_attribute("data-difference")) == pytest.approx(answer["rows"][0]["differences"][0]["differenceNano"], abs=1)


def test_without_cold_requests(sample, page):
    """Cold requests left out of both sides; the page says how many."""
    cold = sample.ask("search", q="cold:true")
    # Those that were planted, and those that waited behind them.
    assert len(sample.truth["coldTraces"]) <= cold["matched"] < 20
    sample.open(page, "/compare", a="server:triton-a", b="server:needletail-b")
    page.get_by_test_id("without-cold").check()
    ready(page)
    expect(page).to_have_url(re.compile("cold=false"))
    expect(page.get_by_test_id("cold-left-out")).to_have_text(f"{cold['matched']} requests left out")


# Two traces.


def span(trace, number, parent, name, start, end):
    base = time.time_ns() - 60_000_000_000
    return {"traceId": f"{trace:032x}", "spanId": f"{number:016x}", "parentSpanId": f"{parent:016x}" if parent else "", "name": name, "kind": 2, "startTimeUnixNano": str(base + start), "endTimeUnixNano": str(base + end)}


@pytest.fixture(scope="module")
def pair(tmp_path_factory, request):
    """A server with two traces: B has one call more of `fetch`, lacks `check`, and `work` takes 30 ms longer."""
    from support.program import Needletail

    program = Needletail("traces", tmp_path_factory.mktemp("pair")).start()
    request.addfinalizer(program.stop)
    one = [span(1, 1, 0, "root", 0, 100_000_000), span(1, 2, 1, "work", 10_000_000, 60_000_000), span(1, 3, 1, "fetch", 60_000_000, 70_000_000), span(1, 4, 2, "check", 20_000_000, 25_000_000)]
    two = [span(2, 1, 0, "root", 0, 140_000_000), span(2, 2, 1, "work", 10_000_000, 90_000_000), span(2, 3, 1, "fetch", 90_000_000, 100_000_000), span(2, 4, 1, "fetch", 100_000_000, 115_000_000)]
    body = {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}, "scopeSpans": [{"scope": {"name": "test"}, "spans": one + two}]}]}
    answer = requests.post(program.otlp, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return program


A, B = f"{1:032x}", f"{2:032x}"


def test_two_traces_span_by_span(pair, page):
    """Spans are matched by path: what both have with its difference, what only one has named so, counted; swapping flips the sign."""
    page.goto(f"{pair.query}/compare?a={A}&b={B}")
    ready(page)
    assert int(page.get_by_test_id("pair-gap").get_attribute("data-gap")) == 40_000_000
    expect(page.get_by_test_id("pair-counts")).to_have_text("3 spans in both, 1 only in B, 1 only in A")
    rows = page.get_by_test_id("pair-spans").locator("tbody tr")
    texts = {(row.get_attribute("data-side"), row.locator("b").first.inner_text()): row.locator("td").last.inner_text().replace("\u202f", " ") for row in rows.all()}
    assert texts == {("both", "root"): "+40 ms", ("both", "work"): "+30 ms", ("a", "check"): "–", ("both", "fetch"): "0", ("b", "fetch"): "–"}
    # In order of the tree: what only B has stands where it has it.
    assert [row.locator("b").first.inner_text() for row in rows.all()] == ["root", "work", "check", "fetch", "fetch"]
    page.get_by_test_id("pair-spans").get_by_role("button", name="B − A").click()
    assert [row.locator("b").first.inner_text() for row in rows.all()][:2] == ["root", "work"]
    page.get_by_test_id("swap").click()
    ready(page)
    assert int(page.get_by_test_id("pair-gap").get_attribute("data-gap")) == -40_000_000
    expect(page.get_by_test_id("pair-counts")).to_have_text("3 spans in both, 1 only in B, 1 only in A")


def test_two_traces_have_aligned_critical_paths(pair, page):
    """Both critical paths on one axis: the longer trace fills it, the pieces add up to the durations, and the table has them."""
    page.goto(f"{pair.query}/compare?a={A}&b={B}")
    ready(page)
    paths = page.locator(".pair-path")
    expect(paths).to_have_count(2)
    widths = [sum(piece.bounding_box()["width"] for piece in path.locator(".pair-piece").all()) / path.bounding_box()["width"] for path in paths.all()]
    assert widths[1] == pytest.approx(1, abs=0.02)
    assert widths[0] == pytest.approx(100 / 140, abs=0.02)
    page.get_by_test_id("compared").first.get_by_role("button", name="Table").click()
    assert page.get_by_test_id("compared").first.locator("tbody tr").count() >= 4


def test_two_traces_of_the_sample(sample, page):
    """Two inference requests: the stages' differences add up to the difference of the durations."""
    rows = sample.ask("search", q=MODEL, rows=2, sort="duration")["rows"]
    sample.open(page, "/compare", a=rows[1]["traceID"], b=rows[0]["traceID"])
    stages = page.get_by_test_id("pair-stages").locator("tbody tr")
    assert sum(int(row.get_attribute("data-difference")) for row in stages.all()) == rows[0]["durationNano"] - rows[1]["durationNano"]


def test_narrow_window(sample, browser, versions):
    """390 px wide: two selections do not make the page scroll sideways."""
    with watched_page(browser) as page:
        page.set_viewport_size({"width": 390, "height": 800})
        sample.open(page, "/compare", **versions)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
