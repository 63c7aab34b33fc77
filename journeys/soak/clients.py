"""Clients of the soak. Each runs until it is told to stop, checks every answer, and says how its requests ended.

clients.py KIND HTTP-PORT GRPC-PORT: works until a line comes on its standard input, then prints one line of JSON.
"""

import collections
import json
import queue
import random
import socket
import sys
import threading
import time

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from tritonclient.utils import InferenceServerException

LONGEST_WAIT = 30  # seconds after which a request counts as stuck

kind, http_port, grpc_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
outcomes = collections.Counter()
wrong = []
stopping = threading.Event()
numbers = random.Random(kind)


def ended(name):
    outcomes[name] += 1


def failed(error):
    """An answer that says no is an answer; which ones are expected is for the test to say."""
    text = error.message() if isinstance(error, InferenceServerException) else str(error)
    outcomes["error: " + " ".join(word for word in text.split() if not any(c.isdigit() for c in word))[:160]] += 1


def check(expected, got, what):
    if not np.array_equal(expected, got):
        wrong.append(f"{what}: expected {expected!r}, got {got!r}")
        ended("wrong")
    else:
        ended("answered")


def increments(model, client, module):
    """One request after the other, each with values of its own."""
    serial = 0
    while not stopping.is_set():
        serial += 1
        x = np.array([[serial, numbers.randrange(1 << 20)]], dtype=np.float32)
        tensor = module.InferInput("x", list(x.shape), "FP32")
        tensor.set_data_from_numpy(x)
        ended("sent")
        try:
            answer = client.infer(model, [tensor], request_id=str(serial))
        except InferenceServerException as error:
            failed(error)
            continue
        if (answer.get_response()["id"] if module is httpclient else answer.get_response().id) != str(serial):
            wrong.append(f"request {serial} got the answer of another")
        check(x + 1, answer.as_numpy("y"), f"{model} {serial}")


def streams():
    """A streaming call at a time; every third is cancelled in the middle."""
    serial = 0
    while not stopping.is_set():
        serial += 1
        n, answers = numbers.randrange(0, 40), queue.Queue()
        with grpcclient.InferenceServerClient(f"127.0.0.1:{grpc_port}") as client:
            client.start_stream(lambda result, error: answers.put((result, error)))
            tensor = grpcclient.InferInput("n", [1], "INT32")
            tensor.set_data_from_numpy(np.array([n], dtype=np.int32))
            ended("sent")
            client.async_stream_infer("count", [tensor], request_id=str(serial), enable_empty_final_response=True)
            if serial % 3 == 0:
                client.stop_stream(cancel_requests=True)
                ended("cancelled")
                continue
            got, error = [], None
            try:
                while True:
                    result, error = answers.get(timeout=LONGEST_WAIT)
                    if error is not None:
                        failed(error)
                        break
                    response = result.get_response()
                    if response.outputs:
                        got.append(int(result.as_numpy("i")[0]))
                    if response.parameters["triton_final_response"].bool_param:
                        check(list(range(n)), got, f"stream {serial}")
                        break
            except queue.Empty:
                ended("stuck")
            client.stop_stream()


def leavers():
    """HTTP clients that go away while their request is computed."""
    body = b'{"sleep": 0.05, "error": false}'
    head = b"POST /v2/models/passthrough/generate HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    while not stopping.is_set():
        ended("sent")
        with socket.create_connection(("127.0.0.1", http_port), timeout=LONGEST_WAIT) as connection:
            connection.sendall(head + body)
            time.sleep(numbers.random() * 0.04)
        ended("cancelled")


def cancellers():
    """gRPC calls that are cancelled while they wait or run."""
    with grpcclient.InferenceServerClient(f"127.0.0.1:{grpc_port}") as client:
        inputs = [grpcclient.InferInput("sleep", [1, 1], "FP32")]
        inputs[0].set_data_from_numpy(np.array([[0.05]], dtype=np.float32))
        while not stopping.is_set():
            done = queue.Queue()
            ended("sent")
            call = client.async_infer("passthrough", inputs, callback=lambda result, error: done.put((result, error)))
            time.sleep(numbers.random() * 0.06)
            call.cancel()
            try:
                result, error = done.get(timeout=LONGEST_WAIT)
                ended("answered") if error is None else ended("cancelled")
            except queue.Empty:
                ended("stuck")


def work():
    if kind == "streams":
        streams()
    elif kind == "leavers":
        leavers()
    elif kind == "cancellers":
        cancellers()
    else:
        protocol, model = kind.split(":")
        module, port = (httpclient, http_port) if protocol == "http" else (grpcclient, grpc_port)
        options = {"network_timeout": LONGEST_WAIT} if protocol == "http" else {}
        with module.InferenceServerClient(f"127.0.0.1:{port}", **options) as client:
            increments(model, client, module)


worker = threading.Thread(target=work, daemon=True)
worker.start()
sys.stdin.readline()
stopping.set()
worker.join(LONGEST_WAIT + 15)
if worker.is_alive():
    ended("stuck")
print(json.dumps({"outcomes": outcomes, "wrong": wrong[:5]}), flush=True)
