"""Decorators, declarations and validations of the Python package, without a server."""

import asyncio
import sys

import numpy as np
import pytest

from support import asynchronous
from support.program import ROOT

sys.path.insert(0, str(ROOT / "python"))

from needletail import validators, wire  # noqa: E402
from needletail.decorators import (  # noqa: E402
    ConstantPadder, TritonContext, batch, fill_optionals, first_value, group_by_keys, group_by_values, inject_context, pad_batch,
    running_context, sample, triton_context,
)
from needletail.exceptions import (  # noqa: E402
    PyTritonBadParameterError, PyTritonRuntimeError, PyTritonValidationError,
)
from needletail.model_config import DynamicBatcher, ModelConfig, Tensor, make_model_config  # noqa: E402
from needletail.proxy.telemetry import parse_trace_config  # noqa: E402
from needletail.proxy.types import Request  # noqa: E402
from needletail.triton import Triton, TritonConfig, TritonSecurityConfig  # noqa: E402


def config(**options):
    tensors = [Tensor(name="a", dtype=np.float32, shape=(1,)), Tensor(name="b", dtype=np.float32, shape=(1,), optional=True)]
    outputs = [Tensor(name="y", dtype=np.float32, shape=(1,))]
    return make_model_config("m", 1, tensors, outputs, ModelConfig(**options))


def run(function, requests, model_config=None):
    context = TritonContext()
    model_config = model_config or config()
    inject_context(context, function, model_config)
    with running_context(context, model_config):
        return function(requests)


def column(*values):
    return np.array(values, np.float32).reshape(-1, 1)


def requests_of(*sizes):
    start, made = 0, []
    for size in sizes:
        made.append(Request({"a": np.arange(start, start + size, dtype=np.float32).reshape(-1, 1)}))
        start += size
    return made


def test_batch_joins_and_cuts():
    seen = []

    @batch
    def double(a):
        seen.append(a.shape)
        return {"y": a * 2}

    results = run(double, requests_of(2, 1, 3))
    assert seen == [(6, 1)]
    assert [result["y"].ravel().tolist() for result in results] == [[0, 2], [4], [6, 8, 10]]


def test_batch_takes_a_list_of_outputs():
    @batch
    def double(a):
        return [a * 2]

    assert run(double, requests_of(1))[0]["y"].ravel().tolist() == [0]


def test_batch_refuses_what_it_cannot_cut():
    @batch
    def wrong(a):
        return {"y": a[:1]}

    with pytest.raises(ValueError, match=r"Received output tensors with different batch sizes: y: \(1, 1\). Expected batch size: 3. "):
        run(wrong, requests_of(3))
    with pytest.raises(PyTritonValidationError, match="Cannot batch requests with different set of inputs keys"):
        run(wrong, [Request({"a": column(1)}), Request({"b": column(1)})])


def test_batch_works_on_methods_generators_and_coroutines():
    class Model:
        @batch
        def run(self, a):
            return {"y": a + 1}

    assert run(Model().run, requests_of(2))[0]["y"].ravel().tolist() == [1, 2]

    @batch
    def stream(a):
        yield {"y": a}
        yield {"y": a + 1}

    assert [[one["y"].tolist() for one in results] for results in run(stream, requests_of(1, 1))] == [[[[0]], [[1]]], [[[1]], [[2]]]]

    @batch
    async def later(a):
        await asyncio.sleep(0)
        return {"y": a}

    async def main():
        return await run(later, requests_of(2))

    assert asynchronous.run(main())[0]["y"].shape == (2, 1)


def test_sample_takes_the_first_request():
    @sample
    def one(a):
        return {"y": a}

    assert run(one, [Request({"a": np.ones(1, np.float32)})], config(batching=False))[0]["y"].tolist() == [1]


def test_group_by_keys_restores_the_order():
    calls = []

    @group_by_keys
    @batch
    def add(a, b=None):
        calls.append(a.shape[0])
        return {"y": a if b is None else a + b}

    made = [Request({"a": column(1)}), Request({"a": column(2), "b": column(10)}), Request({"a": column(3)})]
    assert [result["y"].item() for result in run(add, made)] == [1, 12, 3]
    assert sorted(calls) == [1, 2]


def test_group_by_values_calls_once_for_each_value():
    calls = []

    @batch
    @group_by_values("b")
    def scaled(a, b):
        calls.append(b.ravel().tolist())
        return {"y": a * b[0]}

    made = [Request({"a": column(1, 2), "b": column(2, 3)}), Request({"a": column(4), "b": column(2)})]
    assert [result["y"].ravel().tolist() for result in run(scaled, made)] == [[2, 6], [8]]
    assert sorted(calls) == [[2, 2], [3]]

    @group_by_values("b")
    @batch
    def wrong(a, b):
        return {"y": a}

    with pytest.raises(PyTritonRuntimeError, match="must be used after the @batch decorator"):
        wrong(a=column(1), b=column(1))


def test_group_by_values_pads():
    @batch
    @group_by_values("b", pad_fn=ConstantPadder(-1))
    def repeated(a, b):
        return {"y": np.repeat(a, int(b[0, 0]), axis=1)}

    made = [Request({"a": column(5), "b": column(1)}), Request({"a": column(6), "b": column(3)})]
    assert [result["y"].tolist() for result in run(repeated, made)] == [[[5, -1, -1]], [[6, 6, 6]]]


def test_fill_optionals():
    @fill_optionals(b=np.array([7], np.float32))
    @batch
    def add(a, b):
        return {"y": a + b}

    assert run(add, [Request({"a": column(1, 2)})])[0]["y"].ravel().tolist() == [8, 9]

    @fill_optionals(c=np.array([7], np.float32))
    def unknown(requests):
        return []

    with pytest.raises(PyTritonBadParameterError, match="Could not found c inputs"):
        run(unknown, requests_of(1))


def test_pad_batch_repeats_the_last_row():
    sizes = []

    @batch
    @pad_batch
    def padded(a):
        sizes.append(a.ravel().tolist())
        return {"y": a[:2]}

    run(padded, requests_of(2), config(max_batch_size=8, batcher=DynamicBatcher(preferred_batch_size=[4])))
    assert sizes == [[0, 1, 1, 1]]


def test_first_value():
    @batch
    @first_value("b")
    def scaled(a, b):
        assert np.isscalar(b)
        return {"y": a * b}

    assert run(scaled, [Request({"a": column(1, 2), "b": column(3, 3)})])[0]["y"].ravel().tolist() == [3, 6]
    with pytest.raises(PyTritonRuntimeError, match="The values on the 'b' input are not equal"):
        run(scaled, [Request({"a": column(1, 2), "b": column(3, 4)})])
    with pytest.raises(PyTritonBadParameterError, match="not allowed as keys"):
        first_value("__triton_context__")


def test_triton_context_gives_the_configuration():
    @triton_context
    def named(requests, triton_context):
        return triton_context.model_configs[named].model_name

    assert run(named, requests_of(1)) == "m"


def test_outputs_are_checked_as_pytriton_does():
    model = config()
    outputs = {output.name: output for output in model.outputs}
    validators.validate(model, outputs, [{"y": column(1)}], 1, strict=True)
    with pytest.raises(ValueError, match="Use string/byte-string instead of object"):
        validators.validate(model, outputs, [{"y": np.array(["a"], object)}], 1, strict=False)
    with pytest.raises(ValueError, match="Only bool, numeric, string, unicode and object arrays"):
        validators.validate(model, outputs, [{"y": np.array([1j])}], 1, strict=False)


def test_strings_survive_the_wire():
    values = np.array([[b"", b"a\0b"], ["grüße".encode(), b"x" * 1000]], object)
    assert (wire.decode_bytes(wire.encode_bytes(values), (2, 2)) == values).all()


def test_trace_settings_keep_blanks_commas_and_equal_signs():
    url, resource = parse_trace_config([
        "level=TIMESTAMPS", "mode=OpenTelemetry", "opentelemetry,url=http://c:4318/v1/traces",
        "opentelemetry,resource=service.name=my service, a=b", "opentelemetry,resource=k=v",
    ])
    assert url == "http://c:4318/v1/traces" and resource == {"service.name": "my service, a=b", "k": "v"}


def test_triton_configuration(monkeypatch):
    monkeypatch.setenv("PYTRITON_TRITON_CONFIG_HTTP_PORT", "1234")
    monkeypatch.setenv("PYTRITON_TRITON_CONFIG_TRACE_CONFIG_1", "rate=1")
    monkeypatch.setenv("PYTRITON_TRITON_CONFIG_TRACE_CONFIG_0", "level=TIMESTAMPS")
    monkeypatch.setenv("PYTRITON_TRITON_CONFIG_ALLOW_METRICS", "false")
    found = TritonConfig.from_env()
    assert (found.http_port, found.trace_config, found.allow_metrics) == (1234, ["level=TIMESTAMPS", "rate=1"], False)
    with pytest.raises(PyTritonValidationError, match="The `http` or `grpc` endpoint has to be allowed."):
        TritonConfig(allow_http=False, allow_grpc=False)
    with pytest.raises(PyTritonValidationError, match="Invalid endpoint names: nothing"):
        TritonSecurityConfig(restricted_endpoints=["nothing"])
    assert TritonSecurityConfig().access_token and TritonSecurityConfig(restricted_endpoints=[]).access_token is None


def test_wrong_bindings_are_refused():
    triton = Triton(config=TritonConfig(http_port=1))
    tensors = [Tensor(name="a", dtype=np.float32, shape=(1,))]
    with pytest.raises(PyTritonValidationError, match="Model name can only contain alphanumeric"):
        triton.bind("a b", lambda requests: [], tensors, tensors)
    with pytest.raises(PyTritonValidationError, match="Output tensors cannot be optional."):
        triton.bind("m", lambda requests: [], tensors, [Tensor(name="y", dtype=np.float32, shape=(1,), optional=True)])
    with pytest.raises(PyTritonBadParameterError, match="there is no tensor type for"):
        triton.bind("m", lambda requests: [], tensors, [Tensor(name="y", dtype=np.complex64, shape=(1,))])
    triton.bind("m", lambda requests: [], tensors, tensors)
    with pytest.raises(Exception, match="Cannot add model with the same name twice."):
        triton.bind("M", lambda requests: [], tensors, tensors)
