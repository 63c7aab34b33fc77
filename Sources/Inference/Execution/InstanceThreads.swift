#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif
internal import Synchronization

/// A thread for each instance of a model whose code blocks, so that it holds up nothing but itself. A thread begins with the
/// first work of its instance, and ends with ``stop()`` or when this is forgotten.
package final class InstanceThreads: Sendable {
    private struct State: Sendable {
        var threads: [Int: WorkThread] = [:]
        var isStopped = false
    }

    private let name: String
    private let state = Mutex(State())

    /// - Parameter name: whose threads they are, for messages.
    package init(name: String) { self.name = name }

    deinit { stop() }

    /// Runs the body on the thread of an instance, after what was given to it before.
    ///
    /// - Throws: what the body throws; `unavailable` after ``stop()``.
    package func run<Value: Sendable>(instance: Int, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let isTaken = thread(instance)?.append { continuation.resume(with: Result { try body() }) } ?? false
            if !isTaken { continuation.resume(throwing: InferenceError(.unavailable, "'\(name)' was stopped")) }
        }
    }

    /// Takes no more work; threads end when what they have is done. Does not wait for that.
    package func stop() {
        let threads = state.withLock { state in
            state.isStopped = true
            defer { state.threads = [:] }
            return state.threads.values.map { $0 }
        }
        for thread in threads { thread.stop() }
    }

    private func thread(_ instance: Int) -> WorkThread? {
        state.withLock { state in
            guard !state.isStopped else { return nil }
            if let thread = state.threads[instance] { return thread }
            guard let thread = WorkThread() else { return nil }
            state.threads[instance] = thread
            return thread
        }
    }
}

/// A thread that does one piece of work after the other.
private final class WorkThread: @unchecked Sendable {
    // Unchecked: `work` and `isStopped` are touched under `mutex` only.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var work = FIFO<@Sendable () -> Void>()
    private var isStopped = false

    /// `nil` when the system gives no thread.
    init?() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        var thread = pthread_t()
        // Balanced by `takeRetainedValue` on the thread, which so keeps its own queue alive.
        let reference = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, nil, { pointer in
            // Never nil: it is what was passed above.
            guard let pointer else { return nil }
            Unmanaged<WorkThread>.fromOpaque(pointer).takeRetainedValue().loop()
            return nil
        }, reference.toOpaque())
        guard code == 0 else {
            reference.release()
            return nil
        }
        pthread_detach(thread)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// - Returns: `false` when it was stopped.
    func append(_ body: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isStopped else { return false }
        work.append(body)
        pthread_cond_signal(condition)
        return true
    }

    func stop() {
        pthread_mutex_lock(mutex)
        isStopped = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func loop() {
        while let body = next() { body() }
    }

    private func next() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while work.isEmpty, !isStopped { pthread_cond_wait(condition, mutex) }
        return work.popFirst()
    }
}
