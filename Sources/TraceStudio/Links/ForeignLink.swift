internal import TraceModel
internal import TraceWire

/// Links to the pages of Jaeger and Zipkin, of which the world is full: they lead to ours that show the same.
enum ForeignLink {
    /// Where a path of theirs is here.
    ///
    /// - Parameters:
    ///   - path: Taken apart and decoded.
    ///   - services: Names of all services: Zipkin's links have them in lower case.
    /// - Returns: A path of ours with its query; `nil` for what is no link of theirs.
    static func target(_ path: [String], _ items: QueryItems, services: () async -> [String]) async -> String? {
        switch (path.first, path.count) {
        case ("search", 1): return jaegerSearch(items)
        case ("trace", 2): return jaegerTrace(path[1], items)
        case ("dependencies", 1): return LinkQuery().url("/map")
        // The first Zipkin page had its traces here.
        case ("traces", 2): return traceID(path[1]).map { "/trace/\($0)" }
        case ("zipkin", _) where path.dropFirst().first != "api": return await zipkin(Array(path.dropFirst()), items, services)
        default: return nil
        }
    }

    // MARK: Jaeger

    private static func jaegerSearch(_ items: QueryItems) -> String {
        let ids = items.all("traceID").compactMap(traceID)
        if let id = ids.first, ids.count == 1 { return "/trace/\(id)" }
        var query = LinkQuery()
        var question = SpanQuestion()
        question.service = items.nonEmpty("service")
        question.operation = items.nonEmpty("operation").flatMap { $0 == "all" ? nil : $0 }
        question.tags = jaegerTags(items)
        question.minimumDuration = items.nonEmpty("minDuration").flatMap(GoDuration.nanoseconds)
        question.maximumDuration = items.nonEmpty("maxDuration").flatMap(GoDuration.nanoseconds)
        query.set("q", ids.isEmpty ? question.filter : "{ \(ids.map { "trace:id = \"\($0)\"" }.joined(separator: " || ")) }")
        // Its links have the time of the search as well as how far back it went; that time is what they showed.
        if let start = number(items, "start"), let end = number(items, "end"), start < end {
            query.set("from", "\(start)")
            query.set("to", "\(end)")
        } else {
            query.set("lookback", lookback(items.nonEmpty("lookback")))
        }
        return query.url("/traces")
    }

    /// `tags={"http.status_code":"500"}`, and `tag=key:value`.
    private static func jaegerTags(_ items: QueryItems) -> [(key: String, value: String?)] {
        var tags: [(key: String, value: String?)] = []
        for tag in items.all("tag") {
            let parts = tag.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, !parts[0].isEmpty { tags.append((String(parts[0]), String(parts[1]))) }
        }
        return tags + SearchRequest.tags(leniently: items)
    }

    private static func jaegerTrace(_ text: String, _ items: QueryItems) -> String? {
        let pair = text.split(separator: "...").compactMap { traceID(String($0)) }
        if pair.count == 2, text.contains("...") {
            var query = LinkQuery()
            query.set("a", pair[0])
            query.set("b", pair[1])
            return query.url("/compare")
        }
        guard let find = items["uiFind"], let id = traceID(text) else { return nil }
        var query = LinkQuery()
        // Its link to a span searches for the span's id.
        if find.count == 16, let span = SpanID(hex: find) { query.set("span", "\(span)") } else { query.set("find", find) }
        for name in ["span", "z", "v", "fold"] where items.nonEmpty(name) != nil && !query.items.contains(where: { $0.name == name }) { query.set(name, items.nonEmpty(name)) }
        return query.url("/trace/\(id)")
    }

    // MARK: Zipkin

    private static func zipkin(_ path: [String], _ items: QueryItems, _ services: () async -> [String]) async -> String {
        if path.first == "traces", path.count == 2, let id = traceID(path[1]) {
            var query = LinkQuery()
            query.set("span", items.nonEmpty("spanId").flatMap { SpanID(hex: $0) }.map { "\($0)" })
            return query.url("/trace/\(id)")
        }
        var query = LinkQuery()
        if path.first == "dependency" {
            zipkinTime(items, from: "startTime", to: "endTime", in: &query)
            return query.url("/map")
        }
        if let id = items.nonEmpty("traceId").flatMap(traceID) { return "/trace/\(id)" }
        var question = SpanQuestion()
        question.isSpread = true
        if let name = zipkinName(items, "serviceName") { question.service = await services().first { $0.lowercased() == name.lowercased() } ?? name }
        question.operation = zipkinName(items, "spanName")
        question.tags = ZipkinTraceQuery.annotations(items.nonEmpty("annotationQuery") ?? "").map { ($0.key, $0.value.isEmpty ? nil : $0.value) }
        if let remote = zipkinName(items, "remoteServiceName") { question.tags.append(("peer.service", remote)) }
        question.minimumDuration = zipkinDuration(items, "minDuration")
        question.maximumDuration = zipkinDuration(items, "maxDuration")
        query.set("q", question.filter)
        zipkinTime(items, from: "startTs", to: "endTs", in: &query)
        return query.url("/traces")
    }

    /// `all` stands for any.
    private static func zipkinName(_ items: QueryItems, _ name: String) -> String? { items.nonEmpty(name).flatMap { $0 == "all" ? nil : $0 } }

    /// Microseconds, or with a unit as in its page: `10ms`.
    private static func zipkinDuration(_ items: QueryItems, _ name: String) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        if let micros = UInt64(text) { return micros <= .max / 1000 ? micros * 1000 : nil }
        return GoDuration.nanoseconds(text)
    }

    /// Milliseconds; an end with `lookback` in milliseconds, or `lookback` as its page writes it.
    private static func zipkinTime(_ items: QueryItems, from: String, to: String, in query: inout LinkQuery) {
        let length = number(items, "lookback") ?? (items["lookback"] == "millis" ? number(items, "millis") : nil)
            ?? items.nonEmpty("lookback").flatMap(GoDuration.nanoseconds).map { $0 / 1_000_000 }
        if let end = number(items, to), let start = number(items, from) ?? length.map({ end - min($0, end) }), start < end {
            query.set("from", "\(start)")
            query.set("to", "\(end)")
        } else {
            query.set("lookback", lookback(items.nonEmpty("lookback")) ?? length.map { "\(max(1, $0 / 1000))s" })
        }
    }

    // MARK: Common

    /// A length of time as our pages take it: one number and one unit.
    private static func lookback(_ text: String?) -> String? {
        guard let text, let unit = text.last, "smhdw".contains(unit), let number = UInt32(text.dropLast()), number > 0, number < 1_000_000 else { return nil }
        return "\(number)\(unit)"
    }

    private static func number(_ items: QueryItems, _ name: String) -> UInt64? { items.nonEmpty(name).flatMap(UInt64.init) }

    /// Of 1 to 32 digits, as our pages write it.
    private static func traceID(_ text: String) -> String? { TraceID(hex: text).map { "\($0)" } }
}
