public import TraceModel
public import TraceStore

/// Bounds of a search by TraceQL.
public struct TraceQLSearchOptions: Hashable, Sendable {
    /// The start of spans, nanoseconds since the Unix epoch.
    public var startTime: ClosedRange<UInt64>
    /// The most traces.
    public var limit: Int
    /// The most spans listed in each span set; ``TraceQLSpanSet/matched`` counts all.
    public var spansPerSpanSet: Int

    public init(startTime: ClosedRange<UInt64>, limit: Int = 20, spansPerSpanSet: Int = 3) {
        self.startTime = startTime
        self.limit = limit
        self.spansPerSpanSet = spansPerSpanSet
    }
}

/// A trace that a query found.
public struct TraceQLTrace: Hashable, Sendable {
    /// A service's share of the trace.
    public struct ServiceStatistics: Hashable, Sendable {
        public var spanCount: Int
        public var errorCount: Int

        public init(spanCount: Int, errorCount: Int) {
            self.spanCount = spanCount
            self.errorCount = errorCount
        }
    }

    public var traceID: TraceID
    /// `nil` when the root span is not stored.
    public var rootServiceName: String?
    public var rootTraceName: String?
    /// Nanoseconds since the Unix epoch.
    public var startTime: UInt64
    /// Nanoseconds.
    public var duration: UInt64
    public var spanSets: [TraceQLSpanSet]
    public var serviceStatistics: [String: ServiceStatistics]

    public init(
        traceID: TraceID, rootServiceName: String?, rootTraceName: String?, startTime: UInt64, duration: UInt64, spanSets: [TraceQLSpanSet],
        serviceStatistics: [String: ServiceStatistics]
    ) {
        self.traceID = traceID
        self.rootServiceName = rootServiceName
        self.rootTraceName = rootTraceName
        self.startTime = startTime
        self.duration = duration
        self.spanSets = spanSets
        self.serviceStatistics = serviceStatistics
    }
}

/// Spans of one trace that belong together.
public struct TraceQLSpanSet: Hashable, Sendable {
    /// At most ``TraceQLSearchOptions/spansPerSpanSet``.
    public var spans: [TraceQLSpan]
    /// Spans in the set before it was cut.
    public var matched: Int
    /// What `by`, aggregates and the like added: `by(resource.service.name)`, `count()`.
    public var attributes: [TraceQLAttribute]

    public init(spans: [TraceQLSpan], matched: Int, attributes: [TraceQLAttribute]) {
        self.spans = spans
        self.matched = matched
        self.attributes = attributes
    }
}

/// A span that a query found.
public struct TraceQLSpan: Hashable, Sendable {
    public var spanID: SpanID
    /// Only where the query asks for it.
    public var name: String?
    /// Nanoseconds since the Unix epoch.
    public var startTime: UInt64
    /// Nanoseconds.
    public var duration: UInt64
    /// Every attribute that the query touched.
    public var attributes: [TraceQLAttribute]

    public init(spanID: SpanID, name: String?, startTime: UInt64, duration: UInt64, attributes: [TraceQLAttribute]) {
        self.spanID = spanID
        self.name = name
        self.startTime = startTime
        self.duration = duration
        self.attributes = attributes
    }
}

/// A key as the query wrote it, without the scope for attributes, and its value.
public struct TraceQLAttribute: Hashable, Sendable {
    public var key: String
    /// `nil` is TraceQL's `nil`.
    public var value: AttributeValue?

    public init(key: String, value: AttributeValue?) {
        self.key = key
        self.value = value
    }
}

/// What a search found, and what it cost.
public struct TraceQLSearchResult: Hashable, Sendable {
    /// Newest first.
    public var traces: [TraceQLTrace]
    public var inspectedTraces: Int
    public var inspectedSpans: Int

    public init(traces: [TraceQLTrace] = [], inspectedTraces: Int = 0, inspectedSpans: Int = 0) {
        self.traces = traces
        self.inspectedTraces = inspectedTraces
        self.inspectedSpans = inspectedSpans
    }
}

extension TraceQLQuery {
    /// Finds traces, newest first, and stops as soon as there are enough.
    ///
    /// A trace is looked at when a span that the query needs starts within the window; then all of its spans count.
    ///
    /// - Throws: ``TraceQLError`` for a metrics query; what the store throws.
    public func search(_ store: any TraceStore, _ options: TraceQLSearchOptions) async throws -> TraceQLSearchResult {
        guard case .search(let stages) = root.body else {
            throw TraceQLError(message: "a search was expected, but the query computes metrics", line: 1, column: 1)
        }
        let plan = try TraceQLSearchPlan(stages, options)
        if options.limit < 1 || plan.isEmpty { return TraceQLSearchResult() }
        var result = try await store.scanTraces(plan.selection, projection: plan.projection, into: TraceQLSearchResult()) { result, traces in
            for trace in traces {
                try Task.checkCancellation()
                result.inspectedTraces += 1
                result.inspectedSpans += trace.batch.spanCount
                guard let found = plan.run(trace) else { continue }
                result.traces.append(found)
                if result.traces.count >= options.limit { return .stop }
            }
            return .more
        }
        result.traces.sort { $0.startTime != $1.startTime ? $0.startTime > $1.startTime : $0.traceID < $1.traceID }
        return result
    }
}
