"""One script for PyTriton and for us: only the module that it is imported from differs.

pytriton_parity.py pytriton|needletail HTTP-PORT GRPC-PORT METRICS-PORT WORKSPACE [OTLP-URL]: prints READY when it serves.
"""

import asyncio
import importlib
import sys
import time

import numpy as np

module = sys.argv[1]
triton_module = importlib.import_module(f"{module}.triton")
model_config = importlib.import_module(f"{module}.model_config")
decorators = importlib.import_module(f"{module}.decorators")
Triton, TritonConfig = triton_module.Triton, triton_module.TritonConfig
ModelConfig, Tensor, DynamicBatcher = model_config.ModelConfig, model_config.Tensor, model_config.DynamicBatcher
batch, sample, first_value, group_by_values = decorators.batch, decorators.sample, decorators.first_value, decorators.group_by_values
group_by_keys, fill_optionals = decorators.group_by_keys, decorators.fill_optionals

http_port, grpc_port, metrics_port, workspace = sys.argv[2:6]
trace_config = None
if len(sys.argv) > 6:
    trace_config = [
        "level=TIMESTAMPS", "rate=1", "mode=opentelemetry", f"opentelemetry,url={sys.argv[6]}",
        "opentelemetry,resource=service.name=parity", "opentelemetry,bsp_schedule_delay=300",
    ]


def passthrough(requests):
    responses = []
    for request in requests:
        with request.traced_span("pass-through-get-data"):
            sleep = request.data["sleep"]
            error = request.data["error"]
            if np.any(error):
                raise ValueError("Requested Error")
        with request.traced_span("pass-through-sleep"):
            time.sleep(np.max(sleep).item())
        with request.traced_span("pass-through-append"):
            responses.append({"sleep": sleep, "error": error})
    return responses


@batch
def add_sub(a, b):
    return {"add": a + b, "sub": a - b}


@sample
def one(x):
    return {"y": x.sum(axis=0)}


@batch
@first_value("scale")
def scaled(x, scale):
    return {"y": x * scale}


@fill_optionals(b=np.array([10], np.float32))
@group_by_keys
@batch
def optional(a, b):
    return {"y": a + b}


@batch
def text(words):
    return {"upper": np.char.upper(words.astype(bytes))}


async def awaited(requests):
    await asyncio.sleep(0.001)
    return [{"y": request["x"] * 3} for request in requests]


@batch
def countdown(n):
    for value in range(int(n.max()), 0, -1):
        yield {"left": np.full(n.shape, value, np.int32)}
    if n.max() == 3:
        raise ValueError("three is too many")


def wrong_count(requests):
    return []


def wrong_type(requests):
    return [{"y": [1.0]} for _ in requests]


def wrong_shape(requests):
    return [{"y": np.zeros((1, 5), np.float32)} for _ in requests]


def casts(requests):
    return [{"y": request["x"].astype(np.float64), "extra": request["x"]} for request in requests]


def told(requests):
    """What a client sends along."""
    parameters = [sorted((str(key), str(value)) for key, value in (request.parameters or {}).items()) for request in requests]
    return [{"seen": np.array([[str(one).encode()]])} for one in parameters]


def f32(name, *shape, **options):
    return Tensor(name=name, dtype=np.float32, shape=shape or (1,), **options)


config = TritonConfig(
    http_address="127.0.0.1", http_port=int(http_port), grpc_address="127.0.0.1", grpc_port=int(grpc_port),
    metrics_port=int(metrics_port), allow_gpu_metrics=False, trace_config=trace_config,
)
with Triton(config=config, workspace=workspace) as triton:
    both = [f32("sleep"), Tensor(name="error", dtype=np.bool_, shape=(1,))]
    triton.bind("passthrough", passthrough, both, both, config=ModelConfig(max_batch_size=128))
    triton.bind("add_sub", [add_sub, add_sub], [f32("a", -1), f32("b", -1)], [f32("add", -1), f32("sub", -1)], config=ModelConfig(max_batch_size=16), strict=True)
    triton.bind("one", one, [f32("x", -1, 2)], [f32("y", 2)], config=ModelConfig(batching=False))
    triton.bind("scaled", scaled, [f32("x", -1), f32("scale")], [f32("y", -1)], config=ModelConfig(batcher=DynamicBatcher(max_queue_delay_microseconds=100)))
    triton.bind("optional", optional, [f32("a"), f32("b", optional=True)], [f32("y")])
    triton.bind("text", text, [Tensor(name="words", dtype=bytes, shape=(-1,))], [Tensor(name="upper", dtype=bytes, shape=(-1,))])
    triton.bind("awaited", awaited, [f32("x")], [f32("y")])
    triton.bind("countdown", countdown, [Tensor(name="n", dtype=np.int32, shape=(1,))], [Tensor(name="left", dtype=np.int32, shape=(1,))], config=ModelConfig(decoupled=True))
    triton.bind("wrong_count", wrong_count, [f32("x")], [f32("y")])
    triton.bind("wrong_type", wrong_type, [f32("x")], [f32("y")])
    triton.bind("wrong_shape", wrong_shape, [f32("x")], [f32("y")], strict=True)
    triton.bind("casts", casts, [f32("x")], [f32("y")])
    triton.bind("told", told, [f32("x")], [Tensor(name="seen", dtype=bytes, shape=(1,))])
    triton.run()
    print("READY", flush=True)
    triton.serve()
