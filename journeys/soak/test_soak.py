"""Minutes at full load, with models that come and go, clients that leave, and workers that are killed: nothing leaks, no
request is stuck, each is answered once.

`SOAK_SECONDS` says how long; `make test-soak` takes ten minutes with a release build.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import requests

from support import models
from support.program import Needletail
from support.waiting import wait_until

SECONDS = int(os.environ.get("SOAK_SECONDS", "600"))
HERE = Path(__file__).resolve().parent
CLIENTS = ["http:increment", "grpc:increment", "http:steady", "grpc:steady", "http:churn", "grpc:churn", "streams", "leavers", "cancellers"]
#: What a request may be told, by a part of the text: its worker was killed, or its model was away.
EXPECTED = ("worker", "not found", "no available versions", "not available", "unloaded", "unloading", "is not ready")


def test_nothing_leaks_or_is_stuck(tmp_path):
    repository = tmp_path / "repository"
    models.run("increment.py", repository, "steady", "churn")
    # Spans are stored, or the exporter's queue would fill up within its bound and look like a leak.
    (tmp_path / "back-end").mkdir()
    back_end = Needletail("traces", tmp_path / "back-end").start()
    server = Needletail("serve", tmp_path, [
        "--model-repository", str(repository), "--model-control-mode", "explicit", "--load-model", "steady",
        "--python", f"{HERE / 'models.py'}:increment", "--python", f"{HERE / 'models.py'}:count", "--log-level", "warning",
        "--sample-model", "passthrough", "--python-executable", sys.executable,
        "--trace-config", "level=TIMESTAMPS", "--trace-config", "rate=100", "--trace-config", "mode=opentelemetry",
        "--trace-config", f"opentelemetry,url={back_end.otlp}",
    ], environment=models.environment()).start()
    clients, load = {}, None
    try:
        for model in ("increment", "count", "steady"):
            wait_until(lambda: requests.get(f"{server.http}/v2/models/{model}/ready", timeout=5).status_code == 200, what=model)
        load = subprocess.Popen(
            ["wrk", "-t1", "-c8", f"-d{SECONDS}s", "-s", str(HERE.parents[1] / "Benchmarks/peers/passthrough.lua"),
             f"{server.http}/v2/models/passthrough/generate", "--", "generate"],
            stdout=subprocess.PIPE, text=True,
        )
        for kind in CLIENTS:
            clients[kind] = subprocess.Popen(
                [sys.executable, str(HERE / "clients.py"), kind, str(server.http_port), str(server.inference_grpc_port)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
        samples, changes = disturb(server)
        reports = {kind: finish(process) for kind, process in clients.items()}
        summary = next(line for line in load.communicate(timeout=60)[0].splitlines() if line.startswith("RESULT")).split()
    finally:
        for process in [*clients.values(), *([load] if load else [])]:
            if process.poll() is None:
                process.kill()
        logged = server.log()
        server.stop()
        back_end.stop()

    print(json.dumps({"samples": samples[:: max(1, len(samples) // 20)], "changes": changes, "reports": reports, "wrk": summary}, indent=1))
    assert int(summary[1]) > 0 and int(summary[3]) == 0, f"wrk: {summary}"
    for kind, report in reports.items():
        outcomes = report["outcomes"]
        assert not report["wrong"], (kind, report["wrong"])
        assert outcomes.get("stuck", 0) == 0, (kind, outcomes)
        errors = {text: count for text, count in outcomes.items() if text.startswith("error: ")}
        assert all(any(part in text for part in EXPECTED) for text in errors), (kind, errors)
        assert outcomes["sent"] == sum(outcomes.values()) - outcomes["sent"], (kind, outcomes)
        if kind not in ("leavers",):
            assert outcomes.get("answered", 0) > 0, (kind, outcomes)
    assert changes["kills"] > 0 and changes["loads"] > 0, changes
    assert flat([sample["rss"] for sample in samples], slack=24 << 20), [sample["rss"] >> 20 for sample in samples]
    assert flat([sample["files"] for sample in samples], slack=40), [sample["files"] for sample in samples]
    assert "Fatal error" not in logged, logged


def disturb(server):
    """Loads, unloads and kills until the time is over; the server's memory and open files meanwhile."""
    samples, changes = [], {"loads": 0, "kills": 0}
    end, turn = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        turn += 1
        requests.post(f"{server.http}/v2/repository/models/churn/load", json={}, timeout=60).raise_for_status()
        changes["loads"] += 1
        time.sleep(0.7)
        if turn % 3 == 0:
            for worker in workers(server.process.pid)[:1]:
                os.kill(worker, signal.SIGKILL)
                changes["kills"] += 1
        requests.post(f"{server.http}/v2/repository/models/churn/unload", json={}, timeout=60).raise_for_status()
        time.sleep(0.3)
        samples.append({"rss": rss(server.process.pid), "files": len(os.listdir(f"/proc/{server.process.pid}/fd"))})
    return samples, changes


def workers(pid):
    """The server's worker processes."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                if b"needletail" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
        except (OSError, IndexError):
            continue  # it has ended meanwhile
    return found


def rss(pid):
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def flat(values, slack):
    """The last third is not above the second by more than the slack: the first may still warm up."""
    third = max(1, len(values) // 3)
    return statistics.median(values[-third:]) <= statistics.median(values[third:2 * third]) + slack


def finish(process):
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.communicate(timeout=120)[0].splitlines()[-1])
