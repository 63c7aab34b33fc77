internal import ArgumentParser
internal import Dispatch
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Logging
internal import ServiceLifecycle
internal import Synchronization
internal import UnixSignals

/// Runs services: starts them in order, stops them in reverse on SIGTERM or SIGINT, within a bounded time.
enum Program {
    /// From the end of `--exit-timeout-secs` to that of the process: what is cancelled then ends in its own order, Python workers
    /// last, for which this is several times what they may take (``CommonOptions/workerStopTimeout``). Only something that hangs takes longer.
    private static let cancellationTime = Duration.seconds(20)

    static func run(_ services: [any Service], options: CommonOptions, logger: Logger) async throws {
        let limit = Duration.seconds(options.exitTimeoutSecs)
        let stopping = StopWatch { stopping in
            // On a thread of its own: what hangs may have taken all of Swift's.
            let seconds = Int(min(limit, .seconds(31_536_000)).components.seconds + cancellationTime.components.seconds)
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) {
                guard !stopping.isOver else { return }
                logger.critical("Ended by force: something did not end \(cancellationTime) after the \(limit) of --exit-timeout-secs")
                _exit(1)
            }
        }
        defer { stopping.end() }
        var configuration = ServiceGroupConfiguration(
            services: (services + [stopping]).map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = limit
        let group = ServiceGroup(configuration: configuration)
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask { await endOnSecondInterrupt() }
                defer { tasks.cancelAll() }
                try await tasks.next()
            }
        } catch where !stopping.hasLasted(limit) {
            throw error
        } catch {
            logger.debug("A service failed while it was stopped", metadata: ["error": "\(error)"])
        }
        guard stopping.hasLasted(limit) else { return logger.info("Stopped") }
        logger.warning("Stopped before everything was finished: the \(options.exitTimeoutSecs) s of --exit-timeout-secs were over")
        throw ExitCode.failure
    }

    /// Whoever presses Ctrl-C again does not want to wait: what was accepted is on disk already, requests under way are lost.
    private static func endOnSecondInterrupt() async {
        var count = 0
        for await _ in await UnixSignalsSequence(trapping: .sigint) {
            count += 1
            // The code that a shell gives a program which was interrupted.
            if count == 2 { _exit(128 + SIGINT) }
        }
    }
}

/// Notes when the stop began. As the last service it hears of it first.
private final class StopWatch: Service {
    private struct State {
        var start: ContinuousClock.Instant?
        var isOver = false
    }

    private let state = Mutex(State())
    private let onStart: @Sendable (StopWatch) -> Void

    init(onStart: @escaping @Sendable (StopWatch) -> Void) {
        self.onStart = onStart
    }

    func run() async throws {
        // Thrown when another service failed, which is a stop as well.
        try? await gracefulShutdown()
        state.withLock { $0.start = .now }
        onStart(self)
    }

    /// The stop began at least so long ago.
    func hasLasted(_ duration: Duration) -> Bool {
        state.withLock { state in state.start.map { $0.duration(to: .now) >= duration } ?? false }
    }

    /// All services have ended.
    func end() { state.withLock { $0.isOver = true } }

    var isOver: Bool { state.withLock { $0.isOver } }
}
