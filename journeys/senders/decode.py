"""Reads Jaeger's and Zipkin's wire formats with the generated code of those projects, which shares nothing with ours.

decode.py FORMAT FILE…: prints a line of JSON for each file, a list of spans:
trace, id, parent, name, start and duration (µs), kind, tags, logs, references, service, process.
"""

import base64
import ipaddress
import json
import re
import sys

from google.protobuf import json_format
from opentelemetry.exporter.jaeger.proto.grpc.gen import collector_pb2, model_pb2
from opentelemetry.exporter.jaeger.thrift.gen.agent import Agent
from opentelemetry.exporter.jaeger.thrift.gen.jaeger import ttypes
from opentelemetry.exporter.zipkin.proto.http.v2.gen import zipkin_pb2
from thrift.protocol import TBinaryProtocol, TCompactProtocol
from thrift.Thrift import TMessageType
from thrift.transport import TTransport


def unsigned(number):
    return format(number & (1 << 64) - 1, "016x")


def thrift_tag(tag):
    kind = ttypes.TagType._VALUES_TO_NAMES[tag.vType]
    field, name = {
        "STRING": ("vStr", "string"), "DOUBLE": ("vDouble", "float64"), "BOOL": ("vBool", "bool"), "LONG": ("vLong", "int64"),
        "BINARY": ("vBinary", "binary"),
    }[kind]
    return told(tag.key, name, getattr(tag, field))


def told(key, kind, value):
    """A tag as Jaeger's query API tells it, the value as text."""
    if kind == "binary":
        return key, kind, base64.b64encode(value).decode()
    return key, kind, value if kind == "string" else repr(value) if kind == "float64" else str(value)


def thrift_batch(batch):
    process = [thrift_tag(one) for one in batch.process.tags or []]
    return [
        {
            "trace": unsigned(span.traceIdHigh) + unsigned(span.traceIdLow), "id": unsigned(span.spanId),
            "parent": unsigned(span.parentSpanId) if span.parentSpanId else None, "name": span.operationName,
            "start": span.startTime, "duration": span.duration, "flags": span.flags,
            "tags": [thrift_tag(one) for one in span.tags or []],
            "logs": [(log.timestamp, [thrift_tag(one) for one in log.fields]) for log in span.logs or []],
            "references": [
                (ttypes.SpanRefType._VALUES_TO_NAMES[one.refType], unsigned(one.traceIdHigh) + unsigned(one.traceIdLow), unsigned(one.spanId))
                for one in span.references or []
            ],
            "service": batch.process.serviceName, "process": process,
        }
        for span in batch.spans
    ]


def thrift_message(factory):
    def read(body):
        transport = TTransport.TMemoryBuffer(body)
        protocol = factory.getProtocol(transport)
        name, kind, _ = protocol.readMessageBegin()
        assert name == "emitBatch" and kind in (TMessageType.ONEWAY, TMessageType.CALL), (name, kind)
        arguments = Agent.emitBatch_args()
        arguments.read(protocol)
        protocol.readMessageEnd()
        assert transport.cstringio_buf.read() == b"", "bytes are left behind the message"
        return thrift_batch(arguments.batch)

    return read


def jaeger_http(body):
    transport = TTransport.TMemoryBuffer(body)
    batch = ttypes.Batch()
    batch.read(TBinaryProtocol.TBinaryProtocol(transport))
    assert transport.cstringio_buf.read() == b"", "bytes are left behind the batch"
    return thrift_batch(batch)


def proto_tag(tag):
    kind = model_pb2.ValueType.Name(tag.v_type)
    field, name = {
        "STRING": ("v_str", "string"), "FLOAT64": ("v_float64", "float64"), "BOOL": ("v_bool", "bool"), "INT64": ("v_int64", "int64"),
        "BINARY": ("v_binary", "binary"),
    }[kind]
    return told(tag.key, name, getattr(tag, field))


def microseconds(message):
    return message.seconds * 1_000_000 + message.nanos // 1000


def jaeger_grpc(body):
    batch = collector_pb2.PostSpansRequest.FromString(body).batch
    spans = []
    for span in batch.spans:
        process = span.process if span.HasField("process") else batch.process
        references = [(model_pb2.SpanRefType.Name(one.ref_type), one.trace_id.hex(), one.span_id.hex()) for one in span.references]
        parents = [one for kind, trace, one in references if kind == "CHILD_OF" and trace == span.trace_id.hex()]
        spans.append({
            "trace": span.trace_id.hex(), "id": span.span_id.hex(), "parent": parents[0] if parents else None,
            "name": span.operation_name, "start": microseconds(span.start_time), "duration": microseconds(span.duration), "flags": span.flags,
            "tags": [proto_tag(one) for one in span.tags],
            "logs": [(microseconds(log.timestamp), [proto_tag(one) for one in log.fields]) for log in span.logs],
            "references": references, "service": process.service_name, "process": [proto_tag(one) for one in process.tags],
        })
    return spans


def zipkin_list(message):
    return [
        {
            "trace": span.trace_id.hex().rjust(32, "0"), "id": span.id.hex(), "parent": span.parent_id.hex() or None, "name": span.name,
            "start": span.timestamp, "duration": span.duration, "kind": zipkin_pb2.Span.Kind.Name(span.kind),
            "tags": [(key, "string", value) for key, value in span.tags.items()],
            "logs": [(one.timestamp, [("event", "string", one.value)]) for one in span.annotations],
            "references": [], "service": span.local_endpoint.service_name, "process": [],
            "remote": json_format.MessageToDict(span.remote_endpoint),
        }
        for span in message.spans
    ]


def zipkin_json(body):
    """By Zipkin's protobuf schema: a field it does not know, or of another type, is an error."""
    def recode(node, key=None):
        if isinstance(node, dict):
            return {k: recode(v, k) if key != "tags" else v for k, v in node.items()}
        if isinstance(node, list):
            return [recode(one) for one in node]
        if key in ("traceId", "id", "parentId"):
            assert re.fullmatch("[0-9a-f]{16}([0-9a-f]{16})?", node), node
            return base64.b64encode(bytes.fromhex(node)).decode()
        if key in ("ipv4", "ipv6"):
            return base64.b64encode(ipaddress.ip_address(node).packed).decode()
        return node

    spans = json.loads(body)
    assert isinstance(spans, list)
    return zipkin_list(json_format.ParseDict({"spans": recode(spans)}, zipkin_pb2.ListOfSpans()))


FORMATS = {
    "jaeger-compact": thrift_message(TCompactProtocol.TCompactProtocolFactory()),
    "jaeger-binary": thrift_message(TBinaryProtocol.TBinaryProtocolFactory(strictRead=True)),
    "jaeger-http": jaeger_http,
    "jaeger-grpc": jaeger_grpc,
    "zipkin-json": zipkin_json,
    "zipkin-proto": lambda body: zipkin_list(zipkin_pb2.ListOfSpans.FromString(body)),
}

for path in sys.argv[2:]:
    with open(path, "rb") as file:
        print(json.dumps(FORMATS[sys.argv[1]](file.read())))
