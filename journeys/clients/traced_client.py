"""A user's program: requests, traced by OpenTelemetry's instrumentation, spans sent by its OTLP exporter.

traced_client.py SERVER OTLP-ENDPOINT JSON-BODY: prints one line of JSON with the trace id, the status and the answer.
"""

import json
import sys
import time

import requests
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

server, endpoint, body = sys.argv[1:4]

RequestsInstrumentor().instrument()
trace.set_tracer_provider(
    TracerProvider(
        resource=Resource(attributes={"service.name": "upstream-service"}),
        active_span_processor=BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)),
    )
)

tracer = trace.get_tracer(__name__)
with tracer.start_as_current_span("outgoing-request") as span:
    time.sleep(0.02)
    response = requests.post(
        f"{server}/v2/models/passthrough/generate",
        headers={"Content-Type": "application/json"},
        json=json.loads(body),
    )
    time.sleep(0.02)

print(json.dumps({
    "trace": format(span.get_span_context().trace_id, "032x"),
    "status": response.status_code,
    "answer": response.json(),
}))
