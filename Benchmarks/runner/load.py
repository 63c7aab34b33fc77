"""Loads on a passthrough model: wrk over HTTP, h2load over gRPC. Both measure from one thread."""

import statistics
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from runner import machine

LUA = Path(__file__).resolve().parents[1] / "peers/passthrough.lua"
CONCURRENCY = (1, 8, 32)


@dataclass
class Figure:
    rate: float  # requests per second
    p50: float  # ms
    p99: float
    cpu: float  # µs of the server's CPU for a request
    failed: int
    requests: int


class Target:
    """A server under load, with the figures of each run by concurrency."""

    def __init__(self, name, pid):
        self.name, self.pid = name, pid
        self.figures = {}

    def run(self, concurrency, seconds):
        before = machine.cpu_seconds(self.pid)
        count, duration, failed, p50, p99 = self.load(concurrency, seconds)
        cpu = (machine.cpu_seconds(self.pid) - before) * 1e6 / max(count, 1)
        self.figures.setdefault(concurrency, []).append(Figure(count / duration, p50, p99, cpu, failed, count))

    def median(self, concurrency, key):
        return statistics.median(getattr(figure, key) for figure in self.figures[concurrency])

    @property
    def failed(self):
        return sum(figure.failed for figures in self.figures.values() for figure in figures)


class HTTPTarget(Target):
    """`url` is that of the model; `call` is generate or infer."""

    def __init__(self, name, url, pid, call="generate", sleep="0"):
        super().__init__(name, pid)
        self.url, self.call, self.sleep = url, call, sleep

    def load(self, concurrency, seconds):
        done = subprocess.run(
            ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds}s", "-s", str(LUA), f"{self.url}/{self.call}", "--", self.call, self.sleep],
            capture_output=True, text=True, check=True, timeout=seconds + 60,
        )
        line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
        count, microseconds, failed, p50, p99 = (float(part) for part in line.split()[1:])
        return int(count), microseconds / 1e6, int(failed), p50 / 1000, p99 / 1000


class GRPCTarget(Target):
    """`ModelInfer` with raw contents, one call after the other on each connection."""

    def __init__(self, name, address, pid):
        super().__init__(name, pid)
        self.address = address

    def load(self, concurrency, seconds):
        with tempfile.TemporaryDirectory() as folder:
            body, log = Path(folder, "body"), Path(folder, "log")
            body.write_bytes(message())
            done = subprocess.run(
                ["h2load", f"-c{concurrency}", "-m1", "-t1", "-D", str(seconds), "--log-file", str(log), "-d", str(body),
                 "-H", "content-type: application/grpc", "-H", "te: trailers",
                 f"http://{self.address}/inference.GRPCInferenceService/ModelInfer"],
                capture_output=True, text=True, check=True, timeout=seconds + 60,
            )
            # A line for each request: when it began, its status, how long it took (µs).
            lines = [line.split("\t") for line in log.read_text().splitlines()]
        times = sorted(int(line[2]) for line in lines if line[1] == "200")
        # The last request of each connection is cut off by the end of the run.
        failed = max(0, sum(line[1] != "200" for line in lines) - concurrency)
        if not times:
            raise RuntimeError(f"{self.name}: no call was answered\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return len(times), seconds, failed, times[len(times) // 2] / 1000, times[len(times) * 99 // 100] / 1000


def message():
    """`ModelInferRequest` of the passthrough model: FP32 `sleep` of 0 and BOOL `error` of false, raw; with gRPC's prefix."""

    def field(number, content):
        return bytes([number << 3 | 2, len(content)]) + content

    def tensor(name, kind):
        return field(1, name) + field(2, kind) + field(3, b"\x01\x01")

    content = field(1, b"passthrough") + field(5, tensor(b"sleep", b"FP32")) + field(5, tensor(b"error", b"BOOL"))
    content += field(7, b"\0\0\0\0") + field(7, b"\0")
    return struct.pack(">BI", 0, len(content)) + content


def ratio(one, other, concurrency, key):
    """Median over the rounds of one's figure divided by the other's."""
    pairs = zip(one.figures[concurrency], other.figures[concurrency])
    return statistics.median(getattr(a, key) / max(getattr(b, key), 1e-9) for a, b in pairs)


def rounds(targets, turns, seconds):
    """Interleaved runs; each round starts with another server, so that none is always first."""
    for turn in range(turns):
        for concurrency in CONCURRENCY:
            for target in targets[turn % len(targets):] + targets[:turn % len(targets)]:
                target.run(concurrency, seconds)
