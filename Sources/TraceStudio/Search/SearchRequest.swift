internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// The parameters of a trace search, as Jaeger's `GET /api/traces` names them.
enum SearchRequest {
    /// Single traces by their ids; everything else is ignored then.
    case traces([TraceID])
    case search(TraceSearch)

    /// Bounds and defaults of searches.
    struct Limits {
        var defaultLimit = 100
        /// More traces are not given in one answer; a greater `limit` is lowered to this.
        var maximumLimit = 1500
        /// How far back a search goes that names no start.
        var defaultWindow: UInt64 = 48 * 3600 * 1_000_000_000
        /// A search that names no end goes this far past now, for senders whose clocks are ahead.
        var clockSlack: UInt64 = 300 * 1_000_000_000
    }

    /// - Parameters:
    ///   - items: The URL's parameters; unknown ones are ignored.
    ///   - now: Nanoseconds since the Unix epoch.
    ///   - requiresService: Jaeger's API does not search without a service; ours does.
    ///   - followsLookback: Take `lookback` for a start that is missing; in Jaeger's API it is a hint for pages only.
    /// - Throws: ``BadParameter``.
    init(
        _ items: QueryItems,
        now: UInt64,
        limits: Limits = Limits(),
        requiresService: Bool,
        followsLookback: Bool = false
    ) throws(BadParameter) {
        let ids = items.all("traceID")
        if !ids.isEmpty {
            var parsed: [TraceID] = []
            for text in ids { parsed.append(try Self.traceID(text)) }
            self = .traces(parsed)
            return
        }
        let service = items.nonEmpty("service")
        if requiresService, service == nil { throw BadParameter("parameter 'service' is required") }
        let end = try Self.time(items, "end") ?? now + limits.clockSlack
        var start = try Self.time(items, "start")
        if followsLookback, start == nil, let lookback = items.nonEmpty("lookback"), lookback != "custom" {
            start = now - min(try Self.duration("lookback", lookback), now)
        }
        let from = start ?? (min(now, end) - min(limits.defaultWindow, now, end))
        guard from <= end else { throw BadParameter("'end' should not be before 'start'") }
        let minimum = try items.nonEmpty("minDuration").map { text throws(BadParameter) in try Self.duration("minDuration", text) }
        let maximum = try items.nonEmpty("maxDuration").map { text throws(BadParameter) in try Self.duration("maxDuration", text) }
        if let minimum, let maximum, maximum < minimum {
            throw BadParameter("'maxDuration' should be greater than 'minDuration'")
        }
        self = .search(
            TraceSearch(
                service: service,
                operation: items.nonEmpty("operation"),
                attributes: try Self.tags(items),
                minimumDuration: minimum,
                maximumDuration: maximum,
                startTime: from...end,
                limit: try Self.limit(items, limits)
            )
        )
    }

    /// A trace id of 1 to 32 hex digits.
    static func traceID(_ text: String) throws(BadParameter) -> TraceID {
        guard let id = TraceID(hex: text) else {
            throw BadParameter("malformed trace id \"\(text)\", expecting 1 to 32 hexadecimal digits")
        }
        return id
    }

    /// Microseconds since the epoch, as nanoseconds.
    static func time(_ items: QueryItems, _ name: String) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let microseconds = UInt64(text), microseconds <= UInt64.max / 1000 else {
            throw BadParameter("unable to parse param '\(name)': \"\(text)\" is not a number of microseconds since 1970")
        }
        return microseconds * 1000
    }

    /// Milliseconds, as nanoseconds.
    static func milliseconds(_ items: QueryItems, _ name: String) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = UInt64(text), value <= UInt64.max / 1_000_000 else {
            throw BadParameter("unable to parse param '\(name)': \"\(text)\" is not a number of milliseconds")
        }
        return value * 1_000_000
    }

    static func duration(_ name: String, _ text: String) throws(BadParameter) -> UInt64 {
        guard let nanoseconds = GoDuration.nanoseconds(text) else {
            throw BadParameter("unable to parse param '\(name)': \"\(text)\" is not a duration such as 1.5ms, 2s or 1h3m")
        }
        return nanoseconds
    }

    private static func limit(_ items: QueryItems, _ limits: Limits) throws(BadParameter) -> Int {
        guard let text = items.nonEmpty("limit") else { return limits.defaultLimit }
        guard let limit = Int(text), limit >= 0 else {
            throw BadParameter("unable to parse param 'limit': \"\(text)\" is not a number of traces")
        }
        return limit == 0 ? limits.defaultLimit : min(limit, limits.maximumLimit)
    }

    /// All `tag=key:value` and all `tags={"key":"value"}`.
    private static func tags(_ items: QueryItems) throws(BadParameter) -> [TagFilter] {
        var filters: [TagFilter] = []
        for tag in items.all("tag") where !tag.isEmpty {
            guard let colon = tag.firstIndex(of: ":") else {
                throw BadParameter("malformed 'tag' parameter, expecting key:value, received: \(tag)")
            }
            filters.append(TagFilter(key: String(tag[..<colon]), value: String(tag[tag.index(after: colon)...])))
        }
        for text in items.all("tags") where !text.isEmpty {
            let value: JSONValue
            do {
                value = try JSONValue.parse(text)
            } catch {
                throw BadParameter("malformed 'tags' parameter, cannot unmarshal JSON: \(error)")
            }
            guard let object = value.objectValue else {
                throw BadParameter("malformed 'tags' parameter, cannot unmarshal JSON: expecting an object of strings, received: \(text)")
            }
            for member in object.members {
                guard let value = member.value.tagText else {
                    throw BadParameter("malformed 'tags' parameter, cannot unmarshal JSON: the value of \"\(member.name)\" is not a string")
                }
                filters.append(TagFilter(key: member.name, value: value))
            }
        }
        return filters
    }

    /// The tags of a link to a page; what cannot be read is left out.
    static func tags(leniently items: QueryItems) -> [(key: String, value: String?)] {
        items.all("tags").flatMap { text in
            ((try? JSONValue.parse(text))?.objectValue?.members ?? []).compactMap { member in member.value.tagText.map { (member.name, $0) } }
        }
    }
}

/// A parameter of a request is wrong: HTTP 400 with this message.
struct BadParameter: Error, Hashable {
    /// Where in the parameter's text, from 1, and how many characters.
    struct Place: Hashable {
        var line: Int
        var column: Int
        var length: Int
        /// What may have been meant there.
        var suggestion: String?
    }

    var message: String
    var place: Place?

    init(_ message: String) {
        self.message = message
    }

    init(_ message: String, line: Int, column: Int, length: Int, suggestion: String? = nil) {
        self.message = message
        self.place = Place(line: line, column: column, length: length, suggestion: suggestion)
    }

    /// A filter that cannot be read, in the parameter of this name.
    init(_ problem: TraceFilter.Problem, in name: String) {
        self.init(
            "unable to parse param '\(name)': \(problem.message), at column \(problem.column)", line: 1, column: problem.column, length: problem.length,
            suggestion: problem.suggestion
        )
    }
}

extension JSONValue {
    /// A string, number or boolean as the text that tags are compared with.
    fileprivate var tagText: String? {
        switch self {
        case .string(let text): text
        case .number(let text): text
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }
}
