"""The live tail under a steady load: rows as requests finish, a list that stands still for its reader, a page that stays quick and small."""

import time

import pytest
from playwright.sync_api import expect

from support import studio
from support.following import follow, number, watch
from support.program import Needletail
from support.steady import Steady, inference, send
from support.waiting import wait_until

RATE = 500
#: The soak test looks for ten minutes.
SECONDS = 25
PATIENCE = studio.PATIENCE


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    program = Needletail("traces", tmp_path_factory.mktemp("live")).start()
    yield program
    assert program.stop() == 0, program.log()


def ids(page):
    return page.get_by_test_id("live-row").evaluate_all("(rows) => rows.map((row) => row.dataset.traceId)")


def test_a_steady_load_is_followed(program, page):
    """Five hundred requests a second: at most twenty rows of each second are shown, the others are counted as skipped, the page answers within 100 ms, and does not grow."""
    watch(page, program, RATE, SECONDS)


def test_what_is_shown_and_skipped_is_all(program, page):
    """Each request is shown or counted as skipped, once."""
    follow(page, program)
    sender = Steady(program.otlp, RATE)
    for _ in range(10):
        sender.send(50)
    wait_until(lambda: number(page, "live-status") + number(page, "live-skipped") == 500, timeout=60, what="all 500 are shown or counted")
    assert len(set(ids(page))) == number(page, "live-status")


def test_the_list_stands_still_under_the_pointer(program, page):
    """While the pointer is over the list nothing moves, and a button counts what is new; when it leaves, the new ones are on top."""
    with Steady(program.otlp, 30):
        follow(page, program)
        expect(page.get_by_test_id("live-row").nth(5)).to_be_visible(timeout=PATIENCE)
        page.get_by_test_id("live-list").hover(position={"x": 200, "y": 40})
        still = ids(page)
        expect(page.get_by_test_id("live-new")).to_contain_text("new ▲", timeout=PATIENCE)
        first = number(page, "live-new")
        wait_until(lambda: number(page, "live-new") > first, timeout=60, what="more came meanwhile")
        assert ids(page) == still
        page.mouse.move(5, 5)
        wait_until(lambda: ids(page)[0] != still[0], timeout=60, what="the list goes on")
        expect(page.get_by_test_id("live-new")).to_be_hidden()
        # By keyboard it is the same.
        page.get_by_test_id("live-pause").focus()
        for _ in range(6):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.testid") == "live-row":
                break
        else:
            raise AssertionError("the rows cannot be reached by Tab")
        still = ids(page)
        expect(page.get_by_test_id("live-new")).to_contain_text("new ▲", timeout=PATIENCE)
        assert ids(page) == still


def test_a_click_opens_the_trace_beside_the_list(program, page):
    """A click shows the trace on the right while the list goes on at the left; it is in the address, Back and Escape close it."""
    with Steady(program.otlp, 30):
        follow(page, program)
        expect(page.get_by_test_id("live-row").nth(5)).to_be_visible(timeout=PATIENCE)
        page.get_by_test_id("live-row").nth(2).click()
        peek = page.get_by_test_id("peek")
        expect(peek).to_contain_text("compute", timeout=PATIENCE)
        trace = peek.get_attribute("data-trace-id")
        assert f"trace={trace}" in page.url
        assert peek.get_by_test_id("peek-open").get_attribute("href") == f"/trace/{trace}"
        page.mouse.move(5, 5)
        before = ids(page)[0]
        wait_until(lambda: ids(page)[0] != before, timeout=60, what="the list goes on beside the trace")
        page.go_back()
        expect(peek).to_be_hidden()
        page.go_forward()
        expect(peek).to_be_visible(timeout=PATIENCE)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("live-peek")).to_be_hidden()
        assert "trace=" not in page.url


def test_it_pauses_on_an_error(program, page):
    """With the tick, the list stops at a failed request, which is never among the skipped ones; the tick is in the address; Go on goes on."""
    with Steady(program.otlp, RATE) as sender:
        follow(page, program)
        page.get_by_label("pause on an error").check()
        assert "onerror=1" in page.url
        expect(page.get_by_test_id("live-row").nth(5)).to_be_visible(timeout=PATIENCE)
        sender.send(1, error="out of memory")
        expect(page.get_by_test_id("live-reason")).to_contain_text("failed", timeout=PATIENCE)
        expect(page.get_by_test_id("live-pause")).to_have_attribute("aria-pressed", "true")
        page.get_by_test_id("live-new").click()
        expect(page.locator("[data-testid=live-row].failed")).to_have_count(1)
        expect(page.get_by_test_id("live-pause")).to_have_attribute("aria-pressed", "false")
        before = ids(page)[0]
        wait_until(lambda: ids(page)[0] != before, timeout=60, what="it goes on")


def test_it_pauses_above_the_p99(program, page):
    """With the tick, the list stops at a request that took longer than 99 of 100 before it."""
    with Steady(program.otlp, 40) as sender:
        follow(page, program)
        wait_until(lambda: number(page, "live-status") > 150, timeout=120, what="enough durations to know a p99")
        page.get_by_label("pause above p99").check()
        sender.send(1, duration=900_000_000)
        expect(page.get_by_test_id("live-reason")).to_contain_text("above the p99", timeout=PATIENCE)
        expect(page.get_by_test_id("live-pause")).to_have_attribute("aria-pressed", "true")


def test_the_filter_chooses_what_is_followed(program, page):
    """Only what the filter lets through is shown, also when it is rare among many."""
    follow(page, program)
    page.get_by_test_id("filter").fill("model:rare")
    page.get_by_test_id("filter").press("Enter")
    expect(page.get_by_test_id("live-status")).to_contain_text("following", timeout=PATIENCE)
    assert "q=model%3Arare" in page.url
    with Steady(program.otlp, RATE) as sender:
        before = number(page, "live-status")

        def found():
            sender.send(1, model="rare")
            return number(page, "live-status") > before

        wait_until(found, timeout=60, interval=0.2, what="a rare one is found among many")
    for text in page.get_by_test_id("live-row").all_text_contents():
        assert "rare" in text


def test_a_filter_that_cannot_be_read(program, browser):
    """A filter that cannot be read is underlined, and nothing is followed."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{program.query}/live?q=duration%3Efast")
    expect(page.get_by_test_id("filter-problem")).to_contain_text("fast", timeout=PATIENCE)
    expect(page.get_by_test_id("live-status")).to_have_text("not following")
    context.close()


def test_a_lost_link_is_found_again(start, browser):
    """When the server goes away and comes back, the page follows again by itself."""
    program = start("traces")
    context = browser.new_context()
    page = context.new_page()
    follow(page, program)
    program.kill()
    expect(page.get_by_test_id("live-status")).to_contain_text("trying again", timeout=PATIENCE)
    program.start()
    expect(page.get_by_test_id("live-status")).to_contain_text("following", timeout=PATIENCE)
    send(program.otlp, ("triton", inference(time.time_ns() - 30_000_000)))
    expect(page.get_by_test_id("live-row")).to_have_count(1, timeout=PATIENCE)
    context.close()


def test_the_strip_has_a_table(program, page):
    """The dots of the last minute are in a table too."""
    follow(page, program)
    Steady(program.otlp, 1).send(3)
    expect(page.get_by_test_id("live-row")).to_have_count(3, timeout=PATIENCE)
    page.get_by_test_id("live-strip").get_by_role("button", name="Table").click()
    expect(page.get_by_test_id("live-strip").locator("tbody tr")).to_have_count(3)
