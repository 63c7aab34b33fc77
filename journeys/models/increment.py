"""Makes models that add 1 to `x`: `increment.py FOLDER NAME…` writes a repository in Triton's layout. Runs in the environment of the models."""

import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper

for name in sys.argv[2:]:
    folder = Path(sys.argv[1], name, "1")
    folder.mkdir(parents=True)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "one"], ["y"])], name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "m"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "m"])],
        [onnx.numpy_helper.from_array(numpy.array([1], numpy.float32), "one")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
