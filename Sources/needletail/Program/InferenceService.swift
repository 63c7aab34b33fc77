internal import Inference
internal import InferenceServer
internal import Logging
internal import NeedletailServing
internal import ServiceLifecycle

/// The inference server as a service of the program: says its real port once it listens.
struct InferenceService: Service {
    private let server: Server
    private let greeting: Greeting

    /// - Parameter defaultWords: Words of `--trace-config` that count where neither the user's nor a tracing file says anything.
    init(options: InferenceOptions, common: CommonOptions, defaultWords: [String] = [], greeting: Greeting, logger: Logger) throws {
        if options.listeners.contains(.inferenceMetrics) { Server.bootstrapMetrics() }
        self.server = try Self.server(options: options, common: common, defaultWords: defaultWords, logger: logger)
        self.greeting = greeting
        server.bootstrapInstrumentation()
    }

    /// Throws what starting would throw about these settings, and starts nothing.
    static func check(options: InferenceOptions, common: CommonOptions, defaultWords: [String] = [], logger: Logger) throws {
        _ = try server(options: options, common: common, defaultWords: defaultWords, logger: logger)
    }

    private static func server(options: InferenceOptions, common: CommonOptions, defaultWords: [String] = [], logger: Logger) throws -> Server {
        let deprecated = options.serving.deprecatedTraceFlags
        for warning in deprecated.warnings { logger.warning("\(warning)") }
        for (flag, reason) in options.triton.withoutEffect { logger.notice("--\(flag) is accepted and has no effect: \(reason.rawValue)") }
        var tracing = ServerConfiguration.Tracing(
            traceConfig: deprecated.words + options.serving.traceConfig,
            file: options.serving.tracingFile,
            flushTimeout: common.flushTimeout
        )
        tracing.defaultWords = defaultWords
        var configuration = try options.serverConfiguration(host: common.host, tracing: tracing)
        configuration.python.stopTimeout = common.workerStopTimeout
        return try Server(configuration: configuration, logger: logger)
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [server] in try await server.run() }
            if let port = try? await server.boundPort { greeting.listening(.inferenceHTTP, port: port) }
            if let port = (try? await server.boundGRPCPort) ?? nil { greeting.listening(.inferenceGRPC, port: port) }
            if let port = (try? await server.boundMetricsPort) ?? nil { greeting.listening(.inferenceMetrics, port: port) }
            try await group.waitForAll()
        }
    }
}
