internal import Synchronization

/// Lets one message through per interval and counts the others.
package final class LogGate: Sendable {
    private struct State {
        var last: ContinuousClock.Instant?
        var suppressed = 0
    }

    private let state = Mutex(State())
    private let interval: Duration

    package init(interval: Duration) {
        self.interval = interval
    }

    /// - Returns: `nil` to keep quiet, else how many messages were held back since the last one.
    package func admit() -> Int? {
        let now = ContinuousClock.now
        return state.withLock { state in
            if let last = state.last, now - last < interval {
                state.suppressed += 1
                return nil
            }
            defer { state = State(last: now) }
            return state.suppressed
        }
    }
}
