"""Real PyTriton as a child process, in the virtual environment of its own that it needs."""

import os
import signal
import subprocess

import requests

from support.program import ROOT, free_ports
from support.waiting import wait_until

PYTHON = ROOT / ".venv-peers/bin/python"
_SCRIPT = ROOT / "journeys/peers/pytriton_server.py"


class PyTriton:
    def __init__(self, folder, otlp_url=None):
        self.folder = folder
        self.ports = free_ports(3)
        self.http = f"http://127.0.0.1:{self.ports[0]}"
        self.grpc = f"127.0.0.1:{self.ports[1]}"
        self.url = f"{self.http}/v2/models/passthrough"
        self.log_path = folder / "pytriton.log"
        self.command = [str(PYTHON), str(_SCRIPT), *map(str, self.ports), str(folder / "workspace")] + ([otlp_url] if otlp_url else [])
        self.process = None

    def start(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
        environment["OTEL_BSP_SCHEDULE_DELAY"] = "500"
        with open(self.log_path, "wb") as log:
            # A group of its own: its helper processes outlive it when it dies, and are ended with the group.
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder, env=environment, start_new_session=True
            )
        try:
            wait_until(self._is_ready, timeout=120, interval=0.2, what="PyTriton ready")
        except BaseException:
            self.stop()
            raise
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"PyTriton ended with code {self.process.returncode}:\n{self.log()}")
        try:
            return requests.get(f"{self.url}/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self):
        """A clean stop, so that it flushes its spans; then the rest of its group."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace")[-4000:] if self.log_path.exists() else ""
