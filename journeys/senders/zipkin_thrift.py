"""Writes a list of Zipkin's spans, version 1, in Thrift's binary protocol to standard output, with Zipkin's generated code.

zipkin_thrift.py SERVICE TRACE SPAN: a server's span with annotations of every type. With `--agent compact|binary` the agent's call
`emitZipkinBatch` instead, for a datagram.
"""

import struct
import sys

from opentelemetry.exporter.jaeger.thrift.gen.agent import Agent
from opentelemetry.exporter.jaeger.thrift.gen.zipkincore import ttypes
from thrift.protocol import TBinaryProtocol, TCompactProtocol
from thrift.Thrift import TType
from thrift.transport import TTransport

START = 1_700_000_000_000_000



def signed(digits):
    """Thrift has no unsigned numbers."""
    return struct.unpack(">q", bytes.fromhex(digits.rjust(16, "0")))[0]


service, trace, span = sys.argv[1:4]
host = ttypes.Endpoint(ipv4=0x7F000001, port=8080, service_name=service)
kinds = ttypes.AnnotationType
binary = [
    ("text", "wörter".encode(), kinds.STRING), ("flag", b"\x01", kinds.BOOL), ("bytes", b"\x00\xff", kinds.BYTES),
    ("short", struct.pack(">h", -2), kinds.I16), ("int", struct.pack(">i", 70000), kinds.I32), ("long", struct.pack(">q", -1 << 40), kinds.I64),
    ("double", struct.pack(">d", 2.5), kinds.DOUBLE),
]
spans = [
    ttypes.Span(
        trace_id=signed(trace), name="get", id=signed(span), parent_id=None, debug=False, timestamp=START, duration=1500,
        annotations=[
            ttypes.Annotation(START, "sr", host), ttypes.Annotation(START + 400, "note", host), ttypes.Annotation(START + 1500, "ss", host),
        ],
        binary_annotations=[ttypes.BinaryAnnotation(key, value, kind, host) for key, value, kind in binary]
        + [ttypes.BinaryAnnotation("ca", b"\x01", kinds.BOOL, ttypes.Endpoint(ipv4=0x0A000001, port=-1, service_name="caller"))],
    )
]

memory = TTransport.TMemoryBuffer()
if sys.argv[4:5] == ["--agent"]:
    protocol = {"compact": TCompactProtocol.TCompactProtocol, "binary": TBinaryProtocol.TBinaryProtocol}[sys.argv[5]](memory)
    Agent.Client(protocol).emitZipkinBatch(spans)
else:
    protocol = TBinaryProtocol.TBinaryProtocol(memory)
    protocol.writeListBegin(TType.STRUCT, len(spans))
    for one in spans:
        one.write(protocol)
    protocol.writeListEnd()
sys.stdout.buffer.write(memory.getvalue())
