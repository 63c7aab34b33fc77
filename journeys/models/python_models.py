"""Models as a user writes them for `needletail serve --python python_models.py:name`."""

import asyncio
import os
import time

import numpy as np

import needletail
from needletail import ModelConfig, Tensor, batch

FLOAT = Tensor(name="x", dtype=np.float32, shape=(-1,))
COUNT = Tensor(name="n", dtype=np.int32, shape=(1,))
STEP = Tensor(name="step", dtype=np.int32, shape=(1,))

PASS_THROUGH = [Tensor(name="sleep", dtype=np.float32, shape=(1,)), Tensor(name="error", dtype=np.bool_, shape=(1,))]


@needletail.model(inputs=PASS_THROUGH, outputs=PASS_THROUGH, config=ModelConfig(max_batch_size=128))
def passthrough(requests):
    responses = []
    for request in requests:
        with request.traced_span("pass-through-get-data"):
            sleep = request.data["sleep"]
            error = request.data["error"]
            if np.any(error):
                raise ValueError("Requested Error")
            longest = np.max(sleep).item()
        with request.traced_span("pass-through-sleep"):
            time.sleep(longest)
        with request.traced_span("pass-through-append"):
            responses.append({"sleep": sleep, "error": error})
    return responses


@needletail.model(inputs=[FLOAT], outputs=[Tensor(name="y", dtype=np.float32, shape=(-1,))], config=ModelConfig(max_batch_size=64))
@batch
def double(x):
    return {"y": x * 2}


@needletail.model(inputs=[FLOAT], outputs=[Tensor(name="y", dtype=np.float32, shape=(-1,))], name="whole", config=ModelConfig(batching=False))
def whole(requests):
    return [{"y": requests[0]["x"] + 1}]


@needletail.model(inputs=[COUNT], outputs=[STEP], config=ModelConfig(decoupled=True, max_batch_size=4))
@batch
def steps(n):
    for index in range(int(n.max())):
        yield {"step": np.full(n.shape, index, dtype=np.int32)}
        time.sleep(0.001)
    if n.max() == 13:
        raise ValueError("thirteen steps")


@needletail.model(inputs=[COUNT], outputs=[STEP], config=ModelConfig(decoupled=True))
async def slow_steps(requests):
    for index in range(int(requests[0]["n"].max())):
        await asyncio.sleep(0.2)
        yield [{"step": np.full(request["n"].shape, index, dtype=np.int32)} for request in requests]


@needletail.model(inputs=[FLOAT], outputs=[Tensor(name="y", dtype=np.float32, shape=(-1,))])
async def awaited(requests):
    await asyncio.sleep(0.001)
    return [{"y": -request["x"]} for request in requests]


@needletail.model(
    inputs=[Tensor(name="text", dtype=bytes, shape=(1,))], outputs=[Tensor(name="upper", dtype=bytes, shape=(1,))], name="shout"
)
class Shout:
    """An object with __call__; each worker makes its own."""

    def __init__(self):
        self.calls = 0

    @batch
    def __call__(self, text):
        self.calls += 1
        return {"upper": np.char.upper(text.astype(bytes))}


@needletail.model(inputs=[COUNT], outputs=[Tensor(name="pid", dtype=np.int64, shape=(1,))], instances=2)
def moody(requests):
    """0: says which process answers; 1: dies; 2: hangs; 3: prints; n above 100: sleeps so many milliseconds."""
    what = int(requests[0]["n"].max())
    if what == 1:
        os._exit(7)
    if what == 2:
        print("hangs from now on", flush=True)
        time.sleep(3600)
    if what == 3:
        print("a line of the model's own", flush=True)
    if what > 100:
        time.sleep(what / 1000)
    return [{"pid": np.full(request["n"].shape, os.getpid(), dtype=np.int64)} for request in requests]


_kept = []


@needletail.model(inputs=[FLOAT], outputs=[Tensor(name="y", dtype=np.float32, shape=(-1,))], config=ModelConfig(max_batch_size=8))
def keeper(requests):
    """Keeps its inputs, and gives back the first that it was ever given."""
    _kept.append(requests[0]["x"])
    return [{"y": np.repeat(_kept[0], request["x"].shape[0], axis=0)} for request in requests]


@needletail.model(inputs=[FLOAT], outputs=[Tensor(name="y", dtype=np.float32, shape=(2,))], strict=True)
def strict(requests):
    what = float(requests[0]["x"].ravel()[0])
    if what == 1:
        return [{"y": np.zeros((1, 2), np.float64)}]
    if what == 2:
        return [{"z": np.zeros((1, 2), np.float32)}]
    if what == 3:
        return [{"y": np.zeros((1, 3), np.float32)}]
    if what == 4:
        return {"y": np.zeros((1, 2), np.float32)}
    if what == 5:
        return []
    if what == 6:
        return [{"y": [1, 2]}]
    return [{"y": np.ones((1, 2), np.float32)}]


@needletail.model(inputs=[FLOAT], outputs=[FLOAT])
def opentelemetry_spans(requests):
    from opentelemetry import trace

    tracer = trace.get_tracer("users-own", "1.2")
    for request in requests:
        with trace.use_span(request.span, end_on_exit=False) if request.span else trace.use_span(trace.INVALID_SPAN):
            with tracer.start_as_current_span("outer", attributes={"answer": 42, "ratio": 0.5, "list": ["a", "b"]}) as span:
                span.add_event("seen", {"count": 1})
                with tracer.start_as_current_span("inner"):
                    pass
    return [{"x": request["x"]} for request in requests]


@needletail.model(inputs=[FLOAT], outputs=[FLOAT])
def unrecoverable(requests):
    from needletail.exceptions import PyTritonUnrecoverableError

    raise PyTritonUnrecoverableError("the device is gone")


def undeclared(requests):
    return requests

