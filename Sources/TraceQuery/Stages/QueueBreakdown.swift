public import TraceModel

/// The stage `queue` of a trace in two: waiting for a free instance, and for the batch.
public struct QueueBreakdown: Hashable, Sendable {
    /// A time in which every instance was executing, nanoseconds back from the start of an execution.
    public struct Blocked: Hashable, Sendable {
        public var from: UInt64
        public var to: UInt64

        public init(from: UInt64, to: UInt64) {
            self.from = from
            self.to = to
        }
    }

    /// A piece of a span's wait.
    public struct Piece: Hashable, Sendable {
        /// Row in the `TraceTree`.
        public var row: Int
        /// Nanoseconds from the start of the trace.
        public var start: UInt64
        /// Nanoseconds.
        public var duration: UInt64
        /// Whether an instance was free meanwhile.
        public var isBatchWait: Bool
    }

    /// By row, then start; those of a row fill its stage `queue` exactly.
    public private(set) var pieces: [Piece] = []
    /// Along the critical path, nanoseconds: together at most what the strip tells of the stage `queue`.
    public private(set) var noInstance: UInt64 = 0
    public private(set) var batchWait: UInt64 = 0

    /// - Parameter blocked: By compute span, for each whose wait is known; in order of time.
    public init(_ tree: TraceTree, blocked: [SpanID: [Blocked]]) {
        let inference = InferenceTree(tree)
        var waits: [Int: [(range: TimeRange, isBatchWait: Bool)]] = [:]
        for (index, node) in inference.nodes.enumerated() where node.span.role == .model {
            let computes = node.children.map { inference.nodes[$0] }.filter { $0.span.role == .compute }
            guard let queue = node.stages.first(where: { $0.0 == .queue })?.1,
                let execution = computes.min(by: { $0.span.bounds.start < $1.span.bounds.start }),
                let known = blocked[tree.span(execution.row).spanID]
            else { continue }
            let parts = Self.parts(of: queue, known, before: execution.span.bounds.start)
            waits[index] = parts
            pieces += parts.map {
                Piece(row: node.row, start: tree.spans.offset($0.range.start), duration: $0.range.length, isBatchWait: $0.isBatchWait)
            }
        }
        pieces.sort { ($0.row, $0.start) < ($1.row, $1.start) }
        for piece in inference.criticalPath(within: TimeRange(tree.spans.startTime, tree.spans.endTime)) {
            for part in waits[piece.node] ?? [] {
                let time = part.range.overlap(piece.range)
                if part.isBatchWait { batchWait += time } else { noInstance += time }
            }
        }
    }

    private static func parts(of queue: TimeRange, _ blocked: [Blocked], before start: UInt64) -> [(range: TimeRange, isBatchWait: Bool)] {
        var parts: [(range: TimeRange, isBatchWait: Bool)] = []
        var cursor = queue.start
        for one in blocked {
            let range = TimeRange(start - min(one.from, start), start - min(one.to, start)).clamped(to: queue)
            if range.length == 0 || range.start < cursor { continue }
            if range.start > cursor { parts.append((TimeRange(cursor, range.start), true)) }
            parts.append((range, false))
            cursor = range.end
        }
        if cursor < queue.end { parts.append((TimeRange(cursor, queue.end), true)) }
        return parts
    }
}
