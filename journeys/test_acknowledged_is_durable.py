"""What was acknowledged is there after kill -9."""

import threading

import pytest
import requests

from support import otlp, traces
from support.waiting import wait_until

SENDERS = 4
SPANS = 20
ROUNDS = 3
ACKNOWLEDGED_PER_ROUND = 120


class Sender(threading.Thread):
    """Posts traces until the server is gone, and remembers those that were acknowledged."""

    def __init__(self, url, acknowledged, lock):
        super().__init__(daemon=True)
        self.url, self.acknowledged, self.lock = url, acknowledged, lock
        self.stopping = False

    def run(self):
        session = requests.Session()
        while not self.stopping:
            trace = otlp.trace_id()
            root = otlp.span_id()
            spans = [{"trace": trace, "id": root, "name": "root"}]
            spans += [{"trace": trace, "id": otlp.span_id(), "parent": root, "name": f"step {n}", "attributes": {"n": n}} for n in range(SPANS - 1)]
            body = otlp.request("durable", spans).SerializeToString()
            try:
                answer = session.post(self.url, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=30)
            except requests.RequestException:
                return
            if answer.status_code == 200 and not otlp.response(answer.content).HasField("partial_success"):
                with self.lock:
                    self.acknowledged[trace] = {span["id"] for span in spans}


# The small size makes a new partition every few dozen commits, so that some kills come while one is made.
@pytest.mark.parametrize("options", [[], ["--retention-size", "16MiB"]], ids=["one partition", "many partitions"])
def test_every_acknowledged_span_survives_kill_9(start, options):
    program = start("traces", *options)
    acknowledged, lock = {}, threading.Lock()
    for _ in range(ROUNDS):
        before = len(acknowledged)
        senders = [Sender(program.otlp, acknowledged, lock) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        wait_until(lambda before=before: len(acknowledged) >= before + ACKNOWLEDGED_PER_ROUND, timeout=120, interval=0.001, what="acknowledgements")
        program.kill()
        for sender in senders:
            sender.stopping = True
            sender.join(timeout=60)
        program.start()

    session = requests.Session()
    missing = {}
    for trace_id, spans in acknowledged.items():
        trace = traces.get(program.query, trace_id, session=session)
        lost = spans - {span.id for span in trace.spans} if trace else spans
        if lost:
            missing[trace_id] = lost
    assert not missing, f"{sum(map(len, missing.values()))} of {len(acknowledged) * SPANS} acknowledged spans are lost"


def test_a_clean_stop_keeps_everything_and_frees_the_folder(start):
    program = start("traces")
    trace = otlp.trace_id()
    body = otlp.request("durable", [{"trace": trace, "id": otlp.span_id(), "name": "kept"}]).SerializeToString()
    assert requests.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=10).status_code == 200
    assert program.stop() == 0
    program.start()
    assert traces.get(program.query, trace).names == ["kept"]
