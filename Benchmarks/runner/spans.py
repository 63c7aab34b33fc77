"""What a span costs: our own, and OpenTelemetry's Python SDK in the same run."""

import os
import subprocess
import sys
from pathlib import Path

from runner.table import Row, plain

PEERS = Path(__file__).resolve().parents[1] / "peers"


def measure(folder, quick):
    done = subprocess.run([os.environ["NEEDLETAIL_BENCH"], "span"], capture_output=True, text=True, check=True, timeout=300)
    rows = [Row(*line.split("\t")) for line in done.stdout.splitlines() if line.count("\t") == 5]
    python = subprocess.run([sys.executable, str(PEERS / "python_span.py")], capture_output=True, text=True, check=True, timeout=300)
    rows.append(plain("OpenTelemetry's Python SDK, sampled, 5 attributes", float(python.stdout), "ns", "peer, same run, batch processor"))
    return rows
