"""The program with the journeys' own models: `journeys/model-server`."""

import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

from support.program import ROOT


class ModelServer:
    """One running model server."""

    def __init__(self, folder, arguments=(), environment=None):
        path = Path(os.environ.get("NEEDLETAIL_MODEL_SERVER", ROOT / ".build/debug/needletail-model-server"))
        assert path.exists(), f"{path} is not there. Build it with: swift build --product needletail-model-server"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
        self.log_path = Path(folder) / "model-server.log"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(path), *arguments], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True,
                env={**clean, "OTEL_BSP_SCHEDULE_DELAY": "100", **(environment or {})},
            )
        line = self.process.stdout.readline().split()
        assert line[:1] == ["ready"], f"the model server did not start:\n{self.log()}"
        self.http = f"127.0.0.1:{line[1]}"
        self.grpc = f"127.0.0.1:{line[2]}"

    def log(self):
        return self.log_path.read_text()

    def stop(self, timeout=120):
        """Asks for a clean stop and returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the model server did not stop within {timeout} s:\n{self.log()}") from None
        self.process.stdout.close()
        return self.process.returncode


@contextmanager
def model_server(folder, *arguments, environment=None):
    server = ModelServer(folder, arguments, environment)
    try:
        yield server
    finally:
        code = server.stop()
    assert code == 0, server.log()
