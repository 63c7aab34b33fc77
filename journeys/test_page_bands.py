"""Cold starts and loads are bands on every time axis: at the time when they were, with a name, a door and a row in the table."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import expect

from support import otlp, studio

# Left and right of the plot in a heatmap, px.
LEFT, RIGHT = 62, 8


def planted(sample):
    """When each cold execution ran, by its trace, from the trace itself: µs since 1970."""
    times = {}
    for trace in sample.truth["coldTraces"]:
        spans = requests.get(f"{sample.query}/api/traces/{trace}", timeout=60).json()["data"][0]["spans"]
        slow = max((span for span in spans if span["operationName"] == "compute"), key=lambda span: span["duration"])
        times[trace] = (slow["startTime"], slow["startTime"] + slow["duration"])
    return times


def bands(place):
    """Bands of a picture: from and to, µs."""
    return [(int(band.get_attribute("data-from")), int(band.get_attribute("data-to"))) for band in place.get_by_test_id("load-band").all()]


def covers(found, times):
    """Whether each time is under a band, and no band is elsewhere."""
    near = 2
    return all(any(start - near <= begin and end <= stop + near for start, stop in found) for begin, end in times) and all(any(start <= end + near and begin <= stop + near for begin, end in times) for start, stop in found)


@pytest.mark.parametrize("path, testid", [("/", "latency"), ("/traces", "latency"), ("/monitor", "chart-duration"), ("/llm", "ttft"), ("/errors", "error-times")])
def test_cold_starts_stand_at_their_time(sample, page, path, testid):
    """On the overview, the search, the monitor, the page of language models and of a kind of error, the planted cold starts are bands at their time, told in the picture's sentence and in its table."""
    sample.open(page, path)
    if path == "/errors":
        page.get_by_test_id("error-groups").locator("tbody a").first.click()
        page.wait_for_url("**/errors/*")
        studio.ready(page)
    figure = page.get_by_test_id(testid)
    expect(figure.get_by_test_id("load-band").first).to_be_attached(timeout=studio.PATIENCE)
    times = list(planted(sample).values())
    assert covers(bands(figure), times)
    assert "cold start" in figure.get_attribute("aria-label")
    assert "image_tower" in figure.get_attribute("aria-label")
    figure.get_by_role("button", name="Table").click()
    rows = [row for row in figure.locator("tbody tr").all_inner_texts() if "cold start" in row]
    assert rows and all("image_tower" in row for row in rows)


def test_a_band_is_where_its_time_is(sample, page):
    """In the heatmap a band begins at the pixel of its time, and is in view however short; it lies over all durations."""
    begin = min(start for start, _ in planted(sample).values())
    end = max(stop for _, stop in planted(sample).values())
    # A minute around them: now they are not narrow.
    page.goto(f"{sample.query}/traces?from={begin - 20_000_000}&to={begin + 40_000_000}")
    studio.ready(page)
    heat = page.get_by_test_id("heatmap").bounding_box()
    grounds = [ground.bounding_box() for ground in page.locator(".load-band-ground").all()]
    scale = (heat["width"] - LEFT - RIGHT) / 60_000_000
    assert min(ground["x"] for ground in grounds) - heat["x"] - LEFT == pytest.approx(20_000_000 * scale, abs=1.5)
    assert max(ground["x"] + ground["width"] for ground in grounds) - heat["x"] - LEFT == pytest.approx((end - begin + 20_000_000) * scale, abs=1.5)
    assert all(ground["height"] > heat["height"] * 0.8 for ground in grounds)
    sample.open(page, "/traces")
    assert all(ground.bounding_box()["width"] >= 2 for ground in page.locator(".load-band-ground").all())


def test_a_band_is_a_door_for_everyone(sample, page):
    """With the keyboard a band says what it was, and Enter opens the request that was first; below it a box can still be drawn."""
    times = planted(sample)
    begin = min(start for start, _ in times.values())
    page.goto(f"{sample.query}/traces?from={begin - 20_000_000}&to={begin + 40_000_000}")
    studio.ready(page)
    band = page.get_by_test_id("load-band").first
    words = band.locator(".load-band-words")
    expect(words).to_be_hidden()
    # A box that begins on the band.
    ground, heat = band.locator(".load-band-ground").first.bounding_box(), page.get_by_test_id("heatmap").bounding_box()
    page.mouse.move(ground["x"] + ground["width"] / 2, heat["y"] + heat["height"] * 0.7)
    page.mouse.down()
    page.mouse.move(ground["x"] + ground["width"] / 2 + 80, heat["y"] + heat["height"] * 0.4, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("box="))
    studio.ready(page)
    band.focus()
    expect(words).to_be_visible()
    expect(words).to_contain_text("cold start of image_tower v2")
    band.press("Enter")
    page.wait_for_url(re.compile("/trace/"))
    studio.ready(page)
    assert urlsplit(page.url).path.split("/")[2] in times
    assert parse_qs(urlsplit(page.url).query)["span"]


def test_a_model_has_its_own(sample, page):
    """The page of an ensemble has the cold starts of its step, for which its requests waited; that of a model that never did has none."""
    sample.open(page, "/models/rank_ensemble")
    assert covers(bands(page.get_by_test_id("latency")), planted(sample).values())
    sample.open(page, "/models/llama-3.1-70b-instruct")
    expect(page.get_by_test_id("latency")).to_be_visible()
    expect(page.get_by_test_id("latency").get_by_test_id("load-band")).to_have_count(0)


def test_loads_that_servers_tell_are_bands(traces_program, page):
    """A server's span of loading a model is a band on the overview at its time; many loads about one time share a flag that says how many, and leads to the lanes."""
    now = time.time_ns()
    spans = []
    for index in range(6):
        start = now - 600_000_000_000 + index * 300_000_000
        spans.append({"trace": otlp.trace_id(), "id": otlp.span_id(), "name": "Load model", "kind": 1, "start": start, "duration": 200_000_000, "attributes": {"gen_ai.request.model": f"m{index}"}})
    spans.append({"trace": otlp.trace_id(), "id": otlp.span_id(), "name": "Load model", "kind": 1, "start": now - 120_000_000_000, "duration": 40_000_000_000, "attributes": {"gen_ai.request.model": "late"}})
    answer = requests.post(traces_program.otlp, otlp.request("vllm", spans, {"host.name": "gpu-1"}).SerializeToString(), headers={"content-type": otlp.PROTOBUF}, timeout=60)
    assert answer.status_code == 200, answer.text
    page.goto(f"{traces_program.query}/?from={(now - 900_000_000_000) // 1000}&to={now // 1000}")
    studio.ready(page)
    found = page.get_by_test_id("latency").get_by_test_id("load-band")
    expect(found).to_have_count(2)
    assert [found.nth(index).get_attribute("data-count") for index in (0, 1)] == ["6", "1"]
    assert "6 loads of several models" in found.first.get_attribute("aria-label")
    assert found.first.get_attribute("href").startswith("/lanes?")
    assert bands(page.get_by_test_id("latency"))[1] == (pytest.approx((now - 120_000_000_000) // 1000, abs=1), pytest.approx((now - 80_000_000_000) // 1000, abs=1))
    assert found.nth(1).get_attribute("href").startswith(f"/trace/{spans[-1]['trace']}?")
