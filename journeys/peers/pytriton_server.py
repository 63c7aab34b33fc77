"""A user's PyTriton server: the passthrough model, traced to a collector.

pytriton_server.py HTTP-PORT GRPC-PORT METRICS-PORT WORKSPACE [OTLP-URL]: prints READY when it serves; without the URL it
is not traced. Runs in the environment of peers/requirements.txt.
"""

import sys
import time

import numpy as np
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

http_port, grpc_port, metrics_port, workspace = sys.argv[1:5]
trace_config = None
if len(sys.argv) > 5:
    trace_config = [
        "level=TIMESTAMPS",
        "rate=1",
        "mode=opentelemetry",
        f"opentelemetry,url={sys.argv[5]}",
        "opentelemetry,resource=service.name=test_server_with_passthrough",
        "opentelemetry,resource=test.key=test.value",
        "opentelemetry,bsp_schedule_delay=500",
    ]


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


tensors = [Tensor(name="sleep", dtype=np.float32, shape=(1,)), Tensor(name="error", dtype=np.bool_, shape=(1,))]
config = TritonConfig(
    http_address="127.0.0.1", http_port=int(http_port), grpc_address="127.0.0.1", grpc_port=int(grpc_port),
    metrics_port=int(metrics_port), allow_gpu_metrics=False, trace_config=trace_config,
)
with Triton(config=config, workspace=workspace) as triton:
    triton.bind(
        model_name="passthrough", infer_func=passthrough, inputs=tensors, outputs=tensors,
        config=ModelConfig(max_batch_size=128), strict=False,
    )
    triton.run()
    print("READY", flush=True)
    triton.serve()
