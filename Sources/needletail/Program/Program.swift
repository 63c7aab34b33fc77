internal import ArgumentParser
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
    static func run(_ services: [any Service], options: CommonOptions, logger: Logger) async throws {
        let stopping = StopWatch()
        var configuration = ServiceGroupConfiguration(
            services: (services + [stopping]).map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = .seconds(options.exitTimeoutSecs)
        configuration.maximumCancellationDuration = .seconds(5)
        let group = ServiceGroup(configuration: configuration)
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask { await endOnSecondInterrupt() }
                defer { tasks.cancelAll() }
                try await tasks.next()
            }
        } catch where !stopping.hasLasted(.seconds(options.exitTimeoutSecs)) {
            throw error
        } catch {
            logger.debug("A service failed while it was stopped", metadata: ["error": "\(error)"])
        }
        guard stopping.hasLasted(.seconds(options.exitTimeoutSecs)) else { return logger.info("Stopped") }
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
    private let start = Mutex<ContinuousClock.Instant?>(nil)

    func run() async throws {
        try? await gracefulShutdown()
        start.withLock { $0 = .now }
    }

    /// The stop began at least so long ago.
    func hasLasted(_ duration: Duration) -> Bool {
        start.withLock { start in start.map { $0.duration(to: .now) >= duration } ?? false }
    }
}
