"""Python callables in worker processes: what they compute, how they fail, and that nothing of them is left."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import requests

from support import otlp, traces
from support.program import ROOT
from support.waiting import wait_until

MODELS = Path(__file__).parent / "models/python_models.py"
NAMES = [
    "passthrough", "double", "whole", "steps", "slow_steps", "awaited", "Shout", "moody", "keeper", "strict", "opentelemetry_spans",
]
PYTHON = {"NEEDLETAIL_PYTHON": str(ROOT / ".venv/bin/python")}


def python_flags(names):
    return [flag for name in names for flag in ("--python", f"{MODELS}:{name}")]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from support.program import Needletail

    program = Needletail("serve", tmp_path_factory.mktemp("python"), python_flags(NAMES), environment=PYTHON)
    program.start()
    yield program
    before = worker_pids(program.process.pid)
    assert before
    assert program.stop() == 0, program.log()
    assert not [pid for pid in before if is_alive(pid)], "workers outlive the server"


def worker_pids(server_pid):
    """The children of the server that are workers."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if int(stat[1]) == server_pid and b"needletail.worker" in command and stat[0] != "Z":
                found.append(int(folder.name))
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def infer(server, model, inputs, binary=False, headers=None):
    """Inputs by name -> arrays out by name; the answer itself when it is no success."""
    names = {"f4": "FP32", "f8": "FP64", "i4": "INT32", "i8": "INT64", "b1": "BOOL"}
    described, raw = [], b""
    for name, array in inputs.items():
        one = {"name": name, "shape": list(array.shape), "datatype": names[array.dtype.str[1:]]}
        if binary:
            one["parameters"] = {"binary_data_size": array.nbytes}
            raw += array.tobytes()
        else:
            one["data"] = array.ravel().tolist()
        described.append(one)
    body = json.dumps({"inputs": described, **({"parameters": {"binary_data_output": True}} if binary else {})}).encode()
    headers = dict(headers or {})
    if binary:
        headers["Inference-Header-Content-Length"] = str(len(body))
    answer = requests.post(f"{server.http}/v2/models/{model}/infer", data=body + raw, headers=headers, timeout=120)
    if answer.status_code != 200:
        return answer
    dtypes = {text: np.dtype(code) for code, text in names.items()}
    if not binary:
        return {one["name"]: np.array(one["data"], dtypes[one["datatype"]]).reshape(one["shape"]) for one in answer.json()["outputs"]}
    length = int(answer.headers["Inference-Header-Content-Length"])
    outputs, position = {}, length
    for one in json.loads(answer.content[:length])["outputs"]:
        dtype = dtypes[one["datatype"]]
        size = int(np.prod(one["shape"])) * dtype.itemsize
        outputs[one["name"]] = np.frombuffer(answer.content[position:position + size], dtype).reshape(one["shape"])
        position += size
    return outputs


def stream(server, model, body):
    with requests.post(f"{server.http}/v2/models/{model}/generate_stream", json=body, timeout=60, stream=True) as answer:
        assert answer.status_code == 200, answer.text
        return [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith(b"data: ")]


# Values


def test_a_list_of_requests_is_answered(server):
    assert server.generate({"sleep": 0.001, "error": False}).json()["error"] is False
    out = infer(server, "passthrough", {"sleep": np.zeros((3, 1), np.float32), "error": np.zeros((3, 1), np.bool_)})
    assert out["sleep"].shape == (3, 1) and out["error"].dtype == np.bool_


@pytest.mark.parametrize("rows, columns", [(1, 1), (3, 7), (64, 1000)])
def test_a_batch_is_computed(server, rows, columns):
    x = np.random.default_rng(1).random((rows, columns), np.float32)
    np.testing.assert_array_equal(infer(server, "double", {"x": x}, binary=True)["y"], x * 2)


def test_a_model_without_batching_sees_the_whole_tensor(server):
    np.testing.assert_array_equal(infer(server, "whole", {"x": np.arange(5, dtype=np.float32)})["y"], np.arange(5) + 1)


def test_a_coroutine_is_awaited(server):
    np.testing.assert_array_equal(infer(server, "awaited", {"x": np.ones((1, 2), np.float32)})["y"], [[-1, -1]])


def test_an_object_takes_and_gives_strings(server):
    answer = requests.post(f"{server.http}/v2/models/shout/generate", json={"text": "grüße"}, timeout=30)
    assert answer.json()["upper"].startswith("GR")


@pytest.mark.parametrize("mebibytes", [0.01, 0.1, 1, 16, 63])
def test_tensors_of_all_sizes_go_through(server, mebibytes):
    x = np.random.default_rng(2).random((1, int(mebibytes * (1 << 20) / 4)), np.float32)
    for _ in range(2):
        np.testing.assert_array_equal(infer(server, "double", {"x": x}, binary=True)["y"], x * 2)


def test_arrays_that_a_model_keeps_are_not_written_again(server):
    first = np.full((1, 100_000), 7, np.float32)
    infer(server, "keeper", {"x": first}, binary=True)
    for value in range(5):
        other = np.full((1, 100_000), value, np.float32)
        answer = infer(server, "keeper", {"x": other}, binary=True)
        assert isinstance(answer, dict), answer.text
        np.testing.assert_array_equal(answer["y"], first)


def test_requests_are_batched(server):
    """All at once, several in one execution, and each gets its own answer."""
    answers = {}

    def one(index):
        answers[index] = infer(server, "double", {"x": np.full((1, 3), index, np.float32)})["y"][0, 0]

    threads = [threading.Thread(target=one, args=(index,)) for index in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {index: 2 * index for index in range(64)}


# Streams


def test_a_generator_streams(server):
    assert [one["step"] for one in stream(server, "steps", {"n": 5})] == [0, 1, 2, 3, 4]


def test_a_long_stream_is_complete(server):
    assert [one["step"] for one in stream(server, "steps", {"n": 300})] == list(range(300))


def test_streams_do_not_wait_for_each_other(server):
    """Eight streams of one worker, each of four seconds: together they take about as long as one."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(stream(server, "slow_steps", {"n": 20}))) for _ in range(8)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[one["step"] for one in result] for result in results] == [list(range(20))] * 8
    assert time.monotonic() - started < 24, "one after the other they would take 32 seconds"


def test_an_error_ends_a_stream_with_pythons_traceback(server):
    events = stream(server, "steps", {"n": 13})
    assert [one.get("step") for one in events[:13]] == list(range(13))
    assert events[13]["error"].startswith("Traceback (most recent call last):")
    assert "ValueError: thirteen steps" in events[13]["error"]


def test_a_client_that_leaves_ends_its_stream_alone(server):
    with requests.post(f"{server.http}/v2/models/slow_steps/generate_stream", json={"n": 1000}, timeout=60, stream=True) as answer:
        next(answer.iter_lines())
    assert [one["step"] for one in stream(server, "slow_steps", {"n": 2})] == [0, 1]


# Failures


def test_an_exception_reaches_the_client_with_its_traceback(server):
    answer = server.generate({"sleep": 0, "error": True})
    assert answer.status_code == 500
    text = answer.json()["error"]
    assert text.startswith(
        "Failed to process the request(s) for model 'passthrough_0_0', message: TritonModelException: Model execute error: "
        "Traceback (most recent call last):\n"
    )
    assert 'raise ValueError("Requested Error")' in text and text.endswith("ValueError: Requested Error\n")


@pytest.mark.parametrize(
    "what, message",
    [
        (1, "Returned output `y` for model `strict` has invalid type. Returned: float64 (f). Expected: <class 'numpy.float32'>."),
        (2, "Returned output `z` is not defined in model config for model `strict`."),
        (3, "has invalid shapes at one or more positions. Returned: (3,). Expected: (2,)."),
        (4, "Outputs returned by `strict` model callable must be list of response dicts with numpy arrays."),
        (5, "Number of outputs returned by `strict` inference callable (0) does not match number of requests (1) received from Triton."),
        (6, "Not all values returned by `strict` model callable are numpy arrays"),
    ],
)
def test_wrong_outputs_are_named(server, what, message):
    answer = infer(server, "strict", {"x": np.array([[what]], np.float32)})
    assert answer.status_code == 500 and message in answer.json()["error"]


def pid_of(server):
    answer = infer(server, "moody", {"n": np.array([[0]], np.int32)})
    assert isinstance(answer, dict), answer.text
    return int(answer["pid"][0, 0])


def test_a_crash_fails_its_own_request_only(server):
    answer = infer(server, "moody", {"n": np.array([[1]], np.int32)})
    assert answer.status_code == 503
    assert "ended with code 7" in answer.json()["error"]
    wait_until(lambda: isinstance(infer(server, "moody", {"n": np.array([[0]], np.int32)}), dict), what="an answer after the crash")
    assert isinstance(infer(server, "double", {"x": np.ones((1, 1), np.float32)}), dict)


def test_kill_minus_nine_is_survived(server):
    pid = pid_of(server)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), what="the worker's end")
    wait_until(lambda: isinstance(infer(server, "moody", {"n": np.array([[0]], np.int32)}), dict), what="an answer after the kill")
    wait_until(lambda: "was ended by signal 9" in server.log(400), what="a line about the killed worker")


def test_lines_of_a_model_come_into_the_log(server):
    infer(server, "moody", {"n": np.array([[3]], np.int32)})
    wait_until(lambda: "a line of the model's own" in server.log(400), what="the model's line")


def test_a_hanging_worker_holds_up_nobody_else(server):
    hanging = threading.Thread(
        target=lambda: requests.post(f"{server.http}/v2/models/moody/generate", json={"n": 6000}, timeout=60), daemon=True
    )
    hanging.start()
    for _ in range(5):
        pid_of(server)
        assert isinstance(infer(server, "double", {"x": np.ones((1, 1), np.float32)}), dict)
    hanging.join()


# Traces


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    from support.program import Needletail

    folder = tmp_path_factory.mktemp("traced")
    back_end = Needletail("traces", folder / "traces")
    (folder / "traces").mkdir(exist_ok=True)
    back_end.start()
    words = [
        "level=TIMESTAMPS", "rate=1", "mode=opentelemetry", f"opentelemetry,url={back_end.otlp}",
        "opentelemetry,resource=service.name=python journey", "opentelemetry,bsp_schedule_delay=100",
    ]
    (folder / "serve").mkdir(exist_ok=True)
    program = Needletail(
        "serve", folder / "serve", python_flags(["passthrough", "double", "steps", "opentelemetry_spans", "moody"])
        + [flag for word in words for flag in ("--trace-config", word)], environment=PYTHON,
    )
    program.start()
    yield program, back_end
    assert program.stop() == 0, program.log()
    assert back_end.stop() == 0


def generate_traced(program, model, body, path="generate", sampled=True):
    trace, parent = otlp.trace_id(), otlp.span_id()
    headers = {"traceparent": f"00-{trace}-{parent}-{'01' if sampled else '00'}"}
    answer = requests.post(f"{program.http}/v2/models/{model}/{path}", json=body, headers=headers, timeout=60)
    return trace, parent, answer


CHAIN = ["InferRequest", "passthrough", "python_backend_execute", "proxy_inference_callable"]
USER_SPANS = ["pass-through-get-data", "pass-through-sleep", "pass-through-append"]


def test_the_tree_is_pytritons(traced):
    program, back_end = traced
    trace_id, caller, answer = generate_traced(program, "passthrough", {"sleep": 0.02, "error": False})
    assert answer.status_code == 200, answer.text
    trace = traces.wait_for(back_end.query, trace_id, 8)
    chain = trace.chain(*CHAIN)
    assert chain[0].parent == caller
    assert trace.named("compute").parent == trace.named("passthrough").id
    for name in USER_SPANS:
        assert trace.named(name).parent == chain[-1].id
    # The other process notes that it answered after the answer was sent, and so perhaps after the server took it.
    server, process = chain[:2], chain[2:]
    for parent, child in (server, process):
        traces.assert_nested(parent, child)
    assert server[1].start - 2 <= process[0].start
    for name in USER_SPANS:
        traces.assert_nested(server[1], trace.named(name))
    assert trace.named("pass-through-sleep").duration >= 20_000
    assert {span.service for span in trace.spans} == {"python journey"}


def test_an_exception_is_on_the_spans_with_its_traceback(traced):
    program, back_end = traced
    trace_id, _, answer = generate_traced(program, "passthrough", {"sleep": 0, "error": True})
    assert answer.status_code == 500
    trace = traces.wait_for(back_end.query, trace_id, 6)
    for name in CHAIN + ["compute", "pass-through-get-data"]:
        span = trace.named(name)
        assert span.failed, name
        fields = next(fields for _, event, fields in span.events if event == "exception")
        assert fields["exception.type"] == "ValueError" and fields["exception.message"] == "Requested Error", name
        assert 'raise ValueError("Requested Error")' in fields["exception.stacktrace"], name


def test_the_batch_decorator_has_its_span(traced):
    program, back_end = traced
    trace_id, _, answer = generate_traced(program, "double", {"x": [1.0]})
    assert answer.status_code == 200, answer.text
    trace = traces.wait_for(back_end.query, trace_id, 6)
    assert trace.named("pytriton-batch-decorator-span").parent == trace.named("proxy_inference_callable").id


def test_spans_of_a_stream_last_as_long_as_it(traced):
    program, back_end = traced
    trace_id, _, answer = generate_traced(program, "steps", {"n": 30}, path="generate_stream")
    assert answer.status_code == 200, answer.text
    trace = traces.wait_for(back_end.query, trace_id, 6)
    for name in ["python_backend_execute", "proxy_inference_callable", "pytriton-batch-decorator-span"]:
        assert trace.named(name).duration >= 30_000, f"{name} ended before its stream"
    assert not trace.named("python_backend_execute").failed


def test_a_stream_that_fails_says_so(traced):
    program, back_end = traced
    trace_id, _, _ = generate_traced(program, "steps", {"n": 13}, path="generate_stream")
    trace = traces.wait_for(back_end.query, trace_id, 6)
    for name in ["python_backend_execute", "proxy_inference_callable"]:
        assert trace.named(name).failed, name


def test_opentelemetrys_own_spans_are_children(traced):
    program, back_end = traced
    trace_id, _, answer = generate_traced(program, "opentelemetry_spans", {"x": [1.0]})
    assert answer.status_code == 200, answer.text
    trace = traces.wait_for(back_end.query, trace_id, 7)
    outer = trace.named("outer")
    assert outer.parent == trace.named("proxy_inference_callable").id
    assert trace.named("inner").parent == outer.id
    assert outer.tags["answer"] == 42 and outer.tags["ratio"] == 0.5
    assert "seen" in outer.event_names


def test_what_is_not_sampled_makes_no_span(traced):
    program, back_end = traced
    trace_id, _, answer = generate_traced(program, "passthrough", {"sleep": 0, "error": False}, sampled=False)
    assert answer.status_code == 200
    later, _, _ = generate_traced(program, "passthrough", {"sleep": 0, "error": False})
    traces.wait_for(back_end.query, later, 8)
    assert traces.get(back_end.query, trace_id) is None


def test_a_crash_is_on_the_span(traced):
    program, back_end = traced
    trace_id, _, answer = generate_traced(program, "moody", {"n": 1})
    assert answer.status_code == 503
    trace = traces.wait_for(back_end.query, trace_id, 4)
    assert trace.named("python_backend_execute").failed


# Starting and stopping


def start_and_fail(tmp_path, *arguments, environment=None):
    from support.program import Needletail

    program = Needletail("serve", tmp_path, arguments, environment={**PYTHON, **(environment or {})})
    with pytest.raises(AssertionError, match="ended with code"):
        program.start()
    return program.log()


def test_a_callable_that_is_not_declared_is_explained(tmp_path):
    log = start_and_fail(tmp_path, "--python", f"{MODELS}:undeclared")
    assert "does not say what its inputs and outputs are" in log and "@needletail.model(" in log


def test_a_callable_that_is_not_there_is_explained(tmp_path):
    log = start_and_fail(tmp_path, "--python", f"{MODELS}:nobody")
    assert "there is no 'nobody'" in log and "declared models are" in log


def test_a_file_that_is_not_there_is_explained(tmp_path):
    assert "there is no file" in start_and_fail(tmp_path, "--python", "/nowhere/models.py:one")


def test_python_without_numpy_is_explained(tmp_path):
    log = start_and_fail(tmp_path, "--python", f"{MODELS}:double", environment={"NEEDLETAIL_PYTHON": "/usr/bin/python3"})
    assert "-m pip install numpy" in log


def test_an_interpreter_that_is_not_there_is_explained(tmp_path):
    log = start_and_fail(tmp_path, "--python", f"{MODELS}:double", environment={"NEEDLETAIL_PYTHON": "/nowhere/python"})
    assert "starting '/nowhere/python' failed" in log


def test_an_unrecoverable_error_stops_the_server(tmp_path):
    from support.program import Needletail

    program = Needletail("serve", tmp_path, python_flags(["unrecoverable"]), environment=PYTHON).start()
    answer = infer(program, "unrecoverable", {"x": np.ones((1, 1), np.float32)})
    assert answer.status_code == 500 and "the device is gone" in answer.json()["error"]
    assert program.process.wait(timeout=30) != 0
    assert "a Python model stopped the server" in program.log()


def test_nothing_is_left_after_the_server_is_killed(tmp_path):
    from support.program import Needletail

    before = set(os.listdir("/dev/shm"))
    program = Needletail("serve", tmp_path, python_flags(["double", "moody"]), environment=PYTHON).start()
    infer(program, "double", {"x": np.ones((1, 1 << 20), np.float32)}, binary=True)
    pids = worker_pids(program.process.pid)
    assert len(pids) == 3
    program.kill()
    wait_until(lambda: not [pid for pid in pids if is_alive(pid)], what="the workers' end")
    assert not {name for name in set(os.listdir("/dev/shm")) - before if name.startswith("needletail")}


def test_a_stop_does_not_wait_for_a_hanging_worker(tmp_path):
    from support.program import Needletail

    program = Needletail("serve", tmp_path, python_flags(["moody"]), environment=PYTHON, exit_timeout=3).start()
    pids = worker_pids(program.process.pid)

    def hang():
        try:
            requests.post(f"{program.http}/v2/models/moody/generate", json={"n": 2}, timeout=60)
        except requests.RequestException:
            pass

    threading.Thread(target=hang, daemon=True).start()
    wait_until(lambda: "hangs from now on" in program.log(400), what="the worker that hangs")
    # Not everything was finished, but all was ended in order: nothing is left behind.
    assert program.stop() == 1
    assert "Stopped before everything was finished" in program.log()
    assert not [pid for pid in pids if is_alive(pid)]
