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
    init(options: ServingOptions, common: CommonOptions, defaultWords: [String] = [], greeting: Greeting, logger: Logger) throws {
        self.server = try Self.server(options: options, common: common, defaultWords: defaultWords, logger: logger)
        self.greeting = greeting
        server.bootstrapInstrumentation()
    }

    /// Throws what starting would throw about these settings, and starts nothing.
    static func check(options: ServingOptions, common: CommonOptions, defaultWords: [String] = [], logger: Logger) throws {
        _ = try server(options: options, common: common, defaultWords: defaultWords, logger: logger)
    }

    private static func server(options: ServingOptions, common: CommonOptions, defaultWords: [String] = [], logger: Logger) throws -> Server {
        var tracing = ServerConfiguration.Tracing(traceConfig: options.traceConfig, file: options.tracingFile, flushTimeout: common.flushTimeout)
        tracing.defaultWords = defaultWords
        var configuration = ServerConfiguration(
            http: .init(host: common.host, port: options.httpPort),
            grpc: options.grpcPort.number.map { .init(host: common.host, port: $0) },
            tracing: tracing,
            models: options.python.isEmpty ? [.passthrough] : []
        )
        configuration.pythonModels = options.python
        return try Server(configuration: configuration, logger: logger)
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [server] in try await server.run() }
            if let port = try? await server.boundPort { greeting.listening(.inferenceHTTP, port: port) }
            if let port = (try? await server.boundGRPCPort) ?? nil { greeting.listening(.inferenceGRPC, port: port) }
            try await group.waitForAll()
        }
    }
}
