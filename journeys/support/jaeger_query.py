"""Jaeger's gRPC query services without its generated code: messages made at run time of tables of fields."""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory, timestamp_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "string": _FIELD.TYPE_STRING, "bytes": _FIELD.TYPE_BYTES, "bool": _FIELD.TYPE_BOOL, "int32": _FIELD.TYPE_INT32, "int64": _FIELD.TYPE_INT64,
    "uint32": _FIELD.TYPE_UINT32, "uint64": _FIELD.TYPE_UINT64, "double": _FIELD.TYPE_DOUBLE, "fixed64": _FIELD.TYPE_FIXED64,
}
_TIME, _DURATION = ".google.protobuf.Timestamp", ".google.protobuf.Duration"

# (number, name, type); a type with * is repeated, one in capitals is a message of the same package.
_QUERY = [
    (1, "service_name", "string"), (2, "operation_name", "string"), (3, "attributes", "Pair*"), (4, "start_time_min", _TIME),
    (5, "start_time_max", _TIME), (6, "duration_min", _DURATION), (7, "duration_max", _DURATION), (8, "search_depth", "int32"),
    (9, "raw_traces", "bool"),
]
_COMMON = {
    # The entries of a map have the same bytes.
    "Pair": [(1, "key", "string"), (2, "value", "string")],
    "Empty": [],
    "TraceQueryParameters": _QUERY,
    "FindTracesRequest": [(1, "query", "TraceQueryParameters")],
    "GetOperationsRequest": [(1, "service", "string"), (2, "span_kind", "string")],
    "Operation": [(1, "name", "string"), (2, "span_kind", "string")],
    "GetServicesResponse": [(1, "services", "string*")],
    "GetDependenciesRequest": [(1, "start_time", _TIME), (2, "end_time", _TIME)],
    "DependencyLink": [(1, "parent", "string"), (2, "child", "string"), (3, "call_count", "uint64")],
    "GetDependenciesResponse": [(1, "dependencies", "DependencyLink*")],
}
_V3 = {
    "GetTraceRequest": [(1, "trace_id", "string"), (2, "start_time", _TIME), (3, "end_time", _TIME), (4, "raw_traces", "bool")],
    "GetOperationsResponse": [(1, "operations", "Operation*")],
    "ServiceSummary": [(1, "name", "string"), (2, "span_count", "int32"), (3, "error_span_count", "int32")],
    "TraceSummary": [
        (1, "trace_id", "string"), (2, "root_service_name", "string"), (3, "root_operation_name", "string"),
        (4, "min_start_time_unix_nano", "fixed64"), (5, "max_end_time_unix_nano", "fixed64"), (6, "span_count", "int32"),
        (7, "error_span_count", "int32"), (8, "orphan_span_count", "int32"), (9, "services", "ServiceSummary*"),
    ],
    "FindTraceSummariesResponse": [(1, "summaries", "TraceSummary*")],
}
_V2 = {
    "GetTraceRequest": [(1, "trace_id", "bytes"), (2, "start_time", _TIME), (3, "end_time", _TIME), (4, "raw_traces", "bool")],
    "GetOperationsResponse": [(1, "operation_names", "string*"), (2, "operations", "Operation*")],
    "KeyValue": [
        (1, "key", "string"), (2, "v_type", "int32"), (3, "v_str", "string"), (4, "v_bool", "bool"), (5, "v_int64", "int64"),
        (6, "v_float64", "double"), (7, "v_binary", "bytes"),
    ],
    "Process": [(1, "service_name", "string"), (2, "tags", "KeyValue*")],
    "SpanRef": [(1, "trace_id", "bytes"), (2, "span_id", "bytes"), (3, "ref_type", "int32")],
    "Log": [(1, "timestamp", _TIME), (2, "fields", "KeyValue*")],
    "Span": [
        (1, "trace_id", "bytes"), (2, "span_id", "bytes"), (3, "operation_name", "string"), (4, "references", "SpanRef*"), (5, "flags", "uint32"),
        (6, "start_time", _TIME), (7, "duration", _DURATION), (8, "tags", "KeyValue*"), (9, "logs", "Log*"), (10, "process", "Process"),
        (12, "warnings", "string*"),
    ],
    "SpansResponseChunk": [(1, "spans", "Span*")],
}


def _messages(package, tables):
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    file.dependency.extend(["google/protobuf/timestamp.proto", "google/protobuf/duration.proto"])
    for name, fields in tables.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            one = message.field.add(number=number, name=field, label=_FIELD.LABEL_REPEATED if kind.endswith("*") else _FIELD.LABEL_OPTIONAL)
            kind = kind.removesuffix("*")
            if kind in _TYPES:
                one.type = _TYPES[kind]
            else:
                one.type = _FIELD.TYPE_MESSAGE
                one.type_name = kind if kind.startswith(".") else f".{package}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(duration_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in tables}


def set_time(field, nanoseconds):
    """Fills a Timestamp or Duration."""
    field.seconds, field.nanos = divmod(nanoseconds, 1_000_000_000)


class QueryClient:
    """One version of the query service."""

    def __init__(self, channel, version):
        self.channel = channel
        self.service = f"jaeger.api_v{version}.QueryService"
        self.messages = _messages(f"jaeger.api_v{version}", {**_COMMON, **(_V3 if version == 3 else _V2)})
        self.trace_type = TracesData if version == 3 else self.messages["SpansResponseChunk"]

    def _call(self, method, request, answer, stream):
        make = self.channel.unary_stream if stream else self.channel.unary_unary
        call = make(f"/{self.service}/{method}", request_serializer=lambda one: one.SerializeToString(), response_deserializer=answer.FromString)
        result = call(request, timeout=60)
        return list(result) if stream else result

    def query(self, start, end, attributes=(), **fields):
        request = self.messages["FindTracesRequest"]()
        query = request.query
        set_time(query.start_time_min, start)
        set_time(query.start_time_max, end)
        for name in ("duration_min", "duration_max"):
            if name in fields:
                set_time(getattr(query, name), fields.pop(name))
        for key, value in dict(attributes).items():
            query.attributes.add(key=key, value=value)
        for name, value in fields.items():
            setattr(query, name, value)
        return request

    def trace(self, trace_id, **fields):
        """`trace_id` in digits; bytes where the version wants them."""
        wanted = trace_id if self.trace_type is TracesData else bytes.fromhex(trace_id)
        return self._call("GetTrace", self.messages["GetTraceRequest"](trace_id=wanted, **fields), self.trace_type, True)

    def archive(self, trace_id):
        return self._call("ArchiveTrace", self.messages["GetTraceRequest"](trace_id=bytes.fromhex(trace_id)), self.messages["Empty"], False)

    def find(self, *arguments, **fields):
        return self._call("FindTraces", self.query(*arguments, **fields), self.trace_type, True)

    def summaries(self, *arguments, **fields):
        answers = self._call("FindTraceSummaries", self.query(*arguments, **fields), self.messages["FindTraceSummariesResponse"], True)
        return [summary for answer in answers for summary in answer.summaries]

    def services(self):
        return list(self._call("GetServices", self.messages["Empty"](), self.messages["GetServicesResponse"], False).services)

    def operations(self, service, span_kind=""):
        request = self.messages["GetOperationsRequest"](service=service, span_kind=span_kind)
        return self._call("GetOperations", request, self.messages["GetOperationsResponse"], False)

    def dependencies(self, start, end):
        request = self.messages["GetDependenciesRequest"]()
        set_time(request.start_time, start)
        set_time(request.end_time, end)
        answer = self._call("GetDependencies", request, self.messages["GetDependenciesResponse"], False)
        return [(one.parent, one.child, one.call_count) for one in answer.dependencies]


def code_of(call):
    """The status with which a call fails."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    raise AssertionError("the call was answered")
