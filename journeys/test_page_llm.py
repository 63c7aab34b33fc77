"""Language models on the page: time to first token, time between tokens, and the share of requests that meets both targets."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import expect

from support import browser as chromium
from support import otlp, studio


@pytest.fixture(scope="module")
def answers(sample):
    """Time to first token, time between tokens, start (s, s, µs) and prompt of each request, from the stored spans' own attributes."""
    truth = sample.truth
    found = requests.get(
        f"{sample.query}/api/traces",
        {"service": "vllm", "operation": "llm_request", "start": int(truth["from"]) // 1000 - 1_000_000, "end": int(truth["to"]) // 1000 + 1_000_000, "limit": 1_500}, timeout=300,
    ).json()["data"]
    result = []
    for trace in found:
        for span in trace["spans"]:
            tags = {tag["key"]: tag["value"] for tag in span["tags"]}
            if "gen_ai.latency.time_to_first_token" not in tags:
                continue
            tokens = tags["gen_ai.usage.completion_tokens"]
            result.append({
                "trace": trace["traceID"], "ttft": tags["gen_ai.latency.time_to_first_token"], "itl": tags["gen_ai.latency.time_in_model_decode"] / (tokens - 1) if tokens > 1 else 0,
                "start": min(one["startTime"] for one in trace["spans"]), "prefill": tags["gen_ai.latency.time_in_model_prefill"],
            })
    assert 500 < len(result) < 1_500
    return result


def goodput(answers, ttft, itl):
    return sum(one["ttft"] <= ttft and one["itl"] <= itl for one in answers) / len(answers)


def shown(page):
    return float(page.get_by_test_id("goodput").get_attribute("data-share"))


def test_goodput_follows_the_targets(sample, answers, page):
    """Typing a target changes goodput at once to the share of requests whose own attributes meet both; the targets are in the address, and an unreadable one is refused with a word."""
    sample.open(page, "/llm")
    assert shown(page) == pytest.approx(goodput(answers, 0.5, 0.025), abs=1e-9)
    for ttft, itl in ((0.15, 0.025), (0.15, 0.0175), (4, 0.0175), (60, 60)):
        for name, value in (("ttft", ttft), ("itl", itl)):
            page.get_by_test_id(f"target-{name}").fill(f"{value * 1000:g}ms")
            page.keyboard.press("Enter")
        assert shown(page) == pytest.approx(goodput(answers, ttft, itl), abs=1e-9)
    assert parse_qs(urlsplit(page.url).query)["ttft"] == ["60s"]
    before = shown(page)
    page.get_by_test_id("target-ttft").fill("soon")
    page.keyboard.press("Enter")
    expect(page.locator(".targets [role=alert]")).to_contain_text("“soon” is not a duration")
    assert shown(page) == before
    sample.open(page, "/llm", ttft="150ms", itl="17.5ms")
    assert shown(page) == pytest.approx(goodput(answers, 0.15, 0.0175), abs=1e-9)


@pytest.mark.parametrize("line", ["line-ttft", "line-scatter-prompt", "line-itl"])
def test_a_target_is_dragged(sample, answers, page, line):
    """Dragging a target's line moves goodput while the pointer moves, to the right number for where the line is; the arrow keys do the same."""
    sample.open(page, "/llm")
    target = page.get_by_test_id(line)
    target.scroll_into_view_if_needed()
    box = target.locator(".target-hit").bounding_box()
    x, y = box["x"] + 150, box["y"] + box["height"] / 2
    before = shown(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in (20, 45):
        page.mouse.move(x, y + step if line != "line-itl" else y + step * 2)
        now = float(target.get_attribute("aria-valuenow")) / 1e9
        ttft, itl = (0.5, now) if line == "line-itl" else (now, 0.025)
        assert now < (0.025 if line == "line-itl" else 0.5)
        assert shown(page) == pytest.approx(goodput(answers, ttft, itl), abs=1e-9)
    page.mouse.up()
    assert shown(page) < before
    name = "itl" if line == "line-itl" else "ttft"
    assert name in parse_qs(urlsplit(page.url).query)
    target.focus()
    page.keyboard.press("PageUp")
    now = float(target.get_attribute("aria-valuenow")) / 1e9
    ttft, itl = (0.5, now) if line == "line-itl" else (now, 0.025)
    assert shown(page) == pytest.approx(goodput(answers, ttft, itl), abs=1e-9)


def test_figures_are_those_of_the_spans(sample, answers, page):
    """The tiles tell how many requests there were and the mean prefill of the spans' own attributes; the planted standstill of a stream is seen in the gaps between tokens."""
    sample.open(page, "/llm")
    tiles = page.locator(".tiles")
    expect(tiles.locator(".tile", has_text="requests").first.locator("b")).to_have_text(str(len(answers)))
    mean = sum(one["prefill"] for one in answers) / len(answers)
    text = tiles.locator(".tile", has_text="prefill, mean").locator("b").inner_text()
    assert float(re.sub(r"[^\d.]", "", text)) == pytest.approx(mean * 1000, rel=0.02)
    stall = sample.truth["stall"]
    column = stall["afterToken"] // 8
    positions = sample.ask("llm")["positions"]
    assert max(range(len(positions["columns"])), key=lambda index: positions["columns"][index]["p99"]) == column - (stall["afterToken"] % 8 == 0)
    figure = page.get_by_test_id("positions")
    figure.get_by_role("button", name="Table").click()
    expect(figure.locator("tbody tr")).to_have_count(len(positions["columns"]))


def test_a_box_leads_to_why(sample, answers, page):
    """A box on the heatmap of times to first token counts the requests inside, is in the address, and leads to the comparison of exactly those with the rest."""
    begin, end = int(sample.truth["from"]) // 1000, int(sample.truth["to"]) // 1000
    sample.open(page, "/llm", sel=f"ttft:{begin}-{end}_{1_000_000_000}-{60_000_000_000}")
    slow = [one for one in answers if one["ttft"] >= 1]
    assert 10 < len(slow) < len(answers) / 2
    expect(page.get_by_test_id("llm-chosen-count")).to_have_text(f"{len(slow)} requests")
    page.get_by_test_id("llm-why").click()
    page.wait_for_url("**/compare**")
    studio.ready(page)
    expect(page.locator("main")).to_contain_text(re.compile(r"queue", re.I), timeout=studio.PATIENCE)
    query = parse_qs(urlsplit(page.url).query)
    times = query["box"][0].split("_")[0].split("-")
    answer = sample.ask("tail", q=query["q"][0], sel=query["sel"][0], t0=times[0], t1=times[1])
    assert answer["selection"]["traces"] == len(slow)
    assert answer["selection"]["traces"] + answer["baseline"]["traces"] == len(answers)
    # Drawn with the pointer, the same part.
    sample.open(page, "/llm")
    heat = page.get_by_test_id("heat-ttft").get_by_test_id("heatmap")
    frame = heat.bounding_box()
    page.mouse.move(frame["x"] + 80, frame["y"] + 10)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] - 20, frame["y"] + 55, steps=5)
    page.mouse.up()
    expect(page.get_by_test_id("llm-chosen-count")).to_be_visible(timeout=studio.PATIENCE)
    sel = parse_qs(urlsplit(page.url).query)["sel"][0]
    t0, t1, d0, d1 = map(int, re.fullmatch(r"ttft:(\d+)-(\d+)_(\d+)-(\d+)", sel).groups())
    inside = sum(t0 <= one["start"] <= t1 and d0 <= round(one["ttft"] * 1e9) <= d1 for one in answers)
    expect(page.get_by_test_id("llm-chosen-count")).to_have_text(f"{inside} request{'' if inside == 1 else 's'}")


def test_attributes_alone_are_enough(start, browser):
    """Spans that only have attributes, as vLLM sends them, and those of OpenTelemetry's conventions fill the page; models are told apart."""
    program = start("traces")
    begin = time.time_ns() - 120_000_000_000
    spans = []
    for number in range(20):
        model = "big" if number % 4 == 0 else "small"
        spans.append({
            "trace": otlp.trace_id(), "id": otlp.span_id(), "name": "llm_request", "kind": 2, "start": begin + number * 1_000_000_000, "duration": 2_000_000_000,
            "attributes": {
                "gen_ai.response.model": model, "gen_ai.usage.prompt_tokens": 100 + number, "gen_ai.usage.completion_tokens": 51,
                "gen_ai.latency.time_to_first_token": 0.9 if model == "big" else 0.1, "gen_ai.latency.time_in_queue": 0.05, "gen_ai.latency.e2e": 1.9 if model == "big" else 1.1,
            },
        })
    answer = requests.post(program.otlp, otlp.request("vllm", spans).SerializeToString(), headers={"content-type": otlp.PROTOBUF}, timeout=30)
    assert answer.status_code == 200
    with chromium.watched_page(browser) as page:
        page.goto(f"{program.query}/llm")
        studio.ready(page)
        assert shown(page) == pytest.approx(0.75)
        expect(page.get_by_test_id("positions")).to_be_hidden()
        page.get_by_role("button", name="big", exact=True).click()
        expect(page.get_by_test_id("goodput")).to_have_attribute("data-share", "0", timeout=studio.PATIENCE)
        page.get_by_test_id("target-ttft").fill("1s")
        page.keyboard.press("Enter")
        assert shown(page) == 1
        assert "model=big" in page.url
