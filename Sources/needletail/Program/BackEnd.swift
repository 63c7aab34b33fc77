internal import Logging
internal import ServiceLifecycle
internal import TraceCollector
internal import TraceStore
internal import TraceStoreSQLite
internal import TraceStudio

/// Puts the trace back end together: store ← ingest ← receivers, and the page.
enum BackEnd {
    static func listeners(of options: BackEndOptions) -> Set<Greeting.Listener> {
        let optional: [(Greeting.Listener, OptionalPort)] = [
            (.zipkin, options.zipkinPort), (.jaegerCompact, options.jaegerCompactPort), (.jaegerBinary, options.jaegerBinaryPort),
            (.jaegerGRPC, options.jaegerGrpcPort), (.jaegerHTTP, options.jaegerHttpPort),
        ]
        return Set([.query, .otlpHTTP, .otlpGRPC] + optional.filter { $0.1 != .off }.map(\.0))
    }

    /// The services in the order in which they start; they stop in reverse, so that what a receiver accepted is still stored.
    static func services(
        options: BackEndOptions,
        host: String,
        greeting: Greeting,
        logger: Logger
    ) throws -> [any Service] {
        let store = try SQLiteTraceStore(directory: options.dataDir, logger: logger)
        let ingest = SpanIngest(store: store, logger: logger)
        let otlp: [any Service] = [
            OTLPHTTPReceiver(host: host, port: options.otlpHttpPort, ingest: ingest, logger: logger) {
                greeting.listening(.otlpHTTP, port: $0)
            },
            OTLPGRPCReceiver(host: host, port: options.otlpGrpcPort, ingest: ingest, logger: logger) {
                greeting.listening(.otlpGRPC, port: $0)
            },
        ]
        let others = optionalReceivers(options: options, host: host, ingest: ingest, greeting: greeting, logger: logger)
        let studio = TraceStudioServer(host: host, port: options.queryPort, store: store, ingest: ingest, logger: logger) {
            greeting.listening(.query, port: $0)
        }
        return [StoreService(store: store), ingest] + otlp + others + [studio]
    }

    /// Those that are not switched off.
    private static func optionalReceivers(
        options: BackEndOptions,
        host: String,
        ingest: SpanIngest,
        greeting: Greeting,
        logger: Logger
    ) -> [any Service] {
        func jaegerUDP(_ port: OptionalPort, _ encoding: JaegerUDPReceiver.Encoding, _ listener: Greeting.Listener) -> (any Service)? {
            port.number.map { port in
                JaegerUDPReceiver(host: host, port: port, encoding: encoding, ingest: ingest, logger: logger) {
                    greeting.listening(listener, port: $0)
                }
            }
        }
        let receivers: [(any Service)?] = [
            options.zipkinPort.number.map { port in
                ZipkinReceiver(host: host, port: port, ingest: ingest, logger: logger) { greeting.listening(.zipkin, port: $0) }
            },
            options.jaegerHttpPort.number.map { port in
                JaegerHTTPReceiver(host: host, port: port, ingest: ingest, logger: logger) { greeting.listening(.jaegerHTTP, port: $0) }
            },
            options.jaegerGrpcPort.number.map { port in
                JaegerGRPCReceiver(host: host, port: port, ingest: ingest, logger: logger) { greeting.listening(.jaegerGRPC, port: $0) }
            },
            jaegerUDP(options.jaegerCompactPort, .compact, .jaegerCompact),
            jaegerUDP(options.jaegerBinaryPort, .binary, .jaegerBinary),
        ]
        return receivers.compactMap(\.self)
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
