"""The real tritonclient over HTTP: shared memory, asyncio, compression, settings, streams."""

import asyncio
import json
import uuid

import numpy as np
import pytest
import requests
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
import tritonclient.utils.shared_memory as shared_memory
from tritonclient.utils import InferenceServerException

from support import asynchronous
from support.waiting import wait_until


@pytest.fixture
def client(up):
    with triton.InferenceServerClient(up.http.removeprefix("http://")) as one:
        yield one


def inputs(sleep, batch=1, binary=True):
    one = triton.InferInput("sleep", [batch, 1], "FP32")
    one.set_data_from_numpy(np.full((batch, 1), sleep, dtype=np.float32), binary_data=binary)
    return [one]


def test_tensors_through_system_shared_memory(client):
    region, key = f"region-{uuid.uuid4()}", f"/journey-{uuid.uuid4()}"
    handle = shared_memory.create_shared_memory_region(region, key, 64)
    try:
        client.register_system_shared_memory(region, key, 64)
        status = client.get_system_shared_memory_status(region)
        assert status == [{"name": region, "key": key, "offset": 0, "byte_size": 64}]
        with pytest.raises(InferenceServerException, match="already in manager"):
            client.register_system_shared_memory(region, key, 64)

        shared_memory.set_shared_memory_region(handle, [np.array([[0.005]], dtype=np.float32)])
        one = triton.InferInput("sleep", [1, 1], "FP32")
        one.set_shared_memory(region, 4)
        output = triton.InferRequestedOutput("sleep")
        output.set_shared_memory(region, 4, offset=32)
        answer = client.infer("passthrough", [one], outputs=[output])
        described = answer.get_output("sleep")
        assert described["shape"] == [1, 1] and "data" not in described
        result = shared_memory.get_contents_as_numpy(handle, np.float32, [1, 1], offset=32)
        assert result[0, 0] == pytest.approx(0.005)

        output.set_shared_memory(region, 2, offset=32)
        with pytest.raises(InferenceServerException, match=r"\(2 bytes\) should be at least 4 bytes"):
            client.infer("passthrough", [one], outputs=[output])
        client.unregister_system_shared_memory(region)
        with pytest.raises(InferenceServerException, match="Unable to find shared memory region"):
            client.infer("passthrough", [one])
    finally:
        shared_memory.destroy_shared_memory_region(handle)


def test_asyncio_client(up):
    async def run():
        async with triton_aio.InferenceServerClient(up.http.removeprefix("http://")) as client:
            assert await client.is_server_live() and await client.is_model_ready("passthrough")
            answers = await asyncio.gather(*(client.infer("passthrough", inputs(0.001), request_id=str(index)) for index in range(20)))
            return [(answer.get_response()["id"], answer.as_numpy("sleep")[0, 0]) for answer in answers]

    answers = asynchronous.run(run())
    assert [identity for identity, _ in answers] == [str(index) for index in range(20)]
    assert all(value == pytest.approx(0.001) for _, value in answers)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression_both_ways(client, algorithm):
    answer = client.infer(
        "passthrough", inputs(0.001, batch=64, binary=False), outputs=[triton.InferRequestedOutput("sleep", binary_data=False)],
        request_compression_algorithm=algorithm, response_compression_algorithm=algorithm,
    )
    assert answer.as_numpy("sleep").shape == (64, 1)


def test_classification(client):
    answer = client.infer("passthrough", inputs(0.001), outputs=[triton.InferRequestedOutput("sleep", class_count=3)])
    assert answer.as_numpy("sleep").tolist() == [[b"0.001000:0"]]


def test_classification_over_grpc(up):
    one = triton_grpc.InferInput("sleep", [1, 1], "FP32")
    one.set_data_from_numpy(np.array([[0.001]], dtype=np.float32))
    with triton_grpc.InferenceServerClient(up.inference_grpc) as client:
        answer = client.infer("passthrough", [one], outputs=[triton_grpc.InferRequestedOutput("sleep", class_count=3)])
    assert answer.as_numpy("sleep").tolist() == [[b"0.001000:0"]]


def test_settings_and_repository(client):
    before = client.get_log_settings()
    assert before["log_verbose_level"] == 0
    try:
        assert client.update_log_settings({"log_verbose_level": 1})["log_verbose_level"] == 1
    finally:
        client.update_log_settings({"log_verbose_level": 0})
    index = client.get_model_repository_index()
    assert {"name": "passthrough", "version": "1", "state": "READY"} in index
    with pytest.raises(InferenceServerException, match="failed to load 'nope'"):
        client.load_model("nope")
    assert client.get_cuda_shared_memory_status() == []
    extensions = client.get_server_metadata()["extensions"]
    assert {"classification", "sequence", "system_shared_memory", "trace", "logging"} <= set(extensions)


def test_verbose_log_tells_each_request(start):
    program = start("serve")
    requests.post(f"{program.http}/v2/logging", json={"log_verbose_level": 1}, timeout=10).raise_for_status()
    program.generate({"sleep": 0.001, "id": "told"})
    wait_until(lambda: "POST /v2/models/passthrough/generate" in program.log() and "told" in program.log(), what="the line of the request")
    requests.post(f"{program.http}/v2/logging", json={"log_verbose_level": 0}, timeout=10).raise_for_status()
    program.generate({"sleep": 0.001, "id": "untold"})
    assert "untold" not in program.log()


def test_generate_stream(up):
    answer = requests.post(f"{up.http}/v2/models/passthrough/generate_stream", json={"sleep": 0.001}, timeout=10, stream=True)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    events = [line for line in answer.iter_lines() if line]
    assert len(events) == 1 and events[0].startswith(b"data: ")
    assert json.loads(events[0][len(b"data: "):])["sleep"] == pytest.approx(0.001)


def test_a_client_that_leaves_gives_its_instance_back(start):
    program = start("serve")
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(f"{program.http}/v2/models/passthrough/generate", json={"sleep": 50}, timeout=3)

    def cancelled():
        statistics = requests.get(f"{program.http}/v2/models/passthrough/stats", timeout=10).json()["model_stats"][0]
        return statistics["inference_stats"]["fail"]["count"] == 1

    wait_until(cancelled, what="the request to be given up")


def test_restricted_apis(start):
    program = start("serve", "--http-restricted-api", "logging,statistics:admin-key=secret")
    refused = requests.get(f"{program.http}/v2/logging", timeout=10)
    assert refused.status_code == 403
    assert refused.json() == {"error": "This API is restricted, expecting header 'admin-key'"}
    assert requests.get(f"{program.http}/v2/logging", headers={"admin-key": "secret"}, timeout=10).status_code == 200
    assert requests.get(f"{program.http}/v2/models/stats", timeout=10).status_code == 403
    assert program.generate({"sleep": 0}).status_code == 200
