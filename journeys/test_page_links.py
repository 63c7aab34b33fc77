"""Links to pages of Jaeger and Zipkin, as they stand in tickets and chats, lead to the same traces here."""

import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from playwright.sync_api import expect

from support import otlp, traces
from support.studio import PATIENCE, ready

MS = 1_000_000
SERVICE = "link-shop"


@pytest.fixture(scope="module")
def shop(traces_program):
    """Four traces of a service: cheap and slow ones, one with a tag, one that failed; and one of another service. Links look back for hours, as a run of the journeys may be slow."""
    start = time.time_ns() - 60_000 * MS
    ids = {}

    def send(name, service, *spans):
        trace = ids[name] = otlp.trace_id()
        body = otlp.request(service, [{"trace": trace, "id": otlp.span_id(), "start": start, "duration": 10 * MS, "kind": 2, **one} for one in spans]).SerializeToString()
        assert requests.post(traces_program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=30).status_code == 200

    send("quick", SERVICE, {"name": "GET /cart"})
    send("slow", SERVICE, {"name": "GET /cart", "duration": 900 * MS})
    send("tagged", SERVICE, {"name": "POST /order", "attributes": {"http.status_code": 503, "user": "ann"}})
    send("failed", SERVICE, {"name": "POST /order", "error": "no stock"}, {"name": "charge", "duration": 800 * MS})
    send("other", "link-bank", {"name": "GET /cart", "duration": 900 * MS})
    return traces_program, ids


def shown(page):
    ready(page)
    return set(page.get_by_test_id("trace-row").evaluate_all("(rows) => rows.map((row) => row.dataset.traceId)"))


def at(page):
    parts = urlsplit(page.url)
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


JAEGER = [
    (f"service={SERVICE}", ["quick", "slow", "tagged", "failed"]),
    (f"service={SERVICE}&operation={quote('GET /cart')}", ["quick", "slow"]),
    (f"service={SERVICE}&operation=all&minDuration=100ms", ["slow", "failed"]),
    # One and the same span has to have all of it.
    (f"service={SERVICE}&operation={quote('POST /order')}&minDuration=100ms", []),
    (f"service={SERVICE}&operation={quote('GET /cart')}&minDuration=5ms&maxDuration=500ms", ["quick"]),
    (f"service={SERVICE}&tags=" + quote('{"http.status_code":"503"}'), ["tagged"]),
    (f"service={SERVICE}&tags=" + quote('{"user":"ann","http.status_code":"200"}'), []),
    (f"service={SERVICE}&tags=" + quote('{"error":"true"}'), ["failed"]),
]


@pytest.mark.parametrize("query, names", JAEGER)
def test_a_search_of_jaeger(shop, page, query, names):
    """Service, operation, tags and durations mean what they meant, within the time of the link."""
    program, ids = shop
    page.goto(f"{program.query}/search?{query}&limit=20&lookback=12h")
    assert shown(page) == {ids[name] for name in names}
    path, parameters = at(page)
    assert path == "/traces" and parameters["lookback"] == "12h"
    # Jaeger's own API agrees.
    answer = requests.get(f"{program.query}/api/traces?{query.replace('operation=all&', '')}&lookback=12h&limit=20", timeout=30).json()["data"]
    assert {trace["traceID"] for trace in answer} == {ids[name] for name in names}


def test_the_time_of_a_jaeger_link(shop, page):
    """A link has the time that it was made for: there is nothing else in it."""
    program, ids = shop
    now = int(traces.get(program.query, ids["failed"]).spans[0].start) + 60_000_000
    page.goto(f"{program.query}/search?service={SERVICE}&start={now - 3_600_000_000}&end={now}&lookback=1h")
    assert len(shown(page)) == 4
    page.goto(f"{program.query}/search?service={SERVICE}&start={now - 7_200_000_000}&end={now - 3_600_000_000}&lookback=1h")
    assert shown(page) == set()
    assert at(page)[1]["to"] == str(now - 3_600_000_000)


def test_links_to_one_trace(shop, page):
    """Jaeger's with a span or a word to find, Zipkin's of two kinds, and one to compare two."""
    program, ids = shop
    columns = requests.get(f"{program.query}/api/traces/{ids['failed']}", timeout=10).json()["data"][0]["spans"]
    charge = next(span["spanID"] for span in columns if span["operationName"] == "charge")
    for link, span in [(f"/trace/{ids['failed']}?uiFind={charge}", "charge"), (f"/zipkin/traces/{ids['failed']}?spanId={charge}", "charge"), (f"/zipkin/traces/{ids['failed']}", None), (f"/traces/{ids['failed']}", None)]:
        page.goto(program.query + link)
        expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", "2", timeout=PATIENCE)
        assert at(page)[0] == f"/trace/{ids['failed']}"
        if span:
            expect(page.locator('[data-testid="span-row"][aria-selected="true"]')).to_have_attribute("data-name", span)
    page.goto(f"{program.query}/trace/{ids['failed']}?uiFind=charge")
    expect(page.get_by_test_id("find-count")).to_contain_text("1", timeout=PATIENCE)
    page.goto(f"{program.query}/trace/{ids['quick']}...{ids['slow']}?cohort={ids['quick']}&cohort={ids['slow']}")
    expect(page.get_by_test_id("compared")).to_have_count(2, timeout=PATIENCE)
    assert at(page) == ("/compare", {"a": ids["quick"], "b": ids["slow"]})


ZIPKIN = [
    (f"serviceName={SERVICE}", ["quick", "slow", "tagged", "failed"]),
    (f"serviceName={SERVICE.upper()}&spanName=all", ["quick", "slow", "tagged", "failed"]),
    # In microseconds, or with a unit.
    (f"serviceName={SERVICE}&minDuration=100000", ["slow", "failed"]),
    (f"serviceName={SERVICE}&minDuration=5ms&maxDuration=500ms", ["quick", "tagged", "failed"]),
    (f"serviceName={SERVICE}&annotationQuery={quote('http.status_code=503 and user')}", ["tagged"]),
    (f"serviceName={SERVICE}&annotationQuery=error", ["failed"]),
    # Each condition may be met by another span.
    (f"serviceName={SERVICE}&spanName=charge&annotationQuery=error", ["failed"]),
]


@pytest.mark.parametrize("query, names", ZIPKIN)
@pytest.mark.parametrize("port", ["query", "zipkin_query"])
def test_a_search_of_zipkin(shop, page, query, names, port):
    """On the port of the page and on Zipkin's own."""
    program, ids = shop
    page.goto(f"{getattr(program, port)}/zipkin/?{query}&lookback=12h&limit=10")
    assert shown(page) == {ids[name] for name in names}
    assert page.url.startswith(f"{program.query}/traces?")
    assert at(page)[1]["lookback"] == "12h"


def test_other_pages(shop, page):
    """The graphs of dependencies are the map; the start of Zipkin's page is the list of traces."""
    program, _ = shop
    for link, path in [("/dependencies", "/map"), ("/zipkin/dependency", "/map"), ("/zipkin/", "/traces"), ("/search", "/traces")]:
        page.goto(program.query + link)
        ready(page)
        assert at(page)[0] == path
    page.goto(program.zipkin_query)
    ready(page)
    assert page.url.startswith(f"{program.query}/traces")
