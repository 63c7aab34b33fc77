internal import TraceModel

extension TraceTree {
    /// One span and all below it, as if that were the trace.
    public func subtree(of row: Int) -> TraceTree {
        var isInside = [Bool](repeating: false, count: spans.entries.count)
        for index in row...(row + rows[row].descendantCount) { isInside[rows[index].entry] = true }
        let root = rows[row].entry
        let batch = spans.batch { entry, span in
            guard isInside[entry] else { return nil }
            guard entry == root else { return span }
            // What called it is not missing, it was left out.
            var span = span
            span.parentSpanID = nil
            return span
        }
        return TraceTree(traceID: spans.traceID, batch: batch)
    }

    /// The same spans with their times, and those of their events, corrected so that servers lie within their callers.
    public func correcting(_ skew: ClockSkew) -> TraceTree {
        guard !skew.hops.isEmpty, skew.corrections.count == rows.count else { return self }
        var corrections = [Int64](repeating: 0, count: spans.entries.count)
        for (row, correction) in skew.corrections.enumerated() { corrections[rows[row].entry] = correction }
        func moved(_ time: UInt64, _ correction: Int64) -> UInt64 {
            let (value, overflow) = correction < 0 ? time.subtractingReportingOverflow(correction.magnitude) : time.addingReportingOverflow(correction.magnitude)
            return overflow ? time : value
        }
        let batch = spans.batch { entry, span in
            let correction = corrections[entry]
            // A start of 0 is no time at all.
            guard correction != 0, span.startTime > 0 else { return span }
            var span = span
            span.startTime = moved(span.startTime, correction)
            span.endTime = moved(span.endTime, correction)
            for index in span.events.indices { span.events[index].time = moved(span.events[index].time, correction) }
            return span
        }
        return TraceTree(traceID: spans.traceID, batch: batch)
    }
}
