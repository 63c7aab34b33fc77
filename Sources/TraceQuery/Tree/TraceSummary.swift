public import TraceModel

/// One line of a search result.
public struct TraceSummary: Hashable, Sendable {
    /// A service and how many spans it has in the trace.
    public struct ServiceCount: Hashable, Sendable {
        public var name: String
        public var spanCount: Int
    }

    public var traceID: TraceID
    /// Service and name of the root: the earliest span without a parent, else the earliest whose parent is missing.
    public var rootService: String
    public var rootName: String
    /// Nanoseconds since the Unix epoch.
    public var startTime: UInt64
    /// Nanoseconds from the first start to the last end.
    public var duration: UInt64
    public var spanCount: Int
    /// Spans with status error.
    public var errorCount: Int
    /// What went wrong first, in the words of the span that failed first; `nil` without a failed span.
    public var errorMessage: String?
    /// In the order of their first span's start.
    public var services: [ServiceCount]
    /// Spans whose parent is not in the trace.
    public var orphanCount: Int

    public init(_ spans: TraceSpans) {
        traceID = spans.traceID
        startTime = spans.startTime
        duration = spans.duration
        spanCount = spans.entries.count
        errorCount = 0
        orphanCount = 0
        var root: (entry: Int, isOrphan: Bool)?
        var firstFailed: Int?
        var counts: [String: (count: Int, start: UInt64)] = [:]
        for (index, entry) in spans.entries.enumerated() {
            let span = entry.span
            let hasParent = span.parentSpanID.map { $0.isValid && $0 != span.spanID } ?? false
            let isOrphan = hasParent && span.parentSpanID.map { spans.firstEntryByID[$0] == nil } ?? false
            if isOrphan { orphanCount += 1 }
            if isOrphan || !hasParent {
                if let known = root {
                    let isEarlier = span.startTime < spans.entries[known.entry].span.startTime
                    if known.isOrphan == isOrphan ? isEarlier : known.isOrphan { root = (index, isOrphan) }
                } else {
                    root = (index, isOrphan)
                }
            }
            if span.status.code == .error {
                errorCount += 1
                if firstFailed.map({ span.endTime < spans.entries[$0].span.endTime }) ?? true { firstFailed = index }
            }
            let service = counts[spans.serviceName(of: index)] ?? (0, .max)
            counts[spans.serviceName(of: index)] = (service.count + 1, min(service.start, span.startTime))
        }
        // Nothing but a cycle has no root: the first span stands for it.
        let rootEntry = root?.entry ?? (spans.entries.isEmpty ? nil : 0)
        rootService = rootEntry.map { spans.serviceName(of: $0) } ?? ""
        rootName = rootEntry.map { spans.entries[$0].span.name } ?? ""
        errorMessage = firstFailed.map { Self.errorMessage(of: spans.entries[$0].span) }
        services =
            counts
            .sorted { ($0.value.start, $0.key) < ($1.value.start, $1.key) }
            .map { ServiceCount(name: $0.key, spanCount: $0.value.count) }
    }

    /// The status message, else the message or type of an exception event, else the span's name.
    public static func errorMessage(of span: Span) -> String {
        if !span.status.message.isEmpty { return span.status.message }
        for event in span.events where event.name == "exception" {
            if case .string(let message)? = event.attributes["exception.message"], !message.isEmpty { return message }
            if case .string(let type)? = event.attributes["exception.type"], !type.isEmpty { return type }
        }
        return "\(span.name) failed"
    }
}
