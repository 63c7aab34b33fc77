"""A trace of a million spans: taken in, counted, drawn and given out, in bounded memory. `MILLION_SPANS` changes the number."""

import json
import os
import time

import requests

from support import otlp
from support.terminal import trace as command
from support.wire import memory, otlp_spans

COUNT = int(os.environ.get("MILLION_SPANS", "1000000"))
MIB = 1 << 20
#: For the program itself; each answer may take as much again as it has bytes.
BOUND = 512 * MIB


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
    assert memory(program, "VmHWM") < BOUND

    for path in (f"/api/ui/traces?traceID={trace}", f"/api/ui/trace/{trace}", f"/api/v3/traces/{trace}", f"/api/traces/{trace}"):
        begin = time.monotonic()
        answer = requests.get(program.query + path, timeout=600)
        size = len(answer.content)
        print(f"{path.split('?')[0]}: {answer.status_code}, {size // MIB} MiB in {time.monotonic() - begin:.1f} s, now {memory(program) // MIB} MiB, "
              f"at most {memory(program, 'VmHWM') // MIB} MiB")
        if answer.status_code != 200:
            assert answer.status_code in (413, 422) and "spans" in answer.text, answer.text[:500]
    code, out, error = command(program, "show", trace)
    assert code == 0, error
    assert f"{COUNT - 1000:,} more spans".replace(",", "\u202f") in out
    code, out, error = command(program, "search", "--json")
    assert json.loads(out)["traces"][0]["spanCount"] == COUNT
