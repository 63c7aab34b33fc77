"""Metrics: read by prometheus_client's parsers, and by a real Prometheus that scrapes the program."""

import shutil
import subprocess

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from support.program import free_ports
from support.waiting import wait_until

TRACE = "0af7651916cd43dd8448eb211c80319c"
MODEL = {"model": "passthrough", "version": "1"}


@pytest.fixture(scope="module")
def measured(up):
    """The program after two answered requests and a failed one."""
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    for body in ({"sleep": 0.002}, {"sleep": 0.002}, {"sleep": 0.001, "error": True}):
        up.generate(body, headers=headers)
    return up


def samples(families):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample for family in families for sample in family.samples}


def value(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))].value


def test_text_format(measured):
    answer = requests.get(measured.metrics, timeout=10)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert '\nnv_inference_request_success{model="passthrough",version="1"} ' in answer.text
    # This parser gives every counter the end that newer ones have.
    found = samples(parse_text(answer.text))
    assert value(found, "nv_inference_request_success_total", **MODEL) >= 2
    assert value(found, "nv_inference_request_failure_total", reason="BACKEND", **MODEL) >= 1
    for reason in ("OTHER", "CANCELED", "REJECTED"):
        assert value(found, "nv_inference_request_failure_total", reason=reason, **MODEL) == 0
    assert value(found, "nv_inference_request_duration_us_total", **MODEL) > 4000
    assert 0 <= value(found, "nv_cpu_utilization") <= 1
    assert 0 < value(found, "nv_cpu_memory_used_bytes") < value(found, "nv_cpu_memory_total_bytes")
    assert value(found, "nv_inference_request_histogram_ms_count", **MODEL) >= 2


def test_openmetrics_with_exemplars(measured):
    answer = requests.get(measured.metrics, headers={"Accept": "application/openmetrics-text; version=1.0.0"}, timeout=10)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    families = list(parse_openmetrics(answer.text))
    found = samples(families)
    # The names are those of the text format: dashboards do not care how Prometheus reads.
    assert value(found, "nv_inference_request_success", **MODEL) >= 2
    exemplars = [sample.exemplar for family in families for sample in family.samples if sample.exemplar]
    assert any(exemplar.labels == {"trace_id": TRACE} for exemplar in exemplars)
    # What tracing says of itself.
    assert any(family.name == "otel_sdk_exporter_span_exported" for family in families)


def test_a_real_prometheus_scrapes(measured, tmp_path):
    binary = shutil.which("prometheus")
    assert binary, "prometheus is not there. Install it with: apt-get install prometheus"
    (port,) = free_ports(1)
    (tmp_path / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: needletail
    static_configs: [{{targets: ["127.0.0.1:{measured.metrics_port}"]}}]
""")
    with open(tmp_path / "prometheus.log", "wb") as log:
        process = subprocess.Popen(
            [binary, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"],
            stdout=log, stderr=subprocess.STDOUT)
    api = f"http://127.0.0.1:{port}/api/v1"

    def query(expression):
        try:
            answer = requests.get(f"{api}/query", params={"query": expression}, timeout=5).json()
        except (requests.ConnectionError, ValueError):
            return None
        result = answer.get("data", {}).get("result", [])
        return [float(one["value"][1]) for one in result]

    try:
        wait_until(lambda: query('up{job="needletail"}') == [1.0], what="a scrape")
        assert query('nv_inference_request_success{model="passthrough"}')[0] >= 2
        assert len(query('nv_inference_request_failure{model="passthrough"}')) == 4
        assert query("histogram_quantile(0.5, nv_inference_request_histogram_ms_bucket)")[0] > 0
        targets = requests.get(f"{api}/targets", timeout=5).json()["data"]["activeTargets"]
        assert [target["health"] for target in targets] == ["up"] and targets[0]["lastError"] == ""
        exemplars = wait_until(
            lambda: requests.get(
                f"{api}/query_exemplars",
                params={"query": "nv_inference_request_histogram_ms_bucket", "start": 0, "end": 4102444800}, timeout=5,
            ).json()["data"],
            what="exemplars",
        )
        assert any(one["labels"] == {"trace_id": TRACE} for series in exemplars for one in series["exemplars"])
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_off(start):
    program = start("serve", "--metrics-port", "off")
    with pytest.raises(requests.ConnectionError):
        requests.get(program.metrics, timeout=5)
    assert program.generate({"sleep": 0}).status_code == 200
