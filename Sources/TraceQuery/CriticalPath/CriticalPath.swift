internal import TraceModel

/// The chain of spans that made a trace as long as it is: shortening anything else changes nothing.
///
/// Of spans that ran side by side the one that finished last counts; one that still ran when a later sibling began is cut there, and one
/// that outlives its parent at its parent's end. Spans at the top level (several roots, orphans) are walked like children of the whole trace.
public struct CriticalPath: Hashable, Sendable {
    /// A moment of the path that belongs to a span itself, not to one below it.
    public struct Piece: Hashable, Sendable {
        /// Row in the `TraceTree`.
        public var row: Int
        /// Nanoseconds from the start of the trace.
        public var start: UInt64
        /// Nanoseconds, never 0.
        public var duration: UInt64
    }

    /// In order of time; no two overlap, and all lie within the trace.
    public let pieces: [Piece]
    /// Each row's own time on the path, nanoseconds.
    public let exclusive: [UInt64]

    public init(_ tree: TraceTree) {
        let window = TimeRange(tree.spans.startTime, tree.spans.endTime)
        var walk = PathWalk(
            extent: { row in
                let span = tree.spans.entries[tree.rows[row].entry].span
                return TimeRange(span.startTime, span.endTime).clamped(to: window)
            },
            children: { row in
                let last = row + tree.rows[row].descendantCount
                var children: [Int] = []
                var child = row + 1
                while child <= last {
                    children.append(child)
                    child += tree.rows[child].descendantCount + 1
                }
                return children
            }
        )
        var top: [Int] = []
        var row = 0
        while row < tree.rows.count {
            top.append(row)
            row += tree.rows[row].descendantCount + 1
        }
        var exclusive = [UInt64](repeating: 0, count: tree.rows.count)
        var pieces: [Piece] = []
        for piece in walk.pieces(top: top, within: window) {
            exclusive[piece.node] += piece.range.length
            pieces.append(Piece(row: piece.node, start: piece.range.start - window.start, duration: piece.range.length))
        }
        self.pieces = pieces.sorted { $0.start < $1.start }
        self.exclusive = exclusive
    }
}
