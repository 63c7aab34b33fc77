"""Answers too long to keep: read piece by piece, and counted."""

import time
from dataclasses import dataclass

import grpc
import requests

from support.wire import field


@dataclass
class Reading:
    status: int
    size: int  # bytes, decompressed
    count: int  # how often the mark of a span was there
    seconds: float
    end: bytes  # the last bytes


def read(url, mark, headers=None, timeout=600):
    """Counts `mark` in the body of an answer without keeping it."""
    begin = time.monotonic()
    with requests.get(url, headers={"Accept-Encoding": "identity", **(headers or {})}, stream=True, timeout=timeout) as answer:
        size, count, rest = 0, 0, b""
        for piece in answer.iter_content(1 << 20):
            size += len(piece)
            text = rest + piece
            count += text.count(mark)
            rest = text[-(len(mark) - 1):] if len(mark) > 1 else b""
            end = text[-200:]
        return Reading(answer.status_code, size, count, time.monotonic() - begin, end)


def answers(program, trace):
    """Each way to get a whole trace over HTTP: its name, address, headers, and what stands once in the text of a span."""
    protobuf = {"Accept": "application/protobuf"}
    return [
        ("Jaeger v1", f"{program.query}/api/traces/{trace}", {}, b'"operationName":'),
        ("Jaeger v1, gzip", f"{program.query}/api/traces/{trace}", {"Accept-Encoding": "gzip"}, b'"operationName":'),
        ("Jaeger v3", f"{program.query}/api/v3/traces/{trace}", {}, b'"spanId":'),
        ("Tempo v1", f"{program.tempo}/api/traces/{trace}", {}, b'"spanId":'),
        ("Tempo v2", f"{program.tempo}/api/v2/traces/{trace}", {}, b'"spanId":'),
        ("Tempo v1, protobuf", f"{program.tempo}/api/traces/{trace}", protobuf, bytes.fromhex(trace)),
        ("Tempo v2, protobuf", f"{program.tempo}/api/v2/traces/{trace}", protobuf, bytes.fromhex(trace)),
        ("Zipkin", f"{program.zipkin_query}/api/v2/trace/{trace}", {}, b'"traceId":'),
        ("export", f"{program.query}/api/ui/trace/{trace}/export", {}, b'"spanId":'),
    ]


def read_grpc(program, trace, version, timeout=600):
    """Counts the spans of a trace in the messages of Jaeger's query service, and the bytes of the largest one."""
    wanted = trace.encode() if version == 3 else bytes.fromhex(trace)
    with grpc.insecure_channel(program.jaeger_query_grpc) as channel:
        call = channel.unary_stream(f"/jaeger.api_v{version}.QueryService/GetTrace")
        count, largest = 0, 0
        for message in call(field(1, wanted), timeout=timeout):
            count += message.count(bytes.fromhex(trace))
            largest = max(largest, len(message))
        return count, largest
