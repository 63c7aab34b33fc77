"""The trace page: one request from the first look to its cause, by mouse and keyboard."""

import json
import re
import time

import pytest
from playwright.sync_api import expect

from support import clients, otlp, traces
from support.browser import brightness, is_red, painted, watched_page
from support.studio import PATIENCE
from support.tracepage import MS, colours, columns, names, open_trace, row, rows, selected, send, strip, window
from support.waiting import wait_until

SERVICE = "test_server_with_passthrough"
LINKED = 2 + len(traces.ANSWERED)
FAILED = 2 + len(traces.REFUSED)


@pytest.fixture(scope="module")
def linked(up):
    """A traced client's request: spans of two services."""
    report = clients.run("traced_client.py", up.http, up.otlp, json.dumps({"sleep": 0.05}))
    return traces.wait_for(up.query, report["trace"], LINKED)


@pytest.fixture(scope="module")
def failed(up):
    """A traced client's request that the model refused."""
    report = clients.run("traced_client.py", up.http, up.otlp, json.dumps({"sleep": 0.01, "error": True}))
    assert report["status"] == 500
    return traces.wait_for(up.query, report["trace"], FAILED)


def families(program):
    """A root over three branches of two spans, of which the second one's leaf failed."""
    trace, root, start = otlp.trace_id(), otlp.span_id(), time.time_ns() - 5_000_000_000
    spans = [{"trace": trace, "id": root, "name": "root", "start": start, "duration": 300 * MS}]
    for number in range(3):
        middle, leaf = otlp.span_id(), otlp.span_id()
        begin = start + number * 100 * MS
        spans.append({"trace": trace, "id": middle, "parent": root, "name": f"bert {number}", "start": begin, "duration": 100 * MS})
        inner = otlp.span_id()
        spans.append({"trace": trace, "id": inner, "parent": middle, "name": f"step {number}", "start": begin + 10 * MS, "duration": 80 * MS})
        spans.append({"trace": trace, "id": leaf, "parent": inner, "name": f"leaf {number}", "start": begin + 20 * MS, "duration": 60 * MS, **({"error": "broken"} if number == 1 else {})})
    return send(program, spans, "family"), {span["name"]: span["id"] for span in spans}


# MARK: A real request


def test_a_request_shows_every_level(up, linked, page):
    open_trace(page, up, linked.id, LINKED)
    expect(page.get_by_test_id("trace-title")).to_contain_text("outgoing-request")
    expect(page.get_by_test_id("trace-facts")).to_contain_text(f"{LINKED} spans")
    expect(page.get_by_test_id("trace-facts")).to_contain_text("2 services")
    expected = ["outgoing-request", "POST", "InferRequest", "passthrough", "compute"]
    expect(rows(page)).to_have_count(LINKED)
    for level, name in [*enumerate(expected, start=1), *((6, name) for name in traces.ANSWERED[3:])]:
        expect(row(page, name)).to_have_attribute("aria-level", str(level))
        expect(row(page, name)).to_have_attribute("data-error", "false")
    assert painted(page.locator("canvas.bars")) > 1000


def test_the_panel_tells_everything_about_a_span(up, linked, page):
    open_trace(page, up, linked.id, LINKED)
    row(page, "passthrough").click()
    expect(page.get_by_test_id("panel-title")).to_have_text("passthrough")
    expect(page.locator('[data-testid="attribute"][data-key="triton.model_name"]')).to_contain_text("passthrough")
    page.get_by_test_id("tab-events").click()
    for name in ("REQUEST_START", "QUEUE_START", "REQUEST_END"):
        expect(page.locator(f'[data-testid="event"][data-name="{name}"]')).to_be_visible()
    page.get_by_test_id("tab-resource").click()
    expect(page.locator('[data-testid="attribute"][data-key="service.name"]')).to_contain_text(SERVICE)
    expect(page.locator('[data-testid="attribute"][data-key="test.key"]')).to_contain_text("test.value")


def test_data_are_asked_for_with_the_scripts(traces_program, page):
    """While the page's first module has not come, the trace and all parts of the page's own script are on their way; and each is asked for once."""
    trace, _ = families(traces_program)
    asked, held = [], []
    page.on("request", lambda request: asked.append(request.url.split("/")[-1]))
    page.route("**/app.js", lambda route: held.append(route))
    page.goto(f"{traces_program.query}/trace/{trace}", wait_until="commit")
    early = [f"{trace}?skew=adjust", "trace.js", "trace.1.js"]
    wait_until(lambda: page.evaluate("1") and held and set(early) <= set(asked), what=f"asking for {early}")
    held[0].continue_()
    expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", "10", timeout=PATIENCE)
    assert [asked.count(name) for name in early] == [1, 1, 1], asked


def test_a_press_that_begins_before_the_facts_ends_on_the_same_tab(traces_program, page):
    """Tabs keep their places and elements while the next span's facts are on their way; a tab chosen meanwhile shows those that come."""
    trace, ids = families(traces_program)
    open_trace(page, traces_program, trace, 10)
    expect(page.get_by_test_id("tab-resource")).to_be_visible()
    # How the root stands among others is there: the place for the next span's answer is as high.
    expect(page.get_by_test_id("normal")).to_be_visible()
    held, parents = [], page.locator('[data-testid="attribute"][data-key="parent span id"]')
    page.route(f"**/trace/{trace}/spans?*", lambda route: held.append(route))
    for name, key in (("leaf 0", "mouse"), ("step 2", "tab")):
        before = len(held)
        row(page, name).click()
        expect(page.get_by_test_id("panel-title")).to_have_text(name)
        wait_until(lambda: page.evaluate("1") and len(held) > before, what="asking for the facts")
        expect(page.locator("#panel-body")).to_have_attribute("aria-busy", "true")
        if key == "mouse":
            page.get_by_test_id("tab-resource").hover()
            page.mouse.down()
        else:
            page.get_by_test_id("tab-events").click()
            expect(page.get_by_test_id("tab-events")).to_have_attribute("aria-selected", "true")
        held[-1].continue_()
        expect(page.locator("#panel-body")).to_have_attribute("aria-busy", "false")
        if key == "mouse":
            page.mouse.up()
            expect(parents).to_contain_text(ids["step 0"])
            expect(page.get_by_test_id("tab-resource")).to_have_attribute("aria-selected", "true")
            expect(page.get_by_test_id("tab-resource")).to_be_focused()
        else:
            expect(page.get_by_test_id("tab-events")).to_have_attribute("aria-selected", "true")
            expect(page.locator("#panel-body")).to_contain_text("This span has no events.")


def test_a_failure_is_red_on_every_level(up, failed, page):
    open_trace(page, up, failed.id, FAILED)
    expect(page.get_by_test_id("error-banner")).to_contain_text("Requested Error")
    assert is_red(page.get_by_test_id("trace-title"))
    for name in ("POST", *traces.REFUSED):
        span = row(page, name)
        expect(span).to_have_attribute("data-error", "true")
        icon = span.locator(".row-icon")
        assert is_red(icon, "color") or is_red(icon, "backgroundColor"), f"{name} is not red"
        if name == "POST":
            continue  # the client's span: the instrumentation writes no message for a 500
        span.click()
        expect(page.get_by_test_id("panel-title")).to_have_text(name)
        expect(page.get_by_test_id("panel-error")).to_contain_text("Requested Error")
        page.get_by_test_id("tab-events").click()
        expect(page.locator('[data-testid="event"][data-name="exception"]')).to_contain_text("Requested Error")


def test_by_keyboard(up, linked, page):
    open_trace(page, up, linked.id, LINKED)
    expect(selected(page)).to_have_attribute("data-name", "outgoing-request")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(selected(page)).to_have_attribute("data-name", "InferRequest")
    expect(page.get_by_test_id("panel-title")).to_have_text("InferRequest")
    page.keyboard.press("ArrowLeft")
    expect(rows(page)).to_have_count(3)
    page.keyboard.press("ArrowRight")
    expect(rows(page)).to_have_count(LINKED)
    page.keyboard.press("End")
    expect(selected(page)).to_have_attribute("data-name", "pass-through-append")
    page.keyboard.press("Home")
    expect(selected(page)).to_have_attribute("data-name", "outgoing-request")
    page.keyboard.press("/")
    page.keyboard.type("compute")
    expect(page.get_by_test_id("find-count")).to_contain_text("1")
    page.keyboard.press("Enter")
    expect(selected(page)).to_have_attribute("data-name", "compute")
    expect(page).to_have_url(re.compile(linked.named("compute").id))


def test_light_and_dark(up, linked, page):
    body = page.locator("body")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        open_trace(page, up, linked.id, LINKED)
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        assert (brightness(body, "backgroundColor") > 128) == (scheme == "light")
        assert abs(brightness(page.get_by_test_id("trace-title"), "color") - brightness(body, "backgroundColor")) > 100


def test_an_unknown_trace_is_explained(up, browser):
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{up.query}/trace/{'f' * 32}")
        expect(page.get_by_test_id("trace-error")).to_be_visible()
        page.goto(f"{up.query}/trace/xyz")
        expect(page.get_by_test_id("trace-error")).to_be_visible()
    finally:
        context.close()


# MARK: Bars


def test_a_span_of_300_ns_can_be_seen_and_brought_near(traces_program, page):
    """In a trace of 2 s it is at least two pixels wide, a click hits it, and f fills the view with it, in nanoseconds."""
    trace, root, start = otlp.trace_id(), otlp.span_id(), time.time_ns() - 5_000_000_000
    send(traces_program, [
        {"trace": trace, "id": root, "name": "long", "start": start, "duration": 2_000 * MS},
        {"trace": trace, "id": otlp.span_id(), "parent": root, "name": "tiny", "start": start + 1_000 * MS, "duration": 300},
    ])
    open_trace(page, traces_program, trace, 2)
    box = page.locator("canvas.bars").bounding_box()
    middle = box["width"] / 2
    bar = {colour: count for colour, count in colours(page, (middle - 6, 24 + 7, middle + 6, 24 + 17)).items()}
    # The most frequent colour of the bar of the root is that of the service.
    service = max(colours(page, (middle - 100, 8, middle - 50, 16)).items(), key=lambda item: item[1])[0]
    assert bar.get(service, 0) >= 2 * 10, bar
    page.mouse.click(box["x"] + middle + 1, box["y"] + 24 + 12)
    expect(selected(page)).to_have_attribute("data-name", "tiny")
    page.keyboard.press("f")
    start, end = window(page)
    assert 300 <= end - start <= 400
    page.mouse.move(box["x"] + middle, box["y"] + 24 + 12)
    expect(page.locator(".tip:visible")).to_contain_text(re.compile(r"300\Wns"))
    expect(page.get_by_test_id("ruler")).to_contain_text("ns")


def test_a_folded_failure_is_hollow_and_found(traces_program, page):
    """Above a failed leaf that is folded away the mark is hollow, the critical path has no gap, and e opens what is needed to get there."""
    trace, ids = families(traces_program)
    open_trace(page, traces_program, trace, 10)

    def path():
        """Pixels of the line in ink, all rows together: every moment is on exactly one of them."""
        return page.evaluate("""() => {
          const canvas = document.querySelector("canvas.bars"), copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const data = copy.getImageData(0, 0, canvas.width, canvas.height).data, covered = new Set();
          for (let at = 0; at < data.length; at += 4) if (data[at] === 0x16 && data[at + 1] === 0x1b && data[at + 2] === 0x22 && data[at + 3] === 255) covered.add(at / 4 % canvas.width);
          return [covered.size, canvas.width];
        }""")

    covered, width = path()
    assert covered >= width - 12
    row(page, "bert 1").locator(".row-fold").click()
    expect(rows(page)).to_have_count(8)
    icon = row(page, "bert 1").locator(".row-icon")
    expect(icon).to_have_class(re.compile("below"))
    assert is_red(icon, "color") and not is_red(icon, "backgroundColor"), "the mark is hollow"
    wait_until(lambda: page.evaluate("window.__needletail.rowCount === 8"))
    covered, width = path()
    assert covered >= width - 12, "what is folded away shows on the row that hides it"
    page.keyboard.press("1")
    expect(rows(page)).to_have_count(1)
    assert path()[0] >= width - 12
    page.keyboard.press("e")
    expect(selected(page)).to_have_attribute("data-name", "leaf 1")
    expect(page.get_by_test_id("panel-error")).to_contain_text("broken")
    expect(row(page, "leaf 1").locator(".row-icon")).to_have_class(re.compile("own"))


def test_repeated_spans_are_one_row(traces_program, page):
    """Two hundred equal calls, one of them failed, between two other spans: one row with their number, sum and longest, until Enter opens it."""
    trace, root, start = otlp.trace_id(), otlp.span_id(), time.time_ns() - 5_000_000_000
    spans = [{"trace": trace, "id": root, "name": "gather", "start": start, "duration": 400 * MS}]
    spans += [{"trace": trace, "id": otlp.span_id(), "parent": root, "name": "MGET", "start": start + n * MS, "duration": 205_000 if n else 2_100_000, **({"error": "timed out"} if n == 150 else {})} for n in range(200)]
    spans.append({"trace": trace, "id": otlp.span_id(), "parent": root, "name": "after", "start": start + 300 * MS, "duration": MS})
    send(traces_program, spans)
    open_trace(page, traces_program, trace, 202)
    expect(rows(page)).to_have_count(3)
    group = row(page, "MGET")
    expect(group).to_contain_text(re.compile("MGET ×200· 1 failed · sum 42.9.ms · max 2.1.ms"))
    expect(group).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(group.first).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("window.__needletail.rowCount") == 202
    expect(page).to_have_url(re.compile(r"fold=o[0-9a-f]{16}"))
    page.reload()
    expect(group.first).to_have_attribute("aria-expanded", "true", timeout=PATIENCE)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(rows(page)).to_have_count(3)
    expect(group).to_have_attribute("aria-selected", "true")
    page.keyboard.press("e")
    expect(page.get_by_test_id("panel-error")).to_contain_text("timed out")
    assert page.evaluate("window.__needletail.rowCount") == 202


# MARK: Links


def test_a_link_restores_the_view_and_changes_nothing_else(traces_program, browser):
    """Selection, window, folds and matches come back in another profile, which keeps its own preferences."""
    trace, ids = families(traces_program)
    with watched_page(browser) as page:
        open_trace(page, traces_program, trace, 10)
        for number in range(3):
            row(page, f"step {number}").locator(".row-fold").click()
            expect(rows(page)).to_have_count(9 - number)
        page.get_by_test_id("find-input").fill("bert")
        page.keyboard.press("Enter")
        expect(selected(page)).to_have_attribute("data-name", "bert 0")
        page.keyboard.press("Escape")
        page.get_by_test_id("waterfall").focus()
        row(page, "bert 1").click()
        page.keyboard.press("f")
        page.keyboard.press("\\")
        page.keyboard.press("c")
        expect(page).to_have_url(re.compile(rf"(?=.*span={ids['bert 1']})(?=.*z=\d+-\d+)(?=.*fold=)"))
        page.get_by_test_id("find-input").fill("bert")
        expect(page).to_have_url(re.compile("find=bert"))
        shown, link = window(page), page.url
    with watched_page(browser) as page:
        page.add_init_script("if (!sessionStorage.getItem('set')) { localStorage.setItem('needletail.panelWidth', '500'); localStorage.setItem('needletail.theme', 'dark'); sessionStorage.setItem('set', '1'); }")
        page.goto(link)
        expect(rows(page)).to_have_count(7, timeout=PATIENCE)
        expect(selected(page)).to_have_attribute("data-name", "bert 1")
        expect(page.get_by_test_id("find-input")).to_have_value("bert")
        expect(page.locator(".row.match:visible")).to_have_count(3)
        assert [round(edge) for edge in window(page)] == [round(edge) for edge in shown]
        expect(page.get_by_test_id("panel")).to_be_visible()
        expect(page.get_by_test_id("critical-path")).to_have_attribute("aria-pressed", "true")
        expect(page).to_have_url(link)
        stored = page.evaluate("Object.fromEntries(Object.entries(localStorage))")
        # Which traces were open lately is no preference.
        stored.pop("needletail.recent", None)
        assert stored == {"needletail.panelWidth": "500", "needletail.theme": "dark"}


def test_jaegers_links_find_their_span(up, linked, page):
    page.goto(f"{up.query}/trace/{linked.id}?uiFind={linked.named('passthrough').id}")
    expect(selected(page)).to_have_attribute("data-name", "passthrough", timeout=PATIENCE)


def test_a_part_of_a_trace_is_a_trace(sample, page):
    """Below one span: its own duration, stages that add up to it, the same spans; Back brings the whole trace back."""
    found = sample.ask("search", q="model:rank_ensemble -status:error", sort="duration", rows=1)["rows"][0]
    # High enough for all of its rows.
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.goto(f"{sample.query}/trace/{found['traceID']}")
    expect(rows(page).first).to_be_visible(timeout=PATIENCE)
    whole = names(page)
    row(page, "rank_ensemble").click()
    span = selected(page).get_attribute("data-span-id")
    page.keyboard.press(".")
    expect(page.get_by_test_id("root-note")).to_contain_text("rank_ensemble", timeout=PATIENCE)
    expect(page).to_have_url(re.compile(f"root={span}"))
    told = columns(sample.query, found["traceID"], root=span)
    expect(rows(page)).to_have_count(len(told["columns"]["start"]))
    assert row(page, "rank_ensemble").get_attribute("aria-level") == "1"
    assert sum(strip(page).values()) == told["durationNano"] < found["durationNano"]
    row(page, "compute").first.click()
    expect(page.locator('[data-testid="attribute"]').first).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("root-note")).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("root-note").get_by_role("link").click()
    expect(page.get_by_test_id("root-note")).to_have_count(0, timeout=PATIENCE)
    expect(rows(page)).to_have_count(len(whole))
    assert names(page) == whole
    page.go_back()
    expect(page.get_by_test_id("root-note")).to_be_visible(timeout=PATIENCE)
