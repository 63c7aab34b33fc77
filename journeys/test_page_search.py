"""The table of the traces page, its time range, and searches that fail or take long. What it shows is compared with the traces themselves, read one by one without a filter."""

import json
import re

import pytest
from playwright.sync_api import expect

from support.browser import is_red
from support.searchpage import all_ids, found, ids, parameters
from support.studio import PATIENCE, ready

KEYS = {
    "wait": lambda row: row["waitShare"], "duration": lambda row: row["durationNano"], "start": lambda row: int(row["startTimeUnixNano"]), "spans": lambda row: row["spanCount"], "errors": lambda row: row["errorCount"],
}


@pytest.mark.parametrize("key", KEYS)
def test_the_table_sorts_both_ways(sample, page, everything, key):
    """A click on a column sorts by it, a second one the other way round; equal rows stay as they are, newest first; it stands in the address, and Back undoes it."""
    sample.open(page, "/traces", q="status:error")
    failed = [row for row in everything if row["errorCount"] > 0]
    newest = sorted(failed, key=lambda row: (-int(row["startTimeUnixNano"]), row["traceID"]))
    descending = [row["traceID"] for row in sorted(newest, key=KEYS[key], reverse=True)]
    ascending = [row["traceID"] for row in sorted(newest, key=KEYS[key])]
    head = page.locator(f'.table-sort[data-key="{key}"]')
    column = page.locator("th").filter(has=head)
    if key != "start":
        head.click()
        expect(page).to_have_url(re.compile(f"sort={key}"))
        ready(page)
    expect(column).to_have_attribute("aria-sort", "descending")
    assert all_ids(page) == descending
    head.click()
    expect(page).to_have_url(re.compile("order=asc"))
    ready(page)
    expect(column).to_have_attribute("aria-sort", "ascending")
    assert all_ids(page) == ascending
    page.reload()
    ready(page)
    assert all_ids(page) == ascending
    page.go_back()
    ready(page)
    expect(column).to_have_attribute("aria-sort", "descending")
    assert ids(page) == descending[:len(ids(page))]


def test_rows_are_links_and_back_returns_to_the_place(sample, page, everything):
    """A row opens its trace, with the middle button in a tab of its own; Back shows as many rows as before, at the same place."""
    sample.open(page, "/traces", q="model:bert_reranker", sort="duration")
    page.get_by_test_id("more").click()
    expect(page.get_by_test_id("trace-row")).to_have_count(200, timeout=PATIENCE)
    row = page.get_by_test_id("trace-row").nth(170)
    row.scroll_into_view_if_needed()
    page.mouse.wheel(0, 137)
    page.wait_for_function("() => new Promise((done) => { let last = -1; const step = () => { if (scrollY === last) done(true); else { last = scrollY; setTimeout(step, 300); } }; step(); })")
    place, order = page.evaluate("scrollY"), ids(page)
    assert place > 3000
    with page.context.expect_page() as tab:
        row.click(button="middle")
    expect(tab.value.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
    tab.value.close()
    # The whole row is the link, not its words alone.
    box = row.locator("xpath=ancestor::tr").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile(f"/trace/{order[170]}"))
    expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
    page.go_back()
    ready(page)
    expect(page.get_by_test_id("trace-row")).to_have_count(200, timeout=PATIENCE)
    assert ids(page) == order
    assert abs(page.evaluate("scrollY") - place) <= 1


def test_found_traces_are_downloaded(sample, page, everything):
    """The file is OTLP JSON with exactly the traces that were found."""
    sample.open(page, "/traces", q="\"CUDA out of memory\"")
    wanted = {row["traceID"] for row in everything if "CUDA out of memory" in row.get("errorMessage", "")}
    assert len(wanted) == sample.truth["failures"]["CUDA out of memory"]
    with page.expect_download() as download:
        page.get_by_test_id("download").click()
    assert download.value.suggested_filename == "traces.otlp.json"
    document = json.loads(open(download.value.path(), encoding="utf-8").read())
    spans = [span for group in document["resourceSpans"] for scope in group["scopeSpans"] for span in scope["spans"]]
    assert {span["traceId"] for span in spans} == wanted
    assert len(spans) == sum(row["spanCount"] for row in everything if row["traceID"] in wanted)


# Time


def test_the_time_range_in_words_and_in_utc(sample, browser, everything):
    """A part of time is chosen by its ends, in the reader's time or in UTC; the switch changes what is written, not what is meant."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="Asia/Kolkata")
    context.set_default_timeout(20_000)
    page = context.new_page()
    try:
        sample.open(page, "/traces", view="table")
        first = page.locator("tbody time").first
        local = first.inner_text()
        page.get_by_test_id("range").click()
        menu = page.locator(".range-menu")
        start = menu.get_by_label("From", exact=True).input_value()
        page.locator("#zone").click()
        ready(page)
        expect(page.get_by_test_id("range")).to_contain_text("UTC")
        page.get_by_test_id("range").click()
        assert menu.get_by_label("From", exact=True).input_value() != start
        moment = first.get_attribute("datetime")
        expect(first).to_contain_text(moment[11:23])
        assert first.inner_text() != local
        # The first half of the hour.
        half = (int(sample.truth["from"]) + int(sample.truth["to"])) // 2 // 1_000_000_000
        text = page.evaluate("(seconds) => new Date(seconds * 1000).toISOString().slice(0, 19)", half)
        menu.get_by_label("To", exact=True).fill(text)
        menu.get_by_role("button", name="Use this range").click()
        ready(page)
        assert int(parameters(page)["to"]) == half * 1_000_000
        begin = int(parameters(page)["from"]) * 1000
        assert found(page) == sum(begin <= int(row["startTimeUnixNano"]) <= half * 1_000_000_000 for row in everything)
        page.get_by_test_id("range").click()
        menu.get_by_label("From", exact=True).fill(menu.get_by_label("To", exact=True).input_value())
        menu.get_by_role("button", name="Use this range").click()
        expect(menu.get_by_role("alert")).to_contain_text("an end after it")
    finally:
        context.close()


def test_a_search_that_fails_keeps_the_page(sample, unwatched):
    """An error says what the server said, leaves what was found, and is gone after another try."""
    sample.open(unwatched, "/traces", q="status:error")
    before = ids(unwatched)
    unwatched.route("**/api/ui/search*", lambda route: route.fulfill(status=500, json={"errors": [{"code": 500, "msg": "the disk is on fire"}]}))
    unwatched.locator("#refresh").click()
    expect(unwatched.get_by_test_id("search-error")).to_contain_text("the disk is on fire")
    assert is_red(unwatched.get_by_test_id("search-error"))
    assert ids(unwatched) == before
    unwatched.unroute("**/api/ui/search*")
    unwatched.get_by_role("button", name="Try again").click()
    ready(unwatched)
    expect(unwatched.get_by_test_id("search-error")).to_have_count(0)


def test_a_long_search_can_be_given_up(sample, unwatched):
    sample.open(unwatched, "/traces", q="status:error")
    unwatched.route("**/api/ui/search*", lambda route: None)
    unwatched.locator("#refresh").click()
    unwatched.get_by_test_id("cancel").click()
    expect(unwatched.get_by_test_id("search-error")).to_contain_text("Given up")
    assert ids(unwatched)
