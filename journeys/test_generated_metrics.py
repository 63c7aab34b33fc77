"""Service graph and span metrics: read by prometheus_client, scraped by a real Prometheus, and pushed to another one."""

import shutil
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import cramjam
import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from support.program import binary, free_ports
from support.waiting import wait_until

LATENCY_BUCKETS = [0.002 * 2**k for k in range(14)] + [float("inf")]
GRAPH_BUCKETS = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, float("inf")]


def send(program, *spans):
    """Spans as (service, trace, id, parent, kind, name, seconds, failed, attributes)."""
    request = ExportTraceServiceRequest()
    now = time.time_ns()
    for service, trace, number, parent, kind, name, seconds, failed, attributes in spans:
        group = request.resource_spans.add()
        attribute = group.resource.attributes.add()
        attribute.key, attribute.value.string_value = "service.name", service
        span = group.scope_spans.add().spans.add()
        span.trace_id, span.span_id = trace.to_bytes(16, "big"), number.to_bytes(8, "big")
        if parent:
            span.parent_span_id = parent.to_bytes(8, "big")
        span.kind, span.name = kind, name
        span.start_time_unix_nano, span.end_time_unix_nano = now, now + int(seconds * 1e9)
        if failed:
            span.status.code = 2
        for key, value in attributes.items():
            attribute = span.attributes.add()
            attribute.key, attribute.value.string_value = key, value
    answer = requests.post(program.otlp, data=request.SerializeToString(), headers={"Content-Type": "application/x-protobuf"}, timeout=30)
    assert answer.status_code == 200, answer.text


SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


def shop_traffic(program, traces, first=1):
    """A shop: user -> front -> cart -> database, front -> mail by a queue; every fourth request to the cart fails."""
    for trace in range(first, first + traces):
        fails = trace % 4 == 0
        send(
            program,
            ("front", trace, 1, None, SERVER, "GET /buy", 0.3, False, {}),
            ("front", trace, 2, 1, CLIENT, "POST /cart", 0.25, fails, {}),
            ("cart", trace, 3, 2, SERVER, "POST /cart", 0.15, fails, {}),
            ("cart", trace, 4, 3, CLIENT, "SELECT", 0.01, False, {"db.system": "postgresql", "db.name": "orders"}),
            ("front", trace, 5, 1, PRODUCER, "mails publish", 0.001, False, {}),
            ("mail", trace, 6, 5, CONSUMER, "mails process", 0.05, False, {}),
        )


EDGES = {
    ("user", "front", "virtual_node"), ("front", "cart", ""), ("cart", "orders", "database"), ("front", "mail", "messaging_system"),
}


def samples(families):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample for family in families for sample in family.samples}


def value(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))].value


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """Starts real Prometheus servers; gives a function that asks one."""
    binary = shutil.which("prometheus")
    assert binary, "prometheus is not there. Install it with: apt-get install prometheus"
    processes = []

    def start(configuration):
        folder = tmp_path_factory.mktemp("prometheus")
        (port,) = free_ports(1)
        (folder / "prometheus.yml").write_text(configuration)
        with open(folder / "prometheus.log", "wb") as log:
            processes.append(subprocess.Popen(
                [binary, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage"],
                stdout=log, stderr=subprocess.STDOUT))
        return Prometheus(port)

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=30)


class Prometheus:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        wait_until(self.is_ready, what="Prometheus")

    def is_ready(self):
        try:
            return requests.get(f"{self.base}/-/ready", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def get(self, path, **parameters):
        return requests.get(f"{self.base}/api/v1/{path}", params=parameters, timeout=10).json()["data"]

    def query(self, expression):
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in self.get("query", query=expression)["result"]}


def ask_as_grafana_does(prometheus):
    """The service map's own queries."""
    def edges():
        found = prometheus.query("group by (client, connection_type, server)(traces_service_graph_request_total)")
        edges = {(dict(labels).get("client"), dict(labels).get("server"), dict(labels).get("connection_type", "")) for labels in found}
        return edges == EDGES

    wait_until(edges, what="the edges of the service map")

    def rates():
        rates = prometheus.query("sum by (client, server) (rate(traces_service_graph_request_total[1m]))")
        return len(rates) == 4 and all(rate > 0 for rate in rates.values())

    wait_until(rates, what="rates of requests")
    pair = (("client", "front"), ("server", "cart"))
    total = prometheus.query("sum by (client, server) (traces_service_graph_request_total)")[pair]
    failed = prometheus.query("sum by (client, server) (traces_service_graph_request_failed_total)")[pair]
    assert failed == total // 4
    p90 = prometheus.query(
        "histogram_quantile(.9, sum(rate(traces_service_graph_request_server_seconds_bucket[1m])) by (le, client, server))")
    assert 0.1 < p90[pair] <= 0.2
    table = prometheus.query('topk(5, sum(rate(traces_spanmetrics_calls_total{span_kind="SPAN_KIND_SERVER"}[1m])) by (span_name))')
    assert {dict(labels)["span_name"] for labels in table} == {"GET /buy", "POST /cart"}
    errors = prometheus.query('sum(traces_spanmetrics_calls_total{status_code="STATUS_CODE_ERROR"}) by (service)')
    assert errors == {(("service", "front"),): failed, (("service", "cart"),): failed}
    latency = prometheus.query('histogram_quantile(.9, sum(rate(traces_spanmetrics_latency_bucket{span_name="SELECT"}[1m])) by (le))')
    assert 0.008 < latency[()] <= 0.016


def test_names_labels_and_buckets(start):
    program = start("traces")
    shop_traffic(program, 8)
    text = requests.get(f"{program.admin}/metrics", timeout=10)
    assert text.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for parse, accept in ((parse_text, "text/plain"), (parse_openmetrics, "application/openmetrics-text; version=1.0.0")):
        answer = requests.get(f"{program.admin}/metrics", headers={"Accept": accept}, timeout=10)
        families = list(parse(answer.text))
        found = samples(families)
        for client, server, connection in EDGES:
            assert value(found, "traces_service_graph_request_total", client=client, server=server, connection_type=connection) == 8
        cart = {"client": "front", "server": "cart", "connection_type": ""}
        assert value(found, "traces_service_graph_request_failed_total", **cart) == 2
        assert value(found, "traces_service_graph_request_server_seconds_count", **cart) == 8
        assert value(found, "traces_service_graph_request_server_seconds_sum", **cart) == pytest.approx(8 * 0.15)
        assert value(found, "traces_service_graph_request_client_seconds_sum", **cart) == pytest.approx(8 * 0.25)
        assert buckets(families, "traces_service_graph_request_client_seconds") == GRAPH_BUCKETS
        calls = {"service": "cart", "span_name": "POST /cart", "span_kind": "SPAN_KIND_SERVER"}
        assert value(found, "traces_spanmetrics_calls_total", status_code="STATUS_CODE_UNSET", **calls) == 6
        assert value(found, "traces_spanmetrics_calls_total", status_code="STATUS_CODE_ERROR", **calls) == 2
        assert value(found, "traces_spanmetrics_size_total", status_code="STATUS_CODE_ERROR", **calls) > 100
        assert buckets(families, "traces_spanmetrics_latency") == pytest.approx(LATENCY_BUCKETS)
    # OpenMetrics has exemplars: the traces that explain the buckets.
    exemplars = [sample.exemplar for family in families for sample in family.samples if sample.exemplar]
    traces = {exemplar.labels["trace_id"] for exemplar in exemplars}
    assert traces and traces <= {f"{trace:032x}" for trace in range(1, 9)}


def buckets(families, name):
    return sorted({float(sample.labels["le"]) for family in families for sample in family.samples if sample.name == name + "_bucket"})


def test_a_real_prometheus_scrapes(start, prometheus):
    program = start("traces")
    server = prometheus(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: needletail
    static_configs: [{{targets: ["127.0.0.1:{program.admin_port}"]}}]
""")
    shop_traffic(program, 4)
    wait_until(lambda: server.query('up{job="needletail"}') and server.query("traces_spanmetrics_calls_total"), what="a scrape")
    shop_traffic(program, 8, first=100)
    wait_until(lambda: max(server.query("traces_service_graph_request_total").values()) == 12, what="the second scrape")
    ask_as_grafana_does(server)
    # Tempo's port has the same series.
    told = {family.name: family for family in parse_text(requests.get(f"{program.tempo}/metrics", timeout=10).text)}
    assert {"traces_spanmetrics_calls", "traces_service_graph_request", "needletail_store_spans"} <= set(told)
    assert {sample.value for sample in told["traces_service_graph_request"].samples} == {12}
    targets = server.get("targets")["activeTargets"]
    assert [(target["health"], target["lastError"]) for target in targets] == [("up", "")]


def test_pushed_to_a_real_prometheus(start, prometheus):
    server = prometheus("global: {}")
    program = start("traces", "--remote-write-url", f"{server.base}/api/v1/write", "--remote-write-interval", "1")
    shop_traffic(program, 12)
    wait_until(lambda: server.query("traces_service_graph_request_total"), what="the first push")
    # A series starts at 0, so that the first requests have a rate.
    history = server.get("query", query='traces_service_graph_request_total{server="orders"}[10m]')["result"][0]["values"]
    assert float(history[0][1]) == 0
    ask_as_grafana_does(server)
    exemplars = wait_until(
        lambda: server.get("query_exemplars", query="traces_spanmetrics_latency_bucket", start=0, end=4102444800), what="exemplars")
    assert any(len(one["labels"]["trace_id"]) == 32 for series in exemplars for one in series["exemplars"])
    # What came last is pushed before the program ends.
    shop_traffic(program, 4, first=1000)
    assert program.stop() == 0
    wait_until(lambda: max(server.query("last_over_time(traces_service_graph_request_total[5m])").values()) == 16, what="the last push")


class Receiver(BaseHTTPRequestHandler):
    """Answers what it was told to, and keeps what it got."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (204, {})
        self.send_response(status)
        for name, content in headers.items():
            self.send_header(name, content)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.requests, server.answers = [], []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_requests_and_retries(start, receiver):
    receiver.answers = [(503, {}), (429, {"Retry-After": "1"}), (400, {})]
    program = start("traces", "--remote-write-url", f"http://127.0.0.1:{receiver.server_port}/push", "--remote-write-interval", "1")
    shop_traffic(program, 1)
    wait_until(lambda: len(receiver.requests) >= 5, what="five requests")
    headers, body = receiver.requests[0]
    assert headers["Content-Encoding"] == "snappy" and headers["Content-Type"] == "application/x-protobuf"
    assert headers["X-Prometheus-Remote-Write-Version"] == "0.1.0" and headers["User-Agent"]
    # A real decoder reads it; the same request came three times, then the next one.
    assert b"__name__" in bytes(cramjam.snappy.decompress_raw(body))
    assert receiver.requests[1][1] == body and receiver.requests[2][1] == body and receiver.requests[3][1] != body
    found = samples(parse_text(requests.get(f"{program.admin}/metrics", timeout=10).text))
    assert value(found, "needletail_remote_write_retries_total") == 2
    assert value(found, "needletail_remote_write_samples_failed_total") > 0
    wait_until(
        lambda: value(samples(parse_text(requests.get(f"{program.admin}/metrics", timeout=10).text)), "needletail_remote_write_samples_total") > 0,
        what="samples that were taken")


def test_a_bad_address_is_refused(tmp_path):
    command = [binary(), "traces", "--data-dir", str(tmp_path / "data"), "--remote-write-url", "127.0.0.1:9090"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "http://127.0.0.1:9090/api/v1/write" in done.stdout + done.stderr
