internal import Hummingbird
internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// Jaeger's query API, version 3, over HTTP: OTLP instead of Jaeger's own JSON, and no envelope.
///
/// jaeger-idl, "api_v3/query_service.proto", with the bindings of its HTTP gateway.
struct JaegerV3API: QueryAPI {
    let traces: TraceSource
    let dependencies: DependencyCache
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    private var store: any TraceStore { traces.store }

    var routes: [Route] {
        [
            Route("/api/v3/services") { reply(try await services(), $0) },
            Route("/api/v3/operations") { reply(try await operations($0.items), $0) },
            Route("/api/v3/traces") { try await search($0) },
            Route("/api/v3/traces/{id}") { try await trace($0) },
            Route("/api/v3/trace-summaries") { reply(try await summaries($0.items), $0) },
            Route("/api/v3/dependencies") { reply(try await dependencies($0.items), $0) },
        ]
    }

    /// `{"error":{"httpCode":404,"message":"No traces found"}}`
    func failure(_ error: APIError, _ request: Request) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("error")
        writer.beginObject()
        writer.key("httpCode")
        writer.int(error.status)
        writer.key("message")
        writer.string(error.message)
        writer.endObject()
        writer.endObject()
        return Answer.json(writer.finish(), status: .init(code: error.status), for: request)
    }

    private func reply(_ body: [UInt8], _ request: APIRequest) -> Response { Answer.json(body, for: request.head) }

    private func object(_ key: StaticString, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.key(key)
        write(&writer)
        writer.endObject()
        return writer.finish()
    }

    private func services() async throws -> [UInt8] {
        let names = try await store.services()
        return object("services") { writer in
            writer.beginArray()
            for name in names { writer.string(name) }
            writer.endArray()
        }
    }

    private func operations(_ items: QueryItems) async throws -> [UInt8] {
        guard let service = items.nonEmpty("service") else { throw BadParameter("malformed parameter service: it is required") }
        let kind = try items.either("span_kind").map(SpanKind.init(jaegerParameter:))
        let operations = try await store.operations(service: service).filter { kind == nil || $0.kind == kind }
        return object("operations") { writer in
            writer.beginArray()
            for operation in operations { operation.write(to: &writer) }
            writer.endArray()
        }
    }

    private func search(_ request: APIRequest) async throws -> Response {
        try answer(try await store.findTraces(try JaegerV3Query(request.items).search), request)
    }

    private func trace(_ request: APIRequest) async throws -> Response {
        let id = try Self.traceID(request[0])
        for name in ["start_time", "end_time"] { if let time = request.items.either(name) { _ = try JaegerV3Query.time(time, name) } }
        guard let found = try await traces.trace(id) else { return try answer([], request) }
        return try answer([found.trace], request, holding: found.permits)
    }

    /// Hexadecimal digits, or the base64 that protobuf's JSON has for bytes.
    private static func traceID(_ text: String) throws(BadParameter) -> TraceID {
        if text.utf8.count == 24, let bytes = Array(text.utf8).withUnsafeBufferPointer(Base64.decode), bytes.count == 16 {
            func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
            return TraceID(high: word(bytes[..<8]), low: word(bytes[8...]))
        }
        return try SearchRequest.traceID(text)
    }

    /// What came in, all traces in one: `{"result":{"resourceSpans":[…]}}`.
    private func answer(_ traces: [StoredTrace], _ request: APIRequest, holding held: [LargeTraceGate.Permit] = []) throws -> Response {
        guard !traces.isEmpty else { throw APIError.notFound("No traces found") }
        let batch = SpanBatch(resourceSpans: traces.flatMap(\.batch.resourceSpans))
        return Answer.stream(FramedText(#"{"result":"#, [{ OTLPJSON.pieces(of: batch) }], "}"), for: request.head, holding: held)
    }

    private func summaries(_ items: QueryItems) async throws -> [UInt8] {
        let found = try await store.findTraces(try JaegerV3Query(items).search)
        guard !found.isEmpty else { throw APIError.notFound("No traces found") }
        return object("summaries") { writer in
            writer.beginArray()
            for trace in found { JaegerTraceSummary(trace).write(to: &writer) }
            writer.endArray()
        }
    }

    private func dependencies(_ items: QueryItems) async throws -> [UInt8] {
        let end = try items.either("end_time").map { text throws(BadParameter) in try JaegerV3Query.time(text, "end_time") } ?? clock()
        let start = try items.either("start_time").map { text throws(BadParameter) in try JaegerV3Query.time(text, "start_time") }
        let from = start ?? end - min(end, 86_400_000_000_000)
        guard from <= end else { throw BadParameter("end_time should not be before start_time") }
        let links = try await dependencies.links(in: from...end, rules: .jaeger)
        return object("dependencies") { writer in
            writer.beginArray()
            for link in links {
                writer.beginObject()
                writer.key("parent")
                writer.string(link.parent)
                writer.key("child")
                writer.string(link.child)
                writer.key("callCount")
                writer.quotedInt(Int64(link.callCount))
                writer.endObject()
            }
            writer.endArray()
        }
    }
}
