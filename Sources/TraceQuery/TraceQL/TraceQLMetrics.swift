internal import TraceModel
public import TraceStore

/// Bounds of a metrics query.
public struct TraceQLMetricsOptions: Hashable, Sendable {
    /// Nanoseconds since the Unix epoch; aligned to steps by the query.
    public var start: UInt64
    public var end: UInt64
    /// Nanoseconds; `nil` chooses one from the range. An instant query is one step over the whole range.
    public var step: UInt64?
    /// The most exemplars.
    public var exemplars: Int
    /// The most series; more are left out, and the result says so.
    public var maximumSeries: Int

    public init(start: UInt64, end: UInt64, step: UInt64? = nil, exemplars: Int = 100, maximumSeries: Int = 1000) {
        self.start = start
        self.end = end
        self.step = step
        self.exemplars = exemplars
        self.maximumSeries = maximumSeries
    }
}

/// A value over time.
public struct TraceQLSeries: Hashable, Sendable {
    public struct Sample: Hashable, Sendable {
        /// Milliseconds since the Unix epoch.
        public var time: Int64
        public var value: Double

        public init(time: Int64, value: Double) {
            self.time = time
            self.value = value
        }
    }

    public struct Exemplar: Hashable, Sendable {
        public var labels: [TraceQLAttribute]
        public var value: Double
        /// Milliseconds since the Unix epoch.
        public var time: Int64

        public init(labels: [TraceQLAttribute], value: Double, time: Int64) {
            self.labels = labels
            self.value = value
            self.time = time
        }
    }

    public var labels: [TraceQLAttribute]
    public var samples: [Sample]
    public var exemplars: [Exemplar]

    public init(labels: [TraceQLAttribute], samples: [Sample], exemplars: [Exemplar] = []) {
        self.labels = labels
        self.samples = samples
        self.exemplars = exemplars
    }
}

/// The answer to a metrics query.
public struct TraceQLMetricsResult: Hashable, Sendable {
    public var series: [TraceQLSeries]
    public var inspectedSpans: Int
    /// Why the answer is not complete; `nil` when it is.
    public var incomplete: String?

    public init(series: [TraceQLSeries] = [], inspectedSpans: Int = 0, incomplete: String? = nil) {
        self.series = series
        self.inspectedSpans = inspectedSpans
        self.incomplete = incomplete
    }
}

extension TraceQLQuery {
    /// Computes series over a range of time.
    ///
    /// The range is aligned to the step, and begins one step earlier; a span belongs to the step in which it starts.
    ///
    /// - Throws: ``TraceQLError`` for a query that is no metrics query, and for a bad range; what the store throws.
    public func metrics(_ store: any TraceStore, _ options: TraceQLMetricsOptions) async throws -> TraceQLMetricsResult {
        try await metrics(store, options, TraceQLIntervals(range: options))
    }

    /// Computes one value for each series over the whole range.
    public func instant(_ store: any TraceStore, _ options: TraceQLMetricsOptions) async throws -> TraceQLMetricsResult {
        try await metrics(store, options, TraceQLIntervals(instant: options))
    }

    private func metrics(_ store: any TraceStore, _ options: TraceQLMetricsOptions, _ intervals: TraceQLIntervals) async throws -> TraceQLMetricsResult {
        guard case .metrics(let expression) = root.body else {
            throw TraceQLError(message: "a metrics function such as | rate() was expected at the end of the query", line: 1, column: 1)
        }
        var run = TraceQLMetricsRun(root: root, store: store, intervals: intervals, options: options)
        var set = try await run.evaluate(expression)
        set.sort()
        var series = set.result(intervals)
        if series.count > max(1, options.maximumSeries), !expression.leaves.contains(where: { $0.function.isComparison }) {
            run.incomplete = "there are more than \(options.maximumSeries) series"
            series.removeLast(series.count - max(1, options.maximumSeries))
        }
        return TraceQLMetricsResult(series: series, inspectedSpans: run.inspectedSpans, incomplete: run.incomplete)
    }
}
