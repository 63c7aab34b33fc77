internal import Hummingbird
internal import JSONCoding
internal import ProtobufCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// One trace by its id: `/api/traces/{id}` and `/api/v2/traces/{id}`.
struct TempoTraces: Sendable {
    let traces: TraceSource

    /// Version 1 answers 404 for a trace that is not there; Grafana relies on it.
    func version1(_ request: APIRequest) async throws -> Response {
        guard let trace = try await trace(request) else { throw APIError.notFound("trace not found") }
        if request.acceptsProtobuf {
            return Answer.stream(OTLPProtobuf.pieces(of: trace.batch), contentType: Self.protobuf, for: request.head, holding: trace.permits)
        }
        return Answer.stream(OTLPJSON.pieces(of: trace.batch, style: .tempo), for: request.head, holding: trace.permits)
    }

    /// Version 2 answers 200 and an empty trace for one that is not there.
    ///
    /// `message TraceByIDResponse { Trace trace = 1; TraceByIDMetrics metrics = 2; PartialStatus status = 3; string message = 4; }`
    func version2(_ request: APIRequest) async throws -> Response {
        let trace = try await trace(request)
        var batch = trace?.batch ?? SpanBatch()
        if let query = request.items.nonEmpty("q") { batch = try await Self.filtered(batch, query, keepsAncestors: request.items["keep_hierarchy"] == "true") }
        let held = trace?.permits ?? []
        if request.acceptsProtobuf {
            let (text, length) = Self.response(batch)
            return Answer.stream(text, length: length, contentType: Self.protobuf, for: request.head, holding: held)
        }
        let found = batch
        let text: FramedText.Part = { found.resourceSpans.isEmpty ? WholeText(Array("{}".utf8)) : OTLPJSON.pieces(of: found, style: .protobufJSON) }
        return Answer.stream(FramedText(#"{"trace":"#, [text], #","metrics":{}}"#), for: request.head, holding: held)
    }

    /// The length of the trace stands before it: a long one is encoded twice, first only to be counted.
    private static func response(_ batch: SpanBatch) -> (text: FramedText, length: Int) {
        var length = 0
        var counted = OTLPProtobuf.pieces(of: batch)
        while let piece = counted.next(size: Answer.pieceSize) { length += piece.count }
        var writer = ProtobufWriter(reserving: 16)
        writer.varint(1 << 3 | 2, UInt64(length))
        let head = Array(writer.written)
        let metrics = ProtobufWriter.message { $0.message(2) { _ in } }
        return (FramedText(prefix: head, parts: [{ OTLPProtobuf.pieces(of: batch) }], suffix: metrics), head.count + length + metrics.count)
    }

    private static let protobuf = "application/protobuf"

    private func trace(_ request: APIRequest) async throws -> HeldTrace? {
        let id = try TempoParameters.traceID(request[0])
        // Where the trace may be is a hint that this store does not need; nonsense is told.
        _ = try TempoParameters.window(request.items, maximumSeconds: nil)
        return try await traces.trace(id)
    }

    // MARK: Filter

    /// The spans that a filter selects, and where wanted those above them.
    private static func filtered(_ batch: SpanBatch, _ text: String, keepsAncestors: Bool) async throws -> SpanBatch {
        let query = try TraceQLQuery(text)
        guard isOneFilter(text), !query.isMetrics else {
            throw BadParameter("invalid q: only one spanset filter such as { span.http.status_code = 500 } can select spans of a trace, received: \(text)")
        }
        guard let id = batch.resourceSpans.first?.scopeSpans.first?.spans.first?.traceID else { return batch }
        let store = InMemoryTraceStore()
        try await store.append([batch])
        let options = TraceQLSearchOptions(startTime: 0...UInt64.max, limit: 1, spansPerSpanSet: .max)
        let found = try await query.search(store, options)
        var kept = Set(found.traces.flatMap(\.spanSets).flatMap(\.spans).map(\.spanID))
        if keepsAncestors { kept.formUnion(ancestors(of: kept, in: TraceTree(traceID: id, batch: batch))) }
        var result = batch
        for group in result.resourceSpans.indices {
            for scope in result.resourceSpans[group].scopeSpans.indices {
                result.resourceSpans[group].scopeSpans[scope].spans.removeAll { !kept.contains($0.spanID) }
            }
            result.resourceSpans[group].scopeSpans.removeAll { $0.spans.isEmpty }
        }
        result.resourceSpans.removeAll { $0.scopeSpans.isEmpty }
        return result
    }

    private static func ancestors(of kept: Set<SpanID>, in tree: TraceTree) -> Set<SpanID> {
        var isNeeded = tree.rows.indices.map { kept.contains(tree.span($0).spanID) }
        // Children come after their parents.
        for row in tree.rows.indices.reversed() where isNeeded[row] && tree.rows[row].parent >= 0 { isNeeded[tree.rows[row].parent] = true }
        return Set(tree.rows.indices.filter { isNeeded[$0] }.map { tree.span($0).spanID })
    }

    /// One pair of braces around everything; those within strings do not count.
    private static func isOneFilter(_ text: String) -> Bool {
        var depth = 0
        var filters = 0
        var quote: Character?
        var isEscaped = false
        for character in text {
            if let open = quote {
                if isEscaped { isEscaped = false } else if character == "\\", open == "\"" { isEscaped = true } else if character == open { quote = nil }
                continue
            }
            switch character {
            case "\"", "`": quote = character
            case "{":
                depth += 1
                filters += 1
            case "}": depth -= 1
            default: if depth == 0, !character.isWhitespace { return false }
            }
        }
        return filters == 1 && depth == 0
    }
}
