"""The real program as a child process, on ports of its own."""

import os
import random
import signal
import socket
import subprocess
from pathlib import Path

import requests

from support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


def binary():
    """The program under test: `NEEDLETAIL_BINARY`, or the debug build."""
    path = Path(os.environ.get("NEEDLETAIL_BINARY", ROOT / ".build/debug/needletail"))
    if not path.exists():
        raise AssertionError(f"{path} is not there. Build it with: swift build --product needletail")
    return str(path)


def free_ports(count, kind=socket.SOCK_STREAM):
    """Ports that nobody listens on now, all different: below those that the system gives to connections, which come and go."""
    sockets = []
    try:
        while len(sockets) < count:
            one = socket.socket(type=kind)
            try:
                one.bind(("127.0.0.1", random.randrange(10_000, 32_000)))
            except OSError:
                one.close()
                continue
            sockets.append(one)
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


_taken = []


def closed_port():
    """A port on which a connection is refused, until the tests end: it is taken, and nobody listens there."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    _taken.append(taken)
    return taken.getsockname()[1]


class Needletail:
    """One running `needletail up`, `serve` or `traces`. The data folder and the ports survive a restart."""

    def __init__(self, subcommand, folder, arguments=(), environment=None, exit_timeout=60):
        self.subcommand = subcommand
        self.folder = Path(folder)
        self.log_path = self.folder / "needletail.log"
        self.data_dir = self.folder / "data"
        self.exit_timeout = exit_timeout
        self.environment = {**os.environ, "OTEL_BSP_SCHEDULE_DELAY": "200", **(environment or {})}
        (
            self.http_port, self.otlp_http_port, self.otlp_grpc_port, self.query_port,
            self.zipkin_port, self.jaeger_grpc_port, self.jaeger_http_port, self.inference_grpc_port,
            self.metrics_port, self.sampling_port, self.admin_port, self.tempo_port, self.jaeger_query_grpc_port,
        ) = free_ports(13)
        self.jaeger_compact_port, self.jaeger_binary_port = free_ports(2, socket.SOCK_DGRAM)
        self.arguments = list(arguments)
        self.process = None

    @property
    def serves(self):
        return self.subcommand in ("up", "serve")

    @property
    def stores(self):
        return self.subcommand in ("up", "traces")

    @property
    def http(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def inference_grpc(self):
        return f"127.0.0.1:{self.inference_grpc_port}"

    @property
    def metrics(self):
        return f"http://127.0.0.1:{self.metrics_port}/metrics"

    @property
    def otlp(self):
        return f"http://127.0.0.1:{self.otlp_http_port}/v1/traces"

    @property
    def grpc(self):
        return f"127.0.0.1:{self.otlp_grpc_port}"

    @property
    def zipkin(self):
        return f"http://127.0.0.1:{self.zipkin_port}/api/v2/spans"

    @property
    def jaeger_http(self):
        return f"http://127.0.0.1:{self.jaeger_http_port}/api/traces"

    @property
    def query(self):
        return f"http://127.0.0.1:{self.query_port}"

    @property
    def tempo(self):
        return f"http://127.0.0.1:{self.tempo_port}"

    @property
    def zipkin_query(self):
        return f"http://127.0.0.1:{self.zipkin_port}"

    @property
    def jaeger_query_grpc(self):
        return f"127.0.0.1:{self.jaeger_query_grpc_port}"

    @property
    def sampling(self):
        return f"http://127.0.0.1:{self.sampling_port}"

    @property
    def admin(self):
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def command(self):
        command = [binary(), self.subcommand, "--exit-timeout-secs", str(self.exit_timeout)]
        if self.serves:
            command += ["--http-port", str(self.http_port), "--grpc-port", str(self.inference_grpc_port), "--metrics-port", str(self.metrics_port)]
        if self.stores:
            command += [
                "--otlp-http-port", str(self.otlp_http_port), "--otlp-grpc-port", str(self.otlp_grpc_port),
                "--query-port", str(self.query_port), "--zipkin-port", str(self.zipkin_port),
                "--jaeger-compact-port", str(self.jaeger_compact_port), "--jaeger-binary-port", str(self.jaeger_binary_port),
                "--jaeger-grpc-port", str(self.jaeger_grpc_port), "--jaeger-http-port", str(self.jaeger_http_port),
                "--sampling-port", str(self.sampling_port), "--admin-port", str(self.admin_port),
                "--tempo-port", str(self.tempo_port), "--jaeger-query-grpc-port", str(self.jaeger_query_grpc_port),
                "--data-dir", str(self.data_dir),
            ]
        return command + self.arguments

    def start(self):
        self._log_before = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder, env=self.environment
            )
        try:
            wait_until(self._is_ready, what=f"needletail {self.subcommand} ready")
        except BaseException:
            self.kill()
            raise
        return self

    def _is_ready(self):
        code = self.process.poll()
        if code is not None:
            raise AssertionError(f"needletail {self.subcommand} ended with code {code} before it was ready:\n{self.log()}")
        if b"is ready. Stop it" not in self.log_path.read_bytes()[self._log_before:]:
            return False  # no other sign tells of the UDP ports
        try:
            if self.serves and requests.get(f"{self.http}/v2/health/ready", timeout=5).status_code != 200:
                return False
            if self.stores:
                if requests.get(f"{self.query}/api/services", timeout=5).status_code != 200:
                    return False
                for port in (self.otlp_http_port, self.otlp_grpc_port, self.zipkin_port, self.jaeger_grpc_port, self.jaeger_http_port):
                    socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return True
        except (requests.ConnectionError, OSError):
            return False

    def stop(self):
        """Asks for a clean stop and returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=self.exit_timeout + 60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"needletail {self.subcommand} did not stop within {self.exit_timeout} s and some:\n{self.log()}")

    def kill(self):
        """Ends it as a power cut would: no clean-up."""
        self.process.kill()
        self.process.wait()

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self, lines=80):
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def generate(self, body, headers=None, model="passthrough", session=requests):
        """One request to the generate endpoint."""
        return session.post(f"{self.http}/v2/models/{model}/generate", json=body, headers=headers, timeout=60)
