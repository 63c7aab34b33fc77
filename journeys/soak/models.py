"""The Python models of the soak: one that answers, one that streams."""

import numpy as np
from needletail import model
from needletail.model_config import DynamicBatcher, ModelConfig, Tensor


@model(
    inputs=[Tensor(name="x", dtype=np.float32, shape=(-1,))], outputs=[Tensor(name="y", dtype=np.float32, shape=(-1,))],
    config=ModelConfig(max_batch_size=32, batcher=DynamicBatcher(max_queue_delay_microseconds=500)),
)
def increment(requests):
    return [{"y": request.data["x"] + 1} for request in requests]


@model(
    inputs=[Tensor(name="n", dtype=np.int32, shape=(1,))], outputs=[Tensor(name="i", dtype=np.int32, shape=(1,))],
    config=ModelConfig(batching=False, decoupled=True),
)
def count(requests):
    for i in range(int(requests[0].data["n"][0])):
        yield [{"i": np.array([i], dtype=np.int32)}]
