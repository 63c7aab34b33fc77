"""PyTriton scripts with their import line changed: their own process executes the callables."""

import os
import signal
import subprocess
import textwrap

import pytest
import requests

from support import otlp, traces
from support.program import ROOT, Needletail, binary, free_ports
from support.waiting import wait_until

HEAD = """
    import sys, time
    import numpy as np
    from needletail.triton import RemoteTriton, Triton, TritonConfig
    from needletail.model_config import ModelConfig, Tensor
    from needletail.decorators import batch
    from needletail.exceptions import PyTritonUnrecoverableError
    X, Y = Tensor(name="x", dtype=np.float32, shape=(1,)), Tensor(name="y", dtype=np.float32, shape=(1,))

    @batch
    def double(x):
        if x.max() == 13:
            raise PyTritonUnrecoverableError("thirteen")
        return {"y": x * 2}
"""


class Script:
    """A script under way."""

    def __init__(self, folder, text, environment=None):
        self.http_port, self.grpc_port, self.metrics_port = free_ports(3)
        self.http = f"http://127.0.0.1:{self.http_port}"
        self.log_path = folder / "script.log"
        path = folder / "script.py"
        path.write_text(textwrap.dedent(HEAD) + textwrap.dedent(text))
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "NEEDLETAIL_BINARY": binary(), **(environment or {})}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [str(ROOT / ".venv/bin/python"), str(path), str(self.http_port), str(self.grpc_port), str(self.metrics_port)],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder, env=environment,
            )

    def wait(self):
        def ready():
            assert self.process.poll() is None, self.log()
            return b"READY" in self.log_path.read_bytes()

        wait_until(ready, what="the script is ready")
        return self

    def ends(self, timeout=60):
        """The exit code; a script that does not end shows its log."""
        try:
            return self.process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the script did not end within {timeout} s:\n{self.log()}")

    def log(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    def generate(self, value, **options):
        return requests.post(f"{self.http}/v2/models/double/generate", json={"x": value}, timeout=30, **options)

    def answers(self):
        try:
            return requests.get(f"{self.http}/v2/health/live", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False


CONFIG = "TritonConfig(http_address='127.0.0.1', http_port=int(sys.argv[1]), grpc_port=int(sys.argv[2]), metrics_port=int(sys.argv[3]), {})"
SERVE = f"""
    triton = Triton(config={CONFIG.format('')})
    triton.run()
    triton.bind("double", double, [X], [Y], config=ModelConfig(max_batch_size=8))
    print("READY", flush=True)
    triton.serve()
    print("ENDED", flush=True)
"""


@pytest.fixture
def script(tmp_path):
    started = []

    def start(text, environment=None):
        started.append(Script(tmp_path, text, environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


def test_a_script_serves_and_stops_with_ctrl_c(script):
    one = script(SERVE).wait()
    assert one.generate(2).json()["y"] == 4
    one.process.send_signal(signal.SIGINT)
    assert one.ends() == 0, one.log()
    assert "ENDED" in one.log() and not one.answers()


def test_the_server_does_not_outlive_its_script(script):
    one = script(SERVE).wait()
    assert one.answers()
    one.process.kill()
    wait_until(lambda: not one.answers(), what="the server's end")


def test_an_unrecoverable_error_ends_the_script(script):
    one = script(SERVE).wait()
    answer = one.generate(13)
    assert answer.status_code == 500 and "thirteen" in answer.json()["error"]
    assert one.ends() == 0, one.log()
    assert "ENDED" in one.log() and not one.answers()


def test_a_port_that_is_taken_is_explained(script):
    one = script(SERVE)
    two = Script(one.log_path.parent, SERVE.replace("int(sys.argv[1])", str(one.wait().http_port)))
    try:
        assert two.process.wait(timeout=60) != 0
        assert "before it was ready" in two.log()
    finally:
        two.process.wait()


def test_a_program_of_its_own_joins_a_running_server(tmp_path, script):
    (tmp_path / "shared").mkdir()
    socket = tmp_path / "shared" / "worker.sock"
    if len(str(socket)) > 100:
        pytest.skip("the temporary folder's path is too long for a socket")
    (tmp_path / "server").mkdir()
    server = Needletail("serve", tmp_path / "server", ["--worker-socket", str(socket), "--sample-model", "passthrough"],
                        environment={"NEEDLETAIL_WORKER_TOKEN": "secret"}).start()
    text = f"""
        with RemoteTriton("{server.http}", workspace="{socket.parent}") as triton:
            triton.bind("double", [double, double], [X], [Y])
            print("READY", flush=True)
            triton.serve()
    """
    url = f"{server.http}/v2/models/double"
    try:
        refused = script(text, {"NEEDLETAIL_WORKER_TOKEN": "wrong"})
        assert refused.process.wait(timeout=30) != 0 and "shows a wrong token" in refused.log()
        one = script(text, {"NEEDLETAIL_WORKER_TOKEN": "secret"}).wait()
        assert requests.post(f"{url}/generate", json={"x": 3}, timeout=30).json()["y"] == 6
        one.process.kill()
        wait_until(lambda: requests.get(f"{url}/ready", timeout=5).status_code == 400, what="the model is gone")
        assert server.generate({"sleep": 0}).status_code == 200
    finally:
        assert server.stop() == 0, server.log()


def test_a_tracer_provider_of_the_scripts_own_is_used(traces_program, script):
    one = script(f"""
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        provider = TracerProvider(resource=Resource({{"service.name": "the script's own"}}))
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter("{traces_program.otlp}")))
        trace.set_tracer_provider(provider)

        def traced(requests):
            for request in requests:
                with request.traced_span("by-request"):
                    with trace.get_tracer("mine").start_as_current_span("by-tracer"):
                        pass
            return [{{"y": request["x"]}} for request in requests]

        words = ["level=TIMESTAMPS", "rate=1", "mode=opentelemetry", "opentelemetry,url={traces_program.otlp}",
                 "opentelemetry,resource=service.name=a server = with signs", "opentelemetry,bsp_schedule_delay=100"]
        with Triton(config={CONFIG.format('trace_config=words')}) as triton:
            triton.bind("double", traced, [X], [Y])
            print("READY", flush=True)
            triton.serve()
    """).wait()
    trace_id, parent = otlp.trace_id(), otlp.span_id()
    assert one.generate(1, headers={"traceparent": f"00-{trace_id}-{parent}-01"}).status_code == 200
    trace = traces.wait_for(traces_program.query, trace_id, 7)
    trace.chain("InferRequest", "double", "python_backend_execute", "proxy_inference_callable", "by-request", "by-tracer")
    assert trace.named("python_backend_execute").service == "a server = with signs"
    assert {trace.named(name).service for name in ("proxy_inference_callable", "by-request", "by-tracer")} == {"the script's own"}
