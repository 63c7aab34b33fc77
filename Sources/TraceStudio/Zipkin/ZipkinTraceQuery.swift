internal import TraceModel
internal import TraceStore
internal import TraceWire

/// The parameters of `/api/v2/traces`, and which traces they mean (zipkin2 `QueryRequest`).
struct ZipkinTraceQuery: Sendable {
    static let defaultLimit = 10
    static let maximumLimit = 1500
    static let defaultLookback: UInt64 = 86_400_000_000_000
    /// A span of a trace may begin this long after its root.
    private static let maximumSpread: UInt64 = 3600 * 1_000_000_000

    /// As they are stored; Zipkin's names are all lower case, so several may be meant. `nil`: any.
    var services: Set<String>?
    var remoteService: String?
    var spanName: String?
    /// `key=value`, or a key or annotation alone.
    var annotations: [(key: String, value: String)] = []
    /// Nanoseconds.
    var minimumDuration: UInt64?
    var maximumDuration: UInt64?
    /// When the trace began, nanoseconds since the Unix epoch.
    var window: ClosedRange<UInt64>
    var limit: Int

    /// - Parameter services: all names, to find the one that is meant whatever the case of its letters.
    init(_ items: QueryItems, services known: [String], now: UInt64) throws(BadParameter) {
        if let name = Self.name(items, "serviceName") { services = Set(known.filter { $0.lowercased() == name }) }
        remoteService = Self.name(items, "remoteServiceName")
        spanName = Self.name(items, "spanName")
        annotations = Self.annotations(items.nonEmpty("annotationQuery") ?? "")
        minimumDuration = try Self.number(items, "minDuration", unit: 1000)
        maximumDuration = try Self.number(items, "maxDuration", unit: 1000)
        if let maximumDuration {
            guard let minimumDuration else { throw BadParameter("maxDuration is only valid with minDuration") }
            guard minimumDuration <= maximumDuration else { throw BadParameter("maxDuration < minDuration") }
        }
        let end = try Self.number(items, "endTs", unit: 1_000_000) ?? now
        let lookback = try Self.number(items, "lookback", unit: 1_000_000) ?? Self.defaultLookback
        guard end > 0 else { throw BadParameter("endTs <= 0") }
        guard lookback > 0 else { throw BadParameter("lookback <= 0") }
        window = (end - min(lookback, end))...end
        let limit = try Self.number(items, "limit", unit: 1) ?? UInt64(Self.defaultLimit)
        guard limit > 0 else { throw BadParameter("limit <= 0") }
        self.limit = min(Int(clamping: limit), Self.maximumLimit)
    }

    /// `all` is what Zipkin's page sends for any.
    private static func name(_ items: QueryItems, _ parameter: String) -> String? {
        items.nonEmpty(parameter).map { $0.lowercased() }.flatMap { $0 == "all" ? nil : $0 }
    }

    static func number(_ items: QueryItems, _ name: String, unit: UInt64) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = UInt64(text), value <= UInt64.max / unit else { throw BadParameter("\(name) is not a number: \(text)") }
        return value * unit
    }

    /// `http.method=GET and retry`, also with `&&`.
    static func annotations(_ text: String) -> [(key: String, value: String)] {
        var result: [(key: String, value: String)] = []
        for part in text.split(separator: " and ").flatMap({ $0.split(separator: "&&") }) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = pair[0].trimmingBlanks()
            if key.isEmpty { continue }
            result.append((String(key), pair.count > 1 ? String(pair[1].trimmingBlanks()) : ""))
        }
        return result
    }

    /// What a store can use to leave blocks unread.
    var selection: SpanSelection {
        let (latest, overflow) = window.upperBound.addingReportingOverflow(Self.maximumSpread)
        let range = window.lowerBound...(overflow ? .max : latest)
        return SpanSelection(startTime: range, anyOf: services.map { $0.sorted().map { [.service($0)] } } ?? [])
    }

    /// Every condition is met by some span of the service; the trace begins within the window.
    func matches(_ trace: StoredTrace) -> Bool {
        guard let start = Self.startTime(of: trace.batch), window.contains(start) else { return false }
        var isServiceMet = services == nil
        var isRemoteMet = remoteService == nil
        var isNameMet = spanName == nil
        var isDurationMet = minimumDuration == nil
        var missing = annotations
        for group in trace.batch.resourceSpans {
            if let services, !services.contains(group.resource.serviceName) { continue }
            for span in group.scopeSpans.lazy.flatMap(\.spans) {
                isServiceMet = true
                if !isRemoteMet { isRemoteMet = ZipkinJSON.remoteServiceName(of: span)?.lowercased() == remoteService }
                if !isNameMet { isNameMet = span.name.lowercased() == spanName }
                if let minimumDuration, !isDurationMet {
                    isDurationMet = span.duration >= minimumDuration && span.duration <= maximumDuration ?? .max
                }
                if !missing.isEmpty { missing.removeAll { Self.has(span, group.resource, $0) } }
            }
        }
        return isServiceMet && isRemoteMet && isNameMet && isDurationMet && missing.isEmpty
    }

    /// The root's start, else the first of all.
    private static func startTime(of batch: SpanBatch) -> UInt64? {
        var first: UInt64?
        for span in batch.resourceSpans.lazy.flatMap(\.scopeSpans).flatMap(\.spans) where span.startTime > 0 {
            if span.parentSpanID == nil { return span.startTime }
            first = min(first ?? .max, span.startTime)
        }
        return first
    }

    private static func has(_ span: Span, _ resource: Resource, _ condition: (key: String, value: String)) -> Bool {
        if condition.value.isEmpty, span.events.contains(where: { $0.name == condition.key }) { return true }
        func holds(_ attribute: Attribute) -> Bool {
            attribute.key == condition.key && (condition.value.isEmpty || attribute.value.displayText == condition.value)
        }
        if span.attributes.contains(where: holds) || resource.attributes.contains(where: { $0.key != "service.name" && holds($0) }) { return true }
        // The tag that became the status.
        guard condition.key == "error", span.status.code == .error else { return false }
        return condition.value.isEmpty || condition.value == span.status.message || (span.status.message.isEmpty && condition.value == "true")
    }
}
