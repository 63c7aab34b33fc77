"""Traces as they really come: parents that are missing, clocks that differ, ids that come twice, values of megabytes, text of any kind."""

import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import otlp
from support.browser import screenshot
from support.studio import PATIENCE
from support.tracepage import MS, open_trace, plain, row, rows, selected, send

ODD = "<script>document.title = 'broken'</script> <img src=x onerror=alert(1)> \u202eright to left\u202c 🐦 control \x07\x1b[31m end"
HUGE = 5_000_000


def warning(page, kind):
    return page.locator(f'[data-testid="warning"][data-kind="{kind}"]')


def start():
    return time.time_ns() - 5_000_000_000


@pytest.fixture(scope="module")
def damaged(traces_program):
    """Two services: two orphans (one with a child), two spans of one id, one that ends before it starts, one that outlives its parent, a server 3 ms before its caller."""
    trace, begin = otlp.trace_id(), start()
    ids = {name: otlp.span_id() for name in ("root", "late", "backwards", "twin", "call", "served", "orphan", "child", "other orphan")}
    send(traces_program, [
        {"trace": trace, "id": ids["root"], "name": "root", "start": begin, "duration": 100 * MS, "kind": 2},
        {"trace": trace, "id": ids["late"], "parent": ids["root"], "name": "late", "start": begin + 80 * MS, "duration": 50 * MS},
        {"trace": trace, "id": ids["backwards"], "parent": ids["root"], "name": "backwards", "start": begin + 20 * MS, "duration": -5 * MS},
        {"trace": trace, "id": ids["twin"], "parent": ids["root"], "name": "twin a", "start": begin + 30 * MS, "duration": 5 * MS},
        {"trace": trace, "id": ids["twin"], "parent": ids["root"], "name": "twin b", "start": begin + 40 * MS, "duration": 5 * MS},
        {"trace": trace, "id": ids["call"], "parent": ids["root"], "name": "call", "start": begin + 50 * MS, "duration": 10 * MS, "kind": 3},
        {"trace": trace, "id": ids["orphan"], "parent": "aa" * 8, "name": "orphan", "start": begin + 60 * MS, "duration": 10 * MS, "error": "lost"},
        {"trace": trace, "id": ids["child"], "parent": ids["orphan"], "name": "child", "start": begin + 61 * MS, "duration": 2 * MS},
        {"trace": trace, "id": ids["other orphan"], "parent": "bb" * 8, "name": "other orphan", "start": begin + 65 * MS, "duration": 10 * MS},
    ], "caller")
    send(traces_program, [{"trace": trace, "id": ids["served"], "parent": ids["call"], "name": "served", "start": begin + 49 * MS, "duration": 6 * MS, "kind": 2}], "callee")
    return trace


def test_each_damage_is_named_with_its_spans(traces_program, damaged, page):
    open_trace(page, traces_program, damaged, 10)
    for kind, spans in (("missingParent", 2), ("duplicateID", 2), ("negativeDuration", 1), ("endsAfterParent", 1)):
        chip = warning(page, kind)
        expect(chip).to_have_count(1)
        expect(chip).to_have_attribute("data-spans", str(spans))
        assert plain(chip.text_content()).startswith(f"⚠ {spans} span")
    expect(page.get_by_test_id("warning")).to_have_count(4)
    for kind, expected in (("duplicateID", ["twin a", "twin b", "twin a"]), ("negativeDuration", ["backwards"]), ("endsAfterParent", ["late"]), ("missingParent", ["orphan", "other orphan"])):
        for name in expected:
            warning(page, kind).click()
            expect(selected(page)).to_have_attribute("data-name", name)
            expect(page.get_by_test_id("panel-title")).to_have_text(name)
    screenshot(page, "damaged-trace")


def test_spans_without_parents_stand_below_one_row(traces_program, damaged, page):
    open_trace(page, traces_program, damaged, 10)
    missing = page.locator(".row.missing-parents:visible")
    expect(missing).to_have_count(1)
    expect(missing).to_have_attribute("aria-level", "1")
    expect(missing).to_have_attribute("aria-expanded", "true")
    for name, level in (("orphan", 2), ("child", 3), ("other orphan", 2), ("root", 1), ("late", 2)):
        expect(row(page, name)).to_have_attribute("aria-level", str(level))
    assert missing.locator(".row-label").evaluate("(element) => getComputedStyle(element).outlineStyle") == "dashed"
    missing.click()
    expect(page.get_by_test_id("panel")).to_contain_text("at least 2 spans missing")
    page.keyboard.press("ArrowLeft")
    expect(row(page, "orphan")).to_have_count(0)
    expect(missing.locator(".row-icon")).to_have_class(re.compile("below"))
    page.keyboard.press("e")
    expect(selected(page)).to_have_attribute("data-name", "orphan")
    expect(page.get_by_test_id("panel-error")).to_contain_text("lost")
    # Facts are those of the row, although the server knows no such row.
    row(page, "other orphan").click()
    page.get_by_test_id("tab-resource").click()
    expect(page.locator('[data-testid="attribute"][data-key="parent span id"]')).to_contain_text("bb" * 8)


def test_clocks_are_put_right_and_back(traces_program, damaged, page):
    """The server 1 ms before its caller is shown in its middle, says by how much, and as it came on demand, also after a reload."""
    open_trace(page, traces_program, damaged, 10)
    chip = page.get_by_test_id("skew")
    expect(chip).to_have_attribute("data-spans", "1")
    expect(chip).to_have_attribute("aria-pressed", "true")
    # In the middle: 2 ms after the caller, 3 ms later than told.
    expect(chip).to_have_attribute("data-nano", str(3 * MS))
    assert "3 ms corrected" in plain(chip.text_content())
    row(page, "served").click()
    facts = page.locator(".panel .facts")
    expect(facts).to_contain_text(re.compile(r"\+52\Wms"))
    chip.click()
    expect(page.get_by_test_id("skew")).to_have_attribute("aria-pressed", "false", timeout=PATIENCE)
    expect(page).to_have_url(re.compile("skew=raw"))
    row(page, "served").click()
    expect(facts).to_contain_text(re.compile(r"\+49\Wms"))
    page.reload()
    expect(page.get_by_test_id("skew")).to_have_attribute("aria-pressed", "false", timeout=PATIENCE)
    page.get_by_test_id("skew").click()
    expect(page.get_by_test_id("skew")).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(page).not_to_have_url(re.compile("skew="))


def test_a_sound_trace_has_no_warning(sample, page):
    for found in sample.ask("search", sort="spans", rows=5)["rows"]:
        page.goto(f"{sample.query}/trace/{found['traceID']}")
        expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_test_id("warning")).to_have_count(0)


def test_a_value_of_megabytes_is_told_in_part(traces_program, page):
    """The trace opens at once; the panel shows size and beginning; the whole can be opened, downloaded and copied."""
    trace, whole = otlp.trace_id(), "".join(f"{number:07d};" for number in range(HUGE // 8))
    send(traces_program, [{"trace": trace, "id": otlp.span_id(), "name": "huge", "start": start(), "duration": MS, "attributes": {"prompt": whole, "small": "x"}, "events": [(0, "said", {"text": whole[::-1]})]}])
    answered = []
    page.on("response", lambda response: answered.append((response.url, len(response.body()) if "/spans?" in response.url else 0)))
    open_trace(page, traces_program, trace, 1)
    huge = page.locator('[data-testid="attribute"][data-key="prompt"]')
    expect(huge).to_contain_text("4.8 MiB", timeout=PATIENCE)
    expect(huge).to_contain_text(whole[:64])
    assert len(huge.text_content()) < 20_000
    assert max(size for _, size in answered) < 100_000
    with page.expect_download() as download:
        huge.get_by_role("link", name="Download").click()
    assert download.value.path().read_text() == whole
    link = huge.get_by_role("link", name="Open").get_attribute("href")
    opened = requests.get(traces_program.query + link, timeout=60)
    assert opened.headers["Content-Type"].startswith("text/plain") and opened.text == whole
    assert opened.headers["X-Content-Type-Options"] == "nosniff"
    page.get_by_test_id("tab-events").click()
    said = page.locator('[data-testid="event"] [data-key="text"]')
    expect(said).to_contain_text("4.8 MiB")
    assert requests.get(traces_program.query + said.get_by_role("link", name="Open").get_attribute("href"), timeout=60).text == whole[::-1]


def test_text_is_shown_as_it_came(traces_program, page):
    """Markup, right-to-left marks, emoji and control characters: in names, services, values, events and messages, as text."""
    trace, root = otlp.trace_id(), otlp.span_id()
    send(traces_program, [
        {"trace": trace, "id": root, "name": f"name {ODD}", "start": start(), "duration": 10 * MS, "error": f"message {ODD}", "attributes": {f"key {ODD}": f"value {ODD}", "list": [ODD, {"in": ODD}]},
         "events": [(MS, f"event {ODD}", {"text": ODD})]},
    ], f"service {ODD}")
    open_trace(page, traces_program, trace, 1)
    expect(rows(page)).to_have_count(1)
    assert rows(page).first.get_attribute("data-name") == f"name {ODD}"
    assert row_text(page) == f"name {ODD}"
    expect(page.get_by_test_id("trace-title")).to_have_text(f"name {ODD}", use_inner_text=False)
    value = page.locator('[data-testid="attribute"] dd .value').first
    expect(value).to_be_visible(timeout=PATIENCE)
    assert value.text_content() == f"value {ODD}"
    assert page.locator('[data-testid="attribute"] dt').first.text_content() == f"key {ODD}"
    page.get_by_test_id("tab-events").click()
    assert page.locator(".event-name").text_content() == f"event {ODD}"
    for view in ("flame", "table", "logs", "json"):
        page.locator(f'[data-view="{view}"]').click()
        expect(page.locator(f'[data-view="{view}"]')).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("json")).to_contain_text("right to left", timeout=PATIENCE)
    assert page.locator("main img, main script").count() == 0
    assert "broken" != page.title()


def row_text(page):
    return rows(page).first.locator(".row-name").text_content()
