internal import JSONCoding
internal import TraceModel
internal import TraceWire

extension TraceServer {
    /// Ids asked for in one request.
    private static let idsPerRequest = 40
    /// Traces looked through for an id that was given by its first digits.
    private static let prefixSearchLimit = 1500

    /// What a search found.
    struct Found {
        /// Newest first.
        var rows: [TraceRow]
        /// There may be more than the limit let through.
        var limited: Bool
    }

    /// Finds traces by the fields of a span.
    func search(_ items: [(String, String)]) async throws -> Found {
        let answer = try await json("/api/ui/traces", items)
        let rows = (answer["traces"]?.arrayValue ?? []).compactMap(TraceRow.init)
        return Found(rows: rows.sorted { $0.startTime > $1.startTime }, limited: answer["limited"]?.boolValue ?? false)
    }

    /// Finds traces by a TraceQL query.
    func search(query: String, limit: Int, start: UInt64, end: UInt64) async throws -> Found {
        let items = [("q", query), ("limit", "\(limit)"), ("spss", "1"), ("start", "\(start / 1_000_000_000)"), ("end", "\(end / 1_000_000_000 + 1)")]
        let answer = try await json("/api/search", items, at: tempo)
        // Tempo leaves out zeros in front of an id; reading the id puts them back.
        let ids = (answer["traces"]?.arrayValue ?? []).compactMap { $0["traceID"]?.stringValue.flatMap(TraceID.init(hex:)) }
        return Found(rows: try await rows(ids), limited: ids.count >= limit)
    }

    /// The rows of traces, newest first; of unknown ones none.
    func rows(_ ids: [TraceID]) async throws -> [TraceRow] {
        var rows: [TraceRow] = []
        for start in stride(from: 0, to: ids.count, by: Self.idsPerRequest) {
            let some = ids[start..<min(start + Self.idsPerRequest, ids.count)]
            rows += try await search(some.map { ("traceID", "\($0)") }).rows
        }
        return rows.sorted { $0.startTime > $1.startTime }
    }

    /// The spans of one trace, or `nil` when none is stored.
    func trace(_ id: TraceID) async throws -> SpanBatch? {
        guard let body = try await get("/api/v3/traces/\(id)") else { return nil }
        do {
            return try OTLPAnswer.decode(body)
        } catch {
            throw CommandFailure(.unreachable, "\(address.url) gave the trace in a form that cannot be read: \(error)")
        }
    }

    /// One trace by its id or the first digits of it.
    ///
    /// - Throws: ``CommandFailure`` for text that is no id, for an unknown trace, and for digits that several ids begin with.
    func trace(matching text: String) async throws -> (id: TraceID, batch: SpanBatch) {
        guard let id = TraceID(hex: text) else {
            throw CommandFailure(.usage, "'\(DisplayText.escaped(text))' is no trace id: expected up to 32 hexadecimal digits")
        }
        if let batch = try await trace(id) { return (id, batch) }
        let lowercase = text.lowercased()
        if lowercase.utf8.count < 32 {
            let candidates = try await search([("limit", "\(Self.prefixSearchLimit)")]).rows.map(\.traceID).filter { "\($0)".hasPrefix(lowercase) }
            if candidates.count > 1 {
                let some = candidates.prefix(5).map { "  \($0)" }.joined(separator: "\n")
                throw CommandFailure(.usage, "\(candidates.count) traces begin with \(text); give more digits:\n\(some)")
            }
            if let only = candidates.first, let batch = try await trace(only) { return (only, batch) }
        }
        throw CommandFailure(.negative, "no trace \(text) at \(address.url)")
    }
}

/// OTLP JSON as query APIs give it: `{"result":{"resourceSpans":[…]}}`, or the request alone.
enum OTLPAnswer {
    /// - Throws: `JSONError` or `WireError`.
    static func decode(_ body: [UInt8]) throws -> SpanBatch {
        let range: Range<Int>? = try JSONReader.read(body, maximumDepth: JSONReader.greatestMaximumDepth) { reader in
            var range: Range<Int>?
            try reader.readObject { reader, key in
                let isResult = key == "result"
                _ = try reader.peek()
                let start = reader.offset
                try reader.skip()
                if isResult { range = start..<reader.offset }
            }
            return range
        }
        return try OTLPJSON.decode(range.map { Array(body[$0]) } ?? body, maximumElements: .max).batch
    }
}
