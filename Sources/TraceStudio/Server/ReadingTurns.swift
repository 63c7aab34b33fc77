internal import Synchronization

/// Lets one of those who ask for the same thing at one time read it; the others wait, and find it where the first one put it.
final class ReadingTurns<Key: Hashable & Sendable>: Sendable {
    private let waiters = Mutex<[Key: [CheckedContinuation<Void, Never>]]>([:])

    /// - Returns: true for the one who is to read, and to call ``finish(_:)`` then; false after another one has read, or failed to.
    func lead(_ key: Key) async -> Bool {
        let isLeader = waiters.withLock { waiters in
            guard waiters[key] == nil else { return false }
            waiters[key] = []
            return true
        }
        if isLeader { return true }
        await withCheckedContinuation { continuation in
            let resumesNow = waiters.withLock { waiters in
                guard waiters[key] != nil else { return true }
                waiters[key]?.append(continuation)
                return false
            }
            if resumesNow { continuation.resume() }
        }
        return false
    }

    func finish(_ key: Key) {
        for waiter in waiters.withLock({ $0.removeValue(forKey: key) ?? [] }) { waiter.resume() }
    }
}
