"""Batches on the page: who shared an execution, how full executions are, and what another queue delay would have done."""

import random
import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import browser as chromium
from support import otlp, studio

MODEL, VERSION, SERVICE = "bert_reranker", "3", "needletail-b"


def members(page):
    """The traces and compute spans of the members that are listed."""
    return [(link.get_attribute("data-trace-id"), link.get_attribute("data-span-id")) for link in page.get_by_test_id("member-link").all()]


def planted(sample, service):
    """One execution of a server, the one with the most members."""
    return max((batch for batch in sample.truth["batches"] if batch["service"] == service), key=lambda batch: len(batch["members"]))


def totals(sample, service=SERVICE, model=MODEL, version=VERSION):
    """What the generator knows of all executions of a model."""
    return next(sum for sum in sample.truth["executions"] if (sum["service"], sum["model"], sum["version"]) == (service, model, version))


@pytest.mark.parametrize("service", ["needletail-b", "triton-a"])
def test_a_compute_span_leads_to_exactly_the_requests_of_its_execution(sample, page, service):
    """From a compute span of a trace, "Batch" lists the requests that ran in the same execution, all of them and no other, by arrival; a member leads to its trace at its compute span."""
    truth = planted(sample, service)
    expected = [(member["traceID"], member["spanID"]) for member in truth["members"]]
    trace, span = random.Random(1).choice(expected)
    page.goto(f"{sample.query}/trace/{trace}?span={span}")
    page.get_by_test_id("batch-of-span").click(timeout=studio.PATIENCE)
    page.wait_for_url("**/batch/**")
    studio.ready(page)
    assert sorted(members(page)) == sorted(expected)
    assert [mark.get_attribute("data-trace-id") for mark in page.get_by_test_id("batch-member").all()] == [trace for trace, _ in members(page)], "the picture has the same rows"
    arrivals = [int(one["queueStartUnixNano"]) for one in requests.get(f"{sample.query}/api/ui/batch/{trace}-{span}", timeout=120).json()["batch"]["members"]]
    assert arrivals == sorted(arrivals)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Batch of {truth['model']}")
    # Real Triton does not say how many requests a batch had; ours does.
    expect(page.get_by_test_id("batch-seen")).to_have_text(f"{len(expected)}" if service == "needletail-b" else f"{len(expected)} seen")
    other = next(member for member in expected if member[0] != trace)
    page.locator(f'[data-testid="member-link"][data-trace-id="{other[0]}"]').click()
    page.wait_for_url(f"**/trace/{other[0]}?span={other[1]}")
    expect(page.get_by_test_id("panel-title")).to_have_text("compute", timeout=studio.PATIENCE)


def test_all_planted_executions_are_told_apart(sample):
    """Each execution that the generator names is found by each of its members, with the same members."""
    for batch in sample.truth["batches"]:
        expected = [(member["traceID"], member["spanID"]) for member in batch["members"]]
        for trace, span in (expected[0], expected[-1]):
            answer = requests.get(f"{sample.query}/api/ui/batch/{trace}-{span}", timeout=120).json()["batch"]
            # Members that came in the same nanosecond have no order.
            assert sorted((member["traceID"], member["spanID"]) for member in answer["members"]) == sorted(expected)


def test_the_picture_of_a_batch_is_to_scale(sample, page):
    """The hatched bar of a member begins at its arrival and ends where the common execution begins; the dashed line is the last arrival; the parts of the execution are as long as input, inference and output."""
    truth = planted(sample, "needletail-b")
    first = truth["members"][0]
    key = f"{first['traceID']}-{first['spanID']}"
    sample.open(page, f"/batch/{key}")
    batch = requests.get(f"{sample.query}/api/ui/batch/{key}", timeout=120).json()["batch"]
    expect(page.get_by_test_id("execution").first).to_be_visible()
    parts = [float(part.get_attribute("width")) for part in page.get_by_test_id("execution").all()]
    times = [batch["inputEndNano"], batch["outputStartNano"] - batch["inputEndNano"], batch["durationNano"] - batch["outputStartNano"]]
    scale = sum(parts) / batch["durationNano"]
    assert parts == pytest.approx([time * scale for time in times], abs=1)
    begin = float(page.get_by_test_id("execution").first.get_attribute("x"))
    for row, member in zip(page.get_by_test_id("batch-member").all(), batch["members"], strict=True):
        bars = row.locator(".stage-fill").all()
        left = min(float(bar.get_attribute("x")) for bar in bars)
        right = max(float(bar.get_attribute("x")) + float(bar.get_attribute("width")) for bar in bars)
        assert right == pytest.approx(begin, abs=1.5)
        assert begin - left == pytest.approx(member["queueNano"] * scale, abs=1.5)
    last = begin - min(member["queueNano"] for member in batch["members"]) * scale
    assert float(page.get_by_test_id("last-arrival").get_attribute("x1")) == pytest.approx(last, abs=1)
    # The same as a table, by the keyboard.
    figure = page.get_by_test_id("batch-picture")
    figure.focus()
    page.keyboard.press("t")
    expect(figure.locator("tbody tr")).to_have_count(len(batch["members"]))


def test_fill_is_what_the_generator_made(sample, page):
    """Mean fill and the number of executions of a server that numbers its batches are exact, whatever sampling says of its callers."""
    truth = totals(sample)
    sample.open(page, "/batches", model=MODEL)
    row = page.get_by_test_id("batch-models").locator("tbody tr").filter(has_text=f"{MODEL} v{VERSION}").filter(has_text=SERVICE)
    cells = [cell.strip() for cell in row.locator("td").all_inner_texts()]
    assert cells[2].replace("\u202f", "") == str(truth["count"])
    assert cells[3] == f"{truth['members'] / truth['count']:.2f}"
    # What Triton does not tell is not claimed.
    triton = page.get_by_test_id("batch-models").locator("tbody tr").filter(has_text="triton-a").first
    assert triton.locator("td").nth(3).inner_text().startswith("≥")
    expect(page.get_by_test_id("padding").first).to_contain_text("inference.tokens")


def test_a_box_lists_its_executions(sample, page):
    """A box on size × delay lists exactly the executions inside, is in the address, survives a reload, and is cleared by Escape; the same by the keyboard."""
    sample.open(page, "/batches", model=MODEL, version=VERSION, server=f"{SERVICE}-gpu-07")
    everything = sample.ask("batches", model=MODEL, version=VERSION, service=SERVICE, rows=1000)
    older = sample.ask("batches", model=MODEL, version=VERSION, service=SERVICE, rows=1000, size0=2)["batches"]
    chart = page.get_by_test_id("size-delay")
    picture = chart.locator("svg")
    cell = picture.locator(".heat-cell")
    boxes = [one.bounding_box() for one in cell.all()]
    right = max(boxes, key=lambda one: (one["x"], -one["y"]))
    # From the topmost cell of the largest size, one column to the left, down to the axis.
    frame = picture.bounding_box()
    page.mouse.move(right["x"] + right["width"] / 2, right["y"] + 3)
    page.mouse.down()
    page.mouse.move(right["x"] - right["width"] / 2, frame["y"] + frame["height"] - 40, steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("batch-count")).to_contain_text("15 to 16 requests", timeout=studio.PATIENCE)
    expected = [batch for batch in older if 15 <= batch["requests"] <= 16]
    assert 0 < len(expected) < everything["count"]
    expect(page.get_by_test_id("batch-count")).to_have_attribute("data-count", str(len(expected)))
    assert page.get_by_test_id("batch-link").count() == min(200, len(expected))
    keys = {link.get_attribute("href").split("/batch/")[1].split("?")[0] for link in page.get_by_test_id("batch-link").all()}
    assert keys <= {batch["key"] for batch in expected}
    assert "sel=15-16_" in page.url
    page.reload()
    studio.ready(page)
    expect(page.get_by_test_id("batch-count")).to_have_attribute("data-count", str(len(expected)))
    expect(page.get_by_test_id("size-delay-box")).to_be_visible()
    page.get_by_test_id("size-delay").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("batch-count")).to_have_attribute("data-count", str(everything["count"]), timeout=studio.PATIENCE)
    assert "sel=" not in page.url
    # The busiest cell by the keyboard, and one to its right.
    page.get_by_test_id("size-delay").focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_test_id("batch-count")).to_contain_text("1 to 2 requests", timeout=studio.PATIENCE)
    assert "sel=1-2_" in page.url


def test_another_queue_delay_is_estimated(sample, page):
    """The slider runs the recorded arrivals again with another delay. With the generator's own 5 ms the estimate comes near what was recorded; a longer delay makes fewer, fuller batches; it is labelled an estimate and in the address."""
    truth = totals(sample)
    sample.open(page, "/batches", model=MODEL, version=VERSION, server=f"{SERVICE}-gpu-07", delay="5ms")
    figure, words = page.get_by_test_id("what-if-figure"), page.get_by_test_id("what-if")
    expect(figure.locator(".chip")).to_have_text("estimate")

    def fact(name):
        return float(words.locator(f'[data-fact="{name}"]').get_attribute("data-value"))

    assert fact("delay") == 5_000_000
    assert fact("fill") == pytest.approx(truth["members"] / truth["count"], rel=0.03)
    assert fact("executions") == pytest.approx(truth["count"], rel=0.03)
    before, wait = fact("fill"), fact("wait")
    slider = page.get_by_test_id("delay")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert fact("delay") == 20_000_000
    assert fact("fill") > before
    assert fact("wait") > wait
    page.wait_for_url("**delay=20ms**")
    page.reload()
    studio.ready(page)
    assert fact("delay") == 20_000_000
    # Any delay, and the same numbers each time.
    answers = [sample.ask("batches", model=MODEL, version=VERSION, service=SERVICE, rows=0, estimate="true", delay="6ms")["models"][0]["estimates"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert 6_000_000 in [one["delayNano"] for one in answers[0]]


def request_of(trace, batch, start, queue, requests_in_batch=None, tokens=None):
    """A request to a model as a server's spans: waits, then executes 20 ms."""
    ids = [otlp.span_id() for _ in range(3)]
    attributes = {"batch.id": batch, "batch.requests": requests_in_batch} if requests_in_batch else {}
    if tokens:
        attributes["inference.tokens"] = tokens
    compute = [(0, "COMPUTE_START", {}), (1_000_000, "COMPUTE_INPUT_END", {}), (19_000_000, "COMPUTE_OUTPUT_START", {}), (20_000_000, "COMPUTE_END", {})]
    return [
        {"trace": trace, "id": ids[0], "name": "InferRequest", "kind": 2, "start": start - queue, "duration": queue + 21_000_000},
        {"trace": trace, "id": ids[1], "parent": ids[0], "name": "m", "start": start - queue, "duration": queue + 20_500_000, "attributes": {"triton.model_name": "m", "triton.model_version": 1}, "events": [(0, "QUEUE_START", {})]},
        {"trace": trace, "id": ids[2], "parent": ids[1], "name": "compute", "start": start, "duration": 20_000_000, "attributes": attributes, "events": compute},
    ], ids[2]


def test_hidden_members_and_padding(start, browser):
    """Of a batch of three of which two requests were sampled the page says "2 seen of 3" and claims no more; lengths of requests give the padding waste of whole batches."""
    program = start("traces")
    now = time.time_ns() - 60_000_000_000
    spans, key = [], None
    for number, queue in enumerate((8_000_000, 2_000_000)):
        trace = otlp.trace_id()
        own, compute = request_of(trace, 1, now, queue, requests_in_batch=3)
        spans += own
        key = f"{trace}-{compute}"
    for tokens in (100, 50):
        own, _ = request_of(otlp.trace_id(), 2, now + 100_000_000, 1_000_000, requests_in_batch=2, tokens=tokens)
        spans += own
    answer = requests.post(program.otlp, otlp.request("triton", spans).SerializeToString(), headers={"content-type": otlp.PROTOBUF}, timeout=30)
    assert answer.status_code == 200
    with chromium.watched_page(browser) as page:
        page.goto(f"{program.query}/batch/{key}")
        studio.ready(page)
        expect(page.get_by_test_id("batch-seen")).to_have_text("2 seen of 3")
        expect(page.get_by_test_id("batch-evidence")).to_contain_text("1 request of it is not here")
        assert page.get_by_test_id("member-link").count() == 2
        page.goto(f"{program.query}/batches?model=m")
        studio.ready(page)
        # Two requests of 100 and 50 tokens: a quarter is padding.
        expect(page.get_by_test_id("padding")).to_contain_text(re.compile(r"Padding waste 25\s%"))


def test_nothing_there(start, browser):
    """A server without executions says what batches are told by; a batch that is not there says so."""
    program = start("traces")
    with chromium.watched_page(browser) as page:
        for path in ("/batches", "/lanes", "/llm"):
            page.goto(f"{program.query}{path}")
            studio.ready(page)
            expect(page.get_by_test_id("nothing")).to_be_visible()
