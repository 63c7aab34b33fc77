"""Runs a user's program of `clients/` in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "clients"


def run(name, *arguments, timeout=120):
    """The line of JSON that the program prints."""
    done = subprocess.run([sys.executable, str(_FOLDER / name), *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"{name} failed ({done.returncode}):\n{done.stdout}\n{done.stderr}"
    assert "Failed to export" not in done.stderr, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])
