"""The back end under senders and readers that are many, slow, broken or hostile: what was acknowledged is there, and others are served."""

import contextlib
import gzip
import json
import os
import socket
import subprocess
import threading
import time

import pytest
import requests

from support import otlp, traces
from support.waiting import wait_until
from support.wire import Sending, memory, otlp_spans

MIB = 1 << 20


def stored_ids(program, trace_id, session=requests):
    trace = traces.get(program.query, trace_id, session=session)
    return {span.id for span in trace.spans} if trace else set()


def assert_all_stored(program, acknowledged):
    session = requests.Session()
    missing = {}
    for trace_id, ids in acknowledged.items():
        if lost := ids - stored_ids(program, trace_id, session):
            missing[trace_id] = lost
    assert not missing, f"{sum(map(len, missing.values()))} acknowledged spans of {len(missing)} of {len(acknowledged)} traces are lost"


class Crowd:
    """Many threads that send over every protocol, and remember what was acknowledged."""

    def __init__(self, program, size):
        self.program, self.acknowledged, self.lock, self.ending = program, {}, threading.Lock(), threading.Event()
        self.by_way = dict.fromkeys(Sending.WAYS, 0)
        self.threads = [threading.Thread(target=self._run, args=(Sending.WAYS[n % len(Sending.WAYS)], f"crowd-{n}"), daemon=True) for n in range(size)]
        for thread in self.threads:
            thread.start()

    def _run(self, way, service):
        sending = Sending(self.program)
        try:
            while not self.ending.is_set():
                trace, ids = otlp.trace_id(), [otlp.span_id() for _ in range(10)]
                done = getattr(sending, way)(service, trace, ids)
                if done is None:
                    return  # the server is gone
                if done:
                    with self.lock:
                        self.acknowledged[trace] = set(ids)
                        self.by_way[way] += 1
        finally:
            sending.close()

    def wait_for(self, each):
        wait_until(lambda: min(self.by_way.values()) >= each, timeout=120, interval=0.005, what=f"{each} acknowledged requests over each protocol")

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(timeout=90)
            assert not thread.is_alive(), "a sender hangs"


def test_64_senders_over_six_protocols(start):
    program = start("traces")
    crowd = Crowd(program, 64)
    crowd.wait_for(40)
    crowd.end()
    assert_all_stored(program, crowd.acknowledged)
    counted = requests.get(f"{program.query}/api/ui/status", timeout=10).json()["ingest"]
    assert counted["committedSpans"] >= 10 * len(crowd.acknowledged) and counted["rejectedSpans"] == 0
    assert {f"crowd-{n}" for n in range(64)} <= set(requests.get(f"{program.query}/api/services", timeout=10).json()["data"])


def test_every_protocol_keeps_its_word_through_kill_9(start):
    program = start("traces")
    acknowledged = {}
    for _ in range(3):
        crowd = Crowd(program, 12)
        crowd.wait_for(8)
        program.kill()
        crowd.end()
        acknowledged |= crowd.acknowledged
        program.start()
    assert_all_stored(program, acknowledged)


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of its own, which can be made larger."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a small file system: {mounted.stderr.strip()}")
    try:
        yield lambda larger: subprocess.run(["mount", "-o", f"remount,size={larger}", str(folder)], check=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_refuses_loses_nothing_and_recovers(start, tmp_path):
    with small_disk(tmp_path / "disk", "12m") as resize:
        program = start("traces", "--data-dir", str(tmp_path / "disk/data"))
        acknowledged, refusal = {}, None

        def send():
            trace, ids = otlp.trace_id(), [otlp.span_id() for _ in range(200)]
            noise = [{"trace": trace, "id": one, "name": "full", "attributes": {"noise": os.urandom(400).hex()}} for one in ids]
            answer = requests.post(
                program.otlp, data=otlp.request("disk", noise).SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=60
            )
            if answer.status_code == 200:
                acknowledged[trace] = set(ids)
            return answer

        for _ in range(400):
            answer = send()
            if answer.status_code != 200:
                refusal = answer
                break
        assert refusal is not None, "the disk never filled up"
        assert refusal.status_code in (429, 503), refusal.text
        assert acknowledged
        # Reading goes on, of all that was acknowledged.
        assert_all_stored(program, acknowledged)
        assert program.is_running
        resize("64m")
        wait_until(lambda: send().status_code == 200, timeout=120, interval=0.5, what="a span accepted after room was made")
        assert_all_stored(program, acknowledged)
        program.kill()
        program.start()
        assert_all_stored(program, acknowledged)
        assert program.stop() == 0


def test_a_disk_that_is_full_when_a_partition_begins_loses_nothing(start, tmp_path):
    with small_disk(tmp_path / "disk", "24m"):
        data, filler = tmp_path / "disk/data", tmp_path / "disk/filler"
        # A partition ends with an eighth of this.
        program = start("traces", "--data-dir", str(data), "--retention-size", "16MiB")
        acknowledged = {}

        def partitions():
            return sorted(data.glob("traces-*.sqlite"))

        def send():
            trace, ids = otlp.trace_id(), [otlp.span_id() for _ in range(200)]
            noise = [{"trace": trace, "id": one, "name": "full", "attributes": {"noise": os.urandom(400).hex()}} for one in ids]
            answer = requests.post(
                program.otlp, data=otlp.request("disk", noise).SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=60
            )
            if answer.status_code == 200:
                acknowledged[trace] = set(ids)
            return answer.status_code

        assert len(partitions()) == 1
        while sum(one.stat().st_size for one in data.glob("traces-*.sqlite*") if not one.name.endswith("-shm")) < 2 << 20:
            assert send() == 200
        assert len(partitions()) == 1, "the next span begins a partition"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        # The file of the next partition cannot be made, and the old one cannot grow.
        refusals = [send() for _ in range(3)]
        assert set(refusals) <= {429, 503}, refusals
        assert len(partitions()) == 1
        assert_all_stored(program, acknowledged)
        filler.unlink()
        wait_until(lambda: send() == 200, timeout=60, interval=0.5, what="a span accepted after room was made")
        wait_until(lambda: send() == 200 and len(partitions()) == 2, timeout=120, interval=1, what="the next partition")
        assert_all_stored(program, acknowledged)
        program.kill()
        program.start()
        assert_all_stored(program, acknowledged)
        assert program.stop() == 0


def send_many(program, trace_id, count, per_request=10_000):
    """A root and its children."""
    session = requests.Session()
    for first in range(0, count, per_request):
        body = otlp_spans(trace_id, first + 1, min(per_request, count - first), parent=None if first == 0 else 1)
        answer = session.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=120)
        assert answer.status_code == 200 and not answer.content, answer.text


def test_readers_that_do_not_read_hold_nobody_up(start):
    program = start("traces")
    big, small = otlp.trace_id(), otlp.trace_id()
    send_many(program, big, 30_000)
    send_many(program, small, 3)
    slow = []
    try:
        for _ in range(16):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", program.query_port))
            one.sendall(f"GET /api/traces/{big} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            slow.append(one)
        for one in slow:
            one.settimeout(60)
            assert one.recv(12) == b"HTTP/1.1 200"
        for _ in range(20):
            assert requests.get(f"{program.query}/api/traces/{small}", timeout=20).status_code == 200
            send_many(program, otlp.trace_id(), 10)
        assert memory(program) < 1024 * MIB
    finally:
        for one in slow:
            one.close()
    wait_until(lambda: memory(program) < 700 * MIB, what="memory given back")
    assert len(stored_ids(program, big)) == 30_000


def test_a_gzip_bomb_costs_neither_memory_nor_time(start):
    program = start("traces")
    before = memory(program)
    bomb = gzip.compress(bytes(256 * MIB), 9)
    for url, content_type in [(program.otlp, otlp.PROTOBUF), (program.otlp, otlp.JSON), (program.zipkin, "application/json"), (program.jaeger_http, "application/x-thrift")]:
        for _ in range(3):
            answer = requests.post(url, data=bomb, headers={"Content-Type": content_type, "Content-Encoding": "gzip"}, timeout=60)
            assert answer.status_code == 413, f"{url}: {answer.status_code} {answer.text[:200]}"
    assert memory(program, "VmHWM") - before < 256 * MIB
    send_many(program, otlp.trace_id(), 10)


def test_bodies_sent_by_half_do_not_keep_others_out(start):
    program = start("traces")
    head = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 4000000\r\n\r\n"
    halves = []
    try:
        for _ in range(40):
            one = socket.create_connection(("127.0.0.1", program.otlp_http_port), timeout=30)
            one.sendall(head + bytes(100_000))
            halves.append(one)

        def accepted():
            body = otlp_spans(otlp.trace_id(), 1, 5)
            return requests.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=30).status_code == 200

        wait_until(accepted, timeout=120, interval=0.5, what="a whole request accepted beside forty halves")
    finally:
        for one in halves:
            one.close()


def test_http_1_0_is_answered_and_the_connection_ends(traces_program):
    trace = otlp.trace_id()
    body = otlp_spans(trace, 1, 3)
    with socket.create_connection(("127.0.0.1", traces_program.otlp_http_port), timeout=30) as one:
        one.sendall(b"POST /v1/traces HTTP/1.0\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        answer = b"".join(iter(lambda: one.recv(65536), b""))
    assert answer.startswith((b"HTTP/1.0 200", b"HTTP/1.1 200"))
    assert len(stored_ids(traces_program, trace)) == 3
    with socket.create_connection(("127.0.0.1", traces_program.query_port), timeout=30) as one:
        one.sendall(b"GET /api/services HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: one.recv(65536), b""))
    assert b"200" in answer.split(b"\r\n")[0] and b'"data"' in answer


def test_many_idle_connections(start):
    program = start("traces")
    before = memory(program)
    idle = []
    try:
        for port in [program.otlp_http_port, program.query_port, program.otlp_grpc_port, program.zipkin_port] * 200:
            idle.append(socket.create_connection(("127.0.0.1", port), timeout=30))
        send_many(program, otlp.trace_id(), 10)
        assert requests.get(f"{program.query}/api/services", timeout=20).status_code == 200
        assert memory(program) - before < 200 * MIB
    finally:
        for one in idle:
            one.close()


# Spans that are strange


def send(program, spans, service="strange"):
    answer = requests.post(program.otlp, data=otlp.request(service, spans).SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=30)
    assert answer.status_code == 200, answer.text


def columns(program, trace_id):
    answer = requests.get(f"{program.query}/api/ui/trace/{trace_id}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_clocks_that_are_wrong(traces_program):
    now, day = time.time_ns(), 86_400 * 10**9
    trace, ids = otlp.trace_id(), [otlp.span_id() for _ in range(6)]
    send(traces_program, [
        {"trace": trace, "id": ids[0], "name": "root", "start": now, "duration": 10**8},
        {"trace": trace, "id": ids[1], "parent": ids[0], "name": "an hour ahead", "start": now + 3600 * 10**9, "duration": 10**6},
        {"trace": trace, "id": ids[2], "parent": ids[0], "name": "yesterday", "start": now - day, "duration": 10**6},
        {"trace": trace, "id": ids[3], "parent": ids[0], "name": "1970", "start": 1, "duration": 10**6},
        {"trace": trace, "id": ids[4], "parent": ids[0], "name": "the end of time", "start": 2**64 - 10, "duration": 5},
        {"trace": trace, "id": ids[5], "parent": ids[0], "name": "backwards", "start": now, "duration": -1000},
    ])
    assert stored_ids(traces_program, trace) == set(ids)
    assert columns(traces_program, trace)
    other = otlp.trace_id()
    send(traces_program, [{"trace": other, "id": otlp.span_id(), "name": "usual"}])
    found = {one.id for one in traces.search(traces_program.query, service="strange", limit=100)}
    assert {trace, other} <= found


def test_orphans_cycles_and_late_parents(traces_program):
    trace, root, middle, leaf, lost = otlp.trace_id(), otlp.span_id(), otlp.span_id(), otlp.span_id(), otlp.span_id()
    send(traces_program, [{"trace": trace, "id": leaf, "parent": middle, "name": "leaf"}])
    send(traces_program, [{"trace": trace, "id": lost, "parent": otlp.span_id(), "name": "orphan"}])
    send(traces_program, [{"trace": trace, "id": root, "name": "root"}])
    send(traces_program, [{"trace": trace, "id": middle, "parent": root, "name": "middle"}])
    whole = traces.get(traces_program.query, trace)
    assert [span.name for span in whole.chain("root", "middle", "leaf")] == ["root", "middle", "leaf"]
    assert len(whole.spans) == 4
    assert "orphan" in json.dumps(columns(traces_program, trace))
    trace, one, two = otlp.trace_id(), otlp.span_id(), otlp.span_id()
    send(traces_program, [{"trace": trace, "id": one, "parent": two, "name": "hen"}, {"trace": trace, "id": two, "parent": one, "name": "egg"}])
    assert "hen" in json.dumps(columns(traces_program, trace)) and stored_ids(traces_program, trace) == {one, two}


def test_deliveries_that_are_repeated_are_one(traces_program):
    trace = otlp.trace_id()
    body = otlp_spans(trace, 1, 100, service="repeated")
    for _ in range(5):
        assert requests.post(traces_program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=30).status_code == 200
    assert len(traces.get(traces_program.query, trace).spans) == 100
    listed = requests.get(f"{traces_program.query}/api/ui/traces", params={"service": "repeated"}, timeout=30).json()["traces"]
    assert [(one["traceID"], one["spanCount"]) for one in listed] == [(trace, 100)]
    # Two different spans of one id are both kept.
    trace, twin = otlp.trace_id(), otlp.span_id()
    send(traces_program, [{"trace": trace, "id": twin, "name": "first"}])
    send(traces_program, [{"trace": trace, "id": twin, "name": "second"}])
    assert traces.get(traces_program.query, trace).names == ["first", "second"]
