"""Spans in the bytes of each protocol, made by hand where no package of the journeys makes them, and quick enough for millions."""

import json
import struct
import time

import grpc
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from support import otlp


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, data):
    """A length-delimited field of protobuf."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def otlp_spans(trace, first_id, count, service="many", parent=None, name=b"step", start=None):
    """One OTLP request of spans of one trace: ids from `first_id` upwards, all below `parent`."""
    start = start or time.time_ns()
    trace_bytes = field(1, bytes.fromhex(trace))
    parent_bytes = field(4, struct.pack(">Q", parent)) if parent else b""
    tail = parent_bytes + field(5, name) + b"\x30\x01"
    spans = []
    for index in range(count):
        times = b"\x39" + struct.pack("<Q", start + index * 1000) + b"\x41" + struct.pack("<Q", start + index * 1000 + 500)
        spans.append(field(2, trace_bytes + b"\x12\x08" + struct.pack(">Q", first_id + index) + tail + times))
    resource = field(1, field(1, field(1, b"service.name") + field(2, field(1, service.encode()))))
    return field(1, resource + field(2, b"".join(spans)))


def jaeger_thrift(service, trace, ids, name="step"):
    """A bare `Batch` in Thrift's binary protocol."""
    def string(number, text):
        data = text.encode()
        return struct.pack(">bhi", 11, number, len(data)) + data

    def i64(number, value):
        return struct.pack(">bhq", 10, number, value)

    def signed(value):
        return value - (1 << 64) if value >= 1 << 63 else value

    spans = b""
    for one in ids:
        spans += i64(1, signed(int(trace[16:], 16))) + i64(2, signed(int(trace[:16], 16))) + i64(3, signed(int(one, 16))) + i64(4, 0)
        spans += string(5, name) + struct.pack(">bhi", 8, 7, 1) + i64(8, time.time_ns() // 1000) + i64(9, 1000) + b"\0"
    process = struct.pack(">bh", 12, 1) + string(1, service) + b"\0"
    return process + struct.pack(">bhbi", 15, 2, 12, len(ids)) + spans + b"\0"


def jaeger_protobuf(service, trace, ids, name="step"):
    """A `PostSpansRequest` of `jaeger.api_v2`."""
    now = time.time_ns()
    moment = b"\x08" + varint(now // 10**9) + b"\x10" + varint(now % 10**9)
    spans = b"".join(
        field(1, field(1, bytes.fromhex(trace)) + field(2, bytes.fromhex(one)) + field(3, name.encode()) + field(6, moment) + field(7, b"\x10\x64"))
        for one in ids
    )
    return field(1, spans + field(2, field(1, service.encode())))


class Sending:
    """Ways to send spans to a program: each takes (service, trace, ids) and tells whether all were acknowledged."""

    def __init__(self, program):
        self.program = program
        self.session = requests.Session()
        self.channels = []

    def close(self):
        self.session.close()
        for channel in self.channels:
            channel.close()

    def _post(self, url, body, content_type, good=(200, 202)):
        try:
            answer = self.session.post(url, data=body, headers={"Content-Type": content_type}, timeout=60)
        except requests.RequestException:
            return None
        return answer.status_code in good and b"rejected" not in answer.content

    def _channel(self, port):
        self.channels.append(grpc.insecure_channel(f"127.0.0.1:{port}"))
        return self.channels[-1]

    @staticmethod
    def _request(service, trace, ids):
        return otlp.request(service, [{"trace": trace, "id": one, "name": "step"} for one in ids])

    def otlp_http(self, service, trace, ids):
        return self._post(self.program.otlp, self._request(service, trace, ids).SerializeToString(), otlp.PROTOBUF)

    def otlp_json(self, service, trace, ids):
        return self._post(self.program.otlp, otlp.to_json(self._request(service, trace, ids)), otlp.JSON)

    def otlp_grpc(self, service, trace, ids):
        if not hasattr(self, "stub"):
            self.stub = TraceServiceStub(self._channel(self.program.otlp_grpc_port))
        try:
            return not self.stub.Export(self._request(service, trace, ids), timeout=60).HasField("partial_success")
        except grpc.RpcError as error:
            return False if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED else None

    def zipkin(self, service, trace, ids):
        spans = [
            {"traceId": trace, "id": one, "name": "step", "timestamp": time.time_ns() // 1000, "duration": 1000, "localEndpoint": {"serviceName": service}}
            for one in ids
        ]
        return self._post(self.program.zipkin, json.dumps(spans), "application/json")

    def jaeger_http(self, service, trace, ids):
        return self._post(self.program.jaeger_http, jaeger_thrift(service, trace, ids), "application/x-thrift")

    def jaeger_grpc(self, service, trace, ids):
        if not hasattr(self, "post_spans"):
            self.post_spans = self._channel(self.program.jaeger_grpc_port).unary_unary("/jaeger.api_v2.CollectorService/PostSpans")
        try:
            self.post_spans(jaeger_protobuf(service, trace, ids), timeout=60)
            return True
        except grpc.RpcError as error:
            return False if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED else None

    WAYS = ("otlp_http", "otlp_json", "otlp_grpc", "zipkin", "jaeger_http", "jaeger_grpc")


def memory(program, what="VmRSS"):
    """Bytes that the program holds now, or at most ever held (`VmHWM`)."""
    with open(f"/proc/{program.process.pid}/status") as status:
        line = next(line for line in status if line.startswith(what))
    return int(line.split()[1]) * 1024
