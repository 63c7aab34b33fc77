internal import Dispatch
internal import Synchronization

/// Runs calls that may block, one after the other, on a thread that is neither an event loop's nor one of Swift's pool.
///
/// A pipe that nobody reads, or a network file system that does not answer, would otherwise take a thread of the pool, of
/// which there are as many as cores, and with a few of them the whole program.
package final class BlockingQueue: Sendable {
    private let queue: DispatchQueue

    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    /// Runs the body after all earlier ones and returns what it returns.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled. A body that runs already goes on then, and its result is
    ///   dropped; one that waits is never run.
    package func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        let call = Call(body)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard call.start(continuation) else { return }
                queue.async { call.run() }
            }
        } onCancel: {
            call.cancel()
        }
    }

    /// One call on its way through the queue.
    private final class Call<R: Sendable>: Sendable {
        private struct State {
            var body: (@Sendable () throws -> R)?
            var continuation: CheckedContinuation<R, any Error>?
        }

        private let state: Mutex<State>

        init(_ body: @escaping @Sendable () throws -> R) {
            state = Mutex(State(body: body))
        }

        /// `false` when the task was cancelled before; the continuation is resumed then.
        func start(_ continuation: CheckedContinuation<R, any Error>) -> Bool {
            let isWanted = state.withLock { state in
                if state.body == nil { return false }
                state.continuation = continuation
                return true
            }
            if !isWanted { continuation.resume(throwing: CancellationError()) }
            return isWanted
        }

        func run() {
            guard let body = state.withLock({ $0.body }) else { return }
            let result = Result { try body() }
            state.withLock { $0.continuation.take() }?.resume(with: result)
        }

        /// Lets go of the body too, and with it of the bytes that it would have written.
        func cancel() {
            let waiting = state.withLock { state in
                state.body = nil
                return state.continuation.take()
            }
            waiting?.resume(throwing: CancellationError())
        }
    }
}
