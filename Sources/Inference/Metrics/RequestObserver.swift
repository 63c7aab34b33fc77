package import TraceModel

/// Hears of each request's end, for metrics.
package protocol RequestObserver: Sendable {
    /// Called once for each request that was understood, whatever became of it, on the task that answers it; must be quick.
    func requestEnded(_ request: EndedRequest)
}

/// What became of a request, and how long it took. Durations are nanoseconds.
package struct EndedRequest: Sendable {
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        case success = "SUCCESS"
        /// The queue was full, or the request waited too long.
        case rejected = "REJECTED"
        case canceled = "CANCELED"
        /// The model failed it.
        case backend = "BACKEND"
        case other = "OTHER"
    }

    package var modelName: String
    package var modelVersion: Int
    package var outcome: Outcome
    package var total: UInt64
    package var queue: UInt64
    /// `nil` when it was not executed.
    package var execution: ExecutionRecord?
    /// How long the first of several responses took; `nil` for a request with one.
    package var firstResponse: UInt64?
    /// Set when the request is traced.
    package var traceID: TraceID?

    package init(
        modelName: String,
        modelVersion: Int,
        outcome: Outcome,
        total: UInt64,
        queue: UInt64,
        execution: ExecutionRecord? = nil,
        firstResponse: UInt64? = nil,
        traceID: TraceID? = nil
    ) {
        self.modelName = modelName
        self.modelVersion = modelVersion
        self.outcome = outcome
        self.total = total
        self.queue = queue
        self.execution = execution
        self.firstResponse = firstResponse
        self.traceID = traceID
    }
}
