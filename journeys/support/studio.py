"""The page with an hour of sample traces in which causes are planted: what the tests of the studio stand on."""

import json
import os
from pathlib import Path
from urllib.parse import urlencode

import requests
from playwright.sync_api import expect

# What the sample is made of: the same ones each time but for the hour.
TRACES, SEED = 10_000, 1
# A busy machine that runs a debug program reads a window of all traces in this time.
PATIENCE = 120_000


class Studio:
    """A server that holds the sample, and what was planted in it."""

    def __init__(self, query, truth):
        self.query = query
        self.truth = truth

    @property
    def hour(self):
        """The hour of the sample, as in the address of a page: microseconds, with a second to spare at each end."""
        return f"from={int(self.truth['from']) // 1000 - 1_000_000}&to={int(self.truth['to']) // 1000 + 1_000_000}"

    def url(self, path="/", **parameters):
        """The address of a page that shows the hour of the sample."""
        query = urlencode({name: value for name, value in parameters.items() if value is not None}, doseq=True)
        return f"{self.query}{path}?{self.hour}{'&' if query else ''}{query}"

    def open(self, page, path="/", **parameters):
        """Opens a page and waits until it has loaded."""
        page.goto(self.url(path, **parameters))
        ready(page)

    def ask(self, resource, **parameters):
        """What the page's own API answers about the hour."""
        answer = requests.get(f"{self.query}/api/ui/{resource}", {"from": self.truth["from"], "to": str(int(self.truth["to"]) + 1), "limit": 20_000, **parameters}, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.json()


def ready(page):
    """Waits until nothing on the page is loading."""
    page.wait_for_load_state()
    expect(page.locator("main > :visible:not(.loading)").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=PATIENCE)


def load(query):
    """Fills a server with the sample."""
    answer = requests.post(f"{query}/api/ui/sample", params={"traces": TRACES, "seed": SEED}, timeout=300)
    assert answer.status_code == 200, answer.text
    return Studio(query, answer.json())


def running():
    """The server named in the environment, for work on the page without building the program: `NEEDLETAIL_STUDIO=<address> <file of the sample's answer>`."""
    address, _, truth = os.environ.get("NEEDLETAIL_STUDIO", "").partition(" ")
    return Studio(address, json.loads(Path(truth).read_text())) if address else None


def rate(per_second):
    """A rate as the page writes it: two digits, or three from ten on, by the shortest time in which anything much happens."""
    seconds, sign = next(((seconds, sign) for seconds, sign in ((1, "/s"), (60, "/min")) if per_second == 0 or per_second * seconds >= 0.0995), (3600, "/h"))
    value = per_second * seconds
    text = f"{value:,.0f}".replace(",", "\u202f") if value >= 100 else f"{float(f'{value:.2g}' if value < 9.95 else f'{value:.3g}'):g}"
    return f"{text}\u202f{sign}"


def shown(nanoseconds):
    """A duration as the page writes it: three significant digits and a unit."""
    if nanoseconds is None:
        return "–"
    if nanoseconds == 0:
        return "0"
    for size, unit in ((1, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")):
        value = nanoseconds / size
        text = f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        if float(text) < 1000 or unit == "s":
            return f"{text}\u202f{unit}"
