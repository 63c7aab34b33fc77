"""Models for the journeys, and the environment that makes and executes them (scripts/models-venv.sh)."""

import subprocess

import pytest

from support.program import ROOT

VENV = ROOT / ".venv-models"
PYTHON = VENV / "bin/python"
SCRIPTS = ROOT / "journeys/models"


def environment():
    """Where the program finds OpenVINO."""
    if not PYTHON.exists():
        pytest.fail(f"{VENV} is not there. Make it with: scripts/models-venv.sh")
    (packages,) = VENV.glob("lib/python3*/site-packages")
    return {"NEEDLETAIL_OPENVINO": str(packages)}


def run(script, *arguments):
    """Runs a script of `models/` and gives what it prints."""
    environment()
    command = [str(PYTHON), str(SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout
