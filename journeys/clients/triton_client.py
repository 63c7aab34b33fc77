"""A user's program on the real tritonclient.http, traced by OpenTelemetry.

triton_client.py SERVER-HOST:PORT OTLP-ENDPOINT SLEEP ERROR BINARY: prints one line of JSON with the trace id and the answer.
The client sends no trace headers itself: the context goes along in `headers`, as its users do.
"""

import json
import sys

import numpy as np
import tritonclient.http as triton
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

server, endpoint, sleep, error, binary = sys.argv[1:6]
binary = binary == "binary"

trace.set_tracer_provider(
    TracerProvider(
        resource=Resource(attributes={"service.name": "upstream-service"}),
        active_span_processor=BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)),
    )
)
client = triton.InferenceServerClient(url=server)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("passthrough")
metadata = client.get_model_metadata("passthrough")
configuration = client.get_model_config("passthrough")

inputs = [triton.InferInput("sleep", [1, 1], "FP32"), triton.InferInput("error", [1, 1], "BOOL")]
inputs[0].set_data_from_numpy(np.array([[float(sleep)]], dtype=np.float32), binary_data=binary)
inputs[1].set_data_from_numpy(np.array([[error == "true"]], dtype=np.bool_), binary_data=binary)
outputs = [triton.InferRequestedOutput("sleep", binary_data=binary)]

report = {"metadata": metadata, "maximum_batch_size": configuration["max_batch_size"]}
with trace.get_tracer(__name__).start_as_current_span("outgoing-request") as span:
    headers = {}
    propagate.inject(headers)
    try:
        result = client.infer("passthrough", inputs, outputs=outputs, request_id="req-42", headers=headers)
        report["sleep"] = result.as_numpy("sleep").tolist()
        report["id"] = result.get_response()["id"]
    except triton.InferenceServerException as failure:
        report["failure"] = failure.message()
        report["status"] = failure.status()
report["trace"] = format(span.get_span_context().trace_id, "032x")
report["statistics"] = client.get_inference_statistics("passthrough")
print(json.dumps(report))
