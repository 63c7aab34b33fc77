"""Triton's `model.py` in a repository: requests, errors, decoupled answers, calls of other models, loading and unloading."""

import json
import os
import textwrap
from pathlib import Path

import numpy as np
import pytest
import requests

from support import otlp, traces
from support.program import Needletail
from support.waiting import wait_until
from test_python_models import PYTHON, infer, is_alive, stream, worker_pids

IDENT = """
    import json
    import numpy as np
    import triton_python_backend_utils as pb_utils

    class TritonPythonModel:
        @staticmethod
        def auto_complete_config(config):
            config.add_input({"name": "X", "data_type": "TYPE_FP32", "dims": [2]})
            config.add_output({"name": "Y", "data_type": "TYPE_FP32", "dims": [2]})
            config.set_max_batch_size(8)
            config.set_dynamic_batching()
            return config

        def initialize(self, args):
            config = json.loads(args["model_config"])
            self.dtype = pb_utils.triton_string_to_numpy(pb_utils.get_output_config_by_name(config, "Y")["data_type"])
            pb_utils.Logger.log_info("ident is initialized in " + pb_utils.get_model_dir())

        def execute(self, requests):
            responses = []
            for request in requests:
                x = pb_utils.get_input_tensor_by_name(request, "X").as_numpy()
                first = float(x.ravel()[0])
                if first == -1:
                    responses.append(pb_utils.InferenceResponse(error=pb_utils.TritonError("minus one", pb_utils.TritonError.INVALID_ARG)))
                    continue
                if first == -2:
                    raise ValueError("execute boom")
                responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("Y", x.astype(self.dtype))]))
            return responses

        def finalize(self):
            print("ident is finalized", flush=True)
"""
DEC = """
    import threading
    import numpy as np
    import triton_python_backend_utils as pb_utils

    class TritonPythonModel:
        def execute(self, requests):
            for request in requests:
                threading.Thread(target=self.answer, args=(request, request.get_response_sender())).start()

        def answer(self, request, sender):
            count = int(pb_utils.get_input_tensor_by_name(request, "N").as_numpy().ravel()[0])
            for index in range(abs(count)):
                sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("Y", np.array([index], np.float32))]))
            if count < 0:
                sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError("below zero")))
            else:
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""
BLS = """
    import numpy as np
    import triton_python_backend_utils as pb_utils

    class TritonPythonModel:
        def execute(self, requests):
            responses = []
            for request in requests:
                x = pb_utils.get_input_tensor_by_name(request, "X")
                call = pb_utils.InferenceRequest(
                    model_name="ident", requested_output_names=["Y"], inputs=[x], request_id="inner", trace=request.trace())
                answer = call.exec()
                if answer.has_error():
                    responses.append(pb_utils.InferenceResponse(error=pb_utils.TritonError("inner: " + answer.error().message())))
                    continue
                y = pb_utils.get_output_tensor_by_name(answer, "Y").as_numpy()
                stream = pb_utils.InferenceRequest(
                    model_name="dec", requested_output_names=["Y"], inputs=[pb_utils.Tensor("N", np.array([40], np.int32))])
                total = sum(float(one.output_tensors()[0].as_numpy()[0]) for one in stream.exec(decoupled=True))
                responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("Y", y + total)]))
            return responses
"""
ASYNC = """
    import asyncio
    import triton_python_backend_utils as pb_utils

    class TritonPythonModel:
        async def execute(self, requests):
            calls = [
                pb_utils.InferenceRequest(
                    model_name="ident", requested_output_names=["Y"], inputs=[pb_utils.get_input_tensor_by_name(request, "X")],
                    trace=request.trace()).async_exec()
                for request in requests for _ in range(3)
            ]
            answers = await asyncio.gather(*calls)
            return [
                pb_utils.InferenceResponse([pb_utils.Tensor("Y", sum(one.output_tensors()[0].as_numpy() for one in answers[index * 3:index * 3 + 3]))])
                for index in range(len(requests))
            ]
"""


def tensor(kind, name, data_type, dims):
    return f'{kind} [ {{ name: "{name}" data_type: {data_type} dims: {dims} }} ]\n'


XY = tensor("input", "X", "TYPE_FP32", [2]) + tensor("output", "Y", "TYPE_FP32", [2])


def write_model(repository, name, source, config=None):
    folder = Path(repository) / name / "1"
    folder.mkdir(parents=True)
    (folder / "model.py").write_text(textwrap.dedent(source))
    if config is not None:
        (folder.parent / "config.pbtxt").write_text(config)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    repository = tmp_path_factory.mktemp("repository")
    write_model(repository, "ident", IDENT)
    write_model(
        repository, "dec", DEC, 'name: "dec"\nbackend: "python"\n' + tensor("input", "N", "TYPE_INT32", [1])
        + tensor("output", "Y", "TYPE_FP32", [1]) + "model_transaction_policy { decoupled: true }\n",
    )
    write_model(repository, "bls", BLS, 'name: "bls"\nbackend: "python"\nmax_batch_size: 4\n' + XY)
    write_model(repository, "gathered", ASYNC, 'name: "gathered"\nbackend: "python"\nmax_batch_size: 4\n' + XY)
    program = Needletail(
        "up", tmp_path_factory.mktemp("up"),
        ["--model-repository", str(repository), "--model-control-mode", "explicit", "--load-model", "*",
         "--trace-config", "opentelemetry,bsp_schedule_delay=100"],
        environment=PYTHON,
    )
    program.start()
    for model in ("ident", "dec", "bls", "gathered"):
        wait_until(lambda: requests.get(f"{program.http}/v2/models/{model}/ready", timeout=5).status_code == 200, what=f"{model} ready")
    yield program
    assert program.stop() == 0, program.log()


X = np.array([[1, 2]], np.float32)


def test_a_model_completes_its_own_configuration(server):
    described = requests.get(f"{server.http}/v2/models/ident", timeout=10).json()
    assert described["inputs"] == [{"name": "X", "datatype": "FP32", "shape": [-1, 2]}]
    assert described["platform"] == "python"
    np.testing.assert_array_equal(infer(server, "ident", {"X": X})["Y"], X)


def test_an_error_of_one_request_has_its_code(server):
    answer = infer(server, "ident", {"X": -X})
    assert (answer.status_code, answer.json()["error"]) == (400, "minus one")


def test_an_exception_is_told_as_triton_tells_it(server):
    answer = infer(server, "ident", {"X": -2 * X})
    assert answer.status_code == 500
    text = answer.json()["error"]
    assert text.startswith("Failed to process the request(s) for model 'ident_0_0', message: ValueError: execute boom\n\nAt:\n  ")
    assert text.endswith("): execute\n") and "model.py(" in text


def test_response_senders_stream_from_threads(server):
    assert [one["Y"] for one in stream(server, "dec", {"N": 50})] == list(range(50))
    events = stream(server, "dec", {"N": -2})
    assert [one.get("Y") for one in events[:2]] == [0, 1] and events[2]["error"] == "below zero"


def test_a_model_calls_others(server):
    np.testing.assert_array_equal(infer(server, "bls", {"X": X})["Y"], X + 780)
    answer = infer(server, "bls", {"X": -X})
    assert answer.status_code == 500 and answer.json()["error"] == "inner: minus one"


def test_calls_can_be_awaited_together(server):
    np.testing.assert_array_equal(infer(server, "gathered", {"X": X})["Y"], 3 * X)


def test_large_tensors_reach_called_models(server):
    """Nothing of a call's memory is mixed up with that of others."""
    for value in range(5):
        x = np.full((4, 2), value, np.float32)
        np.testing.assert_array_equal(infer(server, "gathered", {"X": x})["Y"], 3 * x)


def test_the_called_models_spans_are_in_the_callers_trace(server):
    trace_id, parent = otlp.trace_id(), otlp.span_id()
    answer = infer(server, "bls", {"X": X}, headers={"traceparent": f"00-{trace_id}-{parent}-01"})
    assert isinstance(answer, dict), answer.text

    def complete():
        trace = traces.get(server.query, trace_id)
        return trace if trace and {"bls", "ident", "dec"} <= set(trace.names) else None

    trace = wait_until(complete, what="the spans of the called models")
    assert trace.named("ident").parent == trace.named("bls").id
    assert trace.names.count("python_backend_execute") == 3


def test_unloading_leaves_no_process_and_no_memory(server):
    before = set(worker_pids(server.process.pid))
    assert requests.post(f"{server.http}/v2/repository/models/gathered/unload", json={}, timeout=30).status_code == 200
    wait_until(lambda: len(set(worker_pids(server.process.pid))) == len(before) - 1, what="the unloaded model's worker to end")
    gone = before - set(worker_pids(server.process.pid))
    assert not any(is_alive(pid) for pid in gone)
    assert not [name for name in os.listdir("/dev/shm") if name.startswith("needletail")]
    assert requests.post(f"{server.http}/v2/repository/models/gathered/load", json={}, timeout=60).status_code == 200
    np.testing.assert_array_equal(infer(server, "gathered", {"X": X})["Y"], 3 * X)


def test_a_broken_file_is_explained(server, tmp_path):
    import base64

    source = base64.b64encode(b"import not_there\n").decode()
    answer = requests.post(
        f"{server.http}/v2/repository/models/broken/load", timeout=60,
        json={"parameters": {"config": json.dumps({"name": "broken", "backend": "python"}), "file:1/model.py": source}},
    )
    assert answer.status_code >= 400
    index = requests.post(f"{server.http}/v2/repository/index", json={}, timeout=10).text
    assert "not_there" in answer.text + index
