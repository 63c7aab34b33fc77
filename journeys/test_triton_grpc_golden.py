"""Triton's own answers to gRPC calls, word for word: each captured call is made again, in its order."""

import json
import re
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format
from tritonclient.grpc import service_pb2, service_pb2_grpc

from support.model_server import model_server
from support.program import ROOT

CAPTURED = Path(ROOT).parent / "shared/golden/triton/http/grpc_calls.txt"
# Captured with this configuration, and a Python model of the same behaviour.
WORDS = [
    "level=TIMESTAMPS", "rate=1", "mode=opentelemetry", "opentelemetry,url=http://localhost:14318/v1/traces",
    "opentelemetry,resource=service.name=goldsvc", "opentelemetry,resource=test.key=test.value", "opentelemetry,bsp_schedule_delay=500",
    # The sizes that the original has when nothing is said.
    "opentelemetry,bsp_max_queue_size=2048", "opentelemetry,bsp_max_export_batch_size=512",
]
# What is a server's own: names, versions, counts.
OWN = {"server meta", "model stats", "all stats", "index", "index ready", "model config", "load ident"}

pytestmark = pytest.mark.skipif(not CAPTURED.exists(), reason="the captured calls are not here")


def captured():
    text = CAPTURED.read_text() if CAPTURED.exists() else ""
    for block in re.split(r"^#### ", text, flags=re.M)[1:]:
        title, call, answer = block.strip().split("\n", 2)
        yield title, call.removeprefix("> "), answer.removeprefix("< ")


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    words = [part for word in WORDS for part in ("--trace-config", word)]
    with model_server(tmp_path_factory.mktemp("golden"), *words) as server, grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def normal(document):
    """Without what stands for the same: the platform of the captured model, the order of settings."""
    document.pop("platform", None)
    return document


@pytest.mark.parametrize(("title", "call", "answer"), [pytest.param(*one, id=one[0]) for one in captured() if one[0] not in OWN])
def test_captured_call(stub, title, call, answer):
    method, argument = call.split(" ", 1)
    if method == "ModelStreamInfer":
        requests = [json_format.Parse(text, service_pb2.ModelInferRequest()) for text in eval(argument)]
        got = [json_format.MessageToDict(one, preserving_proto_field_name=True) for one in stub.ModelStreamInfer(iter(requests))]
        assert got == [json.loads(line) for line in answer.removeprefix("OK ").splitlines()]
        return
    # `CudaSharedMemoryStatus` and its kin: `Xxx` takes `XxxRequest`.
    request = json_format.Parse(argument, getattr(service_pb2, f"{method}Request", service_pb2.ModelInferRequest)())
    if answer.startswith("OK "):
        got = json_format.MessageToDict(getattr(stub, method)(request), preserving_proto_field_name=True)
        assert normal(got) == normal(json.loads(answer.removeprefix("OK ")))
        return
    code, message = answer.split(" ", 1)
    with pytest.raises(grpc.RpcError) as caught:
        getattr(stub, method)(request)
    assert str(caught.value.code()) == code
    if title == "infer execute error":
        # The captured one ends with a Python traceback.
        assert caught.value.details() == "Failed to process the request(s) for model 'ident', message: Boom: execute boom"
    else:
        assert caught.value.details() == eval(message)
