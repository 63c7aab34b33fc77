internal import Synchronization

/// What stands between the socket's event loop, which never waits, and the one task that decodes and stores.
final class DatagramInbox: Sendable {
    enum Outcome {
        case queued
        case dropped(isFirst: Bool)
    }

    private struct State {
        var queue: DatagramQueue
        var drops = EpisodeLog()
        var isFinished = false
        /// The task, while there is nothing to do.
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(queue: DatagramQueue) {
        state = Mutex(State(queue: queue))
    }

    func offer(_ datagram: [UInt8]) -> Outcome {
        let (outcome, reader) = state.withLock { state -> (Outcome, CheckedContinuation<Void, Never>?) in
            guard !state.isFinished, state.queue.add(datagram) else { return (.dropped(isFirst: state.drops.trouble()), nil) }
            return (.queued, state.reader.take())
        }
        reader?.resume()
        return outcome
    }

    /// No datagram follows.
    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            return state.reader.take()
        }
        reader?.resume()
    }

    /// ``finish()`` was called.
    var isFinished: Bool { state.withLock { $0.isFinished } }

    /// The oldest datagrams, as soon as there are some; `nil` when none follows. For one caller at a time.
    func next() async -> [[UInt8]]? {
        while true {
            let (group, isFinished) = state.withLock { ($0.queue.isEmpty ? nil : $0.queue.takeGroup(), $0.isFinished) }
            if group != nil || isFinished { return group }
            await withCheckedContinuation { reader in
                let hasNews = state.withLock { state in
                    guard state.queue.isEmpty, !state.isFinished else { return true }
                    state.reader = reader
                    return false
                }
                if hasNews { reader.resume() }
            }
        }
    }

    /// - Returns: whether a row of drops begins.
    func noteDropped(_ datagrams: Int) -> Bool {
        state.withLock { $0.drops.trouble(datagrams) }
    }

    /// How many were dropped, once, when a row of drops has ended.
    func endedDrops(isFinal: Bool = false) -> Int? {
        state.withLock { $0.drops.ended(isFinal: isFinal) }
    }
}
