"""What surrounds every page: the bar, the time, the theme, the keys, the command palette."""

import re

import pytest
from playwright.sync_api import expect

from support.browser import brightness, painted, watched_page
from support.studio import PATIENCE, ready
from support.waiting import wait_until

# A colour on a canvas that tells light from dark: the brightness of all its painted pixels.
CANVAS = """(canvas) => {
  const context = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0, count = 0;
  for (let index = 0; index < data.length; index += 4) if (data[index + 3] > 200) { sum += data[index] + data[index + 1] + data[index + 2]; count++; }
  return Math.round(sum / Math.max(1, count));
}"""
PAGES = {"o": "/", "t": "/traces", "m": "/models", "b": "/batches", "i": "/lanes", "a": "/llm", "s": "/map", "e": "/errors", "l": "/live", "r": "/monitor", "d": "/health/data", "h": "/help"}


def palette(page):
    page.keyboard.press("Control+k")
    expect(page.get_by_test_id("palette")).to_be_visible()
    return page.get_by_test_id("palette")


def test_the_theme_follows_the_system_and_stays_as_chosen(sample, page):
    """The system's change shows at once; a choice outlasts a reload, and goes back to the system."""
    html, body = page.locator("html"), page.locator("body")
    page.emulate_media(color_scheme="dark")
    sample.open(page, "/models")
    expect(html).to_have_attribute("data-theme", "dark")
    assert brightness(body, "backgroundColor") < 60
    page.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-theme", "light")
    assert brightness(body, "backgroundColor") > 200

    theme = page.locator("#theme")
    theme.click()
    theme.click()
    expect(theme).to_have_text("Dark")
    expect(html).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-theme", "dark")
    page.locator("#theme").click()
    expect(page.locator("#theme")).to_have_text("Auto")
    expect(html).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("path", ["/", "/traces", "/lanes"])
def test_the_switch_changes_all_canvases_at_once(sample, page, path):
    """Every canvas has other colours in the frame after the press, without a question to the server."""
    sample.open(page, path)
    canvases = page.locator("main canvas").all()
    assert canvases
    wait_until(lambda: all(painted(canvas) > 0 for canvas in canvases), 30, what="every canvas to be drawn")
    before = [canvas.evaluate(CANVAS) for canvas in canvases]
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("""async () => {
      const button = document.getElementById("theme");
      button.click(); button.click();
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }""")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    for canvas, was in zip(canvases, before):
        assert abs(canvas.evaluate(CANVAS) - was) > 20, "a canvas kept the colours of the other theme"
    assert not [url for url in asked if "/api/" in url]


def test_no_flash_of_the_other_theme_on_reload(sample, page):
    """The theme is set before anything can be painted: when the first element of the body comes, it stands."""
    page.emulate_media(color_scheme="light")
    sample.open(page, "/models")
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.add_init_script("""new MutationObserver((_, observer) => {
      if (!document.body) return;
      observer.disconnect();
      window.themeAtFirst = document.documentElement.dataset.theme;
      window.backgroundAtFirst = getComputedStyle(document.documentElement).backgroundColor;
    }).observe(document, { childList: true, subtree: true });""")
    page.reload()
    ready(page)
    assert page.evaluate("window.themeAtFirst") == "dark"
    assert page.evaluate("window.backgroundAtFirst") == page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def test_a_change_of_theme_in_one_window_reaches_the_others(sample, page):
    sample.open(page, "/models")
    other = page.context.new_page()
    other.goto(sample.url("/help"))
    other.locator("#theme").click()
    other.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_every_page_has_a_key_and_keeps_the_time_and_the_filter(sample, page):
    sample.open(page, "/traces", q="model:bert_reranker")
    for key, path in PAGES.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"^{re.escape(sample.query)}{path}\\?"))
        assert sample.hour in page.url and "q=model%3Abert_reranker" in page.url
        expect(page).to_have_title(re.compile("Needletail"))
        ready(page)


def test_one_list_of_keys(sample, page):
    """`?` shows the keys of the page and those of all pages, and takes the focus and gives it back."""
    sample.open(page, "/traces")
    page.locator("#theme").focus()
    page.keyboard.press("?")
    overlay = page.get_by_test_id("help")
    expect(overlay).to_be_visible()
    for text in ("copy a link to this view", "to the filter", "as a table", "go to a page, a model or a trace"):
        expect(overlay).to_contain_text(text)
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(overlay).to_have_count(0)
    expect(page.locator("#theme")).to_be_focused()


def test_the_palette_goes_everywhere(sample, page):
    """A page, a model, a service, a filter and a trace are found by typing; Enter goes there."""
    sample.open(page, "/")
    palette(page)
    page.keyboard.type("error")
    expect(page.get_by_test_id("palette").locator('[aria-selected="true"]')).to_contain_text("Errors")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/errors\?"))
    ready(page)

    palette(page)
    page.keyboard.type("bert_rer")
    expect(page.get_by_test_id("palette").get_by_role("option").first).to_contain_text("bert_reranker")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/models/bert_reranker\?"))
    assert sample.hour in page.url
    ready(page)

    palette(page)
    page.keyboard.type("search-api")
    expect(page.get_by_test_id("palette").get_by_role("option").first).to_contain_text("search-api")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/traces\?.*q=service%3Asearch-api"))
    ready(page)

    palette(page)
    page.keyboard.type("queue>20ms status:error")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/traces\?.*q=queue%3E20ms\+status%3Aerror"))
    ready(page)

    trace = sample.ask("search", rows="1")["rows"][0]["traceID"]
    palette(page)
    page.keyboard.type(trace.upper())
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/trace/{trace}"))
    expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)

    palette(page)
    page.keyboard.type(f"recent {trace[:7]}")
    expect(page.get_by_test_id("palette").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("palette")).to_have_count(0)


def test_the_palette_does_what_keys_do(sample, page):
    sample.open(page, "/traces")
    page.locator("#import").focus()
    box = palette(page)
    expect(page.get_by_role("combobox", name="Go to, or do")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_test_id("palette").get_by_role("option").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_test_id("palette").get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.type("nothing is called that")
    expect(box).to_contain_text("Nothing of that name")
    page.keyboard.press("Enter")
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#import")).to_be_focused()

    palette(page)
    page.keyboard.type("colour theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme-choice", "light")
    palette(page)
    page.keyboard.type("last 15")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("lookback=15m"))
    palette(page)
    page.keyboard.type("this list")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("help")).to_be_visible()


def test_the_palette_opens_on_a_page_that_failed(sample, browser):
    """A page without its data can still be left."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{sample.query}/no/such/page")
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        palette(page)
        page.keyboard.type("models")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/models"))
    finally:
        context.close()


def test_a_copied_link_shows_the_same_time_later(sample, browser):
    """The last hour becomes a fixed hour in a link; the page itself keeps following the clock."""
    with watched_page(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(f"{sample.query}/errors?lookback=6h&q=status:error")
        ready(page)
        page.keyboard.press("y")
        expect(page.locator("#toast")).to_contain_text("Copied a link")
        link = page.evaluate("navigator.clipboard.readText()")
        found = re.search(r"from=(\d+)&to=(\d+)", link)
        assert found and "lookback" not in link and "q=status%3Aerror" in link
        assert abs(int(found[2]) - int(found[1]) - 6 * 3_600_000_000) < 120_000_000
        assert "lookback=6h" in page.url


def test_a_link_changes_no_preferences(sample, page):
    """What stands in an address is for that view: nothing of it is stored in the browser, but the list of traces that were open."""
    sample.open(page, "/traces", q="status:error", sort="duration", box="1-2-3-4")
    trace = sample.ask("search", rows="1")["rows"][0]["traceID"]
    page.goto(f"{sample.query}/trace/{trace}?v=flame&find=compute&z=0-1000000")
    expect(page.get_by_test_id("trace-page")).to_be_visible(timeout=PATIENCE)
    assert set(page.evaluate("Object.keys(localStorage)")) <= {"needletail.recent"}


def test_times_are_local_or_utc(sample, browser):
    """A switch beside the times; an hour apart in winter Berlin. What is chosen outlasts a reload; the range stays the same moment."""
    with watched_page(browser, permissions=[]) as page:
        sample.open(page, "/")
        utc = page.get_by_test_id("range").inner_text()
    context = browser.new_context(locale="en-GB", timezone_id="Asia/Kolkata")
    try:
        page = context.new_page()
        sample.open(page, "/")
        zone, label = page.locator("#zone"), page.get_by_test_id("range")
        expect(zone).to_have_text("Local")
        expect(zone).to_have_attribute("title", re.compile(r"UTC\+5:30"))
        local, address = label.inner_text(), page.url
        assert local != utc
        row = page.get_by_test_id("trace-row").first.inner_text()
        zone.click()
        expect(page.locator("#zone")).to_have_text("UTC")
        ready(page)
        assert page.url == address
        assert label.inner_text().split()[0][-8:] == utc.split()[0][-8:]
        assert page.get_by_test_id("trace-row").first.inner_text() != row
        page.get_by_test_id("range").click()
        assert page.get_by_label("From", exact=True).input_value().replace("T", " ") in label.inner_text() or page.get_by_label("From", exact=True).input_value()[11:] in label.inner_text()
        page.get_by_role("button", name="Use this range").click()
        begin = re.search(r"from=(\d+)", address)
        assert abs(int(re.search(r"from=(\d+)", page.url)[1]) - int(begin[1])) < 1_000_000
    finally:
        context.close()


@pytest.mark.parametrize("width", [1190, 1280, 1440])
def test_a_long_range_leaves_room_for_the_pages(sample, page, width):
    """A range over two days is the longest that stands in the bar: no two things of the bar meet, and all are in the window."""
    page.set_viewport_size({"width": width, "height": 800})
    begin, end = int(sample.truth["from"]) // 1000 - 48 * 3_600_000_000, int(sample.truth["to"]) // 1000 - 12 * 3_600_000_000
    page.goto(f"{sample.query}/models?from={begin}&to={end}")
    ready(page)
    expect(page.get_by_test_id("range")).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d .* – \d\d-"))
    boxes = sorted((box["x"], box["x"] + box["width"], one.inner_text()) for one in page.locator("header.nav").locator("a, button, summary").locator("visible=true").all() if (box := one.bounding_box()))
    assert len(boxes) > 15 and boxes[-1][1] <= width
    assert not [(one, other) for one, other in zip(boxes, boxes[1:]) if one[1] > other[0]]


def test_the_skip_link_and_the_landmarks(sample, page):
    """The first stop of the tabulator leads past the bar; header, navigation and main are landmarks with names."""
    sample.open(page, "/models")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    expect(page.get_by_role("banner")).to_be_visible()
    expect(page.get_by_role("link", name="Models", exact=True)).to_have_attribute("aria-current", "page")
    assert page.locator("html").get_attribute("lang") == "en"


def test_what_is_read_out_is_never_more_than_one_in_two_seconds(sample, page):
    """Ten messages at once: the first is read, then the last, two seconds apart."""
    sample.open(page, "/models")
    page.evaluate("""() => {
      window.heard = [];
      const spoken = document.getElementById("spoken");
      new MutationObserver(() => window.heard.push([performance.now(), spoken.textContent])).observe(spoken, { childList: true, characterData: true, subtree: true });
    }""")
    for _ in range(10):
        page.keyboard.press("g")
        page.keyboard.press("?")
    page.keyboard.press("t")
    heard = wait_until(lambda: [entry for entry in [page.evaluate("window.heard")] if len(entry) > 1 and "No page" not in entry[-1][1]], 20, what="the last message to be read out")[0]
    assert all(later[0] - earlier[0] >= 1990 for earlier, later in zip(heard, heard[1:])), heard
    assert len(heard) <= 5


def test_a_slow_page_shows_what_will_come(sample, page):
    """While the server works, the page has the outlines of its parts; they can be seen, and go when the parts come."""
    held = []
    page.context.route("**/api/ui/models?*", lambda route: held.append(route))
    page.goto(sample.url("/models"))
    outline = page.get_by_role("status", name="Loading")
    expect(outline).to_be_visible()
    for part in outline.locator(".skeleton").all():
        expect(part).to_be_visible()
    wait_until(lambda: held, 20)
    held[0].continue_()
    ready(page)
    expect(outline).to_have_count(0)


def test_a_page_that_fails_says_why_and_tries_again(sample, page):
    """The server's own words, and a button; what was there before stays."""
    sample.open(page, "/models")
    page.context.route("**/api/ui/models?*", lambda route: route.fulfill(status=200, content_type="application/json", body="not JSON"))
    page.keyboard.press("r")
    expect(page.get_by_test_id("page-error")).to_contain_text("not JSON")
    expect(page.locator("main table tbody tr").first).to_be_visible()
    page.context.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("page-error")).to_have_count(0, timeout=PATIENCE)
