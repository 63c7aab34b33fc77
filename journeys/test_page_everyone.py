"""The studio for everyone: by screen reader, in any contrast, on a narrow window, on paper. Whole paths stand in test_page_paths.py."""

import re

import pytest
from playwright.sync_api import expect

from support import pages, sight
from support.browser import screenshot, watched_page
from support.studio import ready


def look(page, sample, name):
    page.goto(pages.address(sample, name))
    ready(page)


def can_be_seen(page, scheme):
    """In a theme, text has at least 4.5 : 1 against what is behind it, marks of drawings 3 : 1."""
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    found = sight.contrast(page)
    assert not found["problems"], f"{scheme}:\n" + "\n".join(found["problems"])
    return found


def every_picture_has_a_table(page, as_tables):
    figures = page.locator("main figure").locator("visible=true")
    alone = page.evaluate("""() => [...document.querySelectorAll("main canvas, main svg")].filter((picture) => picture.getBoundingClientRect().width > 60
      && !picture.closest("figure, [role=img], [role=tree], [role=application], table, a, [aria-label][role], .minimap, .ruler, .flame-view, [data-testid=flame]")
      && picture.getAttribute("role") !== "img").map((picture) => picture.outerHTML.slice(0, 120))""")
    assert not alone, alone
    count = figures.count()
    for index in range(count):
        assert figures.nth(index).get_attribute("aria-label")
    page.keyboard.press("t")
    for index in range(count):
        figure = figures.nth(index)
        expect(figure.locator(".twin table").first).to_be_visible()
        assert figure.locator(".twin tbody tr").count() > 0, figure.get_attribute("aria-label")
        expect(figure.get_by_role("button", name="Copy as CSV")).to_be_visible()
    as_tables()
    if count:
        page.keyboard.press("t")
        expect(page.locator("main .twin").locator("visible=true")).to_have_count(0)


@pytest.mark.parametrize("name", pages.NAMES)
def test_contrast_tables_and_targets(sample, page, name):
    """A page, loaded once: in both themes its text and marks can be seen, as pictures and as tables; what can be pressed is 24 by 24 px, or has that much room; `t` shows all pictures as tables with rows, and again as pictures; every canvas and chart stands in a figure with a name, or is told in words."""
    page.emulate_media(color_scheme="light")
    look(page, sample, name)
    assert not sight.small_targets(page)
    for scheme in ("light", "dark"):
        assert can_be_seen(page, scheme)["texts"] > 20
    every_picture_has_a_table(page, lambda: [can_be_seen(page, scheme) for scheme in ("dark", "light")])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_of_what_canvases_draw_with(sample, page, scheme):
    """Colours of stages, services and errors against every surface they can be on."""
    page.emulate_media(color_scheme=scheme)
    look(page, sample, "help")
    tokens = sight.tokens(page)
    marks = [name for name in tokens if re.match("--(stage|service)-", name)] + ["--error", "--accent", "--focus", "--warning", "--ok", "--diverge-fast", "--diverge-slow"]
    assert len(marks) > 25
    weak = [f"{mark} on {surface}: {sight.ratio(tokens[mark], tokens[surface]):.2f}" for mark in marks for surface in sight.SURFACES if sight.ratio(tokens[mark], tokens[surface]) < sight.MARK]
    weak += [f"{ink} on {surface}: {sight.ratio(tokens[ink], tokens[surface]):.2f}" for ink in ("--ink", "--ink-2", "--ink-3", "--accent", "--error", "--warning", "--ok") for surface in sight.SURFACES if sight.ratio(tokens[ink], tokens[surface]) < sight.TEXT]
    assert not weak, "\n".join(weak)


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("name", pages.NAMES)
def test_narrow_windows_lose_nothing(sample, browser, name, width):
    """390 and 320 px wide, and so 1280 px at 200 and 400 %: the page does not scroll sideways, no text is drawn smaller than can be read, and everything that could be pressed still can."""
    with watched_page(browser, viewport={"width": width, "height": 800}) as page:
        look(page, sample, name)
        assert not sight.too_wide(page)
        assert not sight.small_texts(page)
        page.locator("#menu").click()
        for link in page.locator("#pages a").all():
            expect(link).to_be_visible()
        for button in ("#palette", "#import", "#theme", "#help", "#zone"):
            expect(page.locator(button)).to_be_visible()
        assert not sight.too_wide(page)
        page.keyboard.press("Escape")
        expect(page.locator("#palette")).to_be_hidden()
        expect(page.locator("#menu")).to_be_focused()


def test_the_trace_is_told_to_a_screen_reader(sample, page):
    """The spans are a tree with levels; each says its service, its time and its stages; the strip says where the time went."""
    look(page, sample, "trace")
    tree = page.get_by_role("tree")
    expect(tree).to_have_count(1)
    items = page.get_by_role("treeitem")
    rows = [{name: item.get_attribute(name) for name in ("aria-level", "aria-setsize", "aria-posinset", "aria-label")} for item in items.all()]
    assert rows[0]["aria-level"] == "1" and {row["aria-level"] for row in rows} >= {"1", "2", "3"}
    assert all(row["aria-setsize"] and row["aria-posinset"] for row in rows)
    snapshot = page.locator("main").aria_snapshot()
    assert "tree" in snapshot and "treeitem" in snapshot
    assert re.search(r"treeitem .*(queue|infer)", snapshot), snapshot[:3000]
    assert re.search(r"treeitem .*(edge-gateway|triton-a|needletail-b)", snapshot)
    # One stop of the tabulator for the whole tree.
    assert page.locator('[role="treeitem"][tabindex="0"], [role="tree"][tabindex="0"]').count() == 1


@pytest.mark.parametrize("name", ["overview", "trace", "lanes", "live", "compare"])
def test_reduced_motion(sample, browser, name):
    """Nothing moves for whom movement is too much."""
    with watched_page(browser, reduced_motion="reduce") as page:
        look(page, sample, name)
        page.keyboard.press("t")
        moving = page.evaluate("""() => document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().duration > 1).map((animation) => animation.effect.target?.outerHTML.slice(0, 80))""")
        assert not moving
        assert page.evaluate("""() => [...document.querySelectorAll("*")].every((element) => parseFloat(getComputedStyle(element).transitionDuration) <= 0.001)""")


def test_more_contrast(sample, browser):
    """For who asks for it, faint text is as dark as the rest and lines are strong."""
    with watched_page(browser, contrast="more") as page:
        look(page, sample, "traces")
        tokens = sight.tokens(page)
        value = lambda name: page.evaluate("(name) => { const i = document.createElement('i'); i.style.color = `var(${name})`; document.body.append(i); const c = getComputedStyle(i).color; i.remove(); return c; }", name)
        assert tokens and value("--ink-3") == value("--ink-2") and value("--line") == value("--line-strong")


@pytest.mark.parametrize("name", ["overview", "trace"])
def test_forced_colours(sample, browser, name):
    """In the system's high contrast, chosen things keep a mark that is no background, and stages their colours."""
    with watched_page(browser, forced_colors="active") as page:
        look(page, sample, name)
        on = page.locator(".nav-link.on")
        assert on.evaluate("(element) => getComputedStyle(element).outlineStyle") == "solid"
        stage = page.locator(".strip-segment, .stage-fill").first
        assert stage.evaluate("(element) => getComputedStyle(element).forcedColorAdjust") == "none"


@pytest.mark.parametrize("name", ["overview", "traces", "trace", "models", "why"])
def test_print(sample, page, name):
    """On paper: no bar, no buttons, dark on white, nothing cut off at the side."""
    page.emulate_media(color_scheme="dark")
    look(page, sample, name)
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("header.nav")).to_be_hidden()
    assert page.locator("main button.button").locator("visible=true").count() == 0
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)", background
    assert page.pdf()[:5] == b"%PDF-"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_eight_pages(sample, browser, scheme):
    """Kept to be looked at, in both themes."""
    with watched_page(browser, color_scheme=scheme) as page:
        page.set_viewport_size({"width": 1440, "height": 1000})
        for name in ("overview", "traces", "trace", "why", "model", "batch", "lanes", "map"):
            look(page, sample, name)
            assert not sight.too_wide(page)
            screenshot(page, f"studio-{name}-{scheme}")
