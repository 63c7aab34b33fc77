"""Python programs of `senders/`, which need packages too old for the journeys' own environment, and the program that sends with our SDK."""

import json
import os
import subprocess
from pathlib import Path

from support.program import ROOT

_FOLDER = ROOT / "journeys/senders"


def _python():
    path = ROOT / ".venv-senders/bin/python"
    assert path.exists(), f"{path} is not there. Make it with: scripts/venv.sh .venv-senders journeys/senders/requirements.txt"
    return str(path)


def _run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, f"{command} failed ({done.returncode}):\n{done.stdout}\n{done.stderr}"
    return done


def decode(wire_format, *paths):
    """The spans in each file, as the generated code of Jaeger or Zipkin reads them."""
    done = _run([_python(), str(_FOLDER / "decode.py"), wire_format, *map(str, paths)])
    return [json.loads(line) for line in done.stdout.splitlines()]


def python_exporter(name, endpoint):
    """Sends two spans through a Python exporter of OpenTelemetry 1.21 and returns the trace's id."""
    done = _run([_python(), str(_FOLDER / "exporter.py"), name, endpoint])
    assert "rror" not in done.stderr, done.stderr
    return done.stdout.strip()


def zipkin_thrift(service, trace, span, agent=None):
    """A list of one span of Zipkin's version 1, as Zipkin's generated code writes it; `agent`: the call for a datagram in that protocol."""
    command = [_python(), str(_FOLDER / "zipkin_thrift.py"), service, trace, span] + (["--agent", agent] if agent else [])
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def sender():
    """The program that sends one rich trace with our SDK: `NEEDLETAIL_SPAN_SENDER`, or the debug build."""
    path = Path(os.environ.get("NEEDLETAIL_SPAN_SENDER", ROOT / ".build/debug/needletail-span-sender"))
    assert path.exists(), f"{path} is not there. Build it with: swift build --product needletail-span-sender"
    return str(path)


def send(environment, cwd=None):
    """Sends the rich trace as the variables say. Returns the report (the spans' ids by name, how many were exported) and standard output."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    done = _run([sender()], env={**clean, **environment}, cwd=cwd)
    lines = done.stderr.splitlines()
    report = json.loads(next(line for line in lines if line.startswith("{")))
    assert not [line for line in lines if "warning" in line or "error" in line], done.stderr
    return report, done.stdout
