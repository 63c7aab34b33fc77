internal import Synchronization

/// Tells a job on another thread that nobody waits for it any more.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    func cancel() { flag.store(true, ordering: .relaxed) }

    /// - Throws: `CancellationError` when cancelled.
    func check() throws {
        if flag.load(ordering: .relaxed) { throw CancellationError() }
    }
}
