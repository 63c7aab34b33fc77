public import TraceModel

extension TraceSearch {
    /// Calls `body` with the trace id and start time of every span that matches.
    public func forEachMatch(in batch: SpanBatch, _ body: (TraceID, UInt64) -> Void) {
        for resourceSpans in batch.resourceSpans {
            if let service, resourceSpans.resource.serviceName != service { continue }
            for scopeSpans in resourceSpans.scopeSpans {
                for span in scopeSpans.spans where matches(span: span, resource: resourceSpans.resource, scope: scopeSpans.scope) {
                    body(span.traceID, span.startTime)
                }
            }
        }
    }

    /// The start of the newest span that matches, or `nil` when none does.
    public func newestMatch(in batch: SpanBatch) -> UInt64? {
        var newest: UInt64?
        forEachMatch(in: batch) { _, startTime in newest = max(newest ?? 0, startTime) }
        return newest
    }
}
