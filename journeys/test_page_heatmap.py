"""The picture of the traces page: boxes, cells, marks and dots. What they show is compared with the traces themselves."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from support.browser import painted, screenshot
from support.searchpage import all_ids, found, ids, parameters
from support.studio import PATIENCE, ready


def inside(box, rows):
    t0, t1, d0, d1 = map(int, re.fullmatch(r"(\d+)-(\d+)_(\d+)-(\d+)", box).groups())
    return [row["traceID"] for row in rows if t0 * 1000 <= int(row["startTimeUnixNano"]) <= t1 * 1000 and d0 <= row["durationNano"] <= d1]


def test_a_box_keeps_what_lies_inside(sample, page, everything):
    """A box drawn with the mouse filters the table to exactly the traces in it; Escape takes it away."""
    sample.open(page, "/traces")
    heat = page.get_by_test_id("heatmap")
    area = heat.bounding_box()
    page.mouse.move(area["x"] + area["width"] * 0.55, area["y"] + 110)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + 150)
    page.mouse.move(area["x"] + area["width"] * 0.66, area["y"] + 170)
    page.mouse.up()
    expect(page).to_have_url(re.compile("box="))
    ready(page)
    wanted = inside(parameters(page)["box"], everything)
    assert 0 < len(wanted) < len(everything)
    assert found(page) == len(wanted)
    assert set(ids(page)) <= set(wanted)
    expect(page.get_by_test_id("heat-box")).to_be_attached()
    expect(page.get_by_test_id("why")).to_have_attribute("href", re.compile("box="))
    screenshot(page, "traces-box")
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("box="))
    ready(page)
    assert found(page) == len(everything)
    page.go_back()
    ready(page)
    assert found(page) == len(wanted)


def test_a_box_by_keyboard_alone(sample, page, everything):
    """Arrows move a cell, with shift they draw a box, Enter uses it, Escape clears it."""
    sample.open(page, "/traces", q="model:bert_reranker")
    rerankers = [row for row in everything if row.get("model") == "bert_reranker"]
    page.get_by_test_id("heatmap").focus()
    page.keyboard.press("ArrowRight")
    for key in ["Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowLeft"]:
        page.keyboard.press(key)
    expect(page.get_by_test_id("heat-box")).to_be_attached()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("box="))
    ready(page)
    wanted = inside(parameters(page)["box"], rerankers)
    assert 0 < len(wanted) < len(rerankers)
    assert sorted(all_ids(page)) == sorted(wanted)
    page.get_by_test_id("heatmap").focus()
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("box="))
    expect(page.get_by_test_id("heat-box")).to_have_count(0)
    ready(page)
    assert found(page) == len(rerankers)


def test_a_cell_leads_to_four_of_its_traces_and_to_all(sample, page, everything):
    """Enter on a cell shows up to four examples that lie in it, and a link to all of them."""
    sample.open(page, "/traces")
    page.get_by_test_id("heatmap").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    links = page.get_by_test_id("exemplar")
    expect(links).to_have_count(4)
    expect(links.first).to_be_focused()
    examples = [link.get_attribute("href").removeprefix("/trace/") for link in links.all()]
    page.get_by_test_id("cell-all").click()
    expect(page).to_have_url(re.compile("box="))
    ready(page)
    wanted = inside(parameters(page)["box"], everything)
    assert set(examples) <= set(wanted)
    assert found(page) == len(wanted)


def test_the_legend_and_the_marks(sample, page, everything):
    """The legend tells what colours and signs mean; pinned traces and the one the reader came from are marked where they are."""
    sample.open(page, "/traces", q="duration>1s")
    legend = page.get_by_test_id("heat-legend")
    expect(legend).to_contain_text("○ failed")
    expect(legend).to_contain_text("p50")
    expect(legend).not_to_contain_text("◆")
    page.get_by_test_id("pin").first.check()
    pinned = page.get_by_test_id("pin").first.get_attribute("data-trace-id")
    expect(page.get_by_test_id("pins")).to_contain_text("Pin another one")
    expect(legend).to_contain_text("◆ pinned")
    page.get_by_test_id("pin").nth(3).check()
    other = page.get_by_test_id("pin").nth(3).get_attribute("data-trace-id")
    expect(page).to_have_url(re.compile(f"pin={pinned}"))
    marks = page.get_by_test_id("heat-mark")
    expect(marks.and_(page.locator('[data-kind="pinned"]'))).to_have_count(2)
    row = page.get_by_test_id("trace-row").nth(5)
    came = row.get_attribute("data-trace-id")
    row.click()
    expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
    page.go_back()
    ready(page)
    expect(marks.and_(page.locator('[data-kind="came"]'))).to_have_attribute("data-trace-id", came, timeout=PATIENCE)
    expect(legend).to_contain_text("▲ the one you came from")
    screenshot(page, "traces-marks")
    compare = page.get_by_test_id("compare")
    assert {f"a={pinned}", f"b={other}"} <= set(urlsplit(compare.get_attribute("href")).query.split("&"))
    compare.click()
    expect(page.get_by_test_id("compared")).to_have_count(2, timeout=PATIENCE)


def test_the_scatter_shows_each_trace_as_a_dot(sample, page, everything):
    """The same axes with single traces; the table twin has their numbers; a box works there, too; the view stands in the address."""
    sample.open(page, "/traces", q="model:llama-3.1-70b-instruct", view="scatter")
    wanted = [row for row in everything if row.get("model") == "llama-3.1-70b-instruct"]
    expect(page.get_by_test_id("heat-legend")).to_contain_text(f"{len(wanted)} dots")
    assert painted(page.locator(".heat-canvas")) > len(wanted)
    screenshot(page, "traces-scatter")
    page.get_by_test_id("latency").get_by_role("button", name="Table").click()
    cells = page.get_by_test_id("latency").locator("tbody tr td:first-child")
    expect(cells.first).to_be_visible()
    assert {row["traceID"] for row in wanted} >= set(cells.all_inner_texts())
    page.get_by_role("button", name="Table only").click()
    expect(page).to_have_url(re.compile("view=table"))
    ready(page)
    expect(page.get_by_test_id("latency")).to_be_hidden()
    page.go_back()
    ready(page)
    expect(page.locator('[data-view="scatter"]')).to_have_attribute("aria-pressed", "true")
