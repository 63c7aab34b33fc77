"""A user's program: spans sent by one of OpenTelemetry's older exporters for Python.

exporter.py NAME ENDPOINT: prints the trace's id. ENDPOINT is host:port for UDP and gRPC, else a URL.
"""

import sys

from opentelemetry.exporter.jaeger.proto.grpc import JaegerExporter as JaegerGRPCExporter
from opentelemetry.exporter.jaeger.thrift import JaegerExporter
from opentelemetry.exporter.zipkin.json import Protocol, ZipkinExporter
from opentelemetry.exporter.zipkin.proto.http import ZipkinExporter as ZipkinProtoExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode


def jaeger_udp(endpoint):
    host, port = endpoint.split(":")
    return JaegerExporter(agent_host_name=host, agent_port=int(port))


name, endpoint = sys.argv[1:3]
exporter = {
    "jaeger-udp": jaeger_udp,
    "jaeger-http": lambda url: JaegerExporter(collector_endpoint=f"{url}?format=jaeger.thrift"),
    "jaeger-grpc": lambda address: JaegerGRPCExporter(collector_endpoint=address, insecure=True),
    "zipkin-json": lambda url: ZipkinExporter(Protocol.V2, url),
    "zipkin-proto": lambda url: ZipkinProtoExporter(url),
}[name](endpoint)

provider = TracerProvider(resource=Resource.create({"service.name": f"python over {name}", "zone": "b"}))
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("journey", "1.2")
with tracer.start_as_current_span("parent", kind=SpanKind.CLIENT) as parent:
    with tracer.start_as_current_span("child", attributes={"count": 3, "ratio": 0.5, "on": True, "text": "grün"}) as child:
        child.add_event("cache miss", {"key": "k"})
        child.set_status(Status(StatusCode.ERROR, "no luck"))
provider.shutdown()
print(format(parent.get_span_context().trace_id, "032x"))
