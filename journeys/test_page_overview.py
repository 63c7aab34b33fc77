"""The overview: an empty server says how to send data, one with data what is going on."""

import json
import os
import re
import subprocess
import sys
import time

import pytest
import requests
from playwright.sync_api import expect

from support import otlp
from support.browser import is_red, screenshot
from support.program import ROOT
from support.studio import PATIENCE, ready
from support.waiting import wait_until

MS = 1_000_000


def send(program, *spans, service="some service"):
    body = otlp.request(service, list(spans)).SerializeToString()
    assert requests.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=30).status_code == 200


def span(name="a request", ago=0, duration=20 * MS, **more):
    return {"trace": otlp.trace_id(), "id": otlp.span_id(), "name": name, "start": time.time_ns() - duration - ago, "duration": duration, "kind": 2, **more}


def block(page, title):
    """What the button of a block copies."""
    return page.locator(f'[data-testid="send-block"][data-title="{title}"] pre').inner_text()


def shell(script, **environment):
    """Runs what a reader pasted into a terminal."""
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"], **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def empty(start, page):
    """An empty server and its first page, which must not be loaded again."""
    program = start("up")
    page.goto(program.query)
    expect(page.get_by_test_id("welcome")).to_be_visible(timeout=PATIENCE)
    page.evaluate("window.isTheSamePage = true")
    return program


# An empty server


def test_an_empty_server_shows_its_own_addresses(empty, page):
    """Each block names the host and the ports on which this very server listens, and no other."""
    program = empty
    expect(page.get_by_test_id("waiting")).to_have_text("Waiting for the first span…")
    screenshot(page, "overview-empty")
    for title in ("curl", "Triton Inference Server", "PyTriton", "BentoML"):
        assert program.otlp in block(page, title), title
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={program.otlp.removesuffix('/v1/traces')}\n" in block(page, "Any program with OpenTelemetry")
    assert f"--otlp-traces-endpoint=http://{program.grpc}" in block(page, "vLLM")
    assert f"address: 127.0.0.1, port_value: {program.otlp_grpc_port}" in block(page, "Envoy")
    assert program.zipkin in block(page, "Zipkin")
    assert program.jaeger_http in block(page, "Jaeger")
    assert program.http in block(page, "Ask the built-in model")
    ports = {program.http_port, program.otlp_http_port, program.otlp_grpc_port, program.zipkin_port, program.jaeger_http_port, program.jaeger_compact_port}
    for one in page.get_by_test_id("send-block").all():
        text = one.locator("pre").inner_text()
        named = {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)|port_value: (\d+)|_PORT=(\d+)", text) for port in port if port}
        assert named and named <= ports, one.get_attribute("data-title")


def test_a_block_is_copied_by_a_button(empty, page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("send-block").filter(has=page.get_by_role("heading", name="curl", exact=True)).get_by_role("button", name="Copy").click()
    expect(page.locator("#toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == block(page, "curl")


def test_a_span_by_curl_turns_the_waiting_line_into_its_link(empty, page):
    """The command as it stands sends a span; within two seconds of it being stored the line is a link to its trace, on the same page."""
    page.evaluate("""() => new MutationObserver((_, observer) => {
      if (!document.querySelector('[data-testid="first-trace"]')) return;
      window.linkedAt = Date.now();
      observer.disconnect();
    }).observe(document.body, { childList: true, subtree: true })""")
    shell(block(page, "curl"))
    wait_until(lambda: requests.get(f"{empty.query}/api/ui/status", timeout=10).json()["store"]["spanCount"] == 1, what="the span stored")
    stored = time.time() * 1000
    link = page.get_by_test_id("first-trace")
    expect(link).to_contain_text("first span", timeout=PATIENCE)
    assert page.evaluate("window.linkedAt") - stored < 2000
    assert page.evaluate("window.isTheSamePage")
    screenshot(page, "overview-first")
    link.click()
    expect(page.get_by_test_id("trace-page")).to_have_attribute("data-spans", "1", timeout=PATIENCE)
    page.goto(empty.query)
    expect(page.get_by_test_id("trace-row")).to_have_count(1, timeout=PATIENCE)


def test_any_program_with_the_variables_arrives(empty, page, tmp_path):
    """A program that knows nothing but OpenTelemetry's variables, as the block exports them; over gRPC too, by the line that stands there as the other way."""
    program = tmp_path / "program.py"
    # What opentelemetry-instrument does before it starts a program.
    program.write_text("""
import sys
from opentelemetry import trace
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
_OTelSDKConfigurator().configure()
with trace.get_tracer("test").start_as_current_span(sys.argv[1]):
    pass
trace.get_tracer_provider().shutdown()
""")
    variables = block(page, "Any program with OpenTelemetry")
    shell(f"{variables}\n{sys.executable} {program} 'by the variables'")
    expect(page.get_by_test_id("first-trace")).to_contain_text("by the variables", timeout=PATIENCE)
    assert "# or over gRPC:\n# export " in variables
    shell(f"{variables.replace('# export', 'export')}\n{sys.executable} {program} 'over gRPC'")
    operations = f"{empty.query}/api/services/my-service/operations"
    wait_until(lambda: requests.get(operations, timeout=10).json()["data"] == ["by the variables", "over gRPC"], timeout=30, what="both spans")


def test_zipkin_and_jaeger_exporters_follow_their_variables(start, page, tmp_path):
    """Exporters that are given nothing in code send by what the blocks export; over UDP too, by the lines that stand there as the other way."""
    program = start("traces")
    page.goto(f"{program.query}/help")
    expect(page.get_by_test_id("send-block").first).to_be_visible(timeout=PATIENCE)
    zipkin, jaeger = block(page, "Zipkin"), block(page, "Jaeger")
    datagrams = re.sub(r"^# (?=export)", "", jaeger[jaeger.index("# or over UDP"):], flags=re.MULTILINE)
    sender = tmp_path / "sender.py"
    sender.write_text("""
import importlib, sys
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
module, name = sys.argv[1].rsplit(".", 1)
provider = TracerProvider(resource=Resource.create({"service.name": sys.argv[2]}))
provider.add_span_processor(SimpleSpanProcessor(getattr(importlib.import_module(f"opentelemetry.exporter.{module}"), name)()))
provider.get_tracer("test").start_span("by the variables").end()
provider.shutdown()
""")
    python = ROOT / ".venv-senders/bin/python"
    for service, commands, exporter in (
        ("over zipkin", zipkin, "zipkin.json.ZipkinExporter"), ("over zipkin in protobuf", zipkin, "zipkin.proto.http.ZipkinExporter"),
        ("over http", jaeger, "jaeger.thrift.JaegerExporter"), ("over udp", datagrams, "jaeger.thrift.JaegerExporter"),
    ):
        shell(f"{commands}\n{python} {sender} {exporter} '{service}'")
        wait_until(lambda: service in requests.get(f"{program.query}/api/services", timeout=10).json()["data"], timeout=30, what=service)


def test_the_built_in_model_answers_and_is_traced(empty, page):
    assert json.loads(shell(block(page, "Ask the built-in model")))["sleep"] == 0.05
    expect(page.get_by_test_id("first-trace")).to_contain_text("InferRequest", timeout=PATIENCE)


def test_an_old_trace_is_the_first_one_too(start, page):
    """What comes first may have happened long ago: the line becomes a link all the same, and the overview leads to its time."""
    program = start("traces")
    page.goto(program.query)
    expect(page.get_by_test_id("waiting")).to_be_visible(timeout=PATIENCE)
    send(program, span("long ago", ago=3 * 86_400_000 * MS))
    expect(page.get_by_test_id("first-trace")).to_contain_text("long ago", timeout=PATIENCE)
    page.get_by_role("link", name="To the overview").click()
    expect(page.get_by_test_id("nothing-now")).to_contain_text("No requests in the last hour", timeout=PATIENCE)
    page.get_by_role("button", name="Show the hour before").click()
    expect(page.get_by_test_id("trace-row")).to_contain_text("long ago", timeout=PATIENCE)


def test_a_new_server_with_two_requests_looks_as_if_nothing_were_wrong(start, page):
    """Two requests as long as each other: the heatmap reaches a bit below and above them, the time before them is not hatched but said to be before the first trace,
    in the picture, in its table and on the monitor; the rate is told by the hour. After ten steady ones and a silence there is a gap: that is one."""
    program = start("up")
    send(program, span(ago=400_000 * MS), span(ago=397_000 * MS))
    page.goto(f"{program.query}/?lookback=30m")
    ready(page)
    tiles = dict(page.locator(".tile").evaluate_all("(all) => all.map((one) => [one.children[1].textContent, one.children[0].textContent])"))
    assert tiles["requests"] == "2" and 3.8 <= float(tiles["an hour"]) <= 4, tiles
    labels = [text.replace("\u202f", " ") for text in page.locator(".heat-axes text").all_text_contents() if text.endswith("s")]
    assert labels and all(text.endswith(" ms") and 10 <= float(text.removesuffix(" ms")) <= 40 for text in labels), labels
    heatmap = page.get_by_test_id("heatmap")
    expect(heatmap.get_by_test_id("gap-band")).to_have_count(0)
    expect(heatmap.get_by_test_id("before-band")).to_have_text("before the first trace")
    expect(page.get_by_test_id("sampling")).not_to_contain_text("gap")
    page.get_by_test_id("latency").get_by_role("button", name="Table").click()
    cells = page.get_by_test_id("latency").locator("tbody tr td:nth-child(2)").all_text_contents()
    first = next(index for index, text in enumerate(cells) if text.isdigit())
    assert set(cells[:first]) == {"before the first trace"} and first > 60 and set(cells[first:]) <= {"0", "1", "2"}, cells
    page.goto(f"{program.query}/monitor?lookback=30m")
    ready(page)
    for chart in ("chart-rate", "chart-errors", "chart-duration"):
        expect(page.get_by_test_id(chart).get_by_test_id("gap-band")).to_have_count(0)
        expect(page.get_by_test_id(chart).get_by_test_id("before-band")).to_have_count(1)
    page.get_by_test_id("chart-rate").get_by_role("button", name="Table").click()
    cells = page.get_by_test_id("chart-rate").locator("tbody td.number").all_text_contents()
    assert cells[0] == "before the first trace" and "0\u202f/min" in cells, cells
    send(program, *(span(ago=(390_000 - second * 1000) * MS) for second in range(10)))
    page.reload()
    ready(page)
    expect(page.get_by_test_id("chart-rate").get_by_test_id("gap-band")).to_have_count(1)


def test_sample_data_by_one_button(start, page):
    """Sample traces fill the overview in place of the instructions."""
    program = start("traces")
    page.goto(program.query)
    page.get_by_test_id("load-sample").click()
    expect(page.get_by_test_id("heatmap")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("welcome")).to_have_count(0)
    assert requests.get(f"{program.query}/api/ui/status", timeout=30).json()["store"]["spanCount"] > 100_000


# With data


def test_models_that_wait_most_come_first(sample, page):
    """Models are ranked by the share of time in the queue, and link to their pages."""
    sample.open(page, "/")
    wanted = sorted(sample.ask("models")["models"], key=lambda model: -model["waitShare"])[:8]
    rows = page.get_by_test_id("models").locator("tbody tr")
    expect(rows).to_have_count(len(wanted), timeout=PATIENCE)
    names = [row.locator("a").inner_text() for row in rows.all()]
    assert [name.split()[0] for name in names] == [model["model"] for model in wanted]
    assert rows.first.locator("a").get_attribute("href").startswith(f"/models/{wanted[0]['model']}?")
    screenshot(page, "overview")


def test_the_newest_errors_and_requests(sample, page):
    """Groups of failures by when they were seen last, with the planted kinds of them; the newest requests are links."""
    sample.open(page, "/")
    groups = sorted(sample.ask("errors")["groups"], key=lambda group: -int(group["lastSeen"]))[:6]
    links = page.locator(".error-link")
    expect(links).to_have_count(len(groups), timeout=PATIENCE)
    assert [link.get_attribute("href").split("?")[0] for link in links.all()] == [f"/errors/{group['group']}" for group in groups]
    text = " ".join(links.all_inner_texts())
    for planted in ("queue timeout", "CUDA out of memory"):
        assert planted in text
    assert is_red(page.locator(".error-link .error-text").first)
    newest = [row["traceID"] for row in sample.ask("search", rows=12)["rows"]]
    assert page.get_by_test_id("trace-row").evaluate_all("(rows) => rows.map((row) => row.dataset.traceId)") == newest


def test_the_heatmap_shows_every_request_and_opens_a_box_of_them(sample, page):
    """Its table twin counts all requests; a box leads to the traces in it."""
    sample.open(page, "/")
    figure = page.get_by_test_id("latency")
    figure.get_by_role("button", name="Table").click()
    counts = [int(re.sub(r"\D", "", text)) for text in figure.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert sum(counts) == sample.ask("search", rows=1)["weighted"]
    figure.get_by_role("button", name="Picture").click()
    expect(page.get_by_test_id("heat-legend")).to_contain_text("≈")
    page.get_by_test_id("heatmap").focus()
    for key in ("ArrowLeft", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"/traces\?.*box="))
    ready(page)
    expect(page.get_by_test_id("box-chip")).to_be_visible()
    expect(page.get_by_test_id("trace-row").first).to_be_visible()


def test_the_live_strip_shows_what_finishes_now(start, page):
    """A request that finishes is a dot and a row a moment later, without loading again; what failed is red; the list stands still under the pointer."""
    program = start("traces")
    send(program, span("before"))
    page.goto(program.query)
    expect(page.get_by_test_id("trace-row")).to_have_count(1, timeout=PATIENCE)
    page.evaluate("window.isTheSamePage = true")
    # One was sent a moment before; nobody looked then.
    expect(page.get_by_test_id("live-rate")).to_have_text("no request since this page was opened", timeout=PATIENCE)
    good, bad = span("good one"), span("bad one", error="broke")
    send(program, good, bad)
    dot = lambda one: page.locator(f'[data-testid="live-dot"][data-trace-id="{one["trace"]}"]')
    expect(dot(good)).to_be_attached(timeout=PATIENCE)
    expect(dot(bad)).to_be_attached(timeout=PATIENCE)
    assert is_red(dot(bad).locator("rect"), "fill") and not is_red(dot(good).locator("circle"), "fill")
    expect(page.get_by_test_id("live-rate")).to_contain_text("1 failed")
    rows = page.get_by_test_id("trace-row")
    expect(rows).to_have_count(3)
    expect(rows.first).to_have_attribute("data-trace-id", re.compile(f"{good['trace']}|{bad['trace']}"))
    screenshot(page, "overview-live")
    rows.last.hover()
    late = span("late one")
    send(program, late)
    expect(dot(late)).to_be_attached(timeout=PATIENCE)
    expect(rows).to_have_count(3)
    page.mouse.move(5, 5)
    expect(rows).to_have_count(4)
    strip = page.get_by_test_id("live-strip")
    strip.get_by_role("button", name="Table").click()
    expect(strip.locator("tbody tr")).to_have_count(3)
    assert page.evaluate("window.isTheSamePage")
