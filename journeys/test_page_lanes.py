"""Instance lanes on the page: what each instance executed, when it was busy, and who waited."""

import math
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from support import frames, studio

SERVER = "needletail-b-gpu-07"


def settled(page):
    """Waits until the lanes show what was asked for last."""
    studio.ready(page)
    expect(page.get_by_test_id("lanes")).not_to_have_attribute("aria-busy", "true", timeout=studio.PATIENCE)


def view(page):
    """The part of time in the address, µs."""
    return [int(end) for end in parse_qs(urlsplit(page.url).query)["z"][0].split("-")]


def rows(page):
    """Top of each lane in the picture, by its place in the answer."""
    area = page.get_by_test_id("lanes").bounding_box()
    return area, {int(name.get_attribute("data-lane")): name.bounding_box()["y"] for name in page.get_by_test_id("lane-name").all()}


def fact(page, name):
    """A number of the summed-up area: without its sign for "at least", its unit and its thin spaces."""
    text = page.locator(f'[data-testid="lane-summary"] [data-fact="{name}"]').inner_text(timeout=studio.PATIENCE)
    return float(re.sub(r"[^\d.]", "", text))


def overlaps(answer):
    """Pairs of blocks of one lane that overlap."""
    return [(lane["name"], left, right) for lane in answer["lanes"] for left, right in zip(lane["blocks"], lane["blocks"][1:]) if left[0] + left[1] > right[0]]


def test_blocks_of_a_lane_never_overlap(sample, page):
    """From the whole hour to 10 ms, on both servers, no two blocks of a lane overlap in anything that the page is sent; each step of the zoom keeps the time under the pointer."""
    answers = []
    page.on("response", lambda response: answers.append(response) if "/api/ui/lanes?" in response.url else None)
    band = (int(sample.truth["band"]["from"]) + int(sample.truth["band"]["to"])) // 2 // 1000
    begin, end = int(sample.truth["from"]) // 1000, int(sample.truth["to"]) // 1000
    sample.open(page, "/lanes", z=f"{begin}-{end}")
    settled(page)
    area = page.get_by_test_id("lanes").bounding_box()
    x = area["x"] + area["width"] * (band - begin) / (end - begin)
    page.mouse.move(x, area["y"] + 100)
    page.keyboard.down("Control")
    left, right = begin, end
    steps = 0
    while right - left > 10_000:
        page.mouse.wheel(0, -240)
        page.wait_for_function("(before) => new URLSearchParams(location.search).get('z') !== before", arg=f"{left}-{right}", timeout=studio.PATIENCE)
        settled(page)
        left, right = view(page)
        steps += 1
        at = left + (right - left) * (x - area["x"]) / area["width"]
        assert abs(at - band) <= max(2, (end - begin) / area["width"]), "the time under the pointer stays there"
        assert steps < 60
    page.keyboard.up("Control")
    assert right - left <= 10_000
    shown = [answer.json() for answer in answers]
    assert len(shown) > 10
    for answer in shown:
        assert overlaps(answer) == []
        # The server merges what is shorter than a pixel: no more blocks than there is room for.
        for lane in answer["lanes"]:
            assert len(lane["blocks"]) <= 2 * 10_000
    assert sum(block[2] for lane in shown[0]["lanes"] for block in lane["blocks"]) == sum(lane["executions"] for lane in shown[0]["lanes"])
    # Finer ones too, without the page.
    for pixels in (50, 1_000, 10_000):
        assert overlaps(sample.ask("lanes", px=pixels)) == []


def test_zooming_costs_little(sample, browser, page):
    """The whole hour shaken by the wheel, a continuous zoom to 10 ms, panning there and the way back: 19 of 20 frames take at most 6 ms of the page's own processor time, with few elements."""
    begin, end = int(sample.truth["from"]) // 1000, int(sample.truth["to"]) // 1000
    sample.open(page, "/lanes", z=f"{begin}-{end}")
    settled(page)
    area = page.get_by_test_id("lanes").bounding_box()
    page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + 100)

    def turn(key, deltas):
        page.keyboard.down(key)
        for delta in deltas:
            page.mouse.wheel(0, delta)
            page.wait_for_timeout(16)
        page.keyboard.up(key)

    closer = int(math.log((end - begin) / 10_000) / (60 * 0.004)) + 1
    parts = {
        "whole hour": frames.watched(browser, page, lambda: turn("Control", [-12, 12] * 20)),
        "closer": frames.watched(browser, page, lambda: turn("Control", [-60] * closer)),
    }
    settled(page)
    left, right = view(page)
    assert right - left <= 10_000
    parts["panning"] = frames.watched(browser, page, lambda: turn("Shift", [150, 150, 150, -150, -150] * 8))
    parts["further"] = frames.watched(browser, page, lambda: turn("Control", [60] * closer))
    settled(page)
    left, right = view(page)
    assert right - left > 3_000_000_000
    assert all(frames.p95(times) <= frames.FRAME for times in parts.values()), {part: times[-8:] for part, times in parts.items()}
    assert page.evaluate("document.querySelectorAll('*').length") < 1_500


def test_an_area_sums_up_to_the_generators_numbers(sample, page):
    """Dragging over all lanes of a model for the whole hour gives the busy share, the executions and the mean batch that the generator made."""
    begin, end = int(sample.truth["from"]) // 1000, int(sample.truth["to"]) // 1000
    for model, version in (("bert_reranker", "3"), ("tokenizer", "1")):
        truth = next(sum for sum in sample.truth["executions"] if (sum["service"], sum["model"], sum["version"]) == ("needletail-b", model, version))
        sample.open(page, "/lanes", server=SERVER, model=model, z=f"{begin - 1_000_000}-{end + 1_000_000}")
        settled(page)
        area, tops = rows(page)
        lanes = sorted(lane for lane in tops if model == "tokenizer" or "_3_" in page.locator(f'[data-lane="{lane}"]').inner_text())
        assert len(lanes) == truth["instances"]
        page.mouse.move(area["x"] + 1, tops[lanes[0]] + 2)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] - 1, tops[lanes[-1]] + 20, steps=5)
        page.mouse.up()
        expect(page.get_by_test_id("lane-selection")).to_be_visible()
        hour = (end - begin) * 1000
        assert fact(page, "busy") == pytest.approx(100 * truth["busyNano"] / (hour * truth["instances"]), abs=1, rel=0.06)
        assert fact(page, "executions") == pytest.approx(truth["count"], rel=0.01)
        assert fact(page, "mean-batch") == pytest.approx(truth["members"] / truth["count"], rel=0.02)
        assert "area=" in page.url


def test_an_area_of_the_busy_time(sample, page):
    """In the slow band, where the instance is busy for a part of the time that one can see, the area's busy share is that of the executions listed one by one; it survives a reload."""
    band = int(sample.truth["band"]["from"])
    # A minute after a burst began.
    burst = sample.ask("batches", model="bert_reranker", version="3", service="needletail-b", size0=14, rows=1000)["batches"][-1]
    begin = int(burst["startTimeUnixNano"]) // 1000 - 50_000
    assert begin * 1000 > band - 10_000_000_000
    end = begin + 400_000
    sample.open(page, "/lanes", server=SERVER, model="bert_reranker", z=f"{begin}-{end}", area=f"{begin}-{end}_0")
    settled(page)
    executions = []
    for size in range(1, 17):
        executions += sample.ask("batches", model="bert_reranker", version="3", service="needletail-b", size0=size, size1=size, rows=1000)["batches"]
    busy = inside = 0
    for one in executions:
        start = int(one["startTimeUnixNano"]) / 1000
        part = min(end, start + one["durationNano"] / 1000) - max(begin, start)
        busy += max(0, part)
        inside += part > 0
    assert 100 * busy / (end - begin) > 10
    assert fact(page, "busy") == pytest.approx(100 * busy / (end - begin), abs=1)
    assert fact(page, "executions") == inside
    page.reload()
    settled(page)
    assert fact(page, "executions") == inside


def test_what_is_inferred_or_sampled_is_labelled(sample, page):
    """Lanes of a server that names no instances are labelled inferred; where requests may be hidden, busy shares are "at least", and nobody is called idle. A server that numbers its executions without a gap needs no such words."""
    sample.open(page, "/lanes")
    settled(page)
    expect(page.get_by_test_id("lanes-inferred")).to_be_visible()
    expect(page.get_by_test_id("lanes-sampled")).to_be_visible()
    answer = sample.ask("lanes")
    for name in page.get_by_test_id("lane-name").all():
        lane = answer["lanes"][int(name.get_attribute("data-lane"))]
        text = name.inner_text()
        assert ("(inferred)" in text) == lane["inferred"]
        assert ("≥" in text) == (not lane["complete"])
        if lane["service"] == "triton-a":
            assert lane["inferred"] and not lane["complete"]
        elif lane["model"] != "fuse":
            assert lane["complete"] and not lane["inferred"]
    page.goto(sample.url("/lanes", server=SERVER, model="tokenizer"))
    settled(page)
    expect(page.get_by_test_id("lanes-sampled")).to_have_count(0)
    expect(page.get_by_test_id("lanes-inferred")).to_have_count(0)


def test_from_an_execution_and_on_by_the_keyboard(sample, page):
    """From a span's "Lanes" the view is centred on its execution, with a mark; `.` and `,` go from block to block, Enter opens the batch, a click does so too."""
    batch = max((one for one in sample.truth["batches"] if one["service"] == "needletail-b"), key=lambda one: len(one["members"]))
    key = f"{batch['members'][0]['traceID']}-{batch['members'][0]['spanID']}"
    page.goto(f"{sample.query}/lanes?span={key}")
    settled(page)
    expect(page.get_by_test_id("lane-mark")).to_have_count(1)
    query = parse_qs(urlsplit(page.url).query)
    left, right = view(page)
    assert left < int(query["at"][0]) < right
    assert query["server"] == [SERVER]
    lanes = page.get_by_test_id("lanes")
    lanes.focus()
    page.keyboard.press(".")
    status = page.get_by_test_id("lane-status")
    expect(status).to_contain_text("bert_reranker")
    first = status.inner_text()
    page.keyboard.press(".")
    expect(status).not_to_have_text(first)
    page.keyboard.press(",")
    expect(status).to_have_text(first)
    page.keyboard.press("Enter")
    page.wait_for_url("**/batch/**")
    studio.ready(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Batch of")
    # With the pointer: the block at the mark.
    page.go_back()
    settled(page)
    area, tops = rows(page)
    left, right = view(page)
    at = int(parse_qs(urlsplit(page.url).query)["at"][0])
    place = next(index for index, one in enumerate(sample.ask("lanes", server=SERVER)["lanes"]) if one["name"].startswith(f"{batch['model']}_{batch['version']}_"))
    page.mouse.click(area["x"] + area["width"] * (at - left) / (right - left) + 4, tops[place] + 12)
    page.wait_for_url("**/batch/**")
    studio.ready(page)
    found = {link.get_attribute("data-trace-id") for link in page.get_by_test_id("member-link").all()}
    assert found == {member["traceID"] for member in batch["members"]}


def test_pins_folds_and_colours_are_in_the_address(sample, page):
    """A pinned group stands first, a folded one is one row; both and the colour survive in the address, and Back undoes them."""
    sample.open(page, "/lanes")
    settled(page)
    groups = page.get_by_test_id("lane-group")
    before = groups.count()
    lanes = page.get_by_test_id("lane-name").count()
    assert "image_tower" not in groups.first.inner_text()
    tower = groups.filter(has_text="image_tower").first
    tower.get_by_role("button", name=re.compile("Pin")).click()
    expect(groups.first).to_contain_text("image_tower")
    groups.first.get_by_role("button", name=re.compile("Fold")).click()
    expect(page.get_by_test_id("lane-name")).to_have_count(lanes - 1)
    page.get_by_test_id("lane-color").select_option("client")
    expect(page.locator(".lane-legend")).to_contain_text("web-shop")
    page.reload()
    settled(page)
    expect(groups).to_have_count(before)
    expect(groups.first).to_contain_text("image_tower")
    expect(page.get_by_test_id("lane-name")).to_have_count(lanes - 1)
    expect(page.get_by_test_id("lane-color")).to_have_value("client")
    page.go_back()
    settled(page)
    expect(page.get_by_test_id("lane-name")).to_have_count(lanes)


def test_cold_starts_are_bands(sample, page):
    """The first execution of the model that had to be loaded is a band, listed with a link to one of the requests that waited for it."""
    cold = set(sample.truth["coldTraces"])
    bands = sample.ask("lanes")["bands"]
    assert {band["model"] for band in bands if band["kind"] == "cold"} == {"image_tower"}
    assert all(band["traceID"] in cold for band in bands)
    sample.open(page, "/lanes")
    settled(page)
    page.locator(".lane-bands summary").click()
    link = page.locator(".lane-bands a").first
    expect(link).to_contain_text("cold start of image_tower")
    assert link.get_attribute("href").split("/trace/")[1].split("?")[0] in cold
    page.locator(".lane-bands button").first.click()
    settled(page)
    left, right = view(page)
    band = bands[0]
    assert left <= int(band["startTimeUnixNano"]) // 1000 <= right


def test_the_ruler_zooms_and_the_table_has_the_numbers(sample, page):
    """A drag on the ruler shows that part of time; the table twin has a row for each lane."""
    sample.open(page, "/lanes", z=f"{int(sample.truth['from']) // 1000}-{int(sample.truth['to']) // 1000}")
    settled(page)
    area = page.get_by_test_id("lanes").bounding_box()
    begin, end = view(page)
    page.mouse.move(area["x"] + area["width"] * 0.25, area["y"] + 8)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.75, area["y"] + 8, steps=5)
    page.mouse.up()
    page.wait_for_function("(before) => new URLSearchParams(location.search).get('z') !== before", arg=f"{begin}-{end}", timeout=studio.PATIENCE)
    settled(page)
    left, right = view(page)
    assert left == pytest.approx(begin + (end - begin) * 0.25, abs=(end - begin) * 0.01)
    assert right == pytest.approx(begin + (end - begin) * 0.75, abs=(end - begin) * 0.01)
    figure = page.get_by_test_id("lane-figure")
    figure.get_by_role("button", name="Table").click()
    expect(figure.locator("tbody tr")).to_have_count(len(sample.ask("lanes")["lanes"]))
