internal import InferenceBackends
internal import InferenceServer
internal import Instrumentation
public import Logging
public import NeedletailTracing
public import ServiceLifecycle
internal import Synchronization
internal import TraceModel
public import UnixSignals

/// An inference server to embed: models are Swift closures, served over KServe v2 (HTTP and gRPC) and Triton's generate extension, and traced
/// by Triton's `--trace-config` words.
///
/// ```swift
/// import NeedletailServing
///
/// let server = try Server(
///     configuration: .init(
///         http: .init(port: 8000),
///         tracing: .init(traceConfig: [
///             "level=TIMESTAMPS", "rate=1", "mode=opentelemetry",
///             "opentelemetry,url=127.0.0.1:4318/v1/traces",
///             "opentelemetry,resource=service.name=my-server",
///         ])
///     )
/// )
/// try server.bind(
///     name: "double",
///     inputs: [TensorSpecification("x", Float.self, shape: [-1])],
///     outputs: [TensorSpecification("y", Float.self, shape: [-1])],
///     maxBatchSize: 16
/// ) { requests in
///     requests.map { request in
///         InferenceResult {
///             let x = try request.inputs.require("x")
///             let y = try request.withSpan("double") { _ in try x.values(as: Float.self).map { $0 * 2 } }
///             return ["y": try Tensor(y, shape: x.shape)]
///         }
///     }
/// }
/// try await server.runUntilSignal()
/// ```
///
/// As part of a program of several services, put it into their `ServiceGroup` and call nothing else: ``run()`` serves until
/// graceful shutdown, answers what is under way, then exports the spans that are left. ``boundPort`` tells the port when
/// `http.port` is 0. A program that has its own span processor passes it to ``init(configuration:spanProcessor:logger:)`` and
/// keeps running and flushing it; otherwise the server makes exporters from the trace settings, a BentoML file (of
/// `tracing.file`, else of `BENTOML_CONFIG`) and the `OTEL_…` environment variables, and owns them.
///
/// Inside a model `request.withSpan` always works. For plain `withSpan` of swift-distributed-tracing call
/// ``bootstrapInstrumentation()`` once, early in the program.
public final class Server: Service {
    /// What requests are traced and where spans go.
    public let traceSettings: TraceSettings
    /// The models and their statistics, without the network.
    public let core: InferenceCore
    private let http: InferenceHTTPServer?
    private let grpc: InferenceGRPCServer?
    private let metrics: MetricsHTTPServer?
    /// `nil` when there are no Python models.
    private let python: PythonModels?
    /// `nil` when no Python process may connect.
    private let workers: WorkerListener?
    private let logger: Logger
    /// Who receives the spans; `nil` when nothing is traced.
    private let spanProcessor: (any SpanProcessor)?
    /// The exporter that this server made itself.
    private let ownTracing: TracingSystem?
    /// Mode `triton`: where traces are written.
    private let traceFile: TraceFileService?

    /// Makes a server; it listens when it is run.
    ///
    /// - Parameters:
    ///   - spanProcessor: takes the spans instead of an exporter by the trace settings; the caller runs and flushes it.
    /// - Throws: ``TraceSettingsError`` for a wrong `--trace-config` word, `TracingConfigurationError` for an endpoint that
    ///   cannot be used or a tracing file with mistakes, ``InferenceError`` for a wrong model declaration.
    public init(
        configuration: ServerConfiguration = ServerConfiguration(),
        spanProcessor: (any SpanProcessor)? = nil,
        logger: Logger = Logger(label: "needletail.serving")
    ) throws {
        let logging = configuration.log.settings
        let logger = SettingsLogHandler.logger(logger, settings: logging)
        let tracing = try ServerTracing(
            configuration.tracing,
            exports: spanProcessor == nil,
            environment: ProcessEnvironment.current,
            logger: logger
        )
        let own = try tracing.makeSystem(logger: logger)
        let processor = spanProcessor ?? own.flatMap { $0.processors.isEmpty ? nil : $0.spanProcessor }
        let (tracer, file) = try tracing.makeTracer(processor: processor, isOwn: spanProcessor == nil, logger: logger)
        traceFile = file
        traceSettings = tracing.settings
        let repositories = configuration.repositories
        let frontEnd = try configuration.metrics?.frontEnd()
        let observer = frontEnd.map { InferenceMetrics(settings: $0.settings) }
        for notice in frontEnd?.settings.notices ?? [] { logger.notice("\(notice)") }
        core = InferenceCore(
            tracer: tracer,
            logging: logging,
            observer: observer,
            responseCacheSize: configuration.responseCacheSize,
            limiter: configuration.rateLimit.map { RateLimiter(capacities: $0.resources, globalCapacities: $0.globalResources) },
            repository: repositories,
            backends: Backends.all(
                repositories,
                python: configuration.python.settings,
                environment: ProcessEnvironment.current,
                logger: logger
            ),
            logger: logger
        )
        if let frontEnd, let observer {
            metrics = MetricsHTTPServer(configuration: frontEnd, core: core, metrics: observer, registry: Self.processMetrics, logger: logger)
        } else {
            metrics = nil
        }
        http = try configuration.http.map { [core] in try InferenceHTTPServer(configuration: $0.frontEnd(), core: core, logger: logger) }
        grpc = try configuration.grpc.map { [core] in try InferenceGRPCServer(configuration: $0.frontEnd(), core: core, logger: logger) }
        python = configuration.pythonModels.isEmpty ? nil : PythonModels(
            targets: configuration.pythonModels,
            core: core,
            settings: configuration.python.settings,
            environment: ProcessEnvironment.current,
            logger: logger
        )
        workers = configuration.python.workerSocket.map { [core] path in
            let token = ProcessEnvironment.current["NEEDLETAIL_WORKER_TOKEN"] ?? ""
            return WorkerListener(configuration: .init(path: path, token: token), core: core, settings: configuration.python.settings, logger: logger)
        }
        self.logger = logger
        self.spanProcessor = processor
        ownTracing = own
        for model in configuration.models { try core.load(model) }
    }

    /// Adds a model, before or while the server runs.
    ///
    /// - Throws: `invalidArgument` for a wrong declaration, `alreadyExists` when the name is taken.
    public func bind(_ model: Model) throws(InferenceError) {
        try core.load(model)
    }

    /// Adds a model that computes a list of requests at once.
    ///
    /// - Parameters:
    ///   - maxBatchSize: the largest batch; 0 for tensors without a batch axis.
    ///   - strict: outputs must be as declared; otherwise they are cast, and undeclared ones dropped.
    ///   - execute: gives one result for each request; what it throws fails them all.
    /// - Throws: `invalidArgument` for a wrong declaration, `alreadyExists` when the name is taken.
    public func bind(
        name: String,
        inputs: [TensorSpecification],
        outputs: [TensorSpecification],
        maxBatchSize: Int = 0,
        strict: Bool = false,
        execute: @escaping Model.Execute
    ) throws(InferenceError) {
        let definition = ModelDefinition(name: name, inputs: inputs, outputs: outputs, maxBatchSize: maxBatchSize, strict: strict)
        try core.load(Model(definition, execute: execute))
    }

    /// The port that is served; waits until it is bound.
    ///
    /// - Throws: the error with which binding failed, or `CancellationError` when the server ended before.
    public var boundPort: Int {
        get async throws {
            guard let http else { throw InferenceError(.unsupported, "the server does not listen for HTTP") }
            return try await http.boundPort
        }
    }

    /// The port that is served over gRPC, `nil` without gRPC; waits until it is bound.
    ///
    /// - Throws: as ``boundPort``.
    public var boundGRPCPort: Int? {
        get async throws { try await grpc?.boundPort }
    }

    /// The port of the metrics, `nil` without them; waits until it is bound.
    ///
    /// - Throws: as ``boundPort``.
    public var boundMetricsPort: Int? {
        get async throws { try await metrics?.boundPort }
    }

    /// Serves until graceful shutdown or cancellation; then the spans that are left are exported.
    public func run() async throws {
        // Stopped in reverse: first no more requests, then the workers, then the exporter.
        var services: [any Service] = []
        if let ownTracing { services.append(ownTracing) }
        if let python { services.append(python) }
        if let traceFile { services.append(traceFile) }
        if let workers { services.append(workers) }
        // Before the front ends: it ends after them, when nobody asks its models any more.
        services.append(ModelRepositoryService(repository: core.repository))
        if let metrics { services.append(metrics) }
        if let http { services.append(http) }
        if let grpc { services.append(grpc) }
        try await ServiceGroup(configuration: .init(services: services, logger: logger)).run()
    }

    /// Serves until one of the signals arrives, for a program that is nothing but this server.
    public func runUntilSignal(_ signals: [UnixSignal] = [.sigterm, .sigint]) async throws {
        let group = ServiceGroup(configuration: .init(services: [self], gracefulShutdownSignals: signals, logger: logger))
        try await group.run()
    }

    // MARK: Tracing

    /// How spans fared on their way out; `nil` when this server made no exporter.
    public var exportCounters: BatchSpanProcessorCounters? { ownTracing?.processors.first?.counters }

    /// Makes plain `withSpan` of swift-distributed-tracing record to this server's processor, in the whole process.
    ///
    /// At most one server's call has an effect. Do not call it in a program that bootstraps a tracer of its own.
    ///
    /// - Returns: whether this call did it; `false` when a server did before, or this one does not trace.
    @discardableResult
    public func bootstrapInstrumentation() -> Bool {
        guard let spanProcessor else { return false }
        let isFirst = Self.isBootstrapped.exchange(true, ordering: .acquiringAndReleasing) == false
        guard isFirst else { return false }
        InstrumentationSystem.bootstrap(ownTracing?.tracer ?? NeedletailTracer(processor: spanProcessor))
        core.tracer?.wake()
        return true
    }

    private static let isBootstrapped = Atomic(false)

    /// The service name when neither the trace settings nor the environment give one.
    public static let defaultServiceName = "needletail"

    /// Spans that wait for export when no `bsp_max_queue_size` is given: each request makes three or more at once, so that
    /// the general default of 2048 would drop some at full load.
    public static let defaultMaxQueueSize = 65_536

    /// Spans in one export when no `bsp_max_export_batch_size` is given.
    public static let defaultMaxExportBatchSize = 2_048
}
