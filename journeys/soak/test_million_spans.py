"""A trace of a million spans: taken in, counted, drawn and given out over every API, in bounded memory. `MILLION_SPANS` changes the number."""

import json
import os
import time

import requests

from support import otlp
from support.large import answers, read, read_grpc
from support.terminal import trace as command
from support.wire import memory, otlp_spans

COUNT = int(os.environ.get("MILLION_SPANS", "1000000"))
MIB = 1 << 20
#: For the program while it takes the spans in, and while it answers: the trace as values, its tree where one is needed, and what the
#: memory allocator keeps of the answers before.
INGEST_BOUND, BOUND = 512 * MIB, 1280 * MIB


def test_a_trace_of_a_million_spans(start):
    program = start("traces")
    trace = otlp.trace_id()
    begin = time.monotonic()
    with requests.Session() as session:
        for first in range(0, COUNT, 10_000):
            body = otlp_spans(trace, first + 1, min(10_000, COUNT - first), parent=None if first == 0 else 1)
            answer = session.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=120)
            assert answer.status_code == 200 and not answer.content, answer.text
    print(f"\ningest: {COUNT / (time.monotonic() - begin):,.0f} spans/s, at most {memory(program, 'VmHWM') // MIB} MiB")
    assert memory(program, "VmHWM") < INGEST_BOUND

    for name, url, headers, mark in answers(program, trace):
        got = read(url, mark, headers)
        print(f"{name}: {got.status}, {got.size // MIB} MiB in {got.seconds:.1f} s, now {memory(program) // MIB} MiB, at most {memory(program, 'VmHWM') // MIB} MiB")
        assert got.status == 200 and got.count == COUNT, got
        assert memory(program, "VmHWM") < BOUND, name
    begin = time.monotonic()
    count, _ = read_grpc(program, trace, 3)
    print(f"gRPC: {time.monotonic() - begin:.1f} s, at most {memory(program, 'VmHWM') // MIB} MiB")
    assert count == COUNT
    for path in (f"/api/ui/traces?traceID={trace}", f"/api/ui/trace/{trace}"):
        got = read(program.query + path, b'"')
        print(f"{path.split('?')[0]}: {got.status}, {got.size // MIB} MiB in {got.seconds:.1f} s, at most {memory(program, 'VmHWM') // MIB} MiB")
        assert got.status == 200
    assert memory(program, "VmHWM") < BOUND
    code, out, error = command(program, "show", trace)
    assert code == 0, error
    assert f"{COUNT - 1000:,} more spans".replace(",", "\u202f") in out
    code, out, error = command(program, "search", "--json")
    assert json.loads(out)["traces"][0]["spanCount"] == COUNT
