internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Runs services: starts them in order, stops them in reverse on SIGTERM or SIGINT, within a bounded time.
enum Program {
    static func run(_ services: [any Service], options: CommonOptions, logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = .seconds(options.exitTimeoutSecs)
        configuration.maximumCancellationDuration = .seconds(5)
        try await ServiceGroup(configuration: configuration).run()
        logger.info("Stopped")
    }
}
