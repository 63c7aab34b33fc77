"""The passthrough model over HTTP: tracing off and on, a bare echo server as the floor, real PyTriton as the peer.

Runs are interleaved and short, ratios are medians over the rounds: the machine's own drift hits all alike.
"""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from runner import machine
from runner.table import at_least, at_most, plain
from support import traces
from support.program import Needletail, closed_port, free_ports
from support.pytriton import PYTHON, PyTriton
from support.waiting import wait_until

LUA = Path(__file__).resolve().parents[1] / "peers/generate.lua"
CONCURRENCY = (1, 8, 32)
SPANS_PER_REQUEST = len(traces.ANSWERED)


@dataclass
class Figure:
    rate: float  # requests per second
    p50: float  # ms
    p99: float
    cpu: float  # µs of the server's CPU for a request
    failed: int
    requests: int


class Target:
    def __init__(self, name, url, pid):
        self.name, self.url, self.pid = name, url, pid
        self.figures = {concurrency: [] for concurrency in CONCURRENCY}

    def run(self, concurrency, seconds):
        before = machine.cpu_seconds(self.pid)
        done = subprocess.run(
            ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds}s", "-s", str(LUA), f"{self.url}/generate"],
            capture_output=True, text=True, check=True, timeout=seconds + 60,
        )
        line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
        count, microseconds, failed, p50, p99 = (float(part) for part in line.split()[1:])
        cpu = (machine.cpu_seconds(self.pid) - before) * 1e6 / max(count, 1)
        self.figures[concurrency].append(Figure(count / microseconds * 1e6, p50 / 1000, p99 / 1000, cpu, int(failed), int(count)))

    def median(self, concurrency, key):
        return statistics.median(getattr(figure, key) for figure in self.figures[concurrency])

    @property
    def failed(self):
        return sum(figure.failed for figures in self.figures.values() for figure in figures)


def ratio(one, other, concurrency, key):
    """Median over the rounds of one's figure divided by the other's."""
    pairs = zip(one.figures[concurrency], other.figures[concurrency])
    return statistics.median(getattr(a, key) / max(getattr(b, key), 1e-9) for a, b in pairs)


def words(*settings):
    return [part for setting in settings for part in ("--trace-config", setting)]


def traced(url):
    return words("level=TIMESTAMPS", "rate=1", "mode=opentelemetry", f"opentelemetry,url={url}")


class Servers:
    """Everything that runs during the measurement; all of it is ended by `stop`."""

    def __init__(self, folder):
        self.folder = folder
        self.programs, self.processes, self.peers = [], [], []

    def needletail(self, name, subcommand, arguments=()):
        home = self.folder / name
        home.mkdir()
        # The defaults of the batch processor, as a user has them.
        program = Needletail(subcommand, home, ["--log-level", "error", *arguments])
        program.environment.pop("OTEL_BSP_SCHEDULE_DELAY", None)
        self.programs.append(program)
        return program.start()

    def echo(self):
        (port,) = free_ports(1)
        process = subprocess.Popen([os.environ["NEEDLETAIL_BENCH"], "echo-floor", "--port", str(port)], stdout=subprocess.DEVNULL)
        self.processes.append(process)

        def ready():
            try:
                return requests.get(f"http://127.0.0.1:{port}/v2/health/ready", timeout=5).status_code == 200
            except requests.ConnectionError:
                return False

        wait_until(ready, what="the echo server")
        return Target("bare Hummingbird JSON echo", f"http://127.0.0.1:{port}/v2/models/passthrough", process.pid)

    def pytriton(self):
        if not PYTHON.exists():
            return None
        home = self.folder / "pytriton"
        home.mkdir()
        peer = PyTriton(home)
        self.peers.append(peer)
        peer.start()
        return Target("real PyTriton 0.7.0, tracing off", peer.url, peer.process.pid)

    def stop(self):
        for program in self.programs:
            if program.is_running:
                try:
                    program.stop()
                except AssertionError as slow:  # it was killed; the figures are taken already
                    print(slow)
        for process in self.processes:
            process.terminate()
            process.wait(timeout=30)
        for peer in self.peers:
            peer.stop()


def model(name, program):
    return Target(name, f"{program.http}/v2/models/passthrough", program.process.pid)


def measure(folder, quick):
    seconds, rounds = (1, 1) if quick else (4, 3)
    servers = Servers(folder)
    try:
        store = servers.needletail("store", "traces")
        serving = servers.needletail("on", "serve", traced(store.otlp))
        off = model("tracing off", servers.needletail("off", "serve", words("level=OFF")))
        on = model("tracing on (rate=1, to `needletail traces` on the same cores)", serving)
        dead = model("tracing on, dead collector", servers.needletail("dead", "serve", traced(f"http://127.0.0.1:{closed_port()}/v1/traces")))
        echo = servers.echo()
        peer = servers.pytriton()
        targets = [target for target in (off, on, dead, echo, peer) if target]
        for target in targets:
            requests.post(f"{target.url}/generate", json={"sleep": 0, "error": False}, timeout=30).raise_for_status()
        for turn in range(rounds):
            for concurrency in CONCURRENCY:
                # Each round starts with another server, so that none is always first.
                for target in targets[turn % len(targets):] + targets[:turn % len(targets)]:
                    target.run(concurrency, seconds)
        return rows(targets, off, on, dead, echo, peer) + lost(serving, store)
    finally:
        servers.stop()


def rows(targets, off, on, dead, echo, peer):
    result = []
    for concurrency in CONCURRENCY:
        for target in targets:
            cpu = "" if target is peer else f", {target.median(concurrency, 'cpu'):.0f} µs of CPU a request"
            result.append(plain(
                f"{target.name}, concurrency {concurrency}", target.median(concurrency, "rate"), "req/s",
                f"p50 {target.median(concurrency, 'p50'):.2f} ms, p99 {target.median(concurrency, 'p99'):.2f} ms{cpu}",
            ))
    result.append(at_least(0.7, "tracing off against the bare echo, concurrency 32", ratio(off, echo, 32, "rate"), "×"))
    if peer:
        result.append(at_least(20, "tracing off against PyTriton, requests/s, concurrency 32", ratio(off, peer, 32, "rate"), "×"))
        result.append(at_most(0.1, "tracing off against PyTriton, p99, concurrency 32", ratio(off, peer, 32, "p99"), "×"))
    result.append(at_least(0.95, "tracing on against off, concurrency 32", ratio(on, off, 32, "rate"), "×", "the back end works on the same two cores"))
    result.append(plain("tracing on against off, CPU of the server for a request, concurrency 32", ratio(on, off, 32, "cpu"), "×"))
    result.append(at_least(0.95, "tracing on with a dead collector against off, concurrency 32", ratio(dead, off, 32, "rate"), "×"))
    result.append(at_most(0, "requests that failed", sum(target.failed for target in targets if target is not peer), "requests"))
    return result


def lost(serving, store):
    """Spans of all requests that the model has answered, against spans that the back end holds."""
    statistics = requests.get(f"{serving.http}/v2/models/passthrough/stats", timeout=10).json()["model_stats"][0]
    made = statistics["inference_stats"]["success"]["count"] * SPANS_PER_REQUEST

    def stored():
        return requests.get(f"{store.query}/api/ui/status", timeout=30).json()["store"]["spanCount"]

    # What is still queued leaves within the batch processor's delay; then the number stands still.
    deadline = time.monotonic() + 30
    last, since = stored(), time.monotonic()
    while last < made and time.monotonic() < deadline and time.monotonic() - since < 10:
        time.sleep(0.5)
        now = stored()
        if now != last:
            last, since = now, time.monotonic()
    return [at_most(0, "spans lost with tracing on", made - last, "spans", f"of {made:,} made in all rounds")]
