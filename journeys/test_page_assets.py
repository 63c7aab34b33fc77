"""What the page is made of: few small files, from this server only, kept for good, without a complaint in the console."""

import re
from urllib.parse import urlsplit

import pytest
import requests

from support import pages
from support.studio import ready

KB = 1024
FIRST_PAGE, LARGEST_PAGE, FILE = 60 * KB, 90 * KB, 25 * KB
REQUESTS = 12


class Loaded:
    """Counts what a page asks for until it is ready: requests, and the bytes of scripts and styles as they come over the wire."""

    def __init__(self, page):
        self.urls = []
        self.bytes = {}
        self._kinds = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)

    def _sent(self, event):
        # The browser's own page for an empty icon or text in the address is no request.
        if not event["request"]["url"].startswith("data:"):
            self.urls.append(event["request"]["url"])
            self._kinds[event["requestId"]] = event["request"]["url"]

    def _finished(self, event):
        url = self._kinds.get(event["requestId"], "")
        if re.search(r"\.(js|css)$", url):
            self.bytes[url] = event["encodedDataLength"]


@pytest.fixture
def joined(sample):
    """The version of the joined files; a page served from a folder for work on it has none."""
    found = re.search(r"/assets/([0-9a-f]+)/app\.js", requests.get(sample.query, timeout=30).text)
    if not found:
        pytest.skip("this server does not join the page's files")
    return found[1]


def test_the_first_page_is_small_and_asks_little(sample, joined, page):
    """Scripts and styles of the overview: at most 60 KB compressed; it is there after at most twelve requests, data and all."""
    loaded = Loaded(page)
    sample.open(page, "/")
    assert 15 * KB < sum(loaded.bytes.values()) <= FIRST_PAGE, loaded.bytes
    # The icon of the bar and of the tab is one file: the browser has it.
    assert len(set(loaded.urls)) <= REQUESTS, loaded.urls


@pytest.mark.parametrize("name", pages.NAMES)
def test_no_page_is_large(sample, joined, page, name):
    """No page needs more than 90 KB of scripts and styles, and no file of it is larger than 25 KB."""
    loaded = Loaded(page)
    page.goto(pages.address(sample, name))
    ready(page)
    assert loaded.bytes
    assert sum(loaded.bytes.values()) <= LARGEST_PAGE, loaded.bytes
    assert max(loaded.bytes.values()) <= FILE, loaded.bytes


def test_a_browser_keeps_the_files_for_good(sample, joined, page):
    """The second page asks for nothing it has."""
    sample.open(page, "/traces")
    loaded = Loaded(page)
    sample.open(page, "/models")
    assert [url for url in loaded.bytes if loaded.bytes[url] > 0 and "/models.js" not in url] == []
    for name in ("app.js", "styles.css", "early.js", "icon.svg"):
        answer = requests.get(f"{sample.query}/assets/{joined}/{name}", headers={"Accept-Encoding": "gzip"}, timeout=30)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert requests.get(f"{sample.query}/traces", timeout=30).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", pages.NAMES)
def test_every_page_works_with_all_other_hosts_cut_off(sample, page, name):
    """No request leaves the server the page came from; no error and no warning is in the console."""
    origin = urlsplit(sample.query).netloc
    left = []

    def route(request):
        if urlsplit(request.request.url).netloc == origin:
            request.continue_()
        else:
            left.append(request.request.url)
            request.abort()

    page.context.route("**/*", route)
    page.goto(pages.address(sample, name))
    ready(page)
    assert page.locator("main").inner_text().strip()
    assert page.get_by_test_id("page-error").count() == 0
    assert not left


def test_the_page_works_without_joining(sample, joined, page):
    """`?debug` loads the modules one by one, for looking into them."""
    loaded = Loaded(page)
    sample.open(page, "/models", debug="")
    assert len([url for url in loaded.urls if url.endswith(".js")]) > 10
    assert page.get_by_role("heading", name="Models", exact=True).is_visible()


def test_the_policy_lets_nothing_in(sample):
    """Neither inline scripts nor other hosts: the page could not even if it wanted to."""
    answer = requests.get(sample.query, timeout=30)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "http" not in policy and "*" not in policy
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>", answer.text)
    assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)
