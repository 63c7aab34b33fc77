public import TraceModel

/// Rate, errors and duration of operations over time (RED), made of spans.
public struct RequestMetrics: Sendable {
    /// What metrics are grouped by at the finest.
    public struct Operation: Hashable, Sendable, Comparable {
        public var service: String
        public var name: String
        public var kind: SpanKind

        public static func < (left: Operation, right: Operation) -> Bool {
            (left.service, left.name, left.kind.rawValue) < (right.service, right.name, right.kind.rawValue)
        }
    }

    public enum Grouping: Hashable, Sendable {
        case service
        case operation
        case operationAndKind
    }

    /// One line of a chart.
    public struct Series: Hashable, Sendable {
        public var service: String
        /// `nil` when all operations are together.
        public var operation: String?
        /// `nil` when all kinds are together.
        public var kind: SpanKind?
        public var points: [Point]
    }

    public struct Point: Hashable, Sendable {
        /// Nanoseconds since the Unix epoch.
        public var time: UInt64
        /// Calls a second.
        public var callRate: Double
        /// Errors a second.
        public var errorRate: Double
        /// Nanoseconds, in the order of the shares that were asked for; empty when there was no call in the window.
        public var quantiles: [Double]

        /// Failed calls of all calls, 0 to 1; `nil` when there was no call in the window.
        public var errorShare: Double? { callRate > 0 ? errorRate / callRate : nil }
    }

    private struct Cell: Sendable {
        var calls: UInt64 = 0
        var errors: UInt64 = 0
        var durations = SlidingDurations()

        mutating func add(_ span: Span) {
            calls += 1
            if span.status.code == .error { errors += 1 }
            durations.add(span.duration)
        }

        mutating func add(_ other: Cell) {
            calls += other.calls
            errors += other.errors
            durations.add(other.durations)
        }

        mutating func subtract(_ other: Cell) {
            calls -= min(calls, other.calls)
            errors -= min(errors, other.errors)
            durations.subtract(other.durations)
        }
    }

    /// Operations that are told apart; spans of others count as ``otherOperations``.
    public static let maximumOperations = 1000
    public static let otherOperations = "(other operations)"

    public let window: MonitoringWindow
    /// For each operation what fell in each step.
    private var cells: [Operation: [Int: Cell]] = [:]

    public init(window: MonitoringWindow) {
        self.window = window
    }

    /// Counts a span; those outside the window are left out.
    public mutating func add(_ span: Span, service: String) {
        guard let place = window.place(of: span.startTime) else { return }
        var operation = Operation(service: service, name: span.name, kind: span.kind)
        if cells[operation] == nil, cells.count >= Self.maximumOperations { operation.name = Self.otherOperations }
        cells[operation, default: [:]][place, default: Cell()].add(span)
    }

    /// The lines of a chart, sorted by service, operation and kind.
    ///
    /// A line begins with the first point whose window has a call, and goes on to the end.
    ///
    /// - Parameters:
    ///   - quantiles: shares from 0 to 1.
    ///   - filter: which operations count.
    public func series(
        by grouping: Grouping, quantiles: [Double] = [], where filter: (Operation) -> Bool = { _ in true }
    ) -> [Series] {
        var merged: [Operation: [Int: Cell]] = [:]
        for (operation, steps) in cells where filter(operation) {
            let key =
                switch grouping {
                case .service: Operation(service: operation.service, name: "", kind: .unspecified)
                case .operation: Operation(service: operation.service, name: operation.name, kind: .unspecified)
                case .operationAndKind: operation
                }
            for (place, cell) in steps { merged[key, default: [:]][place, default: Cell()].add(cell) }
        }
        return merged.sorted { $0.key < $1.key }.map { key, steps in
            Series(
                service: key.service, operation: grouping == .service ? nil : key.name, kind: grouping == .operationAndKind ? key.kind : nil,
                points: points(steps, quantiles)
            )
        }
    }

    /// Slides the window over the steps: each step is added once and taken away once.
    private func points(_ steps: [Int: Cell], _ quantiles: [Double]) -> [Point] {
        var points: [Point] = []
        var sum = Cell()
        var hasBegun = false
        let seconds = window.windowSeconds
        for place in 0..<max(window.stepsPerWindow - 1, 0) {
            if let cell = steps[place] { sum.add(cell) }
        }
        for point in 0..<window.pointCount {
            if let cell = steps[point + window.stepsPerWindow - 1] { sum.add(cell) }
            if point > 0, let cell = steps[point - 1] { sum.subtract(cell) }
            if sum.calls > 0 { hasBegun = true }
            guard hasBegun else { continue }
            points.append(
                Point(
                    time: window.time(point), callRate: Double(sum.calls) / seconds, errorRate: Double(sum.errors) / seconds,
                    quantiles: quantiles.compactMap { sum.durations.quantile($0) }
                )
            )
        }
        return points
    }
}
