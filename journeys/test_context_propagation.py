"""traceparent and tracestate: continued over any number of requests, and the caller's decision kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support import otlp, traces
from support.waiting import wait_until

REQUESTS = 1000
THREADS = 8


def send_all(program, contexts, flag):
    """One request for each (trace, parent); `THREADS` kept connections."""
    def work(share):
        session = requests.Session()
        for trace, parent in share:
            headers = {"traceparent": f"00-{trace}-{parent}-{flag}", "tracestate": f"vendor={parent},other=1"}
            answer = program.generate({"sleep": 0}, headers=headers, session=session)
            assert answer.status_code == 200, answer.text

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, [contexts[n::THREADS] for n in range(THREADS)]))


def test_a_thousand_requests_and_no_parent_lost(up):
    contexts = [(otlp.trace_id(), otlp.span_id()) for _ in range(REQUESTS)]
    send_all(up, contexts, "01")
    session = requests.Session()
    for trace_id, parent in contexts:
        def complete(trace_id=trace_id):
            trace = traces.get(up.query, trace_id, session=session)
            return trace if trace and len(trace.spans) == len(traces.ANSWERED) else None

        trace = wait_until(complete, what=f"trace {trace_id}, complete")
        root = trace.named("InferRequest")
        # The parent is the caller's span, which nobody sent us: the reference names it all the same.
        assert root.parent == parent
        assert all(span.tags["w3c.tracestate"] == f"vendor={parent},other=1" for span in trace.spans)


def test_an_unsampled_parent_is_never_traced(up):
    unsampled = [(otlp.trace_id(), otlp.span_id()) for _ in range(100)]
    send_all(up, unsampled, "00")
    # Spans leave in the order they end: once a later request's are here, the earlier ones would be too.
    marker = [(otlp.trace_id(), otlp.span_id()) for _ in range(THREADS)]
    send_all(up, marker, "01")
    for trace_id, _ in marker:
        traces.wait_for(up.query, trace_id, len(traces.ANSWERED))
    assert [trace for trace, _ in unsampled if traces.get(up.query, trace)] == []


def test_a_sampled_parent_is_traced_whatever_the_rate(start):
    program = start("up", "--trace-config", "rate=1000000")
    traced = (otlp.trace_id(), otlp.span_id())
    assert program.generate({"sleep": 0}).status_code == 200
    send_all(program, [traced], "01")
    traces.wait_for(program.query, traced[0], len(traces.ANSWERED))
    service = traces.get(program.query, traced[0]).spans[0].service
    assert [trace.id for trace in traces.search(program.query, service=service)] == [traced[0]]


@pytest.mark.parametrize(
    "header",
    ["", "00-zz", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "00-" + "a" * 32 + "-" + "0" * 16 + "-01", "ff-" + "a" * 32 + "-" + "b" * 16 + "-01"],
)
def test_a_broken_traceparent_starts_a_new_trace(up, header):
    mark = otlp.span_id()
    answer = up.generate({"sleep": 0, "id": mark}, headers={"traceparent": header})
    assert answer.status_code == 200

    def found():
        return [t for t in traces.search(up.query, service="test_server_with_passthrough", tag=f"triton.request_id:{mark}") if len(t.spans) == len(traces.ANSWERED)]

    (trace,) = wait_until(found, what="the request's trace")
    assert trace.is_linked
    assert trace.id not in ("a" * 32, "0" * 32)
