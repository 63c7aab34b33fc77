"""What is wrong is answered with the documented status and text; the server lives on and logs no crash."""

import gzip
import json
import socket

import numpy as np
import pytest
import requests
import tritonclient.grpc as triton_grpc
from tritonclient.utils import InferenceServerException

GOOD = {"name": "sleep", "shape": [1, 1], "datatype": "FP32", "data": [0.0]}
INFER = "/v2/models/passthrough/infer"
GENERATE = "/v2/models/passthrough/generate"
STREAM = "/v2/models/passthrough/generate_stream"


def infer(*inputs, **members):
    return json.dumps({"inputs": list(inputs), **members})


def one(**changes):
    merged = {**GOOD, **changes}
    return infer({key: value for key, value in merged.items() if value is not None})


def unsigned(member):
    return f"Unable to parse '{member}': attempt to access JSON non-unsigned-integer as unsigned-integer"


# name: (method, path, body, headers, status, text of the error or a part of it)
CASES = {
    "unknown model": ("POST", "/v2/models/nope/infer", infer(GOOD), {}, 404, "Request for unknown model: 'nope' is not found"),
    "unknown version": ("POST", "/v2/models/passthrough/versions/7/infer", infer(GOOD), {}, 404, "'passthrough' version 7 is not found"),
    "malformed JSON": ("POST", INFER, '{"inputs": [', {}, 500, "failed to parse the request JSON buffer: Invalid value. at 12"),
    "binary rubbish": ("POST", INFER, b"\xff\xfe\x00\x01", {}, 500, "failed to parse the request JSON buffer"),
    "deep nesting": ("POST", INFER, '{"x":' + "[" * 100_000, {}, 500, "failed to parse the request JSON buffer"),
    "not an object": ("POST", INFER, "[1]", {}, 500, "attempt to access non-existing object member 'inputs'"),
    "no inputs": ("POST", INFER, "{}", {}, 500, "attempt to access non-existing object member 'inputs'"),
    "inputs not an array": ("POST", INFER, '{"inputs":{}}', {}, 500, "Unable to parse 'inputs': attempt to access JSON non-array as array"),
    "no name": ("POST", INFER, one(name=None), {}, 500, "Unable to parse 'name': attempt to access non-existing object member 'name'"),
    "no datatype": ("POST", INFER, one(datatype=None), {}, 500, "Unable to parse 'datatype'"),
    "no shape": ("POST", INFER, one(shape=None), {}, 500, "Unable to parse 'shape'"),
    "no data": ("POST", INFER, one(data=None), {}, 400, "But no field is set"),
    "data twice": ("POST", INFER, one(parameters={"binary_data_size": 4}), {}, 400, "But set 'data' 'binary_data_size'"),
    "missing input": ("POST", INFER, infer(), {}, 400, "but missing required input(s) ['sleep']"),
    "unexpected input": ("POST", INFER, infer(GOOD, {**GOOD, "name": "Q"}), {}, 400, "unexpected inference input 'Q' for model 'passthrough'"),
    "duplicate input": ("POST", INFER, infer(GOOD, GOOD), {}, 400, "input 'sleep' already exists in request"),
    "wrong dtype": ("POST", INFER, one(datatype="INT32", data=[1]), {}, 400, "data-type is 'INT32', but model 'passthrough' expects 'FP32'"),
    "unknown dtype": ("POST", INFER, one(datatype="FOO"), {}, 400, "invalid datatype for input sleep"),
    "wrong shape": ("POST", INFER, one(shape=[1, 2], data=[1, 2]), {}, 400, "Expected [-1,1], got [1,2]"),
    "wrong rank": ("POST", INFER, one(shape=[1]), {}, 400, "Expected [-1,1], got [1]"),
    "negative shape": ("POST", INFER, one(shape=[-1, 1]), {}, 500, unsigned("shape")),
    "fractional shape": ("POST", INFER, one(shape=[1.5, 1]), {}, 500, unsigned("shape")),
    "huge shape": ("POST", INFER, one(shape=[2**62, 2**62]), {}, 400, "too many elements"),
    "zero shape": ("POST", INFER, one(shape=[0, 1], data=[]), {}, 400, "input byte size mismatch"),
    "batch too big": ("POST", INFER, one(shape=[100_000, 1], data=[0] * 100_000), {}, 400, "inference request batch-size must be <="),
    "too few data": ("POST", INFER, one(data=[]), {}, 500, "Unable to parse 'data': Shape does not match true shape of 'data' field"),
    "too many data": ("POST", INFER, one(data=[1, 2, 3]), {}, 500, "Unable to parse 'data': Shape does not match true shape of 'data' field"),
    "text in numbers": ("POST", INFER, one(data=["a"]), {}, 500, "Unable to parse 'data': attempt to access JSON non-number as double"),
    "unknown output": ("POST", INFER, infer(GOOD, outputs=[{"name": "ZZ"}]), {}, 400, "unexpected inference output 'ZZ'"),
    "reserved parameter": ("POST", INFER, infer(GOOD, parameters={"triton_x": 1}), {}, 400, "reserved for Triton usage"),
    "parameter type": ("POST", INFER, infer(GOOD, parameters={"a": [1]}), {}, 400, "parameter 'a' has invalid type"),
    "id not a text": ("POST", INFER, infer(GOOD, id=5), {}, 500, "Unable to parse 'id': attempt to access JSON non-string as string"),
    "bad priority": ("POST", INFER, infer(GOOD, parameters={"priority": "x"}), {}, 500, unsigned("priority")),
    "bad sequence": ("POST", INFER, infer(GOOD, parameters={"sequence_start": 1}), {}, 500, "Unable to parse 'sequence_start'"),
    "header too long": ("POST", INFER, "12345", {"Inference-Header-Content-Length": "99999"}, 400, "inference header size should be in range (0, 5), got: 99999"),
    "header is no number": ("POST", INFER, "12345", {"Inference-Header-Content-Length": "x"}, 400, "inference header size should be in range"),
    "unknown compression": ("POST", INFER, "xx", {"Content-Encoding": "br"}, 501, "Unsupported compression type"),
    "broken gzip": ("POST", INFER, gzip.compress(b"x" * 100)[:20], {"Content-Encoding": "gzip"}, 400, "the compressed request body cannot be read"),
    "gzip bomb": ("POST", INFER, gzip.compress(b" " * (100 << 20)), {"Content-Encoding": "gzip"}, 413, "larger than the limit"),
    "unknown region": (
        "POST", INFER, one(data=None, parameters={"shared_memory_region": "zz", "shared_memory_byte_size": 4}), {}, 404,
        "Unable to find shared memory region: 'zz'"),
    "infer with GET": ("GET", INFER, None, {}, 405, "Method Not Allowed"),
    "generate: unknown model": ("POST", "/v2/models/nope/generate", "{}", {}, 404, "Request for unknown model: 'nope' is not found"),
    "generate: malformed": ("POST", GENERATE, '{"sleep":', {}, 500, "failed to parse the request JSON buffer: Invalid value. at 9"),
    "generate: nothing": ("POST", GENERATE, '{"sleep":[]}', {}, 400, "input byte size mismatch for input 'sleep'"),
    "generate: nested": ("POST", GENERATE, '{"sleep":[[1]]}', {}, 400, "The schema can not convert input 'sleep'"),
    "generate: null": ("POST", GENERATE, '{"sleep":null}', {}, 400, "The schema can not convert input 'sleep'"),
    "generate: text": ("POST", GENERATE, '{"sleep":"a"}', {}, 500, "attempt to access JSON non-number as double"),
    "generate: gzip": ("POST", GENERATE, "xx", {"Content-Encoding": "gzip"}, 400, "Unsupported content-encoding, only 'identity' is supported."),
    "generate: model error": ("POST", GENERATE, '{"sleep":0,"error":true}', {}, 500, "Requested Error"),
    "stream: malformed": ("POST", STREAM, '{"sleep":', {}, 500, "failed to parse the request JSON buffer: Invalid value. at 9"),
    "stream: missing input": ("POST", STREAM, "{}", {}, 400, "missing required input(s) ['sleep']"),
    "statistics of nobody": ("GET", "/v2/models/nope/stats", None, {}, 400, "requested model 'nope' is not available"),
    "nobody is ready": ("GET", "/v2/models/nope/ready", None, {}, 400, "Model version not ready"),
    "unknown path": ("GET", "/nope", None, {}, 404, "Not Found"),
    "trailing slash": ("GET", "/v2/", None, {}, 404, "Not Found"),
    "log file": ("POST", "/v2/logging", '{"log_file":"/x"}', {}, 501, "log file location can not be updated through network protocol"),
    "log format": ("POST", "/v2/logging", '{"log_format":"x"}', {}, 503, "invalid argument for --log_format, got: x"),
    "log flag": ("POST", "/v2/logging", '{"log_info":"x"}', {}, 500, "attempt to access JSON non-boolean as boolean"),
    "region without key": ("POST", "/v2/systemsharedmemory/region/r/register", "{}", {}, 400, "Shared memory register request has no 'key' field"),
    "region of nobody": (
        "POST", "/v2/systemsharedmemory/region/r/register", '{"key":"/nope-journey","byte_size":8}', {}, 500,
        "Unable to open shared memory region: '/nope-journey'"),
    "status of nobody": ("GET", "/v2/systemsharedmemory/region/zz/status", None, {}, 404, "Unable to find system shared memory region: 'zz'"),
    "cuda": (
        "POST", "/v2/cudasharedmemory/region/c/register", '{"raw_handle":{"b64":"AA=="},"device_id":0,"byte_size":8}', {}, 400,
        "'raw_handle' must be a valid base64 encoded cudaIpcMemHandle_t"),
    "load nobody": ("POST", "/v2/repository/models/nope/load", None, {}, 500, "failed to load 'nope', failed to poll from model repository"),
    "named repository": ("POST", "/v2/repository/r/index", None, {}, 501, "'repository_name' specification is not supported"),
    "trace level": ("POST", "/v2/trace/setting", '{"trace_level":"x"}', {}, 500, "attempt to access JSON non-array as array"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_request(up, name):
    method, path, body, headers, status, text = CASES[name]
    answer = requests.request(method, up.http + path, data=body, headers={"Content-Type": "application/json", **headers}, timeout=30)
    assert answer.status_code == status, answer.text
    assert text in answer.json()["error"]


@pytest.mark.parametrize(
    "text",
    [
        "rubbish\r\n\r\n", "GET\r\n\r\n", "GET /v2 HTTP/9.9\r\n\r\n", f"POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        f"POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345",
        f"POST {INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "GET /" + "x" * 200_000 + " HTTP/1.1\r\nhost: x\r\n\r\n", "GET /v2 HTTP/1.1\r\n" + "a: b\r\n" * 5000 + "\r\n",
        f"POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf",
    ],
    ids=["rubbish", "no path", "version", "negative length", "two lengths", "bad chunk", "long path", "many headers", "half a body"],
)
def test_what_is_no_http(up, text):
    with socket.create_connection(("127.0.0.1", up.http_port), timeout=20) as connection:
        try:
            connection.sendall(text.encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass  # refused before all was sent
    assert requests.get(f"{up.http}/v2/health/live", timeout=10).status_code == 200


def grpc_input(name="sleep", shape=(1, 1), datatype="FP32", values=None):
    tensor = triton_grpc.InferInput(name, list(shape), datatype)
    if values is not None:
        tensor.set_data_from_numpy(values)
    return tensor


ZERO = np.zeros((1, 1), dtype=np.float32)


def grpc_region(region):
    tensor = grpc_input()
    tensor.set_shared_memory(region, 4)
    return tensor


# name: (what is done with the client, status, part of the text)
GRPC_CASES = {
    "unknown model": (lambda client: client.infer("nope", [grpc_input(values=ZERO)]), "NOT_FOUND", "Request for unknown model: 'nope' is not found"),
    "unknown version": (
        lambda client: client.infer("passthrough", [grpc_input(values=ZERO)], model_version="7"), "NOT_FOUND", "'passthrough' version 7 is not found"),
    "missing input": (lambda client: client.infer("passthrough", []), "INVALID_ARGUMENT", "but missing required input(s) ['sleep']"),
    "unexpected input": (
        lambda client: client.infer("passthrough", [grpc_input(values=ZERO), grpc_input("Q", values=ZERO)]), "INVALID_ARGUMENT", "unexpected inference input 'Q'"),
    "wrong dtype": (
        lambda client: client.infer("passthrough", [grpc_input(datatype="INT32", values=ZERO.astype(np.int32))]), "INVALID_ARGUMENT",
        "data-type is 'INT32', but model 'passthrough' expects 'FP32'"),
    "wrong shape": (
        lambda client: client.infer("passthrough", [grpc_input(shape=(1, 2), values=np.zeros((1, 2), dtype=np.float32))]), "INVALID_ARGUMENT",
        "Expected [-1,1], got [1,2]"),
    "unknown output": (
        lambda client: client.infer("passthrough", [grpc_input(values=ZERO)], outputs=[triton_grpc.InferRequestedOutput("ZZ")]), "INVALID_ARGUMENT",
        "unexpected inference output 'ZZ'"),
    "unknown region": (lambda client: client.infer("passthrough", [grpc_region("zz")]), "NOT_FOUND", "Unable to find shared memory region: 'zz'"),
    "region of nobody": (
        lambda client: client.register_system_shared_memory("r", "/nope-journey", 8), "INTERNAL", "Unable to open shared memory region: '/nope-journey'"),
    "metadata of nobody": (lambda client: client.get_model_metadata("nope"), "NOT_FOUND", "Request for unknown model: 'nope' is not found"),
    "load nobody": (lambda client: client.load_model("nope"), "INTERNAL", "failed to load 'nope', failed to poll from model repository"),
}


@pytest.mark.parametrize("name", GRPC_CASES)
def test_bad_grpc_request(up, name):
    call, status, text = GRPC_CASES[name]
    with triton_grpc.InferenceServerClient(up.inference_grpc) as client:
        with pytest.raises(InferenceServerException) as failure:
            call(client)
    assert failure.value.status() == f"StatusCode.{status}"
    assert text in failure.value.message()


def test_the_server_is_as_well_as_before(up):
    assert up.is_running
    answer = up.generate({"sleep": 0.001})
    assert answer.status_code == 200
    log = up.log_path.read_text(errors="replace").lower()
    for word in ("fatal", "crash", "traceback", "precondition", "assertion", " critical ", "signal"):
        assert word not in log, word
