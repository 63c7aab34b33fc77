"""The passthrough model over HTTP: tracing off and on, a bare echo server as the floor, real PyTriton as the peer.

Runs are interleaved and short, ratios are medians over the rounds: the machine's own drift hits all alike.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from runner.load import CONCURRENCY, GRPCTarget, HTTPTarget, ratio, rounds
from runner.table import at_least, at_most, plain
from support import traces
from support.program import Needletail, closed_port, free_ports
from support.pytriton import PYTHON, PyTriton
from support.waiting import wait_until

SPANS_PER_REQUEST = len(traces.ANSWERED)


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

    def _floor(self, name):
        (port,) = free_ports(1)
        process = subprocess.Popen([os.environ["NEEDLETAIL_BENCH"], name, "--port", str(port)], stdout=subprocess.DEVNULL)
        self.processes.append(process)
        return port, process

    def grpc_echo(self):
        port, process = self._floor("grpc-echo-floor")

        def ready():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(ready, what="the gRPC echo server")
        return GRPCTarget("bare grpc-swift echo", f"127.0.0.1:{port}", process.pid)

    def python_model(self):
        """The passthrough model as a Python callable in worker processes."""
        model = Path(__file__).resolve().parents[1] / "peers/passthrough.py"
        program = self.needletail("python", "serve", ["--python", f"{model}:passthrough", "--python-executable", sys.executable, *words("level=OFF")])
        wait_until(lambda: requests.get(f"{program.http}/v2/models/passthrough/ready", timeout=5).status_code == 200, timeout=60, what="the Python model")
        return program

    def echo(self):
        port, process = self._floor("echo-floor")

        def ready():
            try:
                return requests.get(f"http://127.0.0.1:{port}/v2/health/ready", timeout=5).status_code == 200
            except requests.ConnectionError:
                return False

        wait_until(ready, what="the echo server")
        return HTTPTarget("bare Hummingbird JSON echo", f"http://127.0.0.1:{port}/v2/models/passthrough", process.pid)

    def pytriton_program(self):
        if not PYTHON.exists():
            return None
        home = Path(tempfile.mkdtemp(dir=self.folder))
        peer = PyTriton(home)
        self.peers.append(peer)
        return peer.start()

    def pytriton(self):
        peer = self.pytriton_program()
        return peer and HTTPTarget("real PyTriton 0.7.0, tracing off", peer.url, peer.process.pid)

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
    return HTTPTarget(name, f"{program.http}/v2/models/passthrough", program.process.pid)


def measure(folder, quick):
    seconds, turns = (1, 1) if quick else (4, 3)
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
        rounds(targets, turns, seconds)
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
