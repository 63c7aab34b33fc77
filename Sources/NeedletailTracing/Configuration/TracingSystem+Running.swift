#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import Synchronization
public import UnixSignals

extension TracingSystem {
    /// Exports while the body runs, and what is left when it has ended: for a program without a `ServiceGroup`.
    ///
    /// ```swift
    /// let tracing = try NeedletailTracing.bootstrap(serviceName: "import")
    /// try await tracing.run {
    ///     try await withSpan("import") { _ in try await importEverything() }
    /// }
    /// ```
    ///
    /// At a signal the spans that have ended leave at once, and the body is cancelled and awaited; a second signal ends the
    /// process without waiting. The flush at the end takes `shutdownTimeout` at most, also when the body threw or the caller
    /// was cancelled.
    ///
    /// - Parameter signals: trapped from now on, and for the rest of the process.
    /// - Returns: what the body returned; `nil` when it was cancelled by a signal.
    /// - Throws: what the body throws.
    @discardableResult
    public func run<Result: Sendable>(
        gracefulShutdownSignals signals: [UnixSignal] = [.sigterm, .sigint],
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let arriving = await UnixSignalsSequence(trapping: signals)
        let stopping = Stopping()
        // Three tasks owned by this call, which awaits each: a cancellation of the caller is for the body only.
        let exporting = Task { await self.export() }
        let work = Task { try await body() }
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in arriving {
                    // The code that a shell gives a program which was ended by a signal.
                    if stopping.begin() { _exit(128 + signal.rawValue) }
                    for processor in self.processors { processor.requestFlush() }
                    work.cancel()
                }
            }
            let result = await withTaskCancellationHandler { await work.result } onCancel: { work.cancel() }
            // A signal that comes during the flush still counts as the second one.
            await Task { await self.shutdown() }.value
            group.cancelAll()
            return result
        }
        await exporting.value
        if case .failure(let error) = result, error is CancellationError, stopping.hasBegun { return nil }
        return try result.get()
    }

    private final class Stopping: Sendable {
        private let flag = Atomic(false)

        var hasBegun: Bool { flag.load(ordering: .relaxed) }

        /// - Returns: whether it had begun before.
        func begin() -> Bool { flag.exchange(true, ordering: .relaxed) }
    }
}
