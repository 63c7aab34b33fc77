internal import Hummingbird
internal import JSONCoding
internal import TraceCollector
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// The JSON API of our own page, below `/api/ui`.
struct UserInterfaceAPI: QueryAPI {
    let store: any TraceStore
    /// The ingest whose counters are shown, where there is one.
    let ingest: SpanIngest?
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    var routes: [Route] {
        [
            Route("/api/ui/**") { request in
                guard let body = try await answer(path: request.parameters, items: request.items) else {
                    throw APIError.notFound("no such API path: \(request.head.uri.path)")
                }
                return Answer.json(body, for: request.head)
            }
        ]
    }

    func failure(_ error: APIError, _ request: Request) -> Response {
        Answer.json(Envelope.errors([error]), status: .init(code: error.status), for: request)
    }

    /// - Parameter path: What comes after `/api/ui`.
    /// - Returns: The body, or `nil` for an unknown path.
    func answer(path: [String], items: QueryItems) async throws -> [UInt8]? {
        switch (path.first, path.count) {
        case ("traces", 1):
            return try await traces(items)
        case ("trace", 2):
            return TraceColumnsJSON.body(of: try await tree(path[1]))
        case ("trace", 3) where path[2] == "spans":
            let tree = try await tree(path[1])
            return SpanFactsJSON.body(of: tree, rows: try rows(items, count: tree.rows.count))
        case ("status", 1):
            return try await status()
        default:
            return nil
        }
    }

    private func traces(_ items: QueryItems) async throws -> [UInt8] {
        var found: [StoredTrace] = []
        var limited = false
        switch try SearchRequest(items, now: clock(), requiresService: false, followsLookback: true) {
        case .search(let search):
            found = try await store.findTraces(search)
            limited = found.count >= search.limit
        case .traces(let ids):
            for id in ids { if let trace = try await store.trace(id) { found.append(trace) } }
        }
        let summaries = found.map { TraceSummary(TraceSpans(traceID: $0.id, batch: $0.batch)) }
        return TraceListJSON.body(of: summaries, limited: limited)
    }

    private func tree(_ text: String) async throws -> TraceTree {
        let id = try SearchRequest.traceID(text)
        guard let trace = try await store.trace(id) else { throw APIError(status: 404, message: "trace not found") }
        return TraceTree(traceID: id, batch: trace.batch)
    }

    /// `rows=5-8`, inclusive, or `rows=5`; rows beyond the last one are left out.
    private func rows(_ items: QueryItems, count: Int) throws -> Range<Int> {
        let text = items["rows"] ?? ""
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let first = Int(parts[0]), first >= 0, let last = Int(parts[parts.count - 1]), last >= first else {
            throw BadParameter("malformed 'rows' parameter, expecting first-last such as 5-8, received: \(text)")
        }
        guard first < count else {
            throw APIError(status: 404, message: "row \(first) is not in this trace, it has \(count) rows")
        }
        return first..<(min(last, count - 1) + 1)
    }

    /// What is stored, and what came in since the start.
    private func status() async throws -> [UInt8] {
        let statistics = try await store.statistics()
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("store")
        writer.beginObject()
        writer.key("spanCount")
        writer.int(statistics.spanCount)
        if let traceCount = statistics.traceCount {
            writer.key("traceCount")
            writer.int(traceCount)
        }
        writer.key("bytesOnDisk")
        writer.int(statistics.bytesOnDisk)
        for (name, time) in [("oldestStartTimeUnixNano", statistics.oldestStartTime), ("newestStartTimeUnixNano", statistics.newestStartTime)] {
            guard let time else { continue }
            writer.key(string: name)
            writer.quotedUInt(time)
        }
        writer.endObject()
        if let counters = ingest?.counters {
            writer.key("ingest")
            writer.beginObject()
            for (name, value) in [
                ("receivedSpans", counters.received), ("committedSpans", counters.committed), ("rejectedSpans", counters.rejected),
                ("refusedOverloadedSpans", counters.refusedOverloaded), ("refusedStoreFailedSpans", counters.refusedStoreFailed),
                ("refusedShuttingDownSpans", counters.refusedShuttingDown), ("malformedRequests", counters.malformedRequests),
                ("droppedDatagrams", counters.droppedDatagrams), ("commits", counters.commits), ("committedBatches", counters.committedBatches),
                ("pendingSpans", UInt64(max(counters.pending, 0))),
            ] {
                writer.key(string: name)
                writer.uint(value)
            }
            writer.key("receivedSpansByProtocol")
            writer.beginObject()
            for spanProtocol in SpanProtocol.allCases {
                guard let count = counters.receivedByProtocol[spanProtocol] else { continue }
                writer.key(string: spanProtocol.rawValue)
                writer.uint(count)
            }
            writer.endObject()
            writer.endObject()
        }
        writer.endObject()
        return writer.bytes
    }
}
