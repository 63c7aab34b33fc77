internal import Logging
internal import ServiceLifecycle
internal import TraceCollector
internal import TraceStore
internal import TraceStoreSQLite
internal import TraceStudio

/// Puts the trace back end together: store ← ingest ← receivers, and the page.
enum BackEnd {
    static let listeners: Set<Greeting.Listener> = [.query, .otlpHTTP, .otlpGRPC]

    /// The services in the order in which they start; they stop in reverse, so that what a receiver accepted is still stored.
    static func services(
        options: BackEndOptions,
        host: String,
        greeting: Greeting,
        logger: Logger
    ) throws -> [any Service] {
        let store = try SQLiteTraceStore(directory: options.dataDir, logger: logger)
        let ingest = SpanIngest(store: store, logger: logger)
        return [
            StoreService(store: store),
            ingest,
            OTLPHTTPReceiver(host: host, port: options.otlpHttpPort, ingest: ingest, logger: logger) {
                greeting.listening(.otlpHTTP, port: $0)
            },
            OTLPGRPCReceiver(host: host, port: options.otlpGrpcPort, ingest: ingest, logger: logger) {
                greeting.listening(.otlpGRPC, port: $0)
            },
            TraceStudioServer(host: host, port: options.queryPort, store: store, ingest: ingest, logger: logger) {
                greeting.listening(.query, port: $0)
            },
        ]
    }
}

/// Closes the store when everything that writes to it has stopped.
struct StoreService: Service {
    let store: any TraceStore

    func run() async throws {
        try? await gracefulShutdown()
        await store.close()
    }
}
