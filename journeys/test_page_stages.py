"""Where the time of one request went: its stages, whether that is normal, and what a stream of tokens did."""

import json
import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import otlp
from support.browser import screenshot
from support.program import ROOT
from support.studio import PATIENCE
from support.tracepage import MS, columns, drawn, open_trace, plain, row, rows, selected, send, strip, window
from support.waiting import wait_until

GOLDEN = ROOT.parent / "shared/golden"
captured = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the folder of captures is not here")


# MARK: Stages


def test_the_strip_adds_up_to_the_duration(sample, page):
    """Whatever was asked, also an ensemble with two branches side by side: the stages together are as long as the trace, to the nanosecond."""
    seen = set()
    for sort in ("duration", "queue", "spans", "start"):
        for found in sample.ask("search", sort=sort, rows=40)["rows"]:
            model = found.get("model")
            if model in seen or not model:
                continue
            seen.add(model)
            page.goto(f"{sample.query}/trace/{found['traceID']}")
            expect(page.get_by_test_id("stage-strip")).to_be_visible(timeout=PATIENCE)
            parts = strip(page)
            assert "unaccounted" in parts, "the rest is always told"
            assert abs(sum(parts.values()) - found["durationNano"]) <= 1000, (model, parts)
    assert len(seen) >= 3, seen
    # Two branches ran at the same time: their own times together are more than the clock shows.
    ensemble = next(found for found in sample.ask("search", q="model:rank_ensemble -status:error", sort="spans", rows=20)["rows"])
    told = columns(sample.query, ensemble["traceID"])
    assert sum(stage["duration"] for stage in told["stages"] if stage["stage"] in ("queue", "infer")) > sum(part["duration"] for part in told["strip"] if part["stage"] in ("queue", "infer"))


def test_what_no_event_tells_is_unaccounted(traces_program, page):
    """An execution whose events for the input and the output are missing: only what is known is coloured, the rest is named."""
    trace, ids, start = otlp.trace_id(), [otlp.span_id() for _ in range(3)], time.time_ns() - 5_000_000_000
    send(traces_program, [
        {"trace": trace, "id": ids[0], "name": "InferRequest", "start": start, "duration": 100 * MS, "kind": 2},
        {"trace": trace, "id": ids[1], "parent": ids[0], "name": "m", "start": start, "duration": 100 * MS, "attributes": {"triton.model_name": "m", "triton.model_version": "1"}, "events": [(10 * MS, "QUEUE_START", {})]},
        {"trace": trace, "id": ids[2], "parent": ids[1], "name": "compute", "start": start + 40 * MS, "duration": 50 * MS, "events": [(0, "COMPUTE_START", {})]},
    ])
    open_trace(page, traces_program, trace, 3)
    parts = strip(page)
    assert parts["queue"] == 30 * MS
    assert parts["unaccounted"] > 0 and sum(parts.values()) == 100 * MS


def test_time_in_other_services_is_told_as_theirs(traces_program, page):
    """Before the server another service worked for 30 ms, behind it the gateway for 10: these are named beside the time that no stage tells."""
    trace, ids, start = otlp.trace_id(), [otlp.span_id() for _ in range(4)], time.time_ns() - 5_000_000_000
    send(traces_program, [
        {"trace": trace, "id": ids[0], "name": "POST /ask", "start": start, "duration": 100 * MS, "kind": 2},
        {"trace": trace, "id": ids[1], "parent": ids[0], "name": "verify", "start": start, "duration": 30 * MS},
        {"trace": trace, "id": ids[2], "parent": ids[0], "name": "m", "start": start + 30 * MS, "duration": 60 * MS, "attributes": {"triton.model_name": "m"}, "events": [(0, "QUEUE_START", {})]},
        {"trace": trace, "id": ids[3], "parent": ids[2], "name": "compute", "start": start + 40 * MS, "duration": 45 * MS, "events": [(0, "COMPUTE_START", {}), (45 * MS, "COMPUTE_END", {})]},
    ])
    open_trace(page, traces_program, trace, 4)
    assert strip(page) == {"queue": 10 * MS, "infer": 45 * MS, "unaccounted": 45 * MS}
    expect(page.locator('[data-testid="strip-legend"][data-stage="unaccounted"]')).to_contain_text("other services 40 ms, overhead in the server 5 ms")


def test_nothing_unaccounted_is_told_too(traces_program, page):
    """An execution of which each moment is known: the rest is nothing, and stands there as nothing."""
    trace, start = otlp.trace_id(), time.time_ns() - 5_000_000_000
    send(traces_program, [{"trace": trace, "id": otlp.span_id(), "name": "compute", "start": start, "duration": 50 * MS, "events": [
        (0, "COMPUTE_START", {}), (10 * MS, "COMPUTE_INPUT_END", {}), (40 * MS, "COMPUTE_OUTPUT_START", {}), (50 * MS, "COMPUTE_END", {})]}])
    open_trace(page, traces_program, trace, 1)
    assert strip(page) == {"input": 10 * MS, "infer": 30 * MS, "output": 10 * MS, "unaccounted": 0}


@captured
def test_figures_are_those_of_tritons_own_summary(traces_program, page):
    """A file of Triton's native mode: queue, input, infer and output as Triton's own script adds them up, and as the page prints them."""
    body = (GOLDEN / "triton/triton_mode/both.json").read_bytes()
    told = requests.post(f"{traces_program.query}/api/ui/import", data=body, params={"lastModified": "1795225495123"}, timeout=60).json()
    stamps = {}
    for entry in json.loads(body):
        stamps.setdefault(entry["id"], {}).update({stamp["name"]: stamp["ns"] for stamp in entry.get("timestamps", [])})
    expected = []
    for times in stamps.values():
        if "COMPUTE_END" in times and "QUEUE_START" in times:
            expected.append((times["COMPUTE_START"] - times["QUEUE_START"], times["COMPUTE_INPUT_END"] - times["COMPUTE_START"],
                             times["COMPUTE_OUTPUT_START"] - times["COMPUTE_INPUT_END"], times["COMPUTE_END"] - times["COMPUTE_OUTPUT_START"]))
    found = []
    for trace in told["traces"]:
        open_trace(page, traces_program, trace)
        drawn(page)
        for index in range(rows(page).count()):
            page.keyboard.press("Home") if index == 0 else page.keyboard.press("ArrowDown")
            expect(selected(page)).to_have_attribute("data-row", str(index))
            if selected(page).get_attribute("data-name") != "compute":
                continue
            expect(page.get_by_test_id("panel-title")).to_have_text("compute")
            parts = {one.get_attribute("data-stage"): one for one in page.locator(".panel-stage").all()}
            queue = columns(traces_program.query, trace)["stages"]
            line = int(selected(page).get_attribute("data-row"))
            waited = [stage["duration"] for stage in queue if stage["stage"] == "queue" and stage["row"] < line]
            found.append((waited[-1], *(int(parts[stage].get_attribute("data-ns")) for stage in ("input", "infer", "output"))))
            for stage, nano in zip(("input", "infer", "output"), found[-1][1:]):
                shown = plain(parts[stage].locator("b").text_content())
                size = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}[shown.split()[1]]
                assert abs(float(shown.split()[0]) * size - nano) <= 0.006 * nano, (stage, shown, nano)
    assert sorted(found) == sorted(expected)


# MARK: Is this normal?


def test_a_span_stands_among_those_like_it(sample, page):
    """The slowest request of a model lies at the top of its distribution, told in a sentence and drawn with a mark."""
    found = sample.ask("search", q="model:llama* ", sort="duration", rows=1)["rows"][0]
    page.goto(f"{sample.query}/trace/{found['traceID']}")
    row(page, "llm_request").click()
    normal = page.locator('[data-testid="normal"][data-rank]')
    expect(normal).to_be_visible(timeout=PATIENCE)
    assert float(normal.get_attribute("data-rank")) > 0.98
    expect(normal).to_contain_text("slower than")
    expect(normal.locator("svg")).to_have_attribute("aria-label", re.compile("p50.*p99"))
    others = int(normal.get_attribute("data-others"))
    assert others == min(2_000, others) and others > 20
    table = page.get_by_test_id("panel-stages")
    expect(table).to_contain_text("Δ p50")
    expect(table.locator('[data-stage="decode"] td')).to_have_count(5)


# MARK: Language models


def test_a_stream_with_a_stall(sample, page):
    """First token, prefill and decode, and tokens a second as the attributes tell; the planted stall is marked where it is."""
    stall = sample.truth["stall"]
    told = columns(sample.query, stall["traceID"])
    facts = told["llm"][0]
    span = requests.get(f"{sample.query}/api/ui/trace/{stall['traceID']}/spans?rows={facts['row']}", timeout=60).json()["spans"][0]
    attributes = {item["key"]: item["value"] for item in span["attributes"]}
    held = []
    page.route("**/rank?*", lambda route: held.append(route))
    page.goto(f"{sample.query}/trace/{stall['traceID']}?span={span['spanID']}")
    card = page.get_by_test_id("llm-card")
    expect(card).to_be_visible(timeout=PATIENCE)

    def value(fact):
        return float(card.locator(f'[data-fact="{fact}"]').get_attribute("data-value"))

    seconds = 1_000_000_000
    assert abs(value("ttft") - attributes["gen_ai.latency.time_to_first_token"] * seconds) <= 1
    assert int(card.get_by_test_id("ttft-flag").get_attribute("data-ns")) == value("ttft")
    for stage, key in (("prefill", "prefill"), ("decode", "decode")):
        drawn = int(card.locator(f'.llm-legend [data-stage="{stage}"]').get_attribute("data-ns"))
        assert abs(drawn - attributes[f"gen_ai.latency.time_in_model_{key}"] * seconds) <= 1_000
    tokens = attributes["gen_ai.usage.completion_tokens"]
    assert value("tokensOut") == tokens
    assert abs(value("tokensPerSecond") - (tokens - 1) / attributes["gen_ai.latency.time_in_model_decode"]) < 0.01
    mark = card.get_by_test_id("stall")
    expect(mark).to_have_count(1)
    assert int(mark.get_attribute("data-after")) == stall["afterToken"]
    usual = (attributes["gen_ai.latency.time_in_model_decode"] * seconds - stall["durationNano"]) / (tokens - 1)
    assert abs(int(mark.get_attribute("data-ns")) - stall["durationNano"] - usual) < 2 * MS
    expect(card.get_by_test_id("stall-mark")).to_have_count(1)
    # A press that begins before the page knows how normal the span is ends on the same mark.
    mark.hover()
    page.mouse.down()
    wait_until(lambda: page.evaluate("1") and held, what="asking how normal it is")
    held[0].continue_()
    expect(page.get_by_test_id("normal")).to_be_visible(timeout=PATIENCE)
    page.mouse.up()
    begin, end = window(page)
    times = [event["timeNano"] for event in span["events"]]
    assert begin <= times[stall["afterToken"] - 1] < times[stall["afterToken"]] <= end
    assert end - begin < 3 * stall["durationNano"]
    screenshot(page, "stall")
