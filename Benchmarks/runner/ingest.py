"""The trace back end: spans until durable, what they take on disk, and what reading costs."""

import json
import os
import statistics
import subprocess
import time

import requests

from runner import machine
from runner.table import Row, at_least, at_most, plain
from support.program import Needletail

# encoding, spans in a request, connections, requests prepared
CASES = (
    ("protobuf", 1000, 4, 3000),
    ("json", 1000, 4, 2000),
    ("grpc", 1000, 4, 3000),
    ("zipkin", 1000, 4, 2000),
    ("protobuf", 5, 32, 150_000),
    ("json", 5, 32, 150_000),
    ("grpc", 5, 4, 150_000),
)

NAMES = {"protobuf": "OTLP/HTTP protobuf", "json": "OTLP/HTTP json", "grpc": "OTLP/gRPC", "zipkin": "Zipkin JSON"}
# spans/s of large requests, requests/s of small ones; by encoding and spans in a request
TARGETS = {("protobuf", 1000): 300_000, ("grpc", 1000): 200_000, ("protobuf", 5): 4000}
SMALL = 5

# Triton's file: what its mode `triton` writes of a request, three spans of ours
TRITON_TIMES = (
    ("HTTP_RECV_START", 0), ("HTTP_RECV_END", 16), ("REQUEST_START", 92), ("QUEUE_START", 99), ("INFER_RESPONSE_COMPLETE", 543), ("COMPUTE_START", 129),
    ("COMPUTE_INPUT_END", 165), ("COMPUTE_OUTPUT_START", 515), ("COMPUTE_END", 558), ("REQUEST_END", 568), ("HTTP_SEND_START", 589), ("HTTP_SEND_END", 595),
)
TRITON_REQUESTS = 20_000


def measure(folder, quick):
    rows = floors(folder) + idle(folder)
    for case in CASES:
        rows += ingest(folder, *case, quick)
    return rows + triton(folder, quick) + generator()


def floors(folder):
    """Copying the bytes of spans, and putting them into SQLite as they are."""
    return bench("floor", "--folder", str(folder / "floor"))


def generator():
    return bench("generator")


def bench(*words):
    done = subprocess.run([os.environ["NEEDLETAIL_BENCH"], *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [Row(*line.split("\t")) for line in done.stdout.splitlines() if line.count("\t") == 5]


def start(folder, name, subcommand):
    home = folder / name
    home.mkdir()
    return Needletail(subcommand, home, ["--log-level", "error"]).start()


def idle(folder):
    program = start(folder, "idle", "up")
    try:
        assert program.generate({"sleep": 0}).status_code == 200
        return [at_most(100, "idle memory of `needletail up`", machine.memory_mib(program.process.pid), "MiB", "resident, after one request")]
    finally:
        program.stop()


def ingest(folder, encoding, spans, connections, prepared, quick):
    program = start(folder, f"{encoding}-{spans}", "traces")
    name = f"{NAMES[encoding]}, {spans} spans × 10 attributes a request, {connections} connections"
    try:
        pid = program.process.pid
        seconds, prepared = (2, prepared // 20) if quick else (8, prepared)
        port = {"grpc": program.otlp_grpc_port, "zipkin": program.zipkin_port}.get(encoding, program.otlp_http_port)
        before = machine.cpu_seconds(pid)
        done = subprocess.run(
            [os.environ["NEEDLETAIL_BENCH"], "ingest", "--port", str(port), "--encoding", encoding, "--spans", str(spans),
             "--connections", str(connections), "--seconds", str(seconds), "--requests", str(prepared)],
            capture_output=True, text=True, timeout=300,
        )
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        cpu = (machine.cpu_seconds(pid) - before) * 1e6 / max(result["spans"], 1)
        peak = machine.memory_mib(pid, "VmHWM")
        stored = requests.get(f"{program.query}/api/ui/status", timeout=60).json()["store"]["spanCount"]
        assert stored == result["spans"], f"{result['spans']} acknowledged, {stored} stored"
        note = (
            f"{result['requests'] / result['seconds']:,.0f} requests/s, {result['spans'] / result['seconds']:,.0f} spans/s, p50 {result['p50']:.1f} ms, p99 {result['p99']:.1f} ms, "
            f"{cpu:.2f} µs of CPU a span, {result['bytes'] / result['spans']:.0f} bytes a span on the wire, {result['refused']} told to wait"
        )
        counted, unit = ("requests", "requests/s") if spans == SMALL else ("spans", "spans/s")
        rate = result[counted] / result["seconds"]
        is_target = encoding == "protobuf" and spans == 1000
        target = TARGETS.get((encoding, spans))
        durable = f"{name}, until durable"
        rows = [at_least(target, durable, rate, unit, note) if target else plain(durable, rate, unit, note)]
        rows.append(at_most(512, f"{name}: peak memory", peak, "MiB", f"{result['spans']:,} spans"))
        if is_target:
            rows += searches(program, result["spans"])
        program.stop()
        rows.append(at_most(60, f"{name}: on disk", machine.folder_bytes(program.data_dir) / result["spans"], "bytes a span", "after a clean stop"))
        return rows
    finally:
        if program.is_running:
            program.stop()


def triton(folder, quick):
    """Files as Triton's mode `triton` writes them, sent to the page's import one after the other: decoded, stored, answered when durable."""
    program = start(folder, "triton", "traces")
    try:
        files = [triton_file(number * TRITON_REQUESTS) for number in range(3 if quick else 10)]
        session, spans, seconds = requests.Session(), 0, 0.0
        before = machine.cpu_seconds(program.process.pid)
        for body in files:
            began = time.perf_counter()
            answer = session.post(f"{program.query}/api/ui/import", data=body, params={"lastModified": int(time.time() * 1000)}, timeout=120)
            seconds += time.perf_counter() - began
            assert answer.status_code == 200, answer.text[:300]
            assert answer.json()["spanCount"] == 3 * TRITON_REQUESTS, answer.text[:300]
            spans += answer.json()["spanCount"]
        cpu = (machine.cpu_seconds(program.process.pid) - before) * 1e6 / spans
        peak = machine.memory_mib(program.process.pid, "VmHWM")
        stored = requests.get(f"{program.query}/api/ui/status", timeout=60).json()["store"]["spanCount"]
        assert stored == spans, f"{spans} acknowledged, {stored} stored"
        name = "Triton's trace files, imported over HTTP"
        size = sum(map(len, files))
        note = f"{len(files)} files of {size / len(files) / 1e6:.0f} MB one after the other, {size / spans:.0f} bytes a span, {cpu:.2f} µs of CPU a span"
        return [
            at_least(100_000, f"{name}, until durable", spans / seconds, "spans/s", note),
            at_most(512, f"{name}: peak memory", peak, "MiB", f"{spans:,} spans"),
        ]
    finally:
        program.stop()


def triton_file(first):
    entries = []
    for number in range(first + 1, first + 1 + TRITON_REQUESTS):
        begin = 1_975_574_576_580 + number * 900_000
        for index, (name, offset) in enumerate(TRITON_TIMES):
            if index == 2:
                entries.append(f'{{"id":{number},"model_name":"ident","model_version":1}}')
            entries.append(f'{{"id":{number},"timestamps":[{{"name":"{name}","ns":{begin + offset * 1000 + number * 7919 % 1000}}}]}}')
    return ("[" + ",".join(entries) + "]").encode()


def searches(program, count):
    """The page's usual questions, each over everything stored."""
    questions = [
        {"service": "gateway"},
        {"service": "ranker", "operation": "compute"},
        {"service": "embedder", "minDuration": "5ms"},
        {"service": "tokenizer", "tags": json.dumps({"http.request.method": "value-7"})},
        {"service": "gateway", "tags": json.dumps({"http.response.status_code": "99999"})},
    ]
    times = []
    for _ in range(6):
        for question in questions:
            began = time.perf_counter()
            answer = requests.get(f"{program.query}/api/traces", params={"limit": 20, "lookback": "1h", **question}, timeout=60)
            times.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, answer.text
    times.sort()
    return [at_most(200, "search, p95", times[int(len(times) * 0.95)], "ms", f"p50 {statistics.median(times):.1f} ms, in {count:,} spans, 5 kinds of question")]
