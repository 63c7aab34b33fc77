"""The link between a program and the collector is cut for a minute, while the program lives on: every chart shows that nothing is known, not that nothing was."""

import re
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from playwright.sync_api import expect

from support.link import Link
from support.studio import PATIENCE, ready

# Seconds that the link is up before and after, and is cut.
UP, CUT = 45, 60
# Requests a second.
RATE = 20


def work(tracer, seconds):
    """Requests at a steady rate, whether they can be told of or not."""
    begun = time.monotonic()
    for number in range(seconds * RATE):
        time.sleep(max(0, begun + number / RATE - time.monotonic()))
        with tracer.start_as_current_span("GET /steady"):
            pass


def test_a_link_cut_for_a_minute_is_a_gap(start, page):
    """OpenTelemetry's own SDK sends through a link that is cut for a minute; what it cannot send it drops. Heatmap, monitor and data health have one band of about that minute, no zeros in charts or tables, and what is sent afterwards is there."""
    program = start("traces")
    with Link(program.otlp_http_port) as link:
        # An exporter that tries again for seconds, not for minutes, as when a collector is gone for long: what it holds is lost.
        exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{link.port}/v1/traces", timeout=2)
        provider = TracerProvider(resource=Resource({"service.name": "steady"}))
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000, max_queue_size=64, max_export_batch_size=64))
        tracer = provider.get_tracer("soak")
        begin = time.time_ns()
        work(tracer, UP)
        link.cut()
        cut = time.time_ns()
        work(tracer, CUT)
        link.mend()
        mended = time.time_ns()
        work(tracer, UP)
        end = time.time_ns()
        provider.shutdown()
    window = f"from={begin // 1000}&to={end // 1000}"
    gaps = page.request.get(f"{program.query}/api/ui/heatmap?from={begin}&to={end}").json()["gaps"]
    gaps = [gap for gap in gaps if gap["kind"] == "silent"]
    assert len(gaps) == 1, gaps
    # It begins when the last was sent, up to a second and what is under way before; what the program still held when the link came back is there.
    assert -3e9 < int(gaps[0]["from"]) - cut < 1e9 and -10e9 < int(gaps[0]["to"]) - mended < 5e9, (gaps, cut, mended)

    page.goto(f"{program.query}/traces?{window}")
    ready(page)
    expect(page.get_by_test_id("heatmap").get_by_test_id("gap-band")).to_have_count(1, timeout=PATIENCE)
    page.goto(f"{program.query}/monitor?{window}&service=steady")
    ready(page)
    for name in ("chart-rate", "chart-errors", "chart-duration"):
        expect(page.get_by_test_id(name).get_by_test_id("gap-band")).to_have_count(1, timeout=PATIENCE)
    rate = page.get_by_test_id("chart-rate")
    assert rate.locator(".red-line").get_attribute("d").count("M") == 2
    rate.get_by_role("button", name="Table").click()
    cells = rate.locator("tbody td.number").all_text_contents()
    assert "0\u202f/s" not in cells and cells.count("no data") >= 5, cells
    expect(page.get_by_test_id("sampling")).to_contain_text("1 gap")
    page.goto(f"{program.query}/health/data?{window}")
    ready(page)
    assert len(re.findall("no data at all from", page.get_by_test_id("missing").text_content())) == 1
