"""The traces page as tests see it: the rows of its table, its filter and its address."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from support.studio import PATIENCE, ready

MS = 1_000_000


def ids(page):
    """The traces of the table, from top to bottom."""
    return page.get_by_test_id("trace-row").evaluate_all("(rows) => rows.map((row) => row.dataset.traceId)")


def all_ids(page):
    """Those of all pages of the table."""
    while (more := page.get_by_test_id("more")).is_visible():
        before = page.get_by_test_id("trace-row").count()
        more.click()
        expect(page.get_by_test_id("trace-row").nth(before)).to_be_attached(timeout=PATIENCE)
        expect(more).not_to_be_disabled(timeout=PATIENCE)
    return ids(page)


def run(page, text):
    page.get_by_test_id("filter").fill(text)
    page.get_by_test_id("filter").press("Enter")
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("q", [""])[0] == text)
    ready(page)


def found(page):
    return int(re.sub(r"\D", "", page.get_by_test_id("result-count").inner_text()))


def parameters(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def number(text):
    return int(re.sub(r"\D", "", text))
