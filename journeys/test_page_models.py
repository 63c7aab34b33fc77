"""All models, one model: figures, versions, cold starts, and how far they can be believed."""

import re

import pytest
from playwright.sync_api import expect

from support.browser import watched_page
from support.studio import PATIENCE, ready

MODEL = "bert_reranker"

def nanoseconds(text):
    """A printed duration."""
    value, unit = re.match(r"([\d.]+) (ns|µs|ms|s)\b", text.replace("\u202f", " ")).groups()
    return float(value) * {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}[unit]

def test_models_table_has_the_figures_of_the_api(sample, page):
    """A row for each model, version and server with its requests, quantiles, share of waiting and mean fill; sorts by a click."""
    sample.open(page, "/models")
    answer = sample.ask("models")["models"]
    rows = page.get_by_test_id("models").locator("tbody tr")
    expect(rows).to_have_count(len(answer))
    for model in answer:
        row = page.get_by_test_id("models").locator(f"tr[data-model='{model['model']}'][data-version='{model['version']}'][data-service='{model['service']}']")
        cells = [cell.inner_text().replace("\u202f", "") for cell in row.locator("td").all()]
        assert cells[3] == f"{'' if model['traces'] == round(model['count']) else '≈ '}{round(model['count'])}"
        assert nanoseconds(row.locator("td").nth(6).inner_text()) == pytest.approx(model["duration"]["p50"], rel=0.01)
        assert cells[10].endswith("%")
    for name, key in (("waiting", "waitShare"), ("p50", None)):
        page.get_by_test_id("models").get_by_role("button", name=name, exact=True).click()
        first = rows.first
        best = max(answer, key=lambda model: model[key] if key else model["duration"][name])
        assert (first.get_attribute("data-model"), first.get_attribute("data-service")) == (best["model"], best["service"])

def test_mean_fill_is_the_truth(sample, page):
    """Mean fill of a server that names its batches: the generator's members ÷ executions, also where sampling hides some."""
    sample.open(page, "/models")
    for truth in [truth for truth in sample.truth["executions"] if truth["model"] == MODEL and truth["service"] == "needletail-b"]:
        row = page.get_by_test_id("models").locator(f"tr[data-model={MODEL}][data-version='{truth['version']}'][data-service={truth['service']}]")
        fill = row.locator("td").nth(11).inner_text()
        assert float(fill.removeprefix("≈ ")) == pytest.approx(truth["members"] / truth["count"], rel=0.05)

def test_tick_two_to_compare(sample, page):
    """Two ticked rows lead to their comparison; a third tick replaces the first; the link holds what both have in common as the filter."""
    sample.open(page, "/models")
    ticks = {version: page.locator(f"[data-testid=tick][data-model={MODEL}][data-version='{version}'][data-service=triton-a]") for version in "34"}
    ticks["3"].check()
    expect(page.get_by_text("tick one more")).to_be_visible()
    ticks["4"].check()
    link = page.get_by_test_id("compare-ticked")
    expect(link).to_contain_text("v3")
    page.locator("[data-testid=tick][data-model=rank_ensemble]").first.check()
    expect(ticks["3"]).not_to_be_checked()
    page.locator("[data-testid=tick][data-model=rank_ensemble]").first.uncheck()
    ticks["3"].check()
    link.click()
    ready(page)
    expect(page.get_by_test_id("side-a")).to_have_value("version:4")
    expect(page.get_by_test_id("side-b")).to_have_value("version:3")
    expect(page.get_by_test_id("filter")).to_have_value(f"model:{MODEL} server:triton-a")
    assert page.get_by_test_id("sides").locator("tbody tr").count() == 2

def test_few_samples_are_grey_with_their_number(sample, page):
    """A p99 with fewer than a hundred traces beyond it is grey and says n; one with enough is not."""
    sample.open(page, "/models")
    answer = sample.ask("models")["models"]
    for model in answer:
        row = page.get_by_test_id("models").locator(f"tr[data-model='{model['model']}'][data-version='{model['version']}'][data-service='{model['service']}']")
        for column, share in ((7, 0.05), (8, 0.01)):
            estimate = row.locator("td").nth(column).locator(".estimate")
            beyond = int(-(-model["traces"] * share // 1))
            assert int(estimate.get_attribute("data-n")) in (beyond, beyond + 1, beyond - 1)
            assert ("n = " in estimate.inner_text()) == (int(estimate.get_attribute("data-n")) < 100)
    weak, strong = page.locator(".estimate.faint").first, page.get_by_test_id("models").locator("td:nth-child(7) .estimate").first
    colour = "(element) => getComputedStyle(element).color"
    assert weak.evaluate(colour) != strong.evaluate(colour)

def test_weighted_counts_are_marked(sample, page):
    """Counts that stand for more traces than are stored have ≈; others do not."""
    sample.open(page, f"/models/{MODEL}")
    all = sample.ask("models", q=f"model:{MODEL}")["all"]
    assert all["count"] > 5 * all["traces"]
    expect(page.locator(".tile").first).to_contain_text("≈")
    sample.open(page, "/models/rank_ensemble")
    expect(page.locator(".tile").first).not_to_contain_text("≈")

def waited(sample):
    """Traces that are cold: those that loaded a model, and those that had to wait for it."""
    rows = sample.ask("search", q="cold:true", rows=200)["rows"]
    return {row["traceID"]: row for row in rows}


def test_cold_start_has_a_badge(sample, page):
    """The requests that loaded a model, and those that queued behind them, have the badge in the list of traces; quick ones have none."""
    cold = waited(sample)
    assert set(sample.truth["coldTraces"]) <= set(cold) and len(cold) < 20
    assert all(row["durationNano"] > 1_000_000_000 for row in cold.values())
    sample.open(page, "/traces", q="model:rank_ensemble", sort="duration")
    rows = page.get_by_test_id("trace-row")
    expect(rows.first).to_be_visible(timeout=PATIENCE)
    badges = {row.get_attribute("data-trace-id") for row in rows.all() if row.locator("xpath=ancestor::tr").get_by_text("cold", exact=True).count()}
    assert badges == set(cold)


def test_without_cold_requests_lowers_the_tail(sample, page):
    """The switch leaves the cold requests out of every figure of the model: the tail falls, their number is told, the URL holds it, Back undoes it."""
    model, cold = "rank_ensemble", waited(sample)
    sample.open(page, f"/models/{model}")
    p99 = page.locator(".tile", has_text="p99").locator(".estimate")
    before = sample.ask("models", q=f"model:{model}")["all"]
    assert page.get_by_test_id("cold-starts").locator("a").count() == len(cold)
    assert sum(int(band.get_attribute("data-count")) for band in page.get_by_test_id("latency").get_by_test_id("load-band").all()) == len(sample.truth["coldTraces"])
    page.get_by_test_id("without-cold").check()
    ready(page)
    expect(page).to_have_url(re.compile("cold=false"))
    expect(page.get_by_test_id("cold-left-out")).to_have_text(f"{len(cold)} requests left out")
    after = sample.ask("models", q=f"model:{model}", cold="false")["all"]
    assert after["traces"] == before["traces"] - len(cold)
    assert after["duration"]["max"] < before["duration"]["max"] / 10
    assert nanoseconds(p99.inner_text()) <= before["duration"]["p99"]
    page.get_by_test_id("latency").get_by_role("button", name="Table").click()
    assert sum(float(text) for text in page.get_by_test_id("latency").locator("tbody td:nth-child(2)").all_inner_texts()) == after["traces"]
    page.go_back()
    ready(page)
    expect(page.get_by_test_id("without-cold")).not_to_be_checked()


def test_first_minutes_of_a_loaded_model(sample, page):
    """Looked at in the minutes of its loading, a model's p99 is the cold start; without it the p99 is a tenth."""
    start = int(sample.truth["from"]) // 1000 * 1000
    window = {"from": str(start), "to": str(start + 180_000_000_000)}
    page.goto(f"{sample.query}/models/rank_ensemble?from={start // 1000}&to={start // 1000 + 180_000_000}")
    ready(page)
    p99 = page.locator(".tile", has_text="p99").locator(".estimate")
    cold = nanoseconds(p99.inner_text())
    assert cold > 3e9
    page.get_by_test_id("without-cold").check()
    ready(page)
    left = sample.ask("models", q="model:rank_ensemble", cold="false", **window)["coldLeftOut"]
    assert left >= len(sample.truth["coldTraces"])
    expect(page.get_by_test_id("cold-left-out")).to_have_text(f"{left} requests left out")
    assert nanoseconds(p99.inner_text()) < cold / 10


def test_models_inside_other_requests(sample, page):
    """Steps of an ensemble have no requests of their own: they are listed by their executions, each with a page of these and a way to the traces."""
    sample.open(page, "/models")
    truth = {(one["model"], one["version"]) for one in sample.truth["executions"]}
    inside = page.get_by_test_id("models-inside").locator("tbody tr")
    shown = {tuple(text.split(" v")) for text in (row.locator("td").first.inner_text() for row in inside.all())}
    assert {("tokenizer", "1"), ("image_tower", "2"), ("score_head", "5")} <= shown & truth
    assert not any(model == MODEL for model, _ in shown)
    page.get_by_role("link", name="image_tower v2").first.click()
    expect(page).to_have_url(re.compile("/models/image_tower"))
    ready(page)
    expect(page.get_by_test_id("nothing")).to_contain_text("No request asks image_tower itself")
    one = next(one for one in sample.truth["executions"] if one["model"] == "image_tower" and one["service"] == "needletail-b")
    expect(page.get_by_test_id("batch-fill").filter(has_text="exact").first).to_contain_text(f"mean {one['members'] / one['count']:.1f}")
    expect(page.get_by_test_id("lane-figure")).to_be_visible()
    page.get_by_test_id("traces-of-model").click()
    ready(page)
    ranked = sample.ask("search", q="model:rank_ensemble operation:image_tower")["matched"]
    assert ranked > 0 and page.get_by_test_id("trace-row").count() > 0


def test_model_page_has_everything_of_the_model(sample, page):
    """Seven tiles, heatmap, why, versions, stages, batch size × delay, batch fill and lanes; each picture has a table; doors to comparisons."""
    sample.open(page, f"/models/{MODEL}")
    assert page.locator(".tile").count() == 7
    for name in ("latency", "contributions", "attributes", "stage-ranges", "batch-delay", "batch-fill", "lane-figure"):
        picture = page.get_by_test_id(name).first
        expect(picture).to_be_visible()
        picture.locator("[data-twin]").first.click()
        expect(picture.locator("table.table").last).to_be_visible()
        assert picture.get_attribute("aria-label")
    answer = sample.ask("models", q=f"model:{MODEL}")
    expect(page.get_by_test_id("versions").locator("tbody tr")).to_have_count(len(answer["models"]))
    assert page.get_by_test_id("versus").all_inner_texts() == ["v3 vs v4", "needletail-b vs triton-a", "vs the time before"]
    page.get_by_role("button", name="v4", exact=True).click()
    ready(page)
    expect(page).to_have_url(re.compile("version=4"))
    one = sample.ask("models", q=f"model:{MODEL} version:4")["all"]
    expect(page.locator(".tile").first).to_contain_text(re.sub(r"\B(?=(\d{3})+$)", "\u202f", str(round(one["count"]))))
    expect(page.get_by_test_id("versus").first).to_have_text("vs v3")


def test_lanes_begin_where_the_model_last_ran(sample, page):
    """In a window that goes on for two hours after its last execution, its lanes show that execution."""
    end = int(sample.truth["to"]) // 1000
    with page.expect_response("**/api/ui/lanes?*") as asked:
        page.goto(f"{sample.query}/models/{MODEL}?from={int(sample.truth['from']) // 1000}&to={end + 7_200_000_000}")
    lanes = asked.value.json()
    ready(page)
    newest = int(sample.ask("batches", model=MODEL, rows="1")["batches"][0]["startTimeUnixNano"])
    assert int(lanes["t0"]) < newest < int(lanes["t1"]) < newest + 600_000_000_000
    starts = [int(lanes["from"]) + block[0] for lane in lanes["lanes"] for block in lane["blocks"]]
    assert starts and abs(max(starts) - newest) < 1_000_000_000

def test_model_without_requests(sample, page):
    """A model that nobody asked, and one that the filter hides: a sentence and a way out."""
    sample.open(page, "/models/nobody")
    expect(page.get_by_test_id("nothing")).to_contain_text("No requests to nobody in this time")
    sample.open(page, f"/models/{MODEL}", q="host:none")
    page.get_by_role("button", name="Without the filter").click()
    ready(page)
    expect(page.locator(".tile").first).to_be_visible(timeout=PATIENCE)

def test_narrow_window(sample, browser):
    """390 px wide: neither page scrolls sideways."""
    with watched_page(browser) as page:
        page.set_viewport_size({"width": 390, "height": 800})
        for path in ("/models", f"/models/{MODEL}"):
            sample.open(page, path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
