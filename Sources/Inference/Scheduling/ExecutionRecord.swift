/// When a batch went through its stages; the same for each request of it. Times are those of ``MonotonicClock``.
package struct ExecutionRecord: Hashable, Sendable {
    /// The batch was taken from the queue.
    package var computeStart: UInt64 = 0
    /// The model is called.
    package var inputEnd: UInt64 = 0
    /// The model gave its results.
    package var outputStart: UInt64 = 0
    /// The results are checked.
    package var computeEnd: UInt64 = 0
    /// Counts the model's executions, from 1.
    package var batchID: UInt64 = 0
    /// The requests' batch sizes together.
    package var batchSize = 0
    /// How many requests were executed together.
    package var requestCount = 0
}
