"""A collector that is gone, or never answers, costs a request nothing; a stop ends within its time."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support import otlp, traces
from support.program import closed_port
from support.waiting import wait_until_busy


@pytest.fixture(params=["refuses", "never answers"])
def collector_port(request):
    if request.param == "refuses":
        yield closed_port()
        return
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        yield silent.getsockname()[1]


def test_requests_are_answered_and_the_stop_is_in_time(start, collector_port):
    words = [
        "level=TIMESTAMPS", "rate=1", "mode=opentelemetry", f"opentelemetry,url=http://127.0.0.1:{collector_port}/v1/traces",
        "opentelemetry,bsp_max_queue_size=64", "opentelemetry,bsp_max_export_batch_size=32", "opentelemetry,bsp_schedule_delay=50",
    ]
    program = start("serve", *[part for word in words for part in ("--trace-config", word)], exit_timeout=12)

    def work(_):
        session = requests.Session()
        return [program.generate({"sleep": 0}, session=session).status_code for _ in range(250)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for share in pool.map(work, range(8)) for status in share]
    assert statuses == [200] * 2000

    began = time.monotonic()
    assert program.stop() == 0
    # Half of it is for the spans; nobody waits that long for a collector that refuses.
    assert time.monotonic() - began < program.exit_timeout


def test_a_stop_lets_the_request_in_flight_finish_and_flushes_its_spans(start):
    # A delay that never passes here: only the stop itself can send these spans.
    program = start("up", "--trace-config", "opentelemetry,bsp_schedule_delay=600000")
    trace_id = otlp.trace_id()
    body = b'{"sleep": 5}'
    head = (
        "POST /v2/models/passthrough/generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"traceparent: 00-{trace_id}-{otlp.span_id()}-01\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", program.http_port), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        wait_until_busy(program)
        code = program.stop()
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert code == 0
    assert answer.startswith(b"HTTP/1.1 200"), answer
    program.start()
    assert traces.get(program.query, trace_id).names == sorted(traces.ANSWERED)
