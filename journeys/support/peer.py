"""Servers of others as child processes, each in the virtual environment that its packages need."""

import os
import signal
import subprocess

import pytest
import requests

from support.program import ROOT
from support.waiting import wait_until

ENVIRONMENTS = {"pytriton": ROOT / ".venv-peers", "bentoml": ROOT / ".venv-bentoml", "envoy": ROOT / ".venv-envoy"}


def needs(name):
    """Skips the file that calls it where the peer cannot be had, and where it is not installed, unless `NEEDLETAIL_PEERS=required`."""
    reason = ENVIRONMENTS[name] / ".cannot-be-had"
    if reason.exists():
        pytest.skip(reason.read_text().strip(), allow_module_level=True)
    if not (ENVIRONMENTS[name] / ".requirements").exists() and os.environ.get("NEEDLETAIL_PEERS") != "required":
        pytest.skip(f"no {name} here: make test-peers installs it", allow_module_level=True)


def clean_environment(name):
    """What a user's shell has when the peer's programs are in its PATH, and nothing of this test run's Python."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "OTEL_"))}
    return {**kept, "PATH": f"{ENVIRONMENTS[name] / 'bin'}:{os.environ['PATH']}"}


class Peer:
    """A server of others, in a process group of its own: its helpers outlive it when it dies, and are ended with the group."""

    def __init__(self, name, folder, command, environment, ready_url=None, patience=120):
        self.name = name
        self.folder = folder
        self.command = command
        self.environment = environment
        self.ready_url = ready_url
        self.patience = patience
        self.log_path = folder / f"{name}.log"
        self.process = None

    def start(self):
        self.launch()
        return self.wait_until_ready()

    def launch(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder, env=self.environment, start_new_session=True
            )

    def wait_until_ready(self):
        try:
            wait_until(self._is_running_and_ready, timeout=self.patience, interval=0.2, what=f"{self.name} ready")
        except BaseException:
            self.stop()
            raise
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _is_running_and_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with code {self.process.returncode}:\n{self.log()}")
        return self.is_ready()

    def is_ready(self):
        try:
            return requests.get(self.ready_url, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self):
        """A clean stop, so that it flushes its spans; then the rest of its group."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace")[-6000:] if self.log_path.exists() else ""
