"""Traces of 10,000 and of 1,000,000 spans through each API, and the comparison of many traces."""

import os
import statistics
import subprocess
import time

import requests

from runner import machine
from runner.table import Row, at_most
from support import otlp
from support.large import answers, read
from support.program import Needletail
from support.wire import otlp_spans


def measure(folder, quick):
    return ten_thousand(folder, quick) + million(folder, 50_000 if quick else 1_000_000) + comparison(folder, quick)


def start(folder, name):
    home = folder / name
    home.mkdir()
    return Needletail("traces", home, ["--log-level", "error"]).start()


def post(program, body):
    answer = requests.post(program.otlp, data=body, headers={"Content-Type": otlp.PROTOBUF}, timeout=60)
    answer.raise_for_status()


def ten_thousand(folder, quick):
    """A trace of 10,000 spans with five attributes each, as an application has it."""
    program = start(folder, "ten-thousand")
    try:
        trace, root = otlp.trace_id(), otlp.span_id()
        begin = time.time_ns()
        spans = [{"trace": trace, "id": root, "name": "root", "start": begin, "duration": 10**10}]
        parent = root
        while len(spans) < 10_000:
            if len(spans) % 100 == 0:
                parent = spans[-1]["id"]
            spans.append({"trace": trace, "id": otlp.span_id(), "parent": parent, "name": f"work {len(spans) % 50}", "start": begin + len(spans) * 10**6,
                          "duration": 10**6, "attributes": {"n": len(spans), "text": f"value {len(spans)}", "on": True, "ratio": 0.5, "path": "/v2/models/m/infer"}})
        for first in range(0, len(spans), 1000):
            post(program, otlp.request("big", spans[first:first + 1000]).SerializeToString())
        rows = []
        ways = [(name, url, headers) for name, url, headers, _ in answers(program, trace)]
        for name, url, headers in ways + [("the page's columns", f"{program.query}/api/ui/trace/{trace}", {})]:
            session, times = requests.Session(), []
            for _ in range(5 if quick else 25):
                began = time.perf_counter()
                answer = session.get(url, headers={"Accept-Encoding": "identity", **headers}, timeout=60)
                times.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.text[:300]
            times.sort()
            note = f"p50 {statistics.median(times):.0f} ms, {len(answer.content) / 1e6:.1f} MB, Python client included"
            rows.append(at_most(100, f"10,000-span trace, {name}: p95", times[int(len(times) * 0.95)], "ms", note))
        return rows
    finally:
        program.stop()


def million(folder, count):
    """One trace, read whole by each API; the program is started anew for each, for its peak."""
    program = start(folder, "million")
    rows = []
    try:
        trace = otlp.trace_id()
        for first in range(0, count, 10_000):
            post(program, otlp_spans(trace, first + 1, min(10_000, count - first), parent=None if first == 0 else 1))
        ways = [*answers(program, trace), ("the page's columns", f"{program.query}/api/ui/trace/{trace}", {}, b'"columns"')]
        for name, url, headers, mark in ways:
            program.stop()
            program.start()
            got = read(url, mark, headers)
            assert got.status == 200 and got.count in (1, count), got
            peak = machine.memory_mib(program.process.pid, "VmHWM")
            rows.append(at_most(10, f"{count:,}-span trace, {name}", got.seconds, "s", f"{got.size / 1e6:.0f} MB, the client counts its spans"))
            rows.append(at_most(1024, f"{count:,}-span trace, {name}: peak memory", peak, "MiB", "of a program that did nothing else"))
        return rows
    finally:
        if program.is_running:
            program.stop()


def comparison(folder, quick):
    done = subprocess.run(
        [os.environ["NEEDLETAIL_BENCH"], "comparison", "--traces", "5000" if quick else "100000"],
        capture_output=True, text=True, check=True, timeout=900, env=os.environ | {"TMPDIR": str(folder)},
    )
    return [Row(*line.split("\t")) for line in done.stdout.splitlines() if line.count("\t") == 5]
