"""Makes small models: `build.py FOLDER` writes a repository in Triton's layout. Runs in the environment of the models."""

import sys
from pathlib import Path

import numpy
import onnx
import openvino
from onnx import TensorProto, helper

root = Path(sys.argv[1])


def save(name, version, nodes, inputs, outputs, constants=()):
    folder = root / name / str(version)
    folder.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(*one) for one in outputs],
        [onnx.numpy_helper.from_array(value, key) for key, value in dict(constants).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "model.onnx")


F = TensorProto.FLOAT
save("addsub", 1, [helper.make_node("Add", ["A", "B"], ["SUM"]), helper.make_node("Sub", ["A", "B"], ["DIFF"])],
     [("A", F, ["n", 4]), ("B", F, ["n", 4])], [("SUM", F, ["n", 4]), ("DIFF", F, ["n", 4])])

for version in (1, 2, 3):
    save("scale", version, [helper.make_node("Mul", ["X", "factor"], ["Y"])], [("X", F, ["n", 2])], [("Y", F, ["n", 2])],
         {"factor": numpy.array([version], numpy.float32)})

# The first axis is fixed, as exporters leave it that know nothing of batches.
save("fixed", 1, [helper.make_node("Mul", ["X", "factor"], ["Y"])], [("X", F, [1, 3])], [("Y", F, [1, 3])],
     {"factor": numpy.array([10], numpy.float32)})

TYPES = {
    "fp16": TensorProto.FLOAT16, "fp32": F, "fp64": TensorProto.DOUBLE, "int8": TensorProto.INT8, "int16": TensorProto.INT16,
    "int32": TensorProto.INT32, "int64": TensorProto.INT64, "uint8": TensorProto.UINT8, "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32, "uint64": TensorProto.UINT64,
}
for name, number in TYPES.items():
    save(f"twice_{name}", 1, [helper.make_node("Add", ["X", "X"], ["Y"])], [("X", number, ["n", 3])], [("Y", number, ["n", 3])])
save("negate", 1, [helper.make_node("Not", ["X"], ["Y"])], [("X", TensorProto.BOOL, ["n", 3])], [("Y", TensorProto.BOOL, ["n", 3])])

# The same additions in OpenVINO's own format.
folder = root / "ir" / "1"
folder.mkdir(parents=True, exist_ok=True)
openvino.save_model(openvino.Core().read_model(root / "addsub" / "1" / "model.onnx"), folder / "model.xml", compress_to_fp16=False)

# Axes that must fit each other, which only OpenVINO can tell.
save("concat", 1, [helper.make_node("Add", ["A", "B"], ["Y"])], [("A", F, ["n", "m"]), ("B", F, ["n", "k"])], [("Y", F, ["n", "j"])])
