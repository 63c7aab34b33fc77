"""TraceQL over a SQLite store of a million spans."""

import os
import subprocess

from runner.table import Row


def measure(folder, quick):
    done = subprocess.run(
        [os.environ["NEEDLETAIL_BENCH"], "traceql", "--spans", "50000" if quick else "1000000"],
        capture_output=True, text=True, check=True, timeout=900, env=os.environ | {"TMPDIR": str(folder)},
    )
    return [Row(*line.split("\t")) for line in done.stdout.splitlines() if line.count("\t") == 5]
