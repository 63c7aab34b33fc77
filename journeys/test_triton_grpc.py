"""The real tritonclient.grpc: every call, every element type, streams, shared memory, cancellation."""

import asyncio
import queue
import threading
import time

import grpc
import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
import tritonclient.utils.shared_memory as system_memory
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype, serialize_byte_tensor

from support import asynchronous
from support.waiting import wait_until
from support.model_server import model_server

NUMBERS = {
    "BOOL": np.array([True, False, True]), "UINT8": np.array([0, 255], np.uint8), "UINT16": np.array([0, 65535], np.uint16),
    "UINT32": np.array([0, 2**32 - 1], np.uint32), "UINT64": np.array([0, 2**64 - 1], np.uint64),
    "INT8": np.array([-128, 127], np.int8), "INT16": np.array([-32768, 32767], np.int16),
    "INT32": np.array([-(2**31), 2**31 - 1], np.int32), "INT64": np.array([-(2**63), 2**63 - 1], np.int64),
    "FP16": np.array([-1.5, 65504], np.float16), "FP32": np.array([-1.5, 3e38], np.float32), "FP64": np.array([-1.5, 1e308]),
    "BF16": np.array([-1.5, 256], ml_dtypes.bfloat16),
    "BYTES": np.array([b"", b"\x00\xff", "Nadelöhr".encode()], np.object_),
}
FIELDS = {
    "BOOL": "bool_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with model_server(tmp_path_factory.mktemp("models")) as one:
        yield one


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.grpc) as one:
        yield one


@pytest.fixture
def stub(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def tensor(name, values, dtype=None):
    one = triton.InferInput(name, list(values.shape), dtype or np_to_triton_dtype(values.dtype))
    one.set_data_from_numpy(values)
    return one


def x(*values):
    return tensor("X", np.array([values], np.float32))


# MARK: Values


@pytest.mark.parametrize("dtype", NUMBERS)
def test_every_element_type_comes_back(client, dtype):
    answer = client.infer("echo", [tensor(f"IN_{dtype}", NUMBERS[dtype], dtype)])
    assert answer.get_output(f"OUT_{dtype}").datatype == dtype
    assert len(answer.get_response().outputs) == 1
    np.testing.assert_array_equal(answer.as_numpy(f"OUT_{dtype}"), NUMBERS[dtype])


@pytest.mark.parametrize("dtype", FIELDS)
def test_typed_contents_of_every_element_type(stub, dtype):
    request = service_pb2.ModelInferRequest(model_name="echo")
    one = request.inputs.add(name=f"IN_{dtype}", datatype=dtype, shape=[len(NUMBERS[dtype])])
    getattr(one.contents, FIELDS[dtype]).extend(NUMBERS[dtype].tolist())
    answer = stub.ModelInfer(request)
    expected = serialize_byte_tensor(NUMBERS[dtype]).item() if dtype == "BYTES" else NUMBERS[dtype].tobytes()
    assert list(answer.raw_output_contents) == [expected]


def test_several_inputs_and_requested_outputs_keep_their_order(client):
    inputs = [tensor("IN_INT64", NUMBERS["INT64"]), tensor("IN_BYTES", NUMBERS["BYTES"]), tensor("IN_FP32", NUMBERS["FP32"])]
    answer = client.infer("echo", inputs, outputs=[triton.InferRequestedOutput("OUT_FP32"), triton.InferRequestedOutput("OUT_INT64")])
    assert {one.name for one in answer.get_response().outputs} == {"OUT_FP32", "OUT_INT64"}
    np.testing.assert_array_equal(answer.as_numpy("OUT_FP32"), NUMBERS["FP32"])
    np.testing.assert_array_equal(answer.as_numpy("OUT_INT64"), NUMBERS["INT64"])


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_a_large_tensor_also_compressed(client, compression):
    values = np.arange(2_000_000, dtype=np.float32)
    answer = client.infer("echo", [tensor("IN_FP32", values)], compression_algorithm=compression)
    np.testing.assert_array_equal(answer.as_numpy("OUT_FP32"), values)


def test_the_reply_names_request_model_and_version(client):
    response = client.infer("ident", [x(1, 2)], request_id="req-1", model_version="1").get_response()
    assert (response.id, response.model_name, response.model_version) == ("req-1", "ident", "1")


def test_parameters_reach_the_model(client):
    answer = client.infer(
        "parameters", [tensor("X", np.zeros(1, np.float32))], parameters={"text": "a", "number": -7, "flag": True}, priority=1, timeout=5_000_000
    )
    assert answer.as_numpy("P").tolist() == [b"flag=true", b"number=-7", b"text=a"]


def test_classification_of_an_output(client):
    answer = client.infer("ident", [tensor("X", np.array([[1, 2], [4, 3]], np.float32))], outputs=[triton.InferRequestedOutput("Y", class_count=1)])
    classes = answer.as_numpy("Y")
    assert classes.shape == (2, 1)
    assert [one.decode().split(":")[1] for one in classes[:, 0]] == ["1", "0"]
    assert [float(one.decode().split(":")[0]) for one in classes[:, 0]] == [2, 4]


# MARK: Health, metadata, repository, settings


def test_health_and_metadata(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("ident") and client.is_model_ready("ident", "1")
    assert not client.is_model_ready("nope") and not client.is_model_ready("ident", "9")
    assert client.get_server_metadata().name == "needletail"
    metadata = client.get_model_metadata("ident", as_json=True)
    assert metadata["inputs"] == [
        {"name": "X", "datatype": "FP32", "shape": ["-1", "2"]}, {"name": "S", "datatype": "BYTES", "shape": ["-1", "1"]},
    ]
    assert metadata["versions"] == ["1"]


def test_model_configuration(client):
    config = client.get_model_config("ident").config
    assert (config.name, config.max_batch_size) == ("ident", 8)
    assert [(one.name, one.data_type, list(one.dims), one.optional) for one in config.input] == [("X", 11, [2], False), ("S", 13, [1], True)]
    assert [(one.name, one.data_type, list(one.dims)) for one in config.output] == [("Y", 11, [2])]
    assert config.instance_group[0].count == 1
    assert client.get_model_config("dec").config.model_transaction_policy.decoupled
    assert not config.model_transaction_policy.decoupled


def test_statistics_count_requests(client):
    before = client.get_inference_statistics("echo").model_stats[0]
    client.infer("echo", [tensor("IN_FP32", NUMBERS["FP32"])])
    after = client.get_inference_statistics("echo").model_stats[0]
    assert after.inference_stats.success.count == before.inference_stats.success.count + 1
    assert after.execution_count == before.execution_count + 1
    assert after.inference_stats.compute_infer.ns > before.inference_stats.compute_infer.ns
    assert {one.name for one in client.get_inference_statistics().model_stats} >= {"ident", "dec", "echo"}


def test_repository_index(client):
    index = {one.name: one.state for one in client.get_model_repository_index().models}
    assert index["ident"] == "READY" and index["dec"] == "READY"


def test_logging_settings(client, stub):
    try:
        client.update_log_settings({"log_verbose_level": 2, "log_info": False, "log_format": "ISO8601"})
        settings = client.get_log_settings().settings
        assert settings["log_verbose_level"].uint32_param == 2
        assert settings["log_info"].bool_param is False
        assert settings["log_format"].string_param == "ISO8601"
        wrong = service_pb2.LogSettingsRequest()
        wrong.settings["log_verbose_level"].uint32_param = 3
        wrong.settings["log_info"].string_param = "yes"
        with pytest.raises(grpc.RpcError, match="expect boolean for 'log_info'"):
            stub.LogSettings(wrong)
        assert client.get_log_settings().settings["log_verbose_level"].uint32_param == 2, "a refused update changes nothing"
    finally:
        client.update_log_settings({"log_verbose_level": 0, "log_info": True, "log_format": "default"})


def test_standard_health_service(server):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(server.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", "inference.GRPCInferenceService", "anything"):
            assert stub.Check(health_pb2.HealthCheckRequest(service=name)).status == health_pb2.HealthCheckResponse.SERVING
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()


# MARK: Shared memory


def test_tensors_in_shared_memory(client):
    values = np.arange(8, dtype=np.float32)
    source = system_memory.create_shared_memory_region("in", "/needletail_grpc_in", values.nbytes)
    target = system_memory.create_shared_memory_region("out", "/needletail_grpc_out", 64)
    try:
        system_memory.set_shared_memory_region(source, [values])
        client.register_system_shared_memory("in", "/needletail_grpc_in", values.nbytes)
        client.register_system_shared_memory("out", "/needletail_grpc_out", 64)
        assert {name: one.byte_size for name, one in client.get_system_shared_memory_status().regions.items()} == {"in": 32, "out": 64}
        with pytest.raises(InferenceServerException, match="shared memory region 'in' already in manager"):
            client.register_system_shared_memory("in", "/needletail_grpc_in", values.nbytes)
        one = triton.InferInput("IN_FP32", [8], "FP32")
        one.set_shared_memory("in", values.nbytes)
        wanted = triton.InferRequestedOutput("OUT_FP32")
        wanted.set_shared_memory("out", values.nbytes, offset=32)
        answer = client.infer("echo", [one], outputs=[wanted])
        output = answer.get_output("OUT_FP32")
        assert output.parameters["shared_memory_region"].string_param == "out"
        assert output.parameters["shared_memory_byte_size"].int64_param == values.nbytes
        assert list(answer.get_response().raw_output_contents) == [b""]
        np.testing.assert_array_equal(system_memory.get_contents_as_numpy(target, np.float32, [8], 32), values)
        one.set_shared_memory("nowhere", values.nbytes)
        with pytest.raises(InferenceServerException, match="nowhere"):
            client.infer("echo", [one])
    finally:
        client.unregister_system_shared_memory()
        system_memory.destroy_shared_memory_region(source)
        system_memory.destroy_shared_memory_region(target)
    assert not client.get_system_shared_memory_status().regions


def test_cuda_memory_is_refused_clearly(client):
    assert not client.get_cuda_shared_memory_status().regions
    with pytest.raises(InferenceServerException, match="failed to register CUDA shared memory region: 'c', GPUs not supported"):
        client.register_cuda_shared_memory("c", b"x" * 64, 0, 64)


# MARK: Streams


def stream(client, *calls):
    """Sends all calls on one stream and gives what comes back until it ends."""
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for model, inputs, options in calls:
        client.async_stream_infer(model, inputs, **options)
    client.stop_stream()
    return list(answers.queue)


def final(response):
    return response.parameters["triton_final_response"].bool_param


def test_answers_of_a_stream_keep_the_order_of_their_requests(client):
    sleeps = [0.3, 0.0, 0.1, 0.0]
    answers = stream(client, *[
        ("passthrough", [tensor("sleep", np.array([[sleep]], np.float32))], {"request_id": str(index)}) for index, sleep in enumerate(sleeps)
    ])
    assert [error for _, error in answers] == [None] * 4
    assert [result.get_response().id for result, _ in answers] == ["0", "1", "2", "3"]
    assert all(final(result.get_response()) for result, _ in answers)


def test_a_thousand_requests_on_one_stream(client):
    answers = stream(client, *[("ident", [x(index, -index)], {"request_id": str(index)}) for index in range(1000)])
    assert [result.get_response().id for result, _ in answers] == [str(index) for index in range(1000)]
    assert [result.as_numpy("Y")[0, 0] for result, _ in answers] == list(range(1000))


@pytest.mark.parametrize("wants_end", [False, True])
def test_a_decoupled_model_answers_any_number_of_times(client, wants_end):
    options = {"request_id": "d", "enable_empty_final_response": wants_end}
    for count in (0, 1, 3):
        answers = stream(client, ("dec", [tensor("N", np.array([count], np.int32))], options))
        responses = [result.get_response() for result, _ in answers]
        if wants_end:
            last = responses.pop()
            assert final(last) and not last.outputs and last.id == "d"
        assert [result.as_numpy("T")[0] for result, _ in answers[:count]] == list(range(count))
        assert len(responses) == count and not any(final(one) for one in responses)


def test_decoupled_requests_of_one_stream_are_answered_side_by_side(client):
    slow = [tensor("N", np.array([4], np.int32)), tensor("SLEEP", np.array([0.1], np.float32))]
    quick = [tensor("N", np.array([1], np.int32))]
    answers = stream(client, ("dec", slow, {"request_id": "slow"}), ("dec", quick, {"request_id": "quick"}))
    ids = [result.get_response().id for result, _ in answers]
    assert sorted(ids) == ["quick"] + ["slow"] * 4
    assert ids[-1] == "slow"


def test_an_error_is_an_answer_and_the_stream_goes_on(stub):
    def requests():
        yield service_pb2.ModelInferRequest(model_name="nope", id="a")
        request = service_pb2.ModelInferRequest(model_name="dec", id="b", raw_input_contents=[np.array([-2], np.int32).tobytes()])
        request.inputs.add(name="N", datatype="INT32", shape=[1])
        yield request
        request = service_pb2.ModelInferRequest(model_name="ident", id="c", raw_input_contents=[np.array([-1, 0], np.float32).tobytes()])
        request.inputs.add(name="X", datatype="FP32", shape=[1, 2])
        yield request

    answers = {"a": [], "b": [], "c": []}
    for one in stub.ModelStreamInfer(requests()):
        answers[one.infer_response.id].append(one)
    assert [one.error_message for one in answers["a"]] == ["Request for unknown model: 'nope' is not found"]
    assert [one.error_message for one in answers["b"]] == ["", "", "stream boom"]
    assert [final(one.infer_response) for one in answers["b"]] == [False, False, True]
    assert [one.error_message for one in answers["c"]] == ["per-request boom"]


def test_a_slow_reader_slows_the_model_down(stub):
    """Nothing is piled up: while nobody reads, the model waits in its sending."""
    request = service_pb2.ModelInferRequest(model_name="dec", raw_input_contents=[np.array([20000], np.int32).tobytes()])
    request.inputs.add(name="N", datatype="INT32", shape=[1])
    seen = 0
    for one in stub.ModelStreamInfer(iter([request])):
        if seen == 0:
            time.sleep(0.5)
        assert one.infer_response.raw_output_contents[0] == np.array([seen], np.int32).tobytes()
        seen += 1
    assert seen == 20000


def test_asyncio_client(server):
    async def main():
        async with triton_aio.InferenceServerClient(server.grpc) as client:
            assert await client.is_server_ready()
            answers = await asyncio.gather(*[client.infer("ident", [x(index, 0)]) for index in range(50)])
            assert [one.as_numpy("Y")[0, 0] for one in answers] == list(range(50))

            async def requests():
                for index in range(20):
                    yield {"model_name": "ident", "inputs": [x(index, 0)], "request_id": str(index)}

            results = [result async for result, error in client.stream_infer(requests()) if error is None]
            assert [one.get_response().id for one in results] == [str(index) for index in range(20)]

    asynchronous.run(main())


# MARK: Cancellation and limits


def test_a_cancelled_call_and_the_next_one(client):
    answers = queue.Queue()
    call = client.async_infer("passthrough", [tensor("sleep", np.array([[30]], np.float32))], lambda result, error: answers.put(error))
    time.sleep(0.2)
    call.cancel()
    assert "cancel" in str(answers.get(timeout=60)).lower()
    # The model has one instance: it is only free when the cancellation reached it.
    client.infer("passthrough", [tensor("sleep", np.zeros((1, 1), np.float32))], client_timeout=60)


def test_a_deadline_ends_the_call(client):
    with pytest.raises(InferenceServerException, match="Deadline Exceeded"):
        client.infer("passthrough", [tensor("sleep", np.array([[30]], np.float32))], client_timeout=0.3)
    client.infer("passthrough", [tensor("sleep", np.zeros((1, 1), np.float32))], client_timeout=60)


def test_a_cancelled_stream_stops_its_model(server, client):
    def executions():
        return client.get_inference_statistics("dec").model_stats[0].inference_stats

    before = executions()
    with triton.InferenceServerClient(server.grpc) as other:
        answers = queue.Queue()
        other.start_stream(lambda result, error: answers.put((result, error)))
        for _ in range(4):
            other.async_stream_infer("dec", [tensor("N", np.array([10000], np.int32)), tensor("SLEEP", np.array([0.01], np.float32))])
        answers.get(timeout=60)
        other.stop_stream(cancel_requests=True)
    # All four instances were busy: an answer says that one is free again.
    assert stream(client, ("dec", [tensor("N", np.array([1], np.int32))], {}))[0][0].as_numpy("T")[0] == 0
    wait_until(lambda: executions().success.count + executions().fail.count >= before.success.count + before.fail.count + 5)


def test_a_message_beyond_the_limit(tmp_path):
    with model_server(tmp_path, "--max-message-size", "1000") as server, triton.InferenceServerClient(server.grpc) as client:
        with pytest.raises(InferenceServerException) as caught:
            client.infer("echo", [tensor("IN_UINT8", np.zeros(2000, np.uint8))])
        assert caught.value.status() == "StatusCode.RESOURCE_EXHAUSTED"
        assert "the limit is 1000" in caught.value.message()
        client.infer("echo", [tensor("IN_UINT8", np.zeros(100, np.uint8))])


@pytest.mark.parametrize("call", ["unary", "stream"])
def test_a_stop_finishes_what_is_under_way(tmp_path, call):
    with model_server(tmp_path) as server:
        client = triton.InferenceServerClient(server.grpc)
        answers = queue.Queue()
        inputs = [tensor("sleep", np.array([[0.7]], np.float32))]
        if call == "unary":
            client.async_infer("passthrough", inputs, lambda result, error: answers.put((result, error)))
        else:
            client.start_stream(lambda result, error: answers.put((result, error)))
            client.async_stream_infer("passthrough", inputs)
        # The same connection: when this is answered, the request before it is in.
        assert client.is_server_live()
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        result, error = answers.get(timeout=60)
        assert error is None and result.as_numpy("sleep")[0, 0] == pytest.approx(0.7)
        # The client keeps its stream open; the server does not wait for it.
        stopper.join(60)
        assert not stopper.is_alive()
        client.close()


# MARK: Who may call what


def test_restricted_protocols(tmp_path):
    arguments = ["--restrict", "inference,model-repository:key=secret", "--restrict", "statistics:other=word"]
    with model_server(tmp_path, *arguments) as server, triton.InferenceServerClient(server.grpc) as client:
        message = "This protocol is restricted, expecting header 'triton-grpc-protocol-key'"
        for refused in (lambda: client.infer("ident", [x(1, 2)]), client.get_model_repository_index):
            with pytest.raises(InferenceServerException) as caught:
                refused()
            assert (caught.value.status(), caught.value.message()) == ("StatusCode.UNAVAILABLE", message)
        headers = {"triton-grpc-protocol-key": "secret"}
        client.infer("ident", [x(1, 2)], headers=headers)
        client.get_model_repository_index(headers=headers)
        with pytest.raises(InferenceServerException, match="triton-grpc-protocol-other"):
            client.get_inference_statistics(headers=headers)
        with pytest.raises(InferenceServerException, match="restricted"):
            client.infer("ident", [x(1, 2)], headers={"triton-grpc-protocol-key": "wrong"})
        assert client.is_server_live(), "what is not restricted stays open"
        answers = queue.Queue()
        client.start_stream(lambda result, error: answers.put(error))
        assert message in str(answers.get(timeout=60))
        client.stop_stream()


def test_forwarded_headers(tmp_path):
    with model_server(tmp_path, "--forward", "^x-") as server, triton.InferenceServerClient(server.grpc) as client:
        one = [tensor("X", np.zeros(1, np.float32))]
        answer = client.infer("parameters", one, headers={"x-user": "ada", "y-user": "bob"}, parameters={"k": 1})
        assert answer.as_numpy("P").tolist() == [b"k=1", b"x-user=ada"]
