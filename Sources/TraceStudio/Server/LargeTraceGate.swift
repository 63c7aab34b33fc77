package import PrometheusMetrics
internal import Synchronization

/// Lets only so much of large traces be in memory for answers at one time, for all query ports together. Others wait for their turn, and are
/// refused when that takes too long.
///
/// A trace is read whole for its answer, and stays until the answer is sent: without a bound slow readers of large traces would add up.
public final class LargeTraceGate: Sendable {
    /// Stored bytes, not compressed, up to which a trace needs no turn: some thousand spans.
    static let smallSize = 1 << 20
    /// A trace that may have more stored bytes than this gets its turn before it is read, others when their size is known.
    static let unreadSize = 8 << 20
    /// Stored bytes, not compressed, of all large traces that are answered at one time. A single larger one is let in alone. A span takes
    /// about three times as much memory as it has bytes in the store.
    public static let defaultCapacity = 96 << 20
    /// How long a request waits for its turn.
    public static let defaultPatience = Duration.seconds(20)
    /// Requests that wait at one time.
    static let maximumWaiting = 16

    private struct State {
        var used = 0
        /// Those who wait, in the order in which they came.
        var queue: [UInt64] = []
        var tickets: UInt64 = 0
        var refused = 0
        /// Make room: what is only kept in case that it is asked for again.
        var reserves: [@Sendable () -> Void] = []
    }

    let capacity: Int
    private let patience: Duration
    private let state = Mutex(State())

    public init(capacity: Int = defaultCapacity, patience: Duration = defaultPatience) {
        self.capacity = max(capacity, 1)
        self.patience = patience
    }

    /// Requests that were refused because their turn did not come.
    public var refusedCount: Int { state.withLock { $0.refused } }

    /// For the port of metrics.
    package func families() -> [MetricFamily] {
        let (used, refused) = state.withLock { ($0.used, $0.refused) }
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Int) -> MetricFamily {
            MetricFamily("needletail_query_large_trace_" + name, kind, help: help, points: [.init(.init(), .integer(UInt64(clamping: value)))])
        }
        return [
            family("bytes", .gauge, "Stored bytes of large traces that are being answered, or kept for the next question", used),
            family("refusals", .counter, "Requests for large traces that were told to come again", refused),
        ]
    }

    /// A place within the gate, free again when nobody has it any more.
    final class Permit: Sendable {
        private let gate: LargeTraceGate
        private let size: Mutex<Int>

        fileprivate init(_ gate: LargeTraceGate, size: Int) {
            self.gate = gate
            self.size = Mutex(size)
        }

        deinit { gate.release(size.withLock { $0 }) }

        /// Gives back what was taken too much.
        func shrink(to smaller: Int) {
            let spare = size.withLock { size in
                let spare = max(0, size - max(0, smaller))
                size -= spare
                return spare
            }
            gate.release(spare)
        }
    }

    /// Calls `release` when there is too little room: what is only kept in case that it is asked for again is given up then.
    func onShortage(_ release: @escaping @Sendable () -> Void) {
        state.withLock { $0.reserves.append(release) }
    }

    /// - Parameter size: how many bytes the trace has in the store, or may have.
    /// - Returns: `nil` for a trace that needs no turn.
    /// - Throws: ``APIError`` 503 when the turn does not come in time, `CancellationError`.
    func enter(size: Int) async throws -> Permit? {
        guard size > Self.smallSize else { return nil }
        let ticket: UInt64? = state.withLock { state in
            guard state.queue.count < Self.maximumWaiting else { return nil }
            state.tickets += 1
            state.queue.append(state.tickets)
            return state.tickets
        }
        guard let ticket else { throw refusal() }
        defer { state.withLock { state in state.queue.removeAll { $0 == ticket } } }
        let deadline = ContinuousClock.now + patience
        while !take(size, ticket) {
            for release in state.withLock({ $0.reserves }) { release() }
            if take(size, ticket) { break }
            guard ContinuousClock.now < deadline else { throw refusal() }
            // Seldom and short: a queue of continuations would be more code than this is worth.
            try await Task.sleep(for: .milliseconds(20))
        }
        return Permit(self, size: size)
    }

    private func take(_ size: Int, _ ticket: UInt64) -> Bool {
        state.withLock { state in
            guard state.queue.first == ticket, state.used == 0 || state.used + size <= capacity else { return false }
            state.used += size
            return true
        }
    }

    private func refusal() -> APIError {
        state.withLock { $0.refused += 1 }
        let seconds = max(1, patience.components.seconds)
        return APIError(
            status: 503, message: "too many large traces are being answered at this time: try again in \(seconds) s", retryAfter: seconds
        )
    }

    fileprivate func release(_ size: Int) {
        state.withLock { $0.used -= size }
    }
}
