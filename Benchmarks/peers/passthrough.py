"""The passthrough model as a Python callable: what PyTriton's server runs, for `needletail serve --python`."""

import time

import numpy as np
from needletail import model
from needletail.model_config import ModelConfig, Tensor

tensors = [Tensor(name="sleep", dtype=np.float32, shape=(1,)), Tensor(name="error", dtype=np.bool_, shape=(1,))]


@model(inputs=tensors, outputs=tensors, config=ModelConfig(max_batch_size=128))
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
