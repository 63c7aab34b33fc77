"""Requests that arrive at a steady rate: what a page shows that follows along."""

import threading
import time

import requests

from support import otlp

# Batches a second.
_BEATS = 20


def inference(start, duration=20_000_000, error=None, model="bert", state=""):
    """The spans of one request to a model, as Triton sends them."""
    trace, request, own, compute = otlp.trace_id(), otlp.span_id(), otlp.span_id(), otlp.span_id()
    queue, end = duration // 4, duration - 1_000_000
    spans = [
        {"trace": trace, "id": request, "name": "InferRequest", "kind": 2, "start": start, "duration": duration, "state": state},
        {"trace": trace, "id": own, "parent": request, "name": model, "start": start, "duration": end,
         "attributes": {"triton.model_name": model, "triton.model_version": 1}, "events": [(0, "REQUEST_START", {}), (1000, "QUEUE_START", {}), (end, "REQUEST_END", {})]},
        {"trace": trace, "id": compute, "parent": own, "name": "compute", "start": start + queue, "duration": end - queue,
         "events": [(0, "COMPUTE_START", {}), (100_000, "COMPUTE_INPUT_END", {}), (end - queue - 100_000, "COMPUTE_OUTPUT_START", {}), (end - queue, "COMPUTE_END", {})]},
    ]
    if error:
        spans[1]["error"] = error
    return spans


def send(url, *groups):
    """Stores spans: each group is a service and its spans; more of one service go together."""
    message = otlp.ExportTraceServiceRequest()
    for service, spans in groups:
        message.MergeFrom(otlp.request(service, spans))
    answer = requests.post(url, message.SerializeToString(), headers={"content-type": otlp.PROTOBUF}, timeout=120)
    assert answer.status_code == 200, answer.text


class Steady:
    """Sends `rate` requests a second from a thread of its own, as a context: `with Steady(url, rate) as sender`."""

    def __init__(self, url, rate, **shape):
        self.url, self.rate, self.shape = url, rate, shape
        self.sent = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure = None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(timeout=30)
        assert self.failure is None, self.failure

    def send(self, count, **shape):
        now = time.time_ns()
        spans = [span for index in range(count) for span in inference(now - 20_000_000 - index * 1000, **{"duration": 10_000_000 + (self.sent + index) % 97 * 100_000, **self.shape, **shape})]
        answer = requests.post(self.url, otlp.request("triton", spans, {"host.name": "gpu-1"}).SerializeToString(), headers={"content-type": otlp.PROTOBUF}, timeout=60)
        assert answer.status_code == 200, answer.text
        self.sent += count

    def _run(self):
        try:
            begin = time.monotonic()
            while not self._stop.wait(1 / _BEATS):
                due = int((time.monotonic() - begin) * self.rate) - self.sent
                # After a pause of the machine it goes on, and does not catch up in one go.
                if due > 0:
                    self.send(min(due, self.rate // _BEATS * 4 or 1))
        except Exception as failure:  # told by the test's own thread
            self.failure = failure
