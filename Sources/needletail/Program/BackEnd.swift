internal import Logging
internal import ServiceLifecycle
internal import TraceCollector
internal import TraceStore
internal import TraceStoreSQLite
internal import TraceStudio

/// Puts the trace back end together: store ← pipeline ← ingest ← receivers; metrics and live views listen; the query servers read.
struct BackEnd {
    private let options: BackEndOptions
    private let host: String
    private let greeting: Greeting
    private let logger: Logger
    private let store: SQLiteTraceStore
    /// Traces that somebody wants to keep beyond the retention of the store.
    private let archive: SQLiteTraceStore
    private let pipeline: SpanPipeline
    private let generator: MetricsGenerator
    private let remoteWriters: [PrometheusRemoteWriter]
    private let live = LiveFeed()
    /// One for all query ports: they share the memory.
    private let largeTraces = LargeTraceGate()
    private let ingest: SpanIngest
    private let health: ServerHealth

    private let collector: CollectorConfiguration

    private init(options: BackEndOptions, collector: CollectorConfiguration, host: String, greeting: Greeting, logger: Logger) throws {
        self.options = options
        self.host = host
        self.greeting = greeting
        self.logger = logger
        self.collector = collector
        let generator = MetricsGenerator(configuration: collector.metricsGenerator ?? MetricsGenerator.Configuration())
        self.generator = generator
        let configured = options.remoteWriteUrl.map { [PrometheusRemoteWriter.Configuration(url: $0, intervalSeconds: options.remoteWriteInterval)] }
        remoteWriters = try ((configured ?? []) + collector.remoteWrites).map {
            try PrometheusRemoteWriter(configuration: $0, generator: generator, logger: logger)
        }
        store = try SQLiteTraceStore(directory: options.dataDir, configuration: options.storeConfiguration, logger: logger)
        // Kept for ever, and little: without partitions of an hour.
        archive = try SQLiteTraceStore(
            directory: options.dataDir + "/archive", configuration: .init(partitionSeconds: .max), logger: logger
        )
        pipeline = try SpanPipeline(configuration: collector, store: store, dataDirectory: options.dataDir, logger: logger)
        health = ServerHealth(awaiting: Set(Self.listeners(of: options).map(\.rawValue)))
        ingest = SpanIngest(store: pipeline, observers: [generator, live], logger: logger)
    }

    static func listeners(of options: BackEndOptions) -> Set<Greeting.Listener> {
        let optional: [(Greeting.Listener, OptionalPort)] = [
            (.zipkin, options.zipkinPort), (.jaegerCompact, options.jaegerCompactPort), (.jaegerBinary, options.jaegerBinaryPort),
            (.jaegerGRPC, options.jaegerGrpcPort), (.jaegerHTTP, options.jaegerHttpPort), (.sampling, options.samplingPort),
            (.admin, options.adminPort), (.jaegerQueryGRPC, options.jaegerQueryGrpcPort), (.tempo, options.tempoPort),
        ]
        return Set([.query, .otlpHTTP, .otlpGRPC] + optional.filter { $0.1 != .off }.map(\.0))
    }

    /// The services in the order in which they start; they stop in reverse, so that what a receiver accepted is still stored.
    static func services(options: BackEndOptions, collector: CollectorConfiguration, host: String, greeting: Greeting, logger: Logger) throws -> [any Service] {
        let backEnd = try BackEnd(options: options, collector: collector, host: host, greeting: greeting, logger: logger)
        return try [StoreService(store: backEnd.store), StoreService(store: backEnd.archive), backEnd.generator] + backEnd.remoteWriters
            + [backEnd.pipeline, backEnd.ingest] + backEnd.receivers + backEnd.queryServers
    }

    // MARK: Receivers

    private var receivers: [any Service] {
        get throws {
            let cors = CORSPolicy(allowedOrigins: options.corsAllowedOrigin)
            let otlp: [any Service] = [
                OTLPHTTPReceiver(
                    host: host, port: options.otlpHttpPort, ingest: ingest, cors: cors, logger: logger, onListening: listening(.otlpHTTP)
                ),
                OTLPGRPCReceiver(host: host, port: options.otlpGrpcPort, ingest: ingest, logger: logger, onListening: listening(.otlpGRPC)),
            ]
            let strategies = try options.samplingStrategies.map { try SamplingStrategies(path: $0, logger: logger) } ?? .everything
            let zipkinQuery = ZipkinQueryAPI(
                store: store, archive: archive, ingest: ingest, autocompleteKeys: options.zipkinAutocompleteKey, queryPort: options.queryPort,
                gate: largeTraces, logger: logger
            )
            let others: [(any Service)?] = [
                options.zipkinPort.number.map { port in
                    ZipkinReceiver(
                        host: host, port: port, ingest: ingest, cors: cors, logger: logger, others: { await zipkinQuery.respond(to: $0) },
                        onListening: listening(.zipkin)
                    )
                },
                options.jaegerHttpPort.number.map { port in
                    JaegerHTTPReceiver(
                        host: host, port: port, ingest: ingest, strategies: strategies, logger: logger, onListening: listening(.jaegerHTTP)
                    )
                },
                options.jaegerGrpcPort.number.map { port in
                    JaegerGRPCReceiver(
                        host: host, port: port, ingest: ingest, strategies: strategies, logger: logger, onListening: listening(.jaegerGRPC)
                    )
                },
                jaegerUDP(options.jaegerCompactPort, .compact, .jaegerCompact),
                jaegerUDP(options.jaegerBinaryPort, .binary, .jaegerBinary),
                options.samplingPort.number.map { port in
                    JaegerSamplingServer(host: host, port: port, strategies: strategies, logger: logger, onListening: listening(.sampling))
                },
                options.adminPort.number.map { [generator, pipeline, remoteWriters, largeTraces] port in
                    let metrics = BackEndMetrics(ingest: ingest, store: store, version: Needletail.version)
                    return AdminServer(
                        host: host, port: port, health: health,
                        metrics: { await metrics.families() + generator.families() + pipeline.families() + remoteWriters.flatMap { $0.families() } + largeTraces.families() },
                        version: Needletail.version, logger: logger, onListening: listening(.admin)
                    )
                },
            ]
            return otlp + others.compactMap(\.self)
        }
    }

    private func jaegerUDP(_ port: OptionalPort, _ encoding: JaegerUDPReceiver.Encoding, _ listener: Greeting.Listener) -> (any Service)? {
        port.number.map { port in
            JaegerUDPReceiver(host: host, port: port, encoding: encoding, ingest: ingest, logger: logger, onListening: listening(listener))
        }
    }

    // MARK: Queries

    private var queryServers: [any Service] {
        get throws {
            let servers: [(any Service)?] = try [
                TraceStudioServer(
                    host: host, port: options.queryPort, store: store, archive: archive, ingest: ingest, live: live,
                    maximumClockSkew: options.maximumClockSkew, gate: largeTraces, ports: greeting.portsByName, logger: logger,
                    onListening: listening(.query)
                ),
                options.tempoPort.number.map { [generator] port in
                    TempoServer(
                        host: host, port: port, store: store, archive: archive, metrics: { generator.families() }, gate: largeTraces, logger: logger,
                        onListening: listening(.tempo)
                    )
                },
                options.jaegerQueryGrpcPort.number.map { port in
                    JaegerQueryGRPCServer(
                        host: host, port: port, store: store, archive: archive, maximumClockSkew: options.maximumClockSkew, gate: largeTraces,
                        logger: logger, onListening: listening(.jaegerQueryGRPC)
                    )
                },
            ]
            return servers.compactMap(\.self)
        }
    }

    private func listening(_ listener: Greeting.Listener) -> @Sendable (Int) async -> Void {
        { [greeting, health] port in
            health.listening(listener.rawValue)
            greeting.listening(listener, port: port)
        }
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
