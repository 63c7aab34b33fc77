internal import ArgumentParser
internal import JSONCoding
internal import TraceModel

/// Which traces are looked for.
struct TraceFilterOptions: ParsableArguments {
    @Option(help: "Traces with a span of this service.")
    var service: String?

    @Option(help: "Traces with a span of this name.")
    var operation: String?

    @Option(
        help: ArgumentHelp(
            "Traces with a span that has this attribute; may be repeated. error=true finds failed spans.", valueName: "key=value"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Traces with a span that takes at least so long: 200ms, 1.5s, 2m.", valueName: "duration"))
    var minDuration: DurationArgument?

    @Option(help: ArgumentHelp("Traces with a span that takes at most so long.", valueName: "duration"))
    var maxDuration: DurationArgument?

    @Option(help: ArgumentHelp("A TraceQL query instead of the flags above: '{ resource.service.name = \"shop\" && duration > 1s }'.", valueName: "TraceQL"))
    var query: String?

    func validate() throws {
        for text in tag where !(text.firstIndex(of: "=").map { $0 > text.startIndex } ?? false) {
            throw ValidationError("--tag takes key=value, as in --tag http.response.status_code=500, got '\(DisplayText.escaped(text))'.")
        }
        if let minDuration, let maxDuration, maxDuration.nanoseconds < minDuration.nanoseconds {
            throw ValidationError("--max-duration must not be less than --min-duration.")
        }
        if query != nil, service != nil || operation != nil || !tag.isEmpty || minDuration != nil || maxDuration != nil {
            throw ValidationError("--query stands alone: put the other conditions into the query, as in { duration > 200ms }.")
        }
    }

    /// The newest traces that meet the conditions.
    func find(_ server: TraceServer, since: UInt64, limit: Int, now: UInt64) async throws -> TraceServer.Found {
        try await find(server, start: now - min(since, now), limit: limit, now: now)
    }

    /// - Parameter start: Nanoseconds since the Unix epoch.
    func find(_ server: TraceServer, start: UInt64, limit: Int, now: UInt64) async throws -> TraceServer.Found {
        if let query { return try await server.search(query: query, limit: limit, start: start, end: now) }
        return try await server.search(items + [("start", "\(start / 1000)"), ("limit", "\(limit)")])
    }

    /// The conditions as parameters of the back end's search.
    private var items: [(String, String)] {
        var items: [(String, String)] = []
        if let service { items.append(("service", service)) }
        if let operation { items.append(("operation", operation)) }
        for text in tag {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // A key may hold a colon, which the parameter `tag` cannot tell from its own.
            items.append(("tags", Self.object(String(parts[0]), String(parts[parts.count - 1]))))
        }
        if let minDuration { items.append(("minDuration", "\(minDuration.nanoseconds)ns")) }
        if let maxDuration { items.append(("maxDuration", "\(maxDuration.nanoseconds)ns")) }
        return items
    }

    private static func object(_ key: String, _ value: String) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key(string: key)
        writer.string(value)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// A duration as Go writes it, and also days and weeks: `1.5ms`, `2s`, `1h30m`, `7d`.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
    var nanoseconds: UInt64

    init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    init?(argument: String) {
        guard let nanoseconds = GoDuration.nanoseconds(argument) else { return nil }
        self.nanoseconds = nanoseconds
    }

    var defaultValueDescription: String { DurationText.text(nanoseconds) }

    static func hours(_ count: UInt64) -> DurationArgument { DurationArgument(nanoseconds: count * 3_600_000_000_000) }
}
