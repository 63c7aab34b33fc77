"""The passthrough model over each protocol, against real PyTriton and against bare servers; and how well requests are batched.

Tracing is off on both sides. The model of ours is the built-in one (Swift) and, for the like of PyTriton's, a Python callable.
"""

import requests

from runner.load import CONCURRENCY, GRPCTarget, HTTPTarget, ratio, rounds
from runner.serving import Servers, words
from runner.table import at_least, at_most, plain

CALLS = ("generate", "infer", "gRPC infer")


def measure(folder, quick):
    seconds, turns = (1, 1) if quick else (3, 3)
    servers = Servers(folder)
    try:
        ours = servers.needletail("protocols", "serve", words("level=OFF"))
        python = servers.python_model()
        peer = servers.pytriton_program()
        http_echo, grpc_echo = servers.echo(), servers.grpc_echo()
        result = []
        for call in CALLS:
            targets = {"ours": target("Swift model", call, ours.http, f"127.0.0.1:{ours.inference_grpc_port}", ours.process.pid)}
            targets["python"] = target("Python model", call, python.http, f"127.0.0.1:{python.inference_grpc_port}", python.process.pid)
            if peer:
                targets["peer"] = target("real PyTriton 0.7.0", call, peer.http, peer.grpc, peer.process.pid)
            if call == "generate":
                targets["floor"] = http_echo
            if call == "gRPC infer":
                targets["floor"] = grpc_echo
            rounds(list(targets.values()), turns, seconds)
            result += rows(call, targets)
        return result + batching(ours, seconds, turns)
    finally:
        servers.stop()


def target(name, call, http, grpc, pid):
    if call == "gRPC infer":
        return GRPCTarget(name, grpc, pid)
    return HTTPTarget(name, f"{http}/v2/models/passthrough", pid, call)


def rows(call, targets):
    result = []
    for concurrency in CONCURRENCY:
        for one in targets.values():
            result.append(plain(
                f"{call}, {one.name}, concurrency {concurrency}", one.median(concurrency, "rate"), "req/s",
                f"p50 {one.median(concurrency, 'p50'):.2f} ms, p99 {one.median(concurrency, 'p99'):.2f} ms",
            ))
    ours, python, peer, floor = (targets.get(key) for key in ("ours", "python", "peer", "floor"))
    if floor:
        limit = 0.8 if call == "gRPC infer" else 0.7
        result.append(at_least(limit, f"{call}, Swift model against the bare echo, concurrency 32", ratio(ours, floor, 32, "rate"), "×"))
    if peer:
        for concurrency in CONCURRENCY:
            result.append(plain(f"{call}, Python model against PyTriton, requests/s, concurrency {concurrency}", ratio(python, peer, concurrency, "rate"), "×"))
        result.append(at_least(20, f"{call}, Swift model against PyTriton, requests/s, concurrency 32", ratio(ours, peer, 32, "rate"), "×"))
        result.append(at_most(0.1, f"{call}, Swift model against PyTriton, p99, concurrency 32", ratio(ours, peer, 32, "p99"), "×"))
        result.append(at_least(10, f"{call}, Python model against PyTriton, requests/s, concurrency 32", ratio(python, peer, 32, "rate"), "×"))
    result.append(at_most(0, f"{call}, requests that failed", ours.failed + python.failed, "requests"))
    return result


def batching(program, seconds, turns):
    """A model that takes 1 ms for a batch of any size, 64 callers: what a batch holds, and the part of the possible that is reached."""
    url = f"{program.http}/v2/models/passthrough"
    slow, fast = HTTPTarget("1 ms", url, program.process.pid, sleep="0.001"), HTTPTarget("0 ms", url, program.process.pid)
    before = counts(url)
    for _ in range(turns):
        slow.run(64, seconds)
    after = counts(url)
    for _ in range(turns):
        fast.run(64, seconds)
    executions = after[1] - before[1]
    mean, possible = (after[0] - before[0]) / executions, min(64 / 0.001, fast.median(64, "rate"))
    busy = (after[2] - before[2]) / executions / 1e6
    return [
        plain("model of 1 ms, 64 callers, `generate`", slow.median(64, "rate"), "req/s", f"p50 {slow.median(64, 'p50'):.2f} ms, p99 {slow.median(64, 'p99'):.2f} ms"),
        plain("model of 1 ms, 64 callers: requests in a batch, mean", mean, "requests", f"{busy:.2f} ms the execution as measured"),
        plain("model of 1 ms, 64 callers: of what is possible", slow.median(64, "rate") / possible, "×", f"possible: {possible:,.0f} req/s, the lesser of 64 a ms and of a model of 0 ms"),
    ]


def counts(url):
    statistics = requests.get(f"{url}/stats", timeout=10).json()["model_stats"][0]
    return statistics["inference_count"], statistics["execution_count"], sum(batch["compute_infer"]["ns"] for batch in statistics["batch_stats"])
