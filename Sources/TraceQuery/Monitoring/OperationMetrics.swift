public import TraceModel
public import TraceStore

/// Rate, errors and duration of one service's operations over time, scaled to what the stored traces stand for.
public struct OperationMetrics: Sendable {
    /// What happened in one operation, in one step of time or in all.
    public struct Figures: Sendable {
        /// Weighted.
        public var calls = 0.0
        public var errors = 0.0
        public var durations = DurationSketch()

        mutating func add(_ span: Span, weight: Double) {
            calls += weight
            if span.status.code == .error { errors += weight }
            durations.add(span.duration, weight: weight)
        }
    }

    public struct Operation: Sendable {
        public var name: String
        public var kind: SpanKind
        public var total = Figures()
        /// By step; those without a call are missing.
        public var steps: [Int: Figures] = [:]
        /// The trace with the longest call, and the newest one with a failed call.
        public var slowest: TraceID?
        public var failed: TraceID?
        private var longest: UInt64 = 0
        private var lastFailure: UInt64 = 0

        init(name: String, kind: SpanKind) {
            self.name = name
            self.kind = kind
        }

        mutating func add(_ span: Span, step: Int, weight: Double) {
            total.add(span, weight: weight)
            steps[step, default: Figures()].add(span, weight: weight)
            if slowest == nil || span.duration > longest { (slowest, longest) = (span.traceID, span.duration) }
            if span.status.code == .error, failed == nil || span.startTime > lastFailure { (failed, lastFailure) = (span.traceID, span.startTime) }
        }
    }

    private struct Key: Hashable {
        var name: String
        var kind: SpanKind
    }

    /// Operations that are told apart; spans of others count in ``requests`` only, and in ``leftOut``.
    public static let maximumOperations = 300

    public let service: String
    public let startTime: ClosedRange<UInt64>
    public let stepCount: Int
    /// Spans by which requests come into the service, all operations together.
    public private(set) var requests = Operation(name: "", kind: .server)
    public private(set) var leftOut = 0
    private var known: [Key: Operation] = [:]

    public init(service: String, startTime: ClosedRange<UInt64>, stepCount: Int) {
        self.service = service
        self.startTime = startTime
        self.stepCount = max(stepCount, 1)
    }

    /// Nanoseconds.
    public var stepWidth: UInt64 { max((startTime.upperBound - startTime.lowerBound) / UInt64(stepCount), 1) }

    /// What took the most time in all first.
    public var operations: [Operation] {
        known.values.sorted { ($1.total.durations.sum, $0.name, $0.kind.rawValue) < ($0.total.durations.sum, $1.name, $1.kind.rawValue) }
    }

    /// Reads the traces of a window.
    ///
    /// - Parameters:
    ///   - limit: The most traces, newest first.
    ///   - wanted: Only these traces, or all.
    /// - Throws: what the store throws.
    public static func read(
        _ store: any TraceStore, service: String, startTime: ClosedRange<UInt64>, stepCount: Int, limit: Int, wanted: Set<TraceID>?
    ) async throws -> OperationMetrics {
        struct Reading: Sendable {
            var metrics: OperationMetrics
            var count = 0
        }
        let empty = Reading(metrics: OperationMetrics(service: service, startTime: startTime, stepCount: stepCount))
        let selection = SpanSelection(startTime: startTime)
        return try await store.scanTraces(selection, projection: SpanProjection(events: false, links: false), into: empty) { reading, traces in
            for trace in traces {
                guard reading.count < limit else { return .stop }
                reading.count += 1
                if let wanted, !wanted.contains(trace.id) { continue }
                reading.metrics.add(TraceTree(traceID: trace.id, batch: trace.batch))
            }
            return .more
        }.metrics
    }

    /// Counts the service's spans of a trace.
    public mutating func add(_ tree: TraceTree) {
        var weight: Double?
        for (row, place) in tree.rows.enumerated() where tree.serviceName(row) == service {
            let span = tree.span(row)
            guard startTime.contains(span.startTime) else { continue }
            let count = weight ?? TraceWeight(tree).count
            weight = count
            let step = min(Int((span.startTime - startTime.lowerBound) / stepWidth), stepCount - 1)
            if place.parent < 0 || tree.isCall(to: row) { requests.add(span, step: step, weight: count) }
            let key = Key(name: span.name, kind: span.kind)
            guard known[key] != nil || known.count < Self.maximumOperations else {
                leftOut += 1
                continue
            }
            known[key, default: Operation(name: span.name, kind: span.kind)].add(span, step: step, weight: count)
        }
    }
}
