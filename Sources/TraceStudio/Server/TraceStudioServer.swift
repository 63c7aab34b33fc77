internal import Glibc
internal import Hummingbird
public import Logging
internal import NIOCore
public import ServiceLifecycle
public import TraceCollector
public import TraceStore

/// The query server: Jaeger's JSON API, version 1, the page's own API and the page itself, on one port.
public struct TraceStudioServer: Service {
    private let host: String
    private let port: Int
    private let responder: StudioResponder
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - store: The traces.
    ///   - ingest: Whose counters `/api/ui/status` shows.
    ///   - live: What was just stored, for pages that follow along.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String,
        port: Int,
        store: any TraceStore,
        ingest: SpanIngest? = nil,
        live: LiveFeed? = nil,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.responder = StudioResponder(store: store, ingest: ingest, live: live, logger: logger, clock: Self.now)
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation; requests under way are answered first.
    public func run() async throws {
        try await makeApplication().run()
    }

    /// The server as a value, for tests that drive it in process.
    func makeApplication() -> Application<StudioResponder> {
        Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(120))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }

    /// Nanoseconds since the Unix epoch.
    @Sendable private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
