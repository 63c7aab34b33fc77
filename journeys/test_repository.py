"""A model repository with real ONNX and OpenVINO models, driven by the real tritonclient."""

import os
import shutil
import threading
import time

import numpy
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support import models
from support.waiting import wait_until

TYPES = {
    "fp16": ("FP16", numpy.float16), "fp32": ("FP32", numpy.float32), "fp64": ("FP64", numpy.float64), "int8": ("INT8", numpy.int8),
    "int16": ("INT16", numpy.int16), "int32": ("INT32", numpy.int32), "int64": ("INT64", numpy.int64), "uint8": ("UINT8", numpy.uint8),
    "uint16": ("UINT16", numpy.uint16), "uint32": ("UINT32", numpy.uint32), "uint64": ("UINT64", numpy.uint64),
}


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    models.run("build.py", folder)
    return folder


@pytest.fixture
def repository(built, tmp_path):
    """Puts models of the built ones into a repository of the test's own."""
    folder = tmp_path / "repository"
    folder.mkdir()

    def put(*names, config=None, into=None):
        for name in names:
            shutil.copytree(built / name, folder / (into or name))
            if config is not None:
                (folder / (into or name) / "config.pbtxt").write_text(config)
        return folder

    return put


@pytest.fixture
def serve(start):
    def serving(folder, *arguments, environment=None):
        program = start("serve", "--model-repository", str(folder), *arguments, environment=environment or models.environment())
        serving.program = program
        return connect(program)

    return serving


def connect(program):
    """A client; each thread needs one of its own."""
    return triton.InferenceServerClient(program.http.removeprefix("http://"), network_timeout=120, connection_timeout=120)


def tensor(name, values, datatype="FP32"):
    values = numpy.asarray(values)
    one = triton.InferInput(name, list(values.shape), datatype)
    one.set_data_from_numpy(values)
    return one


def infer(client, model, values, version="", datatype="FP32", **arguments):
    return client.infer(model, [tensor("X", values, datatype)], model_version=version, **arguments).as_numpy("Y")


def floats(*values):
    return numpy.array(values, numpy.float32)


def index(client):
    return {(one["name"], one.get("version", "")): (one.get("state", ""), one.get("reason", "")) for one in client.get_model_repository_index()}


def test_onnx_and_ir_models_are_served_without_a_configuration(serve, repository):
    client = serve(repository("addsub", "ir"))
    a, b = floats([1, 2, 3, 4], [5, 6, 7, 8]), floats([1, 1, 1, 1], [2, 2, 2, 2])
    for name in ("addsub", "ir"):
        answer = client.infer(name, [tensor("A", a), tensor("B", b)])
        numpy.testing.assert_array_equal(answer.as_numpy("SUM"), a + b)
        numpy.testing.assert_array_equal(answer.as_numpy("DIFF"), a - b)
    config = client.get_model_config("addsub")
    assert config["backend"] == "onnxruntime" and config["platform"] == "onnxruntime_onnx"
    assert config["max_batch_size"] == 4 and config["dynamic_batching"]["preferred_batch_size"] == [4]
    assert config["input"][0]["dims"] == [4] and config["default_model_filename"] == "model.onnx"
    metadata = client.get_model_metadata("ir")
    assert metadata["platform"] == "openvino"
    assert metadata["inputs"][0] == {"name": "A", "datatype": "FP32", "shape": [-1, 4]}


@pytest.mark.parametrize("name", TYPES)
def test_each_element_type_goes_there_and_back(serve, repository, name):
    datatype, kind = TYPES[name]
    client = serve(repository(f"twice_{name}"))
    values = numpy.array([[1, 2, 60], [4, 5, 6]], kind)
    answer = infer(client, f"twice_{name}", values, datatype=datatype)
    assert answer.dtype == kind
    numpy.testing.assert_array_equal(answer, values * 2)


def test_booleans(serve, repository):
    answer = infer(serve(repository("negate")), "negate", numpy.array([[True, False, True]]), datatype="BOOL")
    numpy.testing.assert_array_equal(answer, [[False, True, False]])


def test_requests_that_come_together_are_answered_each_with_its_own(serve, repository):
    config = 'max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 20000 } instance_group { count: 2 }'
    client = serve(repository("twice_fp32", config=config))
    answers = {}

    def ask(number):
        rows = 1 + number % 3
        answers[number] = infer(connect(serve.program), "twice_fp32", numpy.full((rows, 3), number, numpy.float32))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 40
    for number, answer in answers.items():
        numpy.testing.assert_array_equal(answer, numpy.full((1 + number % 3, 3), number * 2))
    statistics = client.get_inference_statistics("twice_fp32")["model_stats"][0]
    assert statistics["execution_count"] < 40, "nothing was executed together"


def test_a_fixed_batch_axis_is_opened_when_the_configuration_wants_batches(serve, repository):
    client = serve(repository("fixed", config="max_batch_size: 4"))
    numpy.testing.assert_array_equal(infer(client, "fixed", floats([1, 2, 3], [4, 5, 6])), floats([10, 20, 30], [40, 50, 60]))


def test_versions(serve, repository):
    folder = repository("scale", config="version_policy { specific { versions: [ 1, 3 ] } }")
    client = serve(folder, "--model-control-mode", "explicit", "--load-model", "*")
    x = floats([1, 2])
    numpy.testing.assert_array_equal(infer(client, "scale", x), x * 3)
    numpy.testing.assert_array_equal(infer(client, "scale", x, version="1"), x)
    with pytest.raises(InferenceServerException, match="Request for unknown model: 'scale' version 2 is not found"):
        infer(client, "scale", x, version="2")
    assert client.get_model_metadata("scale")["versions"] == ["1", "3"]
    (folder / "scale/config.pbtxt").write_text("version_policy { latest { num_versions: 2 } }")
    client.load_model("scale")
    numpy.testing.assert_array_equal(infer(client, "scale", x, version="2"), x * 2)
    versions = {("scale", "1"): ("UNAVAILABLE", "unloaded"), ("scale", "2"): ("READY", ""), ("scale", "3"): ("READY", "")}
    # The first version leaves when the last request that it has is answered, which nobody waits for.
    wait_until(lambda: index(client) == versions, what="version 1 unloaded")


def test_clients_load_and_unload(serve, repository):
    client = serve(repository("addsub", "scale"), "--model-control-mode", "explicit", "--load-model", "scale")
    assert index(client) == {("addsub", ""): ("", ""), ("scale", "3"): ("READY", "")}
    assert not client.is_model_ready("addsub")
    client.load_model("addsub")
    assert client.is_model_ready("addsub")
    client.unload_model("scale")
    wait_until(lambda: index(client)[("scale", "3")] == ("UNAVAILABLE", "unloaded"), what="scale unloaded")
    with pytest.raises(InferenceServerException, match="Request for unknown model: 'scale' has no available versions"):
        infer(client, "scale", floats([1, 2]))
    with pytest.raises(InferenceServerException, match="failed to load 'nope', failed to poll from model repository"):
        client.load_model("nope")
    client.unload_model("nope")


def test_a_load_request_may_bring_its_own_configuration_and_files(serve, repository, built):
    client = serve(repository("scale"), "--model-control-mode", "explicit", "--load-model", "scale")
    client.load_model("scale", config='{"max_batch_size": 2, "parameters": {"NUM_STREAMS": {"string_value": "1"}}}')
    assert client.get_model_config("scale")["max_batch_size"] == 2
    content = (built / "scale/2/model.onnx").read_bytes()
    client.load_model("sent", config="{}", files={"file:7/model.onnx": content})
    numpy.testing.assert_array_equal(infer(client, "sent", floats([1, 2])), floats([2, 4]))
    assert ("sent", "7") in index(client)
    with pytest.raises(InferenceServerException, match="must be specified for model file override|must be specified"):
        client.load_model("sent", files={"file:1/model.onnx": content})
    with pytest.raises(InferenceServerException, match="ModelConfig has no field 'max_batch'. Did you mean 'max_batch_size'"):
        client.load_model("scale", config='{"max_batch": 2}')


def test_what_is_broken_says_so_and_harms_nobody(serve, repository):
    folder = repository("scale")
    (folder / "broken/1").mkdir(parents=True)
    (folder / "broken/1/model.onnx").write_bytes(os.urandom(400))
    (folder / "wrong").mkdir()
    shutil.copytree(folder / "scale/1", folder / "wrong/1")
    config = 'input { name: "Z" data_type: TYPE_FP32 dims: 2 }'
    (folder / "wrong/config.pbtxt").write_text(config)
    (folder / "typo").mkdir()
    (folder / "typo/config.pbtxt").write_text("max_batch_size: 1\nplatfrom: 'x'\n")
    client = serve(folder, "--model-control-mode", "explicit", "--load-model", "scale")
    with pytest.raises(InferenceServerException, match="load failed for model 'broken': version 1 is at UNAVAILABLE state: OpenVINO: cannot read the model"):
        client.load_model("broken")
    with pytest.raises(InferenceServerException, match="the configuration names the input 'Z', but the model has 'X'"):
        client.load_model("wrong")
    with pytest.raises(InferenceServerException, match=r"config.pbtxt:2:1: ModelConfig has no field 'platfrom'. Did you mean 'platform'\?"):
        client.load_model("typo")
    assert index(client)[("broken", "1")][0] == "UNAVAILABLE"
    numpy.testing.assert_array_equal(infer(client, "scale", floats([1, 2])), floats([3, 6]))


def test_what_openvino_refuses_reaches_the_client_as_text(serve, repository):
    client = serve(repository("concat", config="max_batch_size: 0"))
    with pytest.raises(InferenceServerException, match="(?i)openvino"):
        client.infer("concat", [tensor("A", floats([1, 2, 3])), tensor("B", floats([1, 2]))])
    answer = client.infer("concat", [tensor("A", floats([1, 2])), tensor("B", floats([1, 2]))])
    numpy.testing.assert_array_equal(answer.as_numpy("Y"), floats([2, 4]))


def test_the_folders_are_followed(serve, repository):
    folder = repository("scale")
    shutil.rmtree(folder / "scale/3")
    client = serve(folder, "--model-control-mode", "poll", "--repository-poll-secs", "1")
    numpy.testing.assert_array_equal(infer(client, "scale", floats([1, 2])), floats([2, 4]))
    repository("addsub")
    wait_until(lambda: client.is_model_ready("addsub"), what="addsub ready")
    shutil.rmtree(folder / "addsub")
    wait_until(lambda: not client.is_model_ready("addsub"), what="addsub gone")
    with pytest.raises(InferenceServerException, match="explicit model load / unload is not allowed if polling is enabled"):
        client.load_model("scale")


def test_a_reload_fails_no_request(serve, repository):
    client = serve(repository("scale"), "--model-control-mode", "explicit", "--load-model", "scale")
    stop, failures, count = threading.Event(), [], [0]

    def ask():
        own = connect(serve.program)
        while not stop.is_set():
            try:
                infer(own, "scale", floats([1, 2]))
                count[0] += 1
            except InferenceServerException as error:
                failures.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        client.load_model("scale")
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not failures and count[0] > 0, failures[:3]


def test_without_openvino_the_rest_works_and_the_message_says_what_to_install(serve, repository, tmp_path):
    folder = repository("scale")
    elsewhere = {"NEEDLETAIL_OPENVINO": str(tmp_path), "HOME": str(tmp_path)}
    client = serve(folder, "--model-control-mode", "explicit", "--sample-model", "passthrough", environment=elsewhere)
    with pytest.raises(InferenceServerException, match="NEEDLETAIL_OPENVINO is '.*', but there is no libopenvino_c.so"):
        client.load_model("scale")
    assert client.is_model_ready("passthrough")
