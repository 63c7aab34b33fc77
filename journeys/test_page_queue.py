"""What a request waited for: a free instance, or its batch. Told on the trace where every execution is known, and left whole where not."""

import re
import time

import pytest
import requests
from playwright.sync_api import expect

from support import otlp
from support.studio import PATIENCE
from support.tracepage import MS, colours, copied, open_trace, row, send, strip

# Of the made-up platform: all executions of this server are numbered and kept.
SERVICE, MODEL, VERSION = "needletail-b", "bert_reranker", "3"


def request_of(batch, start, queue, length, instance):
    """A request that waits, then executes: its server's spans. Times in ms from `start`."""
    trace, ids = otlp.trace_id(), [otlp.span_id() for _ in range(3)]
    begin, wait = start - queue * MS, queue * MS
    compute = [(0, "COMPUTE_START", {}), (1 * MS, "COMPUTE_INPUT_END", {}), ((length - 1) * MS, "COMPUTE_OUTPUT_START", {}), (length * MS, "COMPUTE_END", {})]
    return [
        {"trace": trace, "id": ids[0], "name": "InferRequest", "kind": 2, "start": begin, "duration": wait + (length + 1) * MS},
        {"trace": trace, "id": ids[1], "parent": ids[0], "name": "m", "start": begin, "duration": wait + length * MS, "attributes": {"triton.model_name": "m", "triton.model_version": 1}, "events": [(0, "QUEUE_START", {})]},
        {"trace": trace, "id": ids[2], "parent": ids[1], "name": "compute", "start": start, "duration": length * MS, "attributes": {"batch.id": batch, "batch.requests": 1, "instance": instance}, "events": compute},
    ]


def send_busy(program, service, batches=(1, 2, 3)):
    """Two instances execute until 60 and 100 ms; a request that came at 20 ms starts at 65: it waited 40 ms for an instance, then 5 ms for more requests. Returns its trace."""
    start = time.time_ns() - 60_000 * MS
    first, second = request_of(batches[0], start, 0, 100, "m_0_0"), request_of(batches[1], start, 0, 60, "m_0_1")
    for spans in (first, second):
        send(program, spans, service)
    return send(program, request_of(batches[2], start + 65 * MS, 45, 30, "m_0_1"), service)


def ask(query, path):
    answer = requests.get(f"{query}/api/ui/trace/{path}", timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_wait_is_told_apart(traces_program, page):
    """Two instances are busy, then one is free and the batch is waited for: both times stand in the strip, in the bar, in its words, in the panel, in the tooltip's place and in what is copied; together they are the queue, and all stages the trace."""
    trace = send_busy(traces_program, "busy server")
    open_trace(page, traces_program, trace, 3)
    parts = strip(page)
    assert (parts["instance"], parts["batch"]) == (40 * MS, 5 * MS) and "queue" not in parts
    assert sum(parts.values()) == 76 * MS == int(page.get_by_test_id("stage-strip").get_attribute("data-total-ns"))
    assert int(page.get_by_test_id("strip-whole").get_attribute("data-ns")) == 45 * MS
    segments = dict(page.get_by_test_id("strip-segment").evaluate_all("(all) => all.map((one) => [one.dataset.stage, one.getBoundingClientRect().width])"))
    assert abs(segments["instance"] / segments["batch"] - 8) < 0.5
    model = row(page, "m")
    expect(model).to_have_attribute("aria-label", re.compile("40\u202fms no free instance, 5\u202fms batch wait"))
    # The bar has both colours; in the strip's focus all of the queue glows.
    box = model.bounding_box()
    canvas = page.locator("canvas.bars").bounding_box()
    seen = colours(page, (0, box["y"] - canvas["y"], canvas["width"], box["y"] - canvas["y"] + box["height"]))
    for token in ("--stage-queue", "--stage-batch"):
        value = page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('{token}').trim()")
        assert seen.get(tuple(int(value[at:at + 2], 16) for at in (1, 3, 5)), 0) > 10, token
    model.click()
    panel = dict(page.locator(".panel-stage").evaluate_all("(all) => all.map((one) => [one.dataset.stage, Number(one.dataset.ns)])"))
    assert (panel["queue"], panel["instance"], panel["batch"]) == (45 * MS, 40 * MS, 5 * MS)
    page.get_by_test_id("strip-whole").click()
    expect(model).to_have_attribute("aria-selected", "true")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("copy-trace").click()
    page.locator('[data-testid="copy-trace"] [data-copy="markdown"]').click()
    assert "| no free instance | 40\u202fms |" in copied(page) and "| batch wait | 5\u202fms |" in copied(page)


def test_it_comes_without_a_jump(traces_program, page):
    """The trace stands before the wait is known; when it is, nothing moves but what is said of the queue."""
    trace = send_busy(traces_program, "slow answer")
    held = []
    page.route("**/queue*", lambda route: held.append(route))
    open_trace(page, traces_program, trace, 3)
    expect(page.get_by_test_id("stage-strip")).to_have_attribute("data-queue-split", "asked")
    place = lambda: page.evaluate("[...document.querySelectorAll('.minimap-box, .tree, .strip-bar')].map((one) => [one.getBoundingClientRect().top, one.getBoundingClientRect().height])")
    assert "45\u202fms no free" not in page.get_by_test_id("stage-strip").inner_text()
    before = place()
    page.wait_for_function("() => performance.getEntriesByName('trace-painted').length > 0")
    assert len(held) == 1
    held[0].continue_()
    assert strip(page)["instance"] == 40 * MS
    assert place() == before


@pytest.mark.parametrize("batches, reason", [((1, 3, 4), "not every execution"), ((None, None, None), "does not number")])
def test_what_is_not_known_stays_one(traces_program, page, batches, reason):
    """With an execution that is missing among the numbers, or without numbers, nothing is claimed: one queue, and the page says why."""
    service = f"server {reason}"
    if batches[0] is None:
        start = time.time_ns() - 60_000 * MS
        spans = request_of(1, start, 20, 30, "m_0_0")
        del spans[2]["attributes"]
        trace, wait = send(traces_program, spans, service), 20
    else:
        trace, wait = send_busy(traces_program, service, batches), 45
    open_trace(page, traces_program, trace, 3)
    parts = strip(page)
    assert parts["queue"] == wait * MS and not {"instance", "batch"} & set(parts)
    expect(page.get_by_test_id("queue-unsplit")).to_have_text("not split")
    expect(page.get_by_test_id("queue-unsplit")).to_have_attribute("title", re.compile(reason))
    row(page, "m").click()
    expect(page.get_by_test_id("panel-unsplit")).to_contain_text(reason)


def test_waits_of_the_sample_are_those_of_its_executions(sample, page):
    """An ensemble with branches side by side, on a server with one instance of the model: how long the instance was busy while a step waited follows from the list of all executions; the stages still add up to the trace's duration."""
    instances = next(one["instances"] for one in sample.truth["executions"] if (one["service"], one["model"], one["version"]) == (SERVICE, MODEL, VERSION))
    assert instances == 1
    busy = {}
    for server in ("gpu-07", "gpu-08"):
        name = f"{SERVICE}-{server}"
        busy[name] = [(int(one["startTimeUnixNano"]), int(one["startTimeUnixNano"]) + one["durationNano"]) for one in sample.ask("batches", model=MODEL, version=VERSION, service=SERVICE, server=name, rows=1000)["batches"]]
    looked = 0
    for found in sample.ask("search", q=f"model:rank_ensemble server:{SERVICE} -status:error", sort="start", rows=40)["rows"]:
        told, split = ask(sample.query, found["traceID"]), ask(sample.query, f"{found['traceID']}/queue")
        begin = int(told["startTimeUnixNano"])
        for wait in (stage for stage in told["stages"] if stage["stage"] == "queue"):
            span = ask(sample.query, f"{found['traceID']}/spans?rows={wait['row']}")["spans"][0]
            attributes = {item["key"]: str(item["value"]) for item in span["attributes"]}
            resource = {item["key"]: item["value"] for item in span["resource"]}
            server = f"{SERVICE}-{resource.get('host.name')}"
            if (attributes.get("triton.model_name"), attributes.get("triton.model_version")) != (MODEL, VERSION) or server not in busy:
                continue
            start, end = begin + wait["start"], begin + wait["start"] + wait["duration"]
            expected = sum(max(0, min(end, to) - max(start, since)) for since, to in busy[server])
            pieces = [piece for piece in split["pieces"] if piece["row"] == wait["row"]]
            assert sum(piece["duration"] for piece in pieces) == wait["duration"]
            assert sum(piece["duration"] for piece in pieces if piece["stage"] == "instance") == expected
            looked += expected > 0
        if looked:
            break
    assert looked, "no request of the sample waited for an instance"
    page.goto(f"{sample.query}/trace/{found['traceID']}?skew=raw")
    parts = strip(page)
    assert sum(parts.values()) == told["durationNano"]
    queue = next(part["duration"] for part in told["strip"] if part["stage"] == "queue")
    assert sum(parts.get(name, 0) for name in ("queue", "instance", "batch")) == queue
    assert parts.get("instance", 0) == split["noInstanceNano"]
