"""Real PyTriton clients: pytriton_clients.py SCENARIO URL prints what the client gets, or the error that it raises."""

import asyncio
import hashlib
import sys

import numpy as np
from pytriton.client import (
    AsyncioDecoupledModelClient, AsyncioModelClient, DecoupledModelClient, FuturesModelClient, ModelClient,
)

scenario, url = sys.argv[1:3]


def show(result):
    if isinstance(result, dict):
        for name in sorted(result):
            value = result[name]
            print(name, value.dtype.kind, value.shape, value.tolist())
    else:
        print(result)


def f32(*values):
    return np.array(values, np.float32)


def sample(model, *args, **kwargs):
    with ModelClient(url, model) as client:
        show(client.infer_sample(*args, **kwargs))


def batch(model, *args, **kwargs):
    with ModelClient(url, model) as client:
        show(client.infer_batch(*args, **kwargs))


async def with_asyncio():
    async with AsyncioModelClient(url, "add_sub") as client:
        results = await asyncio.gather(*(client.infer_sample(a=f32(index, 1), b=f32(1, 1)) for index in range(8)))
    for result in results:
        show(result)


def with_futures():
    with FuturesModelClient(url, "add_sub") as client:
        futures = [client.infer_batch(a=f32([index, 2]).reshape(1, 2), b=f32([1, 1]).reshape(1, 2)) for index in range(20)]
        for future in futures:
            show(future.result())


def decoupled(count):
    with DecoupledModelClient(url, "countdown") as client:
        for result in client.infer_sample(np.array([count], np.int32)):
            show(result)


async def asyncio_decoupled():
    async with AsyncioDecoupledModelClient(url, "countdown") as client:
        async for result in client.infer_sample(np.array([4], np.int32)):
            show(result)


def model_config():
    with ModelClient(url, "scaled") as client:
        config = client.model_config
    print(config.model_name, config.model_version, config.max_batch_size, config.batching, config.decoupled)
    for spec in [*config.inputs, *config.outputs]:
        print(spec.name, spec.shape, spec.dtype, spec.optional)


def large():
    values = np.random.default_rng(3).random((4, 1_000_000), np.float32)
    with ModelClient(url, "add_sub") as client:
        result = client.infer_batch(a=values, b=values)
    for name in sorted(result):
        print(name, result[name].shape, hashlib.sha256(result[name].tobytes()).hexdigest())


SCENARIOS = {
    "add_sub_sample": lambda: sample("add_sub", f32(1, 2), f32(3, 4)),
    "add_sub_batch": lambda: batch("add_sub", a=f32([1, 2], [3, 4]), b=f32([5, 6], [7, 8])),
    "one": lambda: sample("one", f32([1, 2], [3, 4])),
    "scaled": lambda: batch("scaled", x=f32([1, 2], [3, 4]), scale=f32([2], [2])),
    "scaled_unequal": lambda: batch("scaled", x=f32([1, 2], [3, 4]), scale=f32([2], [3])),
    "optional": lambda: batch("optional", a=f32([1], [2])),
    "text": lambda: sample("text", np.array([b"abc", "größe".encode()], object)),
    "awaited": lambda: sample("awaited", f32(2)),
    "casts": lambda: sample("casts", f32(2)),
    "passthrough": lambda: batch("passthrough", sleep=f32([0], [0.01]), error=np.array([[False], [False]])),
    "asyncio": lambda: asyncio.run(with_asyncio()),
    "futures": with_futures,
    "parameters": lambda: sample("told", f32(1), parameters={"color": "red", "count": 3, "flag": True}),
    "model_config": model_config,
    "error": lambda: sample("passthrough", f32(0), np.array([True])),
    "wrong_count": lambda: sample("wrong_count", f32(1)),
    "wrong_type": lambda: sample("wrong_type", f32(1)),
    "wrong_shape": lambda: sample("wrong_shape", f32(1)),
    "missing_input": lambda: batch("add_sub", a=f32([1, 2])),
    "too_many_rows": lambda: batch("add_sub", a=np.zeros((17, 1), np.float32), b=np.zeros((17, 1), np.float32)),
    "unknown_model": lambda: ModelClient(url, "nobody", init_timeout_s=1, lazy_init=False),
    "wrong_dtype": lambda: sample("add_sub", np.array([1, 2], np.int32), f32(3, 4)),
    "decoupled": lambda: decoupled(5),
    "decoupled_error": lambda: decoupled(3),
    "asyncio_decoupled": lambda: asyncio.run(asyncio_decoupled()),
    "large": large,
}

try:
    SCENARIOS[scenario]()
except Exception as error:
    print(type(error).__name__)
    print(str(error).replace(url, "URL"))
