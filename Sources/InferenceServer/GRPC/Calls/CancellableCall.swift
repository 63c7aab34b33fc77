internal import GRPCCore
internal import Synchronization

/// Carries the end of a call (its client went away, its deadline passed) to the task that answers it.
///
/// The transport only sends a signal; models see the cancellation of their task. So the call needs no task of its own.
enum CancellableCall {
    private final class Answering: Sendable {
        // Unsafe: of another task's `UnsafeCurrentTask` only `cancel` is used, and only while it is answering: under the lock.
        private struct Reference: @unchecked Sendable {
            let task: UnsafeCurrentTask
        }

        private let reference: Mutex<Reference?>

        init(_ task: UnsafeCurrentTask) { reference = Mutex(Reference(task: task)) }

        func cancel() { reference.withLock { $0?.task.cancel() } }

        func end() { reference.withLock { $0 = nil } }
    }

    /// Runs the operation in the current task, and cancels the task when the call ends before.
    ///
    /// - Parameter isIgnored: asked when the call is told to end; `true` lets the operation go on.
    static func run<Value>(
        unless isIgnored: @escaping @Sendable () -> Bool,
        _ operation: () async throws -> Value
    ) async throws -> Value {
        try await withUnsafeCurrentTask { task in
            guard let task else { return try await operation() }
            let answering = Answering(task)
            defer { answering.end() }
            return try await withRPCCancellationHandler {
                try await operation()
            } onCancelRPC: {
                if !isIgnored() { answering.cancel() }
            }
        }
    }
}
