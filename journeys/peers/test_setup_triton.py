"""Real Triton and real PyTriton, set up by what the page lets their users copy."""

import shutil

import requests

from support import otlp, traces
from support.browser import screenshot
from support.peer import ENVIRONMENTS, Peer, clean_environment, needs
from support.program import free_ports
from support.sendblocks import copied_block, shows_on_the_page

needs("pytriton")

# Triton as its users have it: a model in a folder.
MODEL = """
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", pb_utils.get_input_tensor_by_name(one, "IN").as_numpy() * 2)]) for one in requests]
"""
CONFIG = """
backend: "python"
input [ { name: "IN", data_type: TYPE_FP32, dims: [ 1 ] } ]
output [ { name: "OUT", data_type: TYPE_FP32, dims: [ 1 ] } ]
instance_group [ { kind: KIND_CPU } ]
"""

# A PyTriton program below the lines that were copied.
PROGRAM = """
import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor


@batch
def double(IN):
    return {"OUT": IN * 2}


tensor = lambda name: Tensor(name=name, dtype=np.float32, shape=(1,))
with triton:
    triton.bind(model_name="double", infer_func=double, inputs=[tensor("IN")], outputs=[tensor("OUT")], config=ModelConfig(max_batch_size=8))
    triton.serve()
"""


def triton_of_the_wheel(folder):
    """Triton as an installation has it, out of PyTriton's wheel, with Debian's Python for its Python backend: its folder, and an environment that finds it."""
    packages, home = ENVIRONMENTS["pytriton"] / "lib/python3.11/site-packages", folder / "triton"
    shutil.copytree(packages / "pytriton/tritonserver", home, ignore=shutil.ignore_patterns("python_backend_stubs"))
    shutil.copy(packages / "pytriton/tritonserver/python_backend_stubs/3.11/triton_python_backend_stub", home / "backends/python")
    environment = clean_environment("pytriton")
    environment |= {"PATH": f"{home}/bin:{environment['PATH']}", "LD_LIBRARY_PATH": str(packages / "nvidia_pytriton.libs")}
    return home, environment


def ask(url, shape, headers=None):
    body = {"inputs": [{"name": "IN", "datatype": "FP32", "shape": shape, "data": [21.0]}]}
    answer = requests.post(f"{url}/v2/models/double/infer", json=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"][0]["data"] == [42.0]


def ask_with_context(url, shape):
    """One request with a context of its caller: the trace's id and the caller's span."""
    trace, caller = otlp.trace_id(), otlp.span_id()
    ask(url, shape, {"traceparent": f"00-{trace}-{caller}-01"})
    return trace, caller


def test_triton_started_with_the_copied_arguments(traces_program, page, tmp_path):
    """tritonserver runs as the block stands, with a model repository and free ports of its own: the three spans of a request, under their caller."""
    block = copied_block(page, traces_program.query, "Triton Inference Server")
    (tmp_path / "models/double/1").mkdir(parents=True)
    (tmp_path / "models/double/config.pbtxt").write_text(CONFIG)
    (tmp_path / "models/double/1/model.py").write_text(MODEL)
    home, environment = triton_of_the_wheel(tmp_path)
    http, grpc, metrics = free_ports(3)
    assert "--model-repository=/models " in block
    command = block.replace("=/models ", f"={tmp_path}/models ") + (
        f" --backend-directory={home}/backends --http-address=127.0.0.1 --http-port={http}"
        f" --grpc-address=127.0.0.1 --grpc-port={grpc} --metrics-address=127.0.0.1 --metrics-port={metrics}"
    )
    url = f"http://127.0.0.1:{http}"
    with Peer("tritonserver", tmp_path, ["bash", "-c", f"exec {command}"], environment, f"{url}/v2/models/double/ready") as triton:
        trace_id, caller = ask_with_context(url, [1])
        trace = traces.wait_for(traces_program.query, trace_id, 3)
        chain = trace.chain("InferRequest", "double", "compute")
        assert chain[0].parent == caller, triton.log()
        assert {span.service for span in trace.spans} == {"triton"}
        assert chain[0].tags["span.kind"] == "server"
        assert chain[1].tags["triton.model_name"] == "double"
        assert chain[2].event_names == ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END"]
        shows_on_the_page(page, traces_program.query, trace)
        screenshot(page, "setup-triton")
        # Triton traces what brings a context whatever its rate is.
        ask(url, [1])
        assert traces.wait_for_root(traces_program.query, "triton", "InferRequest", 3).is_linked


def test_pytriton_with_the_copied_lines(traces_program, page, tmp_path):
    """A PyTriton program that begins with the lines of the block: Triton's spans and those of its Python side are one trace."""
    (tmp_path / "server.py").write_text(copied_block(page, traces_program.query, "PyTriton") + "\n" + PROGRAM)
    http, grpc, metrics = free_ports(3)
    settings = {"HTTP_ADDRESS": "127.0.0.1", "HTTP_PORT": http, "GRPC_ADDRESS": "127.0.0.1", "GRPC_PORT": grpc, "METRICS_PORT": metrics}
    environment = clean_environment("pytriton") | {f"PYTRITON_TRITON_CONFIG_{name}": str(value) for name, value in settings.items()}
    url = f"http://127.0.0.1:{http}"
    with Peer("pytriton-copied", tmp_path, ["python", "server.py"], environment, f"{url}/v2/models/double/ready"):
        trace_id, caller = ask_with_context(url, [1, 1])
        trace = traces.wait_for(traces_program.query, trace_id, 6)
        assert trace.chain("InferRequest", "double", "python_backend_execute", "proxy_inference_callable", "pytriton-batch-decorator-span")[0].parent == caller
        assert trace.named("compute").parent == trace.named("double").id
        assert {span.service for span in trace.spans} == {"pytriton"}
        shows_on_the_page(page, traces_program.query, trace)
        screenshot(page, "setup-pytriton")
        ask(url, [1, 1])
        assert traces.wait_for_root(traces_program.query, "pytriton", "InferRequest", 6).is_linked
