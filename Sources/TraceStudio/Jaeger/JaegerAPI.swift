internal import Hummingbird
internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// Jaeger's query API, version 1: what Grafana's data source, Kiali, older Jaeger pages and scripts use.
struct JaegerAPI: QueryAPI {
    let traces: TraceSource
    let dependencies: DependencyCache
    /// How far spans may be moved to take out clock skew, nanoseconds; 0 moves none.
    let maximumClockSkew: UInt64
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64
    let metrics: JaegerMetricsAPI

    private var store: any TraceStore { traces.store }

    var routes: [Route] {
        [
            Route("/api/services") { reply(try await services(), $0) },
            Route("/api/services/{service}/operations") { reply(try await operationNames($0[0]), $0) },
            Route("/api/operations") { reply(try await operations($0.items), $0) },
            Route("/api/traces") { try await search($0) },
            Route("/api/traces/{id}") { try await trace($0) },
            Route(.post, "/api/archive/{id}") { reply(try await archive($0[0], $0.items), $0) },
            Route(.post, "/api/transform") { try await transform($0) },
            Route("/api/dependencies") { reply(try await dependencies($0.items), $0) },
            Route("/api/metrics/{name}") { reply(try await metrics.answer($0[0], $0.items), $0) },
        ]
    }

    /// Jaeger sends its errors as JSON bodies under text/plain; some clients look at that.
    func failure(_ error: APIError, _ request: Request) -> Response {
        Answer.bytes(Envelope.errors([error]), status: .init(code: error.status), contentType: "text/plain; charset=utf-8", for: request)
    }

    private func reply(_ body: [UInt8], _ request: APIRequest) -> Response {
        stream(WholeText(body), request)
    }

    private func stream(_ text: any PiecewiseText, _ request: APIRequest, holding held: [LargeTraceGate.Permit] = []) -> Response {
        Answer.stream(request.items["prettyPrint"] == "true" ? JSONPrettyPrinter(text) : text, for: request.head, holding: held)
    }

    // MARK: Names

    /// As in Jaeger, no services at all are `null`.
    private func services() async throws -> [UInt8] {
        let names = try await store.services()
        return names.isEmpty ? Envelope.data(total: 0) { $0.null() } : strings(names)
    }

    private func operationNames(_ service: String) async throws -> [UInt8] {
        var names: [String] = []
        // They come sorted; one name may have several kinds.
        for operation in try await store.operations(service: service) where names.last != operation.name { names.append(operation.name) }
        return strings(names)
    }

    private func strings(_ names: [String]) -> [UInt8] {
        Envelope.data(total: names.count) { writer in
            writer.beginArray()
            for name in names { writer.string(name) }
            writer.endArray()
        }
    }

    private func operations(_ items: QueryItems) async throws -> [UInt8] {
        guard let service = items.nonEmpty("service") else { throw BadParameter("parameter 'service' is required") }
        let kind = try items.nonEmpty("spanKind").map(SpanKind.init(jaegerParameter:))
        let operations = try await store.operations(service: service).filter { kind == nil || $0.kind == kind }
        return Envelope.data(total: operations.count) { writer in
            writer.beginArray()
            for operation in operations { operation.write(to: &writer) }
            writer.endArray()
        }
    }

    // MARK: Traces

    private func search(_ request: APIRequest) async throws -> Response {
        var errors: [APIError] = []
        var found: [StoredTrace] = []
        var held: [LargeTraceGate.Permit] = []
        switch try SearchRequest(request.items, now: clock(), requiresService: true) {
        case .search(let search):
            found = try await store.findTraces(search)
        case .traces(let ids):
            for id in ids {
                if let trace = try await traces.trace(id) {
                    found.append(trace.trace)
                    held += trace.permits
                } else {
                    errors.append(APIError(status: 404, message: "trace not found", traceID: "\(id)"))
                }
            }
        }
        return answer(found, request, errors: errors, holding: held)
    }

    private func trace(_ request: APIRequest) async throws -> Response {
        let id = try SearchRequest.traceID(request[0])
        // Where the trace may be is a hint that this store does not need; nonsense is told.
        _ = try SearchRequest.time(request.items, "start")
        _ = try SearchRequest.time(request.items, "end")
        guard let trace = try await traces.trace(id) else { throw APIError.notFound("trace not found") }
        return answer([trace.trace], request, holding: trace.permits)
    }

    private func archive(_ text: String, _ items: QueryItems) async throws -> [UInt8] {
        try await traces.keep(try SearchRequest.traceID(text))
        return strings([])
    }

    /// OTLP's JSON as Jaeger's: what Jaeger's page does with a file.
    private func transform(_ request: APIRequest) async throws -> Response {
        let bytes = try await request.body()
        let batch: SpanBatch
        do throws(WireError) {
            batch = try OTLPJSON.decode(bytes).batch
        } catch {
            throw APIError.badRequest("cannot unmarshal OTLP : \(error)")
        }
        var ids: [TraceID] = []
        var assemblers: [TraceID: TraceAssembler] = [:]
        for group in batch.resourceSpans {
            for scopeSpans in group.scopeSpans {
                for span in scopeSpans.spans {
                    if assemblers[span.traceID] == nil {
                        assemblers[span.traceID] = TraceAssembler(id: span.traceID)
                        ids.append(span.traceID)
                    }
                    assemblers[span.traceID]?.add(
                        CollectionOfOne(span), resource: group.resource, resourceSchemaURL: group.schemaURL, scope: scopeSpans.scope,
                        scopeSchemaURL: scopeSpans.schemaURL
                    )
                }
            }
        }
        return answer(ids.compactMap { assemblers[$0]?.trace }, request)
    }

    private func answer(
        _ traces: [StoredTrace], _ request: APIRequest, errors: [APIError] = [], holding held: [LargeTraceGate.Permit] = []
    ) -> Response {
        let raw = request.items["raw"] == "true"
        let parts: [FramedText.Part] = traces.map { trace in
            {
                if raw { return JaegerJSON.pieces(id: trace.id, batch: trace.batch, raw: true) }
                let adjusted = TraceAdjuster.adjust(traceID: trace.id, batch: trace.batch, maximumClockSkew: maximumClockSkew)
                return JaegerJSON.pieces(id: trace.id, batch: adjusted.batch, raw: false, warnings: adjusted.warnings)
            }
        }
        let frame = Envelope.frame(total: traces.count, errors: errors)
        return stream(FramedText(prefix: frame.prefix, parts: parts, suffix: frame.suffix), request, holding: held)
    }

    // MARK: Dependencies

    private func dependencies(_ items: QueryItems) async throws -> [UInt8] {
        let end = try SearchRequest.milliseconds(items, "endTs")
        let lookback = try SearchRequest.milliseconds(items, "lookback") ?? 86_400_000_000_000
        let wanted = items.nonEmpty("service")
        let links = try await dependencies.links(end: end, lookback: lookback, rules: .jaeger)
            .filter { wanted == nil || $0.parent == wanted || $0.child == wanted }
        return Envelope.data(total: links.count) { writer in
            writer.beginArray()
            for link in links {
                writer.beginObject()
                writer.key("parent")
                writer.string(link.parent)
                writer.key("child")
                writer.string(link.child)
                writer.key("callCount")
                writer.int(link.callCount)
                writer.endObject()
            }
            writer.endArray()
        }
    }
}

extension Operation {
    /// `{"name":…,"spanKind":…}`
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("spanKind")
        writer.string(kind.jaegerName)
        writer.endObject()
    }
}

extension SpanKind {
    /// Jaeger's word; empty for an unspecified kind.
    var jaegerName: String {
        switch self {
        case .unspecified: ""
        case .internal: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        }
    }

    /// - Throws: ``BadParameter`` for a word that is no kind.
    init(jaegerParameter text: String) throws(BadParameter) {
        guard let kind = SpanKind.allCases.first(where: { $0.jaegerName == text && $0 != .unspecified }) else {
            throw BadParameter("unsupported span kind: '\(text)', expecting one of: server, client, producer, consumer, internal")
        }
        self = kind
    }
}
