public import TraceModel

/// The spans of one trace in a flat list, each with its resource and scope, byte-identical copies removed.
///
/// Copies come from senders that repeat a batch whose acknowledgement was lost. Different spans that share an id are all kept.
public struct TraceSpans: Sendable {
    /// One span and where it came from.
    public struct Entry: Sendable {
        public var span: Span
        /// Index into ``TraceSpans/resources``.
        public var resource: Int
        /// Index into ``TraceSpans/scopes``.
        public var scope: Int
    }

    /// What makes two spans the same one.
    private struct Copy: Hashable {
        var span: Span
        var service: String
    }

    public let traceID: TraceID
    /// In the order of the batch.
    public let entries: [Entry]
    public let resources: [Resource]
    public let scopes: [InstrumentationScope]
    /// `service.name` of each resource.
    public let serviceNames: [String]
    /// Copies that were left out.
    public let removedCopies: Int
    /// Start of the earliest span, nanoseconds since the Unix epoch; 0 for no spans.
    public let startTime: UInt64
    /// End of the last span, nanoseconds since the Unix epoch; never before ``startTime``.
    public let endTime: UInt64
    /// For each id, the first entry that has it.
    let firstEntryByID: [SpanID: Int]
    /// For each entry, another one with the same id, or -1: a chain through all of them, from the first.
    let nextEntryOfSameID: [Int]

    /// - Parameters:
    ///   - traceID: The trace; spans of others are left out.
    ///   - batch: Its spans.
    public init(traceID: TraceID, batch: SpanBatch) {
        let count = batch.spanCount
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        var resources: [Resource] = []
        var scopes: [InstrumentationScope] = []
        var first: [SpanID: Int] = Dictionary(minimumCapacity: count)
        var next: [Int] = []
        next.reserveCapacity(count)
        var sharing: Set<Copy> = []
        var removed = 0
        var start = UInt64.max
        var end: UInt64 = 0

        for resourceSpans in batch.resourceSpans {
            resources.append(resourceSpans.resource)
            for scopeSpans in resourceSpans.scopeSpans {
                scopes.append(scopeSpans.scope)
                for span in scopeSpans.spans where span.traceID == traceID {
                    let index = entries.count
                    var following = -1
                    if let head = first[span.spanID] {
                        // Rare: an id comes again. Only such spans are hashed whole, so many of one id stay linear.
                        sharing.insert(Copy(span: entries[head].span, service: resources[entries[head].resource].serviceName))
                        if !sharing.insert(Copy(span: span, service: resourceSpans.resource.serviceName)).inserted {
                            removed += 1
                            continue
                        }
                        following = next[head]
                        next[head] = index
                    } else {
                        first[span.spanID] = index
                    }
                    next.append(following)
                    entries.append(Entry(span: span, resource: resources.count - 1, scope: scopes.count - 1))
                    // A start of 0 is a broken clock, not the year 1970: it must not stretch the trace by decades.
                    if span.startTime > 0 { start = min(start, span.startTime) }
                    end = max(end, span.endTime, span.startTime)
                }
            }
        }
        self.traceID = traceID
        self.entries = entries
        self.resources = resources
        self.scopes = scopes
        self.serviceNames = resources.map(\.serviceName)
        self.removedCopies = removed
        self.startTime = start == .max ? 0 : start
        self.endTime = max(end, self.startTime)
        self.firstEntryByID = first
        self.nextEntryOfSameID = next
    }

    /// Nanoseconds from the earliest start to the last end.
    public var duration: UInt64 { endTime - startTime }

    /// Nanoseconds from the start of the trace, within its bounds.
    public func offset(_ time: UInt64) -> UInt64 {
        min(max(time, startTime), endTime) - startTime
    }

    /// The name of the service that made an entry's span.
    public func serviceName(of entry: Int) -> String { serviceNames[entries[entry].resource] }

    /// The spans again as a batch, without the copies.
    public var batch: SpanBatch { batch { $1 } }

    /// The spans again as a batch, without the copies: changed, or left out where `change` answers `nil`.
    func batch(_ change: (_ entry: Int, _ span: Span) -> Span?) -> SpanBatch {
        var result = SpanBatch()
        var lastResource = -1
        var lastScope = -1
        for (index, entry) in entries.enumerated() {
            guard let span = change(index, entry.span) else { continue }
            if entry.resource != lastResource {
                result.resourceSpans.append(ResourceSpans(resource: resources[entry.resource]))
                lastResource = entry.resource
                lastScope = -1
            }
            let group = result.resourceSpans.count - 1
            if entry.scope != lastScope {
                result.resourceSpans[group].scopeSpans.append(ScopeSpans(scope: scopes[entry.scope]))
                lastScope = entry.scope
            }
            result.resourceSpans[group].scopeSpans[result.resourceSpans[group].scopeSpans.count - 1].spans.append(span)
        }
        return result
    }
}
