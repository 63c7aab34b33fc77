internal import TraceQuery

/// The bar of one span on the trace's time line.
struct SpanBar {
    /// Nanoseconds from the start of the trace.
    var start: UInt64
    /// Nanoseconds.
    var duration: UInt64
    /// Pieces of it that stages took.
    var segments: [StageSegment]

    /// - Parameters:
    ///   - total: the trace's duration.
    ///   - width: columns for it.
    ///   - ink: of what no stage took.
    func text(total: UInt64, width: Int, ink: Ink, style: TerminalStyle) -> String {
        guard width > 0 else { return "" }
        // Within the trace, as a broken clock can make a span longer than it.
        let begin = Double(min(start, total))
        let end = min(begin + Double(duration), Double(total))
        let nanosecondsPerColumn = max(Double(total), 1) / Double(width)
        let first = min(width - 1, Int(begin / nanosecondsPerColumn))
        // Every span is seen, however short.
        let last = max(first, min(width - 1, Int((end / nanosecondsPerColumn).rounded(.up)) - 1))
        var result = String(repeating: " ", count: first)
        var column = first
        while column <= last {
            let stage = stage(ofColumn: column, nanosecondsPerColumn)
            var next = column + 1
            while next <= last, self.stage(ofColumn: next, nanosecondsPerColumn) == stage { next += 1 }
            let look = stage.map(StageLook.init)
            result += style.paint(String(repeating: look?.pattern ?? "━", count: next - column), look?.ink ?? ink)
            column = next
        }
        return result
    }

    /// The stage that took most of a column.
    private func stage(ofColumn column: Int, _ nanosecondsPerColumn: Double) -> Stage? {
        let low = Double(column) * nanosecondsPerColumn
        let high = low + nanosecondsPerColumn
        var best: Stage?
        var most = 0.0
        for segment in segments {
            let overlap = min(high, Double(segment.start) + Double(segment.duration)) - max(low, Double(segment.start))
            if overlap > most { (best, most) = (segment.stage, overlap) }
        }
        return best
    }
}
