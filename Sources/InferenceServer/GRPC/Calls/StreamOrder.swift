internal import Synchronization

/// Lets the answers of a stream leave in the order of their requests.
final class StreamOrder: Sendable {
    private struct State: Sendable {
        /// The next place to be given out.
        var last: UInt64 = 0
        /// The place whose turn it is.
        var current: UInt64 = 0
        /// Places that were done with before their turn.
        var done: Set<UInt64> = []
        // Bounded, as the others are, by the requests that the stream has in flight.
        var waiting: [UInt64: UnsafeContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// A place behind all others; whoever takes it must call ``finish(_:)`` once.
    func place() -> UInt64 {
        state.withLock { state in
            defer { state.last += 1 }
            return state.last
        }
    }

    /// Waits until all places before this one are done with.
    func turn(_ place: UInt64) async {
        // Unsafe: a checked continuation costs an allocation; it is resumed once, here or by `finish`.
        await withUnsafeContinuation { continuation in
            let isTurn = state.withLock { state in
                if state.current == place { return true }
                state.waiting[place] = continuation
                return false
            }
            if isTurn { continuation.resume() }
        }
    }

    /// Gives the place up, whether it had its turn or not.
    func finish(_ place: UInt64) {
        let next = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            state.done.insert(place)
            while state.done.remove(state.current) != nil { state.current += 1 }
            return state.waiting.removeValue(forKey: state.current)
        }
        next?.resume()
    }
}
