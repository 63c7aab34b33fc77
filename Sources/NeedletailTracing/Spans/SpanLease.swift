internal import Synchronization
package import TraceModel
internal import Tracing

/// Ends a span once: by the first call that says how the operation went, or when nobody holds the lease any more, which
/// is how a stream that nobody reads to its end goes.
package final class SpanLease: Sendable {
    package let span: NeedletailSpan
    private let isOver = Atomic(false)

    package init(_ span: NeedletailSpan) {
        self.span = span
    }

    deinit { end() }

    /// Ends the span with these attributes.
    package func end(attributes: [Attribute] = []) {
        guard !isOver.exchange(true, ordering: .relaxed) else { return }
        span.setAttributes(attributes)
        span.end()
    }

    /// Records the error, sets the status to error, and ends the span.
    package func fail(_ error: any Error, attributes: [Attribute]) {
        guard !isOver.exchange(true, ordering: .relaxed) else { return }
        span.setAttributes(attributes)
        span.recordError(error)
        span.setError()
        span.end()
    }
}
