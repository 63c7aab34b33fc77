"""The live page at 500 requests a second for minutes: it answers, and does not grow. `SOAK_SECONDS` says how long."""

import os

from support.following import watch


def test_the_live_page_does_not_grow(start, page):
    """Ten minutes of the live tail: the page answers within 100 ms, and its memory grows by less than 10 MB."""
    watch(page, start("traces"), rate=500, seconds=int(os.environ.get("SOAK_SECONDS", "600")))
