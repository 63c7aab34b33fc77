"""Why is it slow: from a box on a heatmap, or from p99, to the cause that was planted in the sample."""

import re

import pytest
from playwright.sync_api import expect

from support.studio import PATIENCE, ready

MODEL = "model:bert_reranker"
# What planted requests take at least, and what failed ones wait at least, nanoseconds.
SLOW, WAITED = 60_000_000, 240_000_000


def micros(nanoseconds):
    return int(nanoseconds) // 1000


@pytest.fixture
def band(sample):
    """The planted slow band as a box in the address of a page."""
    times = sample.truth["band"]
    return f"{micros(times['from'])}-{micros(times['to'])}_{SLOW}-{WAITED}"


def in_band(sample, q):
    """How many traces of the band a filter lets through, asked of the API."""
    times = sample.truth["band"]
    return sample.ask("search", q=f"{q} duration>60ms duration<240ms", **{"from": times["from"], "to": times["to"]})["matched"]


def number(text):
    """A printed difference, in its unit."""
    value, unit = re.fullmatch(r"([+−]?[\d.]+)(?:\s(\S+))?", text.replace("\u202f", " ").strip()).groups()
    return float(value.replace("−", "-")), unit


def is_cause(sample, row):
    """Which planted cause a row of the ranking names."""
    key, value = row.get_attribute("data-key"), row.get_attribute("data-value")
    band = sample.truth["band"]
    if band["host"] in value:
        return "host"
    if value == band["client"]:
        return "client"
    cut = re.fullmatch(r"> (\d+)", value)
    if "batch" in key and cut and int(cut[1]) < band["batchSize"]:
        return "batch"
    return None


@pytest.mark.parametrize("place", ["/models/bert_reranker", "/compare"])
def test_planted_cause_is_ranked_first(sample, page, band, place):
    """The slow band selected: its host, its batches and its client are the first three of the ranking, each named once."""
    sample.open(page, place, q=MODEL if place == "/compare" else None, box=band)
    rows = page.get_by_test_id("ranking").locator("> li")
    expect(rows.first).to_be_visible(timeout=PATIENCE)
    assert {is_cause(sample, rows.nth(index)) for index in range(3)} == {"host", "batch", "client"}


def test_contributions_add_up_as_printed(sample, page, band):
    """The stages' printed differences add up to the printed gap, in one unit; and they are those of the API."""
    sample.open(page, "/compare", q=MODEL, box=band)
    parts = [number(text) for text in page.get_by_test_id("contributions").locator("[data-part] b").all_inner_texts()]
    whole, unit = number(page.get_by_test_id("gap").inner_text())
    assert len(parts) > 4
    assert all(value == 0 or other == unit for value, other in parts)
    assert round(sum(value for value, _ in parts), 6) == whole
    times = sample.truth["band"]
    answer = sample.ask("tail", q=MODEL, t0=times["from"], t1=times["to"], d0=SLOW, d1=WAITED)
    assert unit == "ms" and abs(whole - answer["gapNano"] / 1e6) < 0.02
    assert answer["gapNano"] > 30e6


def test_excluding_the_host_makes_the_band_vanish(sample, page, band):
    """A click on "not" beside the host: the filter of the page excludes it, and no trace of the band is left."""
    assert in_band(sample, MODEL) > 1000
    sample.open(page, "/models/bert_reranker", box=band)
    row = page.get_by_test_id("ranking").locator(f"> li[data-key=host][data-value*='{sample.truth['band']['host']}']")
    row.locator("[data-door=not]").click()
    ready(page)
    expect(page).to_have_url(re.compile(r"q=-host"))
    expect(page.get_by_test_id("why-panel")).to_contain_text("No trace is in the selection")
    assert in_band(sample, f"{MODEL} {page.evaluate('new URLSearchParams(location.search).get(`q`)')}") == 0
    page.go_back()
    ready(page)
    expect(page.get_by_test_id("ranking").locator("> li").first).to_be_visible(timeout=PATIENCE)


def test_only_and_split_and_versus(sample, page, band):
    """The other doors of a value: only it, both parts drawn apart on one axis, both compared."""
    sample.open(page, "/compare", q=MODEL, box=band)
    client = page.get_by_test_id("ranking").locator(f"> li[data-value='{sample.truth['band']['client']}']")
    term = f"root.client.app:{sample.truth['band']['client']}"
    hrefs = {door: client.locator(f"[data-door={door}]").get_attribute("href") for door in ("only", "not", "split", "vs")}
    page.goto(sample.query + hrefs["split"])
    ready(page)
    for side, filter in (("with", term), ("without", f"-{term}")):
        picture = page.get_by_test_id(f"latency-{side}")
        expect(picture).to_be_visible()
        picture.get_by_role("button", name="Table").click()
        counts = picture.locator("tbody td:nth-child(2)").all_inner_texts()
        assert abs(sum(float(text) for text in counts) - sample.ask("search", q=f"{MODEL} {filter}")["weighted"]) < 1
    page.get_by_test_id("unsplit").click()
    ready(page)
    expect(page.get_by_test_id("latency")).to_be_visible()
    page.goto(sample.query + hrefs["only"])
    ready(page)
    expect(page.get_by_test_id("filter")).to_have_value(f"{MODEL} {term}")
    page.goto(sample.query + hrefs["vs"])
    ready(page)
    expect(page.get_by_test_id("side-b")).to_have_value(term)
    expect(page.get_by_test_id("side-a")).to_have_value(f"-{term}")


def test_box_drawn_by_hand_and_by_keys(sample, page):
    """A box dragged over the band names the cause too; Escape gives it up; the keyboard alone draws another."""
    sample.open(page, "/models/bert_reranker")
    heat = page.get_by_test_id("heatmap")
    place = heat.bounding_box()
    hour, times = sample.truth, sample.truth["band"]
    left, width = place["x"] + 62, place["width"] - 70
    at = lambda time: left + width * (int(time) - int(hour["from"])) / (int(hour["to"]) - int(hour["from"]))
    page.mouse.move(at(times["from"]), place["y"] + 40)
    page.mouse.down()
    page.mouse.move(at(times["to"]), place["y"] + place["height"] * 0.55, steps=5)
    page.mouse.up()
    ready(page)
    expect(page).to_have_url(re.compile("box="))
    expect(page.get_by_text("Why is the selection slow?")).to_be_visible()
    rows = page.get_by_test_id("ranking").locator("> li")
    assert {is_cause(sample, rows.nth(index)) for index in range(3)} >= {"host", "client"}
    heat.focus()
    page.keyboard.press("Escape")
    ready(page)
    expect(page).not_to_have_url(re.compile("box="))
    expect(page.get_by_text("Why is p99 slow?")).to_be_visible()
    heat.focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "Shift+ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("box="))


def test_p99_button_ids_structure_and_examples(sample, page):
    """Selections by a button; two sentences; ids are behind "show"; three exemplars a side; each a trace."""
    sample.open(page, "/compare", q=MODEL)
    page.locator("[data-selection='p95+']").click()
    ready(page)
    expect(page).to_have_url(re.compile(r"sel=p95"))
    answer = sample.ask("tail", q=MODEL, sel="p95+")
    words = page.get_by_test_id("why-words").inner_text()
    assert words == " ".join(answer["sentences"]) and len(answer["sentences"]) == 2
    ids = page.get_by_test_id("hidden-ids")
    expect(ids.locator("code").first).to_be_hidden()
    ids.locator("summary").click()
    assert ids.locator("code").all_inner_texts() == answer["hiddenKeys"]
    exemplars = page.get_by_test_id("why-panel").get_by_test_id("exemplar")
    assert [link.get_attribute("href") for link in exemplars.all()] == [f"/trace/{id}" for id in answer["selection"]["exemplars"] + answer["baseline"]["exemplars"]]
    page.go_back()
    ready(page)
    expect(page.locator("[data-selection='p99+']")).to_have_attribute("aria-pressed", "true")


def test_numbers_are_histograms_with_a_cut(sample, page, band):
    """A numeric attribute is two histograms over each other, each as tall as its side's shares, with the best cut; the table twin has the same numbers."""
    sample.open(page, "/compare", q=MODEL, box=band)
    times = sample.truth["band"]
    answer = sample.ask("tail", q=MODEL, t0=times["from"], t1=times["to"], d0=SLOW, d1=WAITED)
    item = next(item for item in answer["attributes"] if "numeric" in item)
    row = page.get_by_test_id("ranking").locator(f"> li[data-key='{item['key']}']").first
    for side in ("selection", "baseline"):
        assert row.locator(f".side-{side}").count() == sum(1 for value in item["numeric"][side] if value)
    expect(row.locator(".cut")).to_have_count(1)
    picture = page.get_by_test_id("attributes")
    picture.get_by_role("button", name="Table").click()
    assert picture.locator("tbody tr").count() == len(answer["attributes"])


def test_part_of_the_traces_says_so(sample, page):
    """Of a window with more traces than are read, the page says how many were used."""
    page.route("**/api/ui/tail?*", lambda route: route.continue_(url=route.request.url.replace("limit=20000", "limit=2000")))
    page.goto(sample.url("/compare"))
    ready(page)
    answer = sample.ask("tail", sel="p99+", limit=2000)
    assert answer["read"]["traces"] == 2000 and not answer["read"]["complete"]
    expect(page.get_by_test_id("used")).to_contain_text(re.compile(r"2\s000 of ≈ \d+\s\d+ traces used"))


def test_aggregate_of_the_selection(sample, page, band):
    """The traces of a selection as one: widths are the mean times of the API, a frame leads to examples, the bands differ, the table has the same frames."""
    sample.open(page, "/compare", q=MODEL, box=band)
    times = sample.truth["band"]
    box = {"t0": times["from"], "t1": times["to"], "d0": SLOW, "d1": WAITED, "q": MODEL}
    answer = sample.ask("aggregate", **box)
    picture = page.get_by_test_id("left-heavy")
    width = picture.locator(".path-frames").bounding_box()["width"]
    infer = next(frame for frame in answer["frames"] if frame.get("stage") == "infer")
    drawn = picture.locator("[data-name=infer]").first
    assert abs(drawn.bounding_box()["width"] / width - infer["totalNano"] / answer["meanNano"]) < 0.01
    drawn.click()
    detail = page.get_by_test_id("frame-detail")
    assert [link.get_attribute("href") for link in detail.get_by_test_id("exemplar").all()] == [f"/trace/{id}" for id in infer["exemplars"]]
    # Left-heavy: frames of one parent are in order of width.
    top = [frame["totalNano"] for frame in answer["frames"] if "parent" not in frame]
    assert top == sorted(top, reverse=True)
    picture.locator("[data-band=p99]").click()
    ready(page)
    expect(page).to_have_url(re.compile("band=p99"))
    expect(picture).to_contain_text(str(sample.ask("aggregate", band="p99", **box)["traces"]))
    page.get_by_test_id("colour-change").click()
    ready(page)
    expect(page).to_have_url(re.compile("colour=change"))
    expect(picture.locator(".path-frame.slower").first).to_be_visible()
    picture.get_by_role("button", name="Table").click()
    slowest = sample.ask("aggregate", band="p99", **box)
    assert picture.locator("tbody tr").count() == min(200, len(slowest["frames"]))


def test_aggregate_by_keyboard(sample, page):
    """Arrows walk the frames, Enter shows examples."""
    sample.open(page, "/compare", q=MODEL)
    frames = page.get_by_test_id("left-heavy").locator(".path-frames")
    frames.locator("[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.getAttribute('aria-level')")
    assert focused == "2"
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("frame-detail").get_by_test_id("exemplar").first).to_be_visible()


def test_selection_without_traces(sample, page):
    """A box in which nothing lies, and a filter that lets nothing through: a sentence, no empty picture."""
    start = micros(sample.truth["from"])
    sample.open(page, "/compare", q=MODEL, box=f"{start}-{start + 1000}_1-2")
    expect(page.get_by_test_id("why-panel")).to_contain_text("No trace is in the selection")
    expect(page.get_by_test_id("left-heavy")).to_be_hidden()
    sample.open(page, "/compare", q="model:no_such_model")
    expect(page.get_by_test_id("nothing")).to_contain_text("No requests in this time")


def test_narrow_window_loses_nothing(sample, browser, band):
    """390 px wide: the page does not scroll sideways, and the doors can be reached."""
    from support.browser import watched_page

    with watched_page(browser) as page:
        page.set_viewport_size({"width": 390, "height": 800})
        sample.open(page, "/compare", q=MODEL, box=band)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        door = page.get_by_test_id("ranking").locator("[data-door=not]").first
        door.scroll_into_view_if_needed()
        assert door.bounding_box()["x"] + door.bounding_box()["width"] <= 390
