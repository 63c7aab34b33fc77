"""The store by itself: floors, storing, and reading among ten million spans."""

import os
import subprocess

from runner.table import Row


def measure(folder, quick):
    spans = 400_000 if quick else 10_000_000
    done = subprocess.run(
        [os.environ["NEEDLETAIL_BENCH"], "store", "--spans", str(spans), "--folder", str(folder / "store")],
        capture_output=True, text=True, timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    return [Row(*line.split("\t")) for line in done.stdout.splitlines() if line.count("\t") == 5]
