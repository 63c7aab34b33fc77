"""The live page under a steady load."""

import time

from playwright.sync_api import expect

from support.steady import Steady
from support.studio import PATIENCE


def number(page, test_id):
    """The number in a text such as `following · 1 240 seen`."""
    digits = "".join(character for character in page.get_by_test_id(test_id).text_content() if character.isdigit())
    return int(digits or 0)


def used_heap(client):
    """Bytes of JavaScript objects that are reachable."""
    for _ in range(2):
        client.send("HeapProfiler.collectGarbage")
    return client.send("Runtime.getHeapUsage")["usedSize"]


def follow(page, program, path="/live"):
    page.goto(f"{program.query}{path}")
    expect(page.get_by_test_id("live-status")).to_contain_text("following", timeout=PATIENCE)


def watch(page, program, rate, seconds):
    """Looks at the page while `rate` requests a second finish: how much it shows, how quickly it answers, how much it grows."""
    client = page.context.new_cdp_session(page)
    with Steady(program.otlp, rate):
        follow(page, program)
        expect(page.get_by_test_id("live-row")).to_have_count(200, timeout=PATIENCE)
        page.evaluate(
            """() => {
              // From when a key or button went down to when all of the page's handlers were done.
              window.answers = [];
              for (const type of ["click", "keydown"]) {
                window.addEventListener(type, (event) => { setTimeout(() => window.answers.push(performance.now() - event.timeStamp)); }, true);
              }
            }"""
        )
        before, seen, begun = used_heap(client), number(page, "live-status"), time.monotonic()
        while time.monotonic() - begun < seconds:
            for _ in range(2):
                page.get_by_test_id("live-pause").click()
            page.wait_for_timeout(500)
        passed = time.monotonic() - begun
        shown, after = number(page, "live-status") - seen, used_heap(client)
        assert 0 < shown <= 20 * passed + 20
        assert number(page, "live-skipped") > 0
        answers = sorted(page.evaluate("window.answers"))
        assert len(answers) >= 10 and answers[len(answers) // 2] < 100, answers
        assert after - before < 10e6, f"{before} → {after}"
        assert page.get_by_test_id("live-row").count() <= 200
        assert page.evaluate("document.querySelectorAll('*').length") < 5000
        # The strip has dots of the last minute only.
        assert int(page.get_by_test_id("live-strip").get_attribute("data-dots")) <= 1200
