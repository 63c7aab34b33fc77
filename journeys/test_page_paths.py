"""Whole paths through the studio: from a slow request to a link to what it waited for, and from an empty server to the cause of a slow band."""

import re
import time

import pytest
from playwright.sync_api import expect

from support import sight
from support.browser import watched_page
from support.hands import Keyboard
from support.studio import PATIENCE, ready
from support.waiting import wait_until

SLOW = "model:bert_reranker queue>20ms duration>80ms -status:error"
#: What a new user has from the instructions to the cause, seconds.
NEW_USER = 120


def test_the_whole_path_by_keyboard(sample, browser):
    """A slow request is found, its trace opened, its batch, another member of that, and a link to it copied, without a mouse."""
    with watched_page(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        hands = Keyboard(page)
        sample.open(page, "/")
        hands.press("g", "t")
        expect(page).to_have_url(re.compile("/traces"))
        ready(page)
        hands.press("/")
        hands.type(SLOW)
        hands.press("Enter")
        expect(page).to_have_url(re.compile("q=model"))
        ready(page)
        row = page.locator("main a[href^='/trace/']").first
        hands.tab_to(row, most=120)
        hands.press("Enter")
        expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
        first = re.search("/trace/([0-9a-f]{32})", page.url)[1]

        # Down the tree to the execution, into the panel, to its batch.
        focused = lambda: page.locator('[role="treeitem"][aria-selected="true"]').get_attribute("data-name")
        page.wait_for_selector('[role="treeitem"][aria-selected="true"]')
        for _ in range(40):
            if focused() == "compute":
                break
            hands.press("ArrowDown")
        assert focused() == "compute"
        hands.press("Enter")
        batch = page.locator("a[href^='/batch/']").locator("visible=true").first
        expect(batch).to_be_visible(timeout=PATIENCE)
        hands.tab_to(batch, most=8)
        hands.press("Enter")
        expect(page).to_have_url(re.compile("/batch/"))
        ready(page)

        members = page.locator("main a[href^='/trace/']").locator("visible=true")
        other = page.locator(f"main a[href^='/trace/']:not([href*='{first}'])").locator("visible=true").first
        assert members.count() > 1
        hands.tab_to(other)
        hands.press("Enter")
        expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
        second = re.search("/trace/([0-9a-f]{32})", page.url)[1]
        assert second != first
        hands.press("y")
        expect(page.locator("#toast")).to_contain_text("Copied a link")
        link = page.evaluate("navigator.clipboard.readText()")
        assert f"/trace/{second}" in link
        page.goto(link)
        expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
        assert hands.steps < 200, hands.steps


def everything(page):
    """What can be done on a page, also in what is folded at first: the menu of pages and the facets."""
    found = sight.functions(page)
    for folded in ("#menu", ".facets summary"):
        opener = page.locator(folded)
        if opener.count() and opener.first.is_visible():
            opener.first.click()
            found |= sight.functions(page)
            opener.first.click()
    return found


def test_the_whole_path_at_twice_the_size(sample, browser):
    """At 200 % zoom, half as many CSS pixels of twice the size: each page of the path has every function that it has in a large window, each can be brought into view, nothing scrolls sideways, and drawings have all the pixels of the screen."""
    normal = {"viewport": {"width": 1440, "height": 900}}
    zoomed = {"viewport": {"width": 720, "height": 450}, "device_scale_factor": 2, "permissions": ["clipboard-read", "clipboard-write"]}
    with watched_page(browser, **normal) as wide, watched_page(browser, **zoomed) as page:

        def same_as_wide(prepare=lambda one: None):
            wide.goto(page.url)
            ready(wide)
            prepare(wide)
            # A panel that lies over the rows takes no width from them. What it shows of a span comes a moment after its name.
            lost = lambda: everything(wide) - everything(page) - {"div Width of the detail panel"}
            wait_until(lambda: not lost(), timeout=PATIENCE / 1000, what=f"all functions of {page.url}, without {sorted(lost())},")
            assert not sight.too_wide(page)
            assert not sight.unreachable(page)
            assert not sight.blurred(page)

        sample.open(page, "/")
        same_as_wide()
        page.locator("#menu").click()
        page.get_by_role("link", name="Traces", exact=True).click()
        expect(page).to_have_url(re.compile("/traces"))
        ready(page)
        page.get_by_test_id("filter").fill(SLOW)
        page.get_by_test_id("filter").press("Enter")
        expect(page).to_have_url(re.compile("q=model"))
        ready(page)
        same_as_wide()
        page.locator("main a[href^='/trace/']").first.click()
        expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
        first = re.search("/trace/([0-9a-f]{32})", page.url)[1]

        def choose(one):
            row = one.locator('[data-testid="span-row"][data-name="compute"]').last
            row.scroll_into_view_if_needed()
            row.click(position={"x": 120, "y": 12})
            expect(one.get_by_test_id("panel-title")).to_have_text("compute")
            expect(one.locator("a[href^='/batch/']").locator("visible=true").first).to_be_visible(timeout=PATIENCE)

        choose(page)
        same_as_wide(choose)
        page.locator("a[href^='/batch/']").locator("visible=true").first.click()
        expect(page).to_have_url(re.compile("/batch/"))
        ready(page)
        same_as_wide()
        page.locator(f"main a[href^='/trace/']:not([href*='{first}'])").locator("visible=true").first.click()
        expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
        second = re.search("/trace/([0-9a-f]{32})", page.url)[1]
        assert second != first
        page.get_by_test_id("copy-trace").locator("summary").click()
        page.locator("[data-testid=copy-trace] [data-copy=link]").click()
        expect(page.locator("#toast")).to_contain_text("Copied")
        assert f"/trace/{second}" in page.evaluate("navigator.clipboard.readText()")


@pytest.fixture
def newcomer(start, page):
    """An empty server, whose first page says what to do; and the heatmaps that it is asked for."""
    program = start("traces")
    heatmaps = []
    page.on("response", lambda response: heatmaps.append(response) if "/api/ui/heatmap" in response.url else None)
    page.goto(program.query)
    expect(page.get_by_test_id("welcome")).to_be_visible(timeout=PATIENCE)
    return heatmaps


def planted(page, load):
    """Loads sample traces in the way that `load` does, and returns the slow band that is planted in them, when the overview shows it."""
    answers = []

    def listen(route):
        answer = route.fetch(timeout=PATIENCE)
        answers.append(answer.json())
        route.fulfill(response=answer)

    page.route("**/api/ui/sample*", listen)
    load()
    expect(page.get_by_test_id("heatmap")).to_be_visible(timeout=PATIENCE)
    ready(page)
    return answers[0]["band"]


def slow_band(page, heatmaps, band):
    """The heatmap, its box in the window, and where on its time the slow band begins and ends, 0 to 1: what a user sees."""
    heat = page.get_by_test_id("heatmap").first
    heat.scroll_into_view_if_needed()
    shown = heatmaps[-1].json()
    begin, end = int(shown["from"]), int(shown["to"])
    return heat, heat.bounding_box(), *((int(band[edge]) - begin) / (end - begin) for edge in ("from", "to"))


def the_cause_is_told(page, band):
    """One of the planted causes is among the first three of the ranking, and the difference is told by stage."""
    ranking = page.get_by_test_id("ranking").first
    expect(ranking).to_be_visible(timeout=PATIENCE)
    ready(page)
    text = " ".join(entry.inner_text() for entry in ranking.locator("li").all()[:3])
    assert band["host"] in text or band["client"] in text or re.search(r"batch\D+\d", text), text
    expect(page.get_by_test_id("contributions").first).to_be_visible()


def test_a_new_user_finds_the_cause_with_the_mouse(newcomer, page):
    """From the instructions of an empty server: sample data, a box round the slow band, `Why are these slow?`, and the planted cause is told, within two minutes and with three presses."""
    begun = time.monotonic()
    band = planted(page, lambda: page.get_by_test_id("load-sample").click())
    heat, box, begin, end = slow_band(page, newcomer, band)
    # The drawing has its durations at the left.
    left, right = box["x"] + 62, box["x"] + box["width"] - 8
    page.mouse.move(left + (right - left) * begin + 4, box["y"] + box["height"] * 0.50)
    page.mouse.down()
    page.mouse.move(left + (right - left) * end - 4, box["y"] + box["height"] * 0.63, steps=6)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/traces\?.*box="), timeout=PATIENCE)
    ready(page)
    page.get_by_role("link", name=re.compile("Why are these slow")).click()
    expect(page).to_have_url(re.compile("/compare"))
    the_cause_is_told(page, band)
    assert time.monotonic() - begun < NEW_USER


def test_a_new_user_finds_the_cause_with_the_keyboard(newcomer, page):
    """The same without a mouse: the button by Tab, the box with arrows and shift, Enter, then the link; fewer than 250 keys, most of them arrows, within two minutes."""
    begun = time.monotonic()
    hands = Keyboard(page)

    def load():
        hands.tab_to(page.get_by_test_id("load-sample"))
        hands.press("Enter")

    band = planted(page, load)
    heat, box, begin, end = slow_band(page, newcomer, band)
    hands.tab_to(heat)
    hands.press("ArrowRight")
    cursor = page.locator(".heat-cursor").first
    expect(cursor).to_be_visible()
    # The window may scroll meanwhile.
    at = lambda: (cursor.bounding_box()["x"] - heat.bounding_box()["x"] - 62) / (box["width"] - 70)
    height = lambda: (cursor.bounding_box()["y"] - heat.bounding_box()["y"]) / box["height"]
    for _ in range(110):
        if at() >= begin + 0.01:
            break
        hands.press("ArrowRight")
    for _ in range(40):
        if 0.50 <= height() <= 0.56:
            break
        hands.press("ArrowDown" if height() < 0.50 else "ArrowUp")
    for _ in range(40):
        if at() >= end - 0.02:
            break
        hands.press("Shift+ArrowRight")
    hands.press("Shift+ArrowDown", "Shift+ArrowDown", "Enter")
    expect(page).to_have_url(re.compile(r"/traces\?.*box="), timeout=PATIENCE)
    ready(page)
    why = page.get_by_role("link", name=re.compile("Why are these slow"))
    expect(why).to_be_visible(timeout=PATIENCE)
    hands.tab_to(why, most=120)
    hands.press("Enter")
    the_cause_is_told(page, band)
    assert hands.steps < 250, hands.steps
    assert time.monotonic() - begun < NEW_USER
