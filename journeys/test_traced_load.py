"""Every request of a load, each with its caller's context: none lost, each tree whole and in its caller's trace.

`TRACED_LOAD_REQUESTS` says how many requests each combination sends; `make test-soak` sends 100,000 to a release build."""

import json
import os
import subprocess

import pytest

from support.program import ROOT, Needletail, free_ports

REQUESTS = int(os.environ.get("TRACED_LOAD_REQUESTS", "5000"))


def sender():
    path = ROOT / ".build" / os.environ.get("TRACED_LOAD_BUILD", "debug") / "needletail-traced-load"
    assert path.exists(), f"{path} is not there. Build it with: swift build --product needletail-traced-load"
    return str(path)


@pytest.mark.parametrize("connections", [8, 32])
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_every_request_has_its_whole_tree_in_its_callers_trace(tmp_path, protocol, connections):
    (receiver,) = free_ports(1)
    arguments = [
        "--trace-config", "level=TIMESTAMPS", "--trace-config", "rate=1", "--trace-config", "mode=opentelemetry",
        "--trace-config", f"opentelemetry,url=http://127.0.0.1:{receiver}/v1/traces",
    ]
    server = Needletail("serve", tmp_path, arguments).start()
    try:
        port = server.http_port if protocol == "http" else server.inference_grpc_port
        run = subprocess.run(
            [sender(), "--protocol", protocol, "--port", str(port), "--receiver-port", str(receiver),
             "--connections", str(connections), "--requests", str(REQUESTS), "--timeout", "60"],
            capture_output=True, text=True, timeout=900,
        )
        assert run.stdout, run.stderr
        report = json.loads(run.stdout)
        print(report)
        assert report["failed"] == 0, report
        assert report["answered"] == REQUESTS, report
        assert report["complete"] == REQUESTS, report
        assert report["unknown_spans"] == 0, report
        assert server.process.poll() is None, "the server has ended"
    finally:
        server.stop()
