internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// Jaeger's query API, version 1: what Grafana's data source, Kiali, older Jaeger pages and scripts use.
struct JaegerAPI {
    /// Traces looked at for `/api/dependencies`.
    private static let dependencySampleLimit = 1000

    let store: any TraceStore
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    /// - Parameter path: What comes after `/api`.
    /// - Returns: The body, or `nil` for an unknown path.
    func answer(path: [String], items: QueryItems) async throws -> [UInt8]? {
        switch (path.first, path.count) {
        case ("services", 1):
            return strings(try await store.services())
        case ("services", 3) where path[2] == "operations":
            return strings(unique(try await store.operations(service: path[1]).map(\.name)))
        case ("operations", 1):
            return try await operations(items)
        case ("traces", 1):
            return try await search(items)
        case ("traces", 2):
            return try await trace(path[1], items)
        case ("dependencies", 1):
            return try await dependencies(items)
        default:
            return nil
        }
    }

    private func strings(_ names: [String]) -> [UInt8] {
        Envelope.data(total: names.count) { writer in
            writer.beginArray()
            for name in names { writer.string(name) }
            writer.endArray()
        }
    }

    /// Without neighbours that repeat; the names come sorted.
    private func unique(_ names: [String]) -> [String] {
        var result: [String] = []
        for name in names where result.last != name { result.append(name) }
        return result
    }

    private func operations(_ items: QueryItems) async throws -> [UInt8] {
        guard let service = items.nonEmpty("service") else { throw BadParameter("parameter 'service' is required") }
        var wanted: SpanKind?
        if let text = items.nonEmpty("spanKind") {
            guard let kind = SpanKind.allCases.first(where: { $0.jaegerName == text }) else {
                throw BadParameter("unsupported span kind: '\(text)', expecting one of: server, client, producer, consumer, internal")
            }
            wanted = kind
        }
        let operations = try await store.operations(service: service).filter { wanted == nil || $0.kind == wanted }
        return Envelope.data(total: operations.count) { writer in
            writer.beginArray()
            for operation in operations {
                writer.beginObject()
                writer.key("name")
                writer.string(operation.name)
                writer.key("spanKind")
                writer.string(operation.kind.jaegerName)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private func search(_ items: QueryItems) async throws -> [UInt8] {
        var errors: [APIError] = []
        var found: [StoredTrace] = []
        switch try SearchRequest(items, now: clock(), requiresService: true) {
        case .search(let search):
            found = try await store.findTraces(search)
        case .traces(let ids):
            for id in ids {
                if let trace = try await store.trace(id) {
                    found.append(trace)
                } else {
                    errors.append(APIError(status: 404, message: "trace not found", traceID: "\(id)"))
                }
            }
        }
        return body(of: found, raw: items["raw"] == "true", errors: errors)
    }

    private func trace(_ text: String, _ items: QueryItems) async throws -> [UInt8] {
        guard let trace = try await store.trace(try SearchRequest.traceID(text)) else {
            throw APIError(status: 404, message: "trace not found")
        }
        return body(of: [trace], raw: items["raw"] == "true", errors: [])
    }

    private func body(of traces: [StoredTrace], raw: Bool, errors: [APIError]) -> [UInt8] {
        let spanCount = traces.reduce(0) { $0 + $1.batch.spanCount }
        return Envelope.data(total: traces.count, errors: errors, reserving: 256 + 640 * spanCount) { writer in
            writer.beginArray()
            for trace in traces { JaegerJSON.writeTrace(id: trace.id, batch: trace.batch, to: &writer, raw: raw) }
            writer.endArray()
        }
    }

    /// Calls between services, counted over the newest traces of the window (at most ``dependencySampleLimit``).
    private func dependencies(_ items: QueryItems) async throws -> [UInt8] {
        let end = try milliseconds(items, "endTs") ?? clock()
        let lookback = try milliseconds(items, "lookback") ?? 86_400_000_000_000
        let search = TraceSearch(startTime: (end - min(lookback, end))...end, limit: Self.dependencySampleLimit)
        let links = ServiceLinks(try await store.findTraces(search).map { TraceSpans(traceID: $0.id, batch: $0.batch) })
        let wanted = items.nonEmpty("service")
        let shown = links.sorted.filter { wanted == nil || $0.parent == wanted || $0.child == wanted }
        return Envelope.data(total: shown.count) { writer in
            writer.beginArray()
            for link in shown {
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

    private func milliseconds(_ items: QueryItems, _ name: String) throws -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = UInt64(text), value <= UInt64.max / 1_000_000 else {
            throw BadParameter("unable to parse param '\(name)': \"\(text)\" is not a number of milliseconds")
        }
        return value * 1_000_000
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
}
