internal import Synchronization

/// Whether the back end can be used: it can when every listener accepts connections, until it begins to stop.
public final class ServerHealth: Sendable {
    private struct State {
        var awaited: Set<Int>
        /// Nanoseconds since the Unix epoch; `nil`: not available.
        var upSince: UInt64?
    }

    private let state: Mutex<State>

    /// - Parameter awaited: numbers of the listeners to wait for; with none it is available at once.
    public init(awaiting awaited: Set<Int> = []) {
        _ = ProcessMetrics.start
        state = Mutex(State(awaited: awaited, upSince: awaited.isEmpty ? WallClock.now() : nil))
    }

    /// A listener accepts connections.
    public func listening(_ listener: Int) {
        state.withLock { state in
            guard state.awaited.remove(listener) != nil, state.awaited.isEmpty else { return }
            state.upSince = WallClock.now()
        }
    }

    /// The back end stops.
    public func stopping() {
        state.withLock { $0.upSince = nil }
    }

    var upSince: UInt64? { state.withLock { $0.upSince } }
}
