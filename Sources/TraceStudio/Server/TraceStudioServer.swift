internal import Hummingbird
public import Logging
internal import NIOCore
public import ServiceLifecycle
public import TraceCollector
public import TraceStore

/// The query server: Jaeger's APIs over HTTP, versions 1 and 3, the page's own API and the page itself, on one port.
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
    ///   - archive: Where `/api/archive` keeps traces beyond the store's retention; without one it is an error.
    ///   - ingest: Whose counters `/api/ui/status` shows.
    ///   - live: What was just stored, for pages that follow along.
    ///   - maximumClockSkew: How far spans are moved to take out clock skew, nanoseconds; 0 moves none.
    ///   - gate: Bounds the large traces in memory, together with other query ports that have the same one.
    ///   - ports: Where the program listens, by listener (`otlpHTTP`, `otlpGRPC`, `zipkin`, `inferenceHTTP`…): `/api/ui/status` tells.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String,
        port: Int,
        store: any TraceStore,
        archive: (any TraceStore)? = nil,
        ingest: SpanIngest? = nil,
        live: LiveFeed? = nil,
        maximumClockSkew: UInt64 = 0,
        gate: LargeTraceGate = LargeTraceGate(),
        ports: @escaping @Sendable () -> [String: Int] = { [:] },
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        self.host = host
        self.port = port
        self.responder = try StudioResponder(
            store: store, archive: archive, ingest: ingest, live: live, maximumClockSkew: maximumClockSkew, gate: gate, ports: ports,
            logger: logger, clock: WallClock.now
        )
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
            server: .http1(
                // Files of traces are uploaded here: slow lines get minutes for them.
                configuration: .init(additionalChannelHandlers: [RequestEndInstaller(bodyTimeout: .minutes(10))], idleTimeout: .seconds(120))
            ),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }
}
