"""The example: two services of our own, traced into the real back end, seen as their reader sees them."""

import os
import re
import signal
import subprocess

import pytest
import requests

from support import traces
from support.program import ROOT, binary, free_ports
from support.waiting import wait_until

BUILD_DIR = os.path.dirname(binary()) if os.environ.get("NEEDLETAIL_BINARY") else str(ROOT / ".build/debug")


class Service:
    """One of the example's services on a port of the system's choice."""

    def __init__(self, name, folder, **environment):
        self.name = name
        self.log_path = folder / f"{name}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [f"{BUILD_DIR}/example-{name}"], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, **environment},
            )
        wait_until(lambda: self.port is not None, what=f"{name} ready")

    @property
    def port(self):
        assert self.process.poll() is None, f"{self.name} ended before it was ready:\n{self.log}"
        found = re.search(r"Listening on http://127\.0\.0\.1:(\d+)", self.log)
        return int(found.group(1)) if found else None

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self, number):
        self.process.send_signal(number)
        assert self.process.wait(timeout=30) == 0, self.log


@pytest.fixture
def services(traces_program, tmp_path):
    """Starts storefront and inventory. Spans wait a minute for company: what arrives before was flushed."""
    started = []

    def start(delay):
        common = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{traces_program.otlp_http_port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_BSP_SCHEDULE_DELAY": str(delay),
        }
        inventory = Service("inventory", tmp_path, INVENTORY_PORT="0", **common)
        started.append(inventory)
        storefront = Service("storefront", tmp_path, STOREFRONT_PORT="0", INVENTORY_URL=f"http://127.0.0.1:{inventory.port}", **common)
        started.append(storefront)
        return storefront, inventory

    yield start
    for service in started:
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait()


def checkout(storefront, item):
    return requests.get(f"http://127.0.0.1:{storefront.port}/checkout/{item}", timeout=30)


def whole_trace(program, trace_id, count):
    return traces.wait_for(program.query, trace_id, count)


def test_a_sale_is_one_trace_of_both_services(services, traces_program):
    storefront, inventory = services(100)
    answer = checkout(storefront, "lamp")
    assert (answer.status_code, answer.text) == (200, "sold a lamp, 12 on the shelf\n")
    trace = whole_trace(traces_program, answer.headers["x-trace-id"], 5)
    assert trace.names == ["GET", "GET /checkout/{item}", "GET /stock/{item}", "charge the card", "count the shelf"]
    chain = trace.chain("GET /checkout/{item}", "GET", "GET /stock/{item}", "count the shelf")
    assert [span.service for span in chain] == ["storefront", "storefront", "inventory", "inventory"]
    assert trace.chain("GET /checkout/{item}", "charge the card")
    assert trace.is_linked and not any(span.failed for span in trace.spans)
    server, client, _, shelf = chain
    assert server.tags["http.route"] == "/checkout/{item}" and server.tags["url.path"] == "/checkout/lamp"
    assert server.tags["client.address"] == "127.0.0.1" and server.tags["http.response.status_code"] == 200
    assert client.tags["url.full"] == f"http://127.0.0.1:{inventory.port}/stock/lamp"
    assert shelf.tags["shop.item"] == "lamp" and shelf.tags["shop.count"] == 12


def test_a_failure_is_red_from_the_shelf_to_the_storefront(services, traces_program):
    storefront, _ = services(100)
    answer = checkout(storefront, "unicorn")
    assert answer.status_code == 502
    trace = whole_trace(traces_program, answer.headers["x-trace-id"], 4)
    chain = trace.chain("GET /checkout/{item}", "GET", "GET /stock/{item}", "count the shelf")
    assert all(span.failed for span in chain)
    shelf = chain[-1]
    assert "exception" in shelf.event_names
    assert any("collapsed" in str(fields) for _, _, fields in shelf.events)
    assert [span.tags.get("error.type") for span in chain[:2]] == ["502", "500"]


def test_log_lines_carry_the_trace_id(services, traces_program):
    storefront, inventory = services(100)
    trace_id = checkout(storefront, "book").headers["x-trace-id"]
    trace = whole_trace(traces_program, trace_id, 5)
    for service, text, span in ((storefront, "Checking out book", "GET /checkout/{item}"), (inventory, "Counting book", "GET /stock/{item}")):
        line = next(line for line in service.log.splitlines() if text in line)
        assert f"trace_id={trace_id}" in line and f"span_id={trace.named(span).id}" in line
    assert all("trace_id" not in line for line in storefront.log.splitlines() if "Listening" in line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_spans_of_the_last_second_leave_before_the_end(services, traces_program, number):
    storefront, inventory = services(60_000)
    trace_id = checkout(storefront, "lamp").headers["x-trace-id"]
    assert requests.get(f"{traces_program.query}/api/traces/{trace_id}", timeout=10).status_code == 404
    storefront.stop(number)
    inventory.stop(number)
    trace = whole_trace(traces_program, trace_id, 5)
    assert trace.is_linked and {span.service for span in trace.spans} == {"storefront", "inventory"}


def test_the_one_command(traces_program, tmp_path):
    ports = free_ports(2)
    done = subprocess.run(
        [str(ROOT / "scripts/example.sh"), "--once"], capture_output=True, text=True, timeout=120, cwd=tmp_path,
        env={
            **os.environ, "SKIP_BUILD": "1", "BUILD_DIR": BUILD_DIR, "QUERY_PORT": str(traces_program.query_port),
            "OTLP_PORT": str(traces_program.otlp_http_port), "STOREFRONT_PORT": str(ports[0]), "INVENTORY_PORT": str(ports[1]),
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    links = re.findall(re.escape(traces_program.query) + r"/trace/([0-9a-f]{32})", done.stdout)
    assert len(links) == 3
    assert [traces.get(traces_program.query, link).named("GET /checkout/{item}").failed for link in links] == [False, False, True]
    assert "[502]" in done.stdout and "trace_id=" in done.stdout
    for port in ports:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/", timeout=5)
