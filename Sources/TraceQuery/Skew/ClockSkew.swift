internal import TraceModel

/// How far the clocks of a trace's services seem to differ, from server spans that do not lie within their callers' spans.
public struct ClockSkew: Hashable, Sendable {
    /// A call whose server's times cannot be true by the caller's clock.
    public struct Hop: Hashable, Sendable {
        /// Row of the server's span.
        public var row: Int
        public var caller: String
        public var callee: String
        /// What has to be added to the server's times, nanoseconds; its own error is at most the time spent on the network.
        public var correction: Int64
    }

    public private(set) var hops: [Hop] = []
    /// What has to be added to each row's times so that every server lies within its caller, nanoseconds.
    public private(set) var corrections: [Int64]

    /// Times are told in microseconds by some senders: less than that is no skew.
    static let tolerance: UInt64 = 2_000

    public init(_ tree: TraceTree) {
        corrections = [Int64](repeating: 0, count: tree.rows.count)
        for (row, place) in tree.rows.enumerated() where place.parent >= 0 {
            let inherited = corrections[place.parent]
            corrections[row] = inherited
            let child = tree.span(row)
            let parent = tree.span(place.parent)
            // Only a call binds two clocks: what a server does after its answer, and what a queue holds back, is no skew.
            guard child.kind == .server, parent.kind == .client, child.startTime > 0, parent.startTime > 0 else { continue }
            guard tree.spans.entries[place.entry].resource != tree.spans.entries[tree.rows[place.parent].entry].resource else { continue }
            guard let correction = Self.correction(of: child, in: parent) else { continue }
            corrections[row] = inherited.addingReportingOverflow(correction).partialValue
            hops.append(
                Hop(row: row, caller: tree.serviceName(place.parent), callee: tree.serviceName(row), correction: correction)
            )
        }
    }

    /// The largest correction, nanoseconds, without its sign.
    public var maximum: UInt64 { hops.reduce(0) { max($0, $1.correction.magnitude) } }

    public var warnings: [String] {
        guard !hops.isEmpty else { return [] }
        let subject = hops.count == 1 ? "1 server span lies outside its caller's" : "\(hops.count) server spans lie outside their callers'"
        return ["\(subject): clocks seem to differ by up to \(Self.text(maximum))"]
    }

    /// In the middle of the caller when it fits, else with the caller's start.
    private static func correction(of child: Span, in parent: Span) -> Int64? {
        let early = parent.startTime > child.startTime ? parent.startTime - child.startTime : 0
        let late = child.endTime > parent.endTime ? child.endTime - parent.endTime : 0
        guard max(early, late) > tolerance else { return nil }
        let room = parent.duration >= child.duration ? (parent.duration - child.duration) / 2 : 0
        // A server that is slower than its caller waited: only when it also began before the caller is a clock to blame.
        guard parent.duration >= child.duration || early > tolerance else { return nil }
        let wanted = parent.startTime.addingReportingOverflow(room).partialValue
        return Int64(truncatingIfNeeded: wanted &- child.startTime)
    }

    private static func text(_ nanoseconds: UInt64) -> String {
        let value = Double(nanoseconds)
        return value >= 1e9 ? "\((value / 1e7).rounded() / 100) s" : value >= 1e6 ? "\((value / 1e4).rounded() / 100) ms" : "\((value / 10).rounded() / 100) µs"
    }
}
