"""An ensemble of real models: its answers, its spans, its errors."""

import shutil

import numpy
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support import models, traces
from test_repository import built, floats, index, tensor  # noqa: F401  (built is a fixture)

CONFIG = """
platform: "ensemble"
max_batch_size: 4
input { name: "IN" data_type: TYPE_FP32 dims: 2 }
output { name: "OUT" data_type: TYPE_FP32 dims: 2 }
ensemble_scheduling {
  step [
    { model_name: "scale" model_version: 2 input_map { key: "X" value: "IN" } output_map { key: "Y" value: "TWICE" } },
    { model_name: "scale" model_version: -1 input_map { key: "X" value: "TWICE" } output_map { key: "Y" value: "OUT" } }
  ]
}
"""


@pytest.fixture
def folder(built, tmp_path):
    shutil.copytree(built / "scale", tmp_path / "repository/scale")
    (tmp_path / "repository/scale/config.pbtxt").write_text("version_policy { all {} }")
    (tmp_path / "repository/ens/1").mkdir(parents=True)
    (tmp_path / "repository/ens/config.pbtxt").write_text(CONFIG)
    return tmp_path / "repository"


def test_steps_follow_each_other_and_so_do_their_spans(start, folder):
    program = start(
        "up", "--model-repository", str(folder), "--trace-config", "opentelemetry,bsp_schedule_delay=100", environment=models.environment()
    )
    client = triton.InferenceServerClient(program.http.removeprefix("http://"))
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = client.infer("ens", [tensor("IN", floats([1, 2]))], request_id="r1", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})
    numpy.testing.assert_array_equal(answer.as_numpy("OUT"), floats([6, 12]))
    assert answer.get_response()["parameters"] == {"sequence_id": 0, "sequence_start": False, "sequence_end": False}

    trace = traces.wait_for(program.query, trace_id, 6)
    names = sorted(span.name for span in trace.spans)
    assert names == ["InferRequest", "compute", "compute", "ens", "scale", "scale"]
    ensemble = trace.named("ens")
    children = [span for span in trace.spans if span.name == "scale"]
    assert {child.parent for child in children} == {ensemble.id}
    assert {child.tags["triton.request_id"] for child in children} == {"r1"}
    assert sorted(int(child.tags["triton.model_version"]) for child in children) == [2, 3]
    assert {int(child.tags["triton.trace_parent_id"]) for child in children} == {int(ensemble.tags["triton.trace_id"])}
    config = client.get_model_config("ens")
    assert config["platform"] == "ensemble" and config["instance_group"] == [] and len(config["ensemble_scheduling"]["step"]) == 2


def test_members_go_and_the_ensemble_with_them(start, folder):
    program = start("serve", "--model-repository", str(folder), "--model-control-mode", "explicit", "--load-model", "ens", environment=models.environment())
    client = triton.InferenceServerClient(program.http.removeprefix("http://"))
    assert index(client)[("scale", "3")][0] == "READY"
    client.unload_model("scale")
    assert not client.is_model_ready("ens")
    client.load_model("scale")
    assert client.is_model_ready("ens")
    client.unload_model("ens", unload_dependents=True)
    assert not client.is_model_ready("scale")
    (folder / "ens/config.pbtxt").write_text(CONFIG.replace("dims: 2 }\noutput", "dims: 3 }\noutput"))
    with pytest.raises(InferenceServerException, match=r"the tensor 'IN' has the shape \[-1,3\] from the ensemble's input 'IN'"):
        client.load_model("ens")
