internal import Synchronization

/// Locks over sets of names: who wants names that are taken waits; others go on. All names are taken at once, so nobody waits in a circle.
final class NameLocks: Sendable {
    private struct Waiter {
        let names: Set<String>
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var taken: Set<String> = []
        /// The longest waiting first; bounded by the requests that the front ends take.
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    /// Runs the body while it holds the names.
    func withNames<Value>(_ names: Set<String>, isolation: isolated (any Actor)? = #isolation, _ body: () async -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                // Who waits already for one of the names goes first.
                guard state.taken.isDisjoint(with: names), state.waiters.allSatisfy({ $0.names.isDisjoint(with: names) }) else {
                    state.waiters.append(Waiter(names: names, continuation: continuation))
                    return false
                }
                state.taken.formUnion(names)
                return true
            }
            if isFree { continuation.resume() }
        }
        defer { release(names) }
        return await body()
    }

    private func release(_ names: Set<String>) {
        let ready = state.withLock { state in
            state.taken.subtract(names)
            var ready: [Waiter] = []
            var blocked = state.taken
            state.waiters.removeAll { waiter in
                let isFree = blocked.isDisjoint(with: waiter.names)
                // Those behind a waiter that is still blocked must not overtake it.
                blocked.formUnion(waiter.names)
                if isFree {
                    state.taken.formUnion(waiter.names)
                    ready.append(waiter)
                }
                return isFree
            }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }
}
