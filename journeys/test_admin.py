"""Health and metrics of the back end, read by Prometheus' own parsers."""

import re
import signal
import socket

import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from support import otlp
from support.waiting import wait_until


def samples(program, openmetrics=False):
    """{(name, labels): value} of everything at /metrics."""
    headers = {"Accept": "application/openmetrics-text; version=1.0.0"} if openmetrics else {}
    answer = requests.get(f"{program.admin}/metrics", headers=headers, timeout=10)
    assert answer.status_code == 200
    expected = "application/openmetrics-text" if openmetrics else "text/plain; version=0.0.4"
    assert answer.headers["Content-Type"].startswith(expected)
    read = read_openmetrics if openmetrics else read_text
    return {(one.name, frozenset(one.labels.items())): one.value for family in read(answer.text) for one in family.samples}


def value(found, name, **labels):
    return found[(name, frozenset(labels.items()))]


def test_health_and_version(traces_program):
    answer = requests.get(traces_program.admin, timeout=10)
    assert answer.status_code == 200
    health = answer.json()
    assert health["status"] == "Server available"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", health["upSince"])
    assert re.fullmatch(r"(\d+h)?(\d+m)?\d+(\.\d+)?s", health["uptime"])
    version = requests.get(f"{traces_program.admin}/version", timeout=10).json()
    assert set(version) == {"gitCommit", "gitVersion", "buildDate"}
    assert re.match(r"\d+\.\d+", version["gitVersion"])


def test_what_was_sent_is_counted_in_both_formats(start):
    program = start("traces")
    spans = [{"trace": otlp.trace_id(), "id": otlp.span_id(), "name": f"span {number}"} for number in range(3)]
    message = otlp.request("counted", spans)
    bad = message.resource_spans[0].scope_spans[0].spans.add()
    bad.name = "bad"
    answer = requests.post(program.otlp, data=message.SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=10)
    assert answer.status_code == 200
    requests.post(program.zipkin, data=b"{", timeout=10)
    for openmetrics in (False, True):
        found = samples(program, openmetrics)
        assert value(found, "otelcol_receiver_accepted_spans_total", receiver="otlp", transport="http") == 3
        assert value(found, "otelcol_receiver_failed_spans_total", receiver="otlp", transport="http") == 1
        assert value(found, "needletail_receiver_malformed_requests_total", receiver="zipkin", transport="http") == 1
        assert value(found, "jaeger_collector_spans_received_total", debug="false", format="otlp", transport="http") == 4
        assert value(found, "needletail_store_spans") == 3
        assert value(found, "needletail_store_bytes") > 0
        assert value(found, "needletail_ingest_commits_total") == 1
        assert 10e6 < value(found, "process_resident_memory_bytes") < 1e9
        assert value(found, "process_cpu_seconds_total") > 0


def test_datagrams_that_the_kernel_drops_are_counted(start):
    """A reader that stands still: its socket's buffer runs over, which nobody is told of."""
    program = start("traces")

    def dropped(by):
        return value(samples(program), "needletail_receiver_dropped_datagrams_total", by=by, transport="udp_thrift_compact")

    assert dropped("kernel") == 0
    program.process.send_signal(signal.SIGSTOP)
    try:
        with socket.socket(type=socket.SOCK_DGRAM) as one:
            for _ in range(2000):
                one.sendto(b"x" * 60_000, ("127.0.0.1", program.jaeger_compact_port))
    finally:
        program.process.send_signal(signal.SIGCONT)
    wait_until(lambda: dropped("kernel") > 100, what="the kernel's drops are counted")
