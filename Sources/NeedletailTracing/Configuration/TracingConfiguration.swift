public import Logging
public import Metrics
public import TraceModel

/// Everything it takes to trace a service: where the spans go, which are sampled, and who sends them.
///
/// ```swift
/// let tracing = try TracingConfiguration(environment: ProcessEnvironment.current).makeSystem()
/// tracing.bootstrap()
/// try await ServiceGroup(services: [tracing, server], logger: logger).run()
/// ```
public struct TracingConfiguration: Sendable {
    public var resource: Resource
    public var sampler: any Sampler
    public var limits: SpanLimits
    public var batch: BatchSpanProcessorConfiguration
    /// Where the spans go: to all of these, each with a queue of its own.
    public var exporters: [ExporterConfiguration]
    /// How context travels to and from other processes.
    public var propagators: [any TextMapPropagator]
    /// What middleware should leave alone.
    public var excludedURLs: ExcludedURLs
    /// `false` makes no spans; context still travels (`OTEL_SDK_DISABLED`).
    public var isEnabled: Bool
    /// A recorded error without a stack trace of its own gets the one of the place where it was recorded (Linux, some 0.2 ms).
    public var capturesStackTraces: Bool
    /// Where tracing reports on itself; `nil`: the global `MetricsSystem`.
    public var metricsFactory: (any MetricsFactory)?
    /// How often it does.
    public var metricsInterval: Duration
    public var logger: Logger

    /// The defaults of the OpenTelemetry specification, without looking at the environment.
    public init(resource: Resource, logger: Logger = Logger(label: "needletail.tracing")) {
        self.resource = resource
        self.sampler = ParentBasedSampler(root: AlwaysOnSampler())
        self.limits = SpanLimits()
        self.batch = BatchSpanProcessorConfiguration()
        self.exporters = ExporterConfiguration.defaultList
        self.propagators = [W3CTraceContextPropagator()]
        self.excludedURLs = ExcludedURLs()
        self.isEnabled = true
        self.capturesStackTraces = false
        self.metricsInterval = .seconds(5)
        self.logger = logger
    }

    /// Reads the environment variables of the OpenTelemetry specification. A value that cannot be used is named in one
    /// warning and counts as not set.
    ///
    /// Read are `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`,
    /// `OTEL_BSP_*`, the `OTEL_SPAN_*`, `OTEL_ATTRIBUTE_*`, `OTEL_EVENT_*` and `OTEL_LINK_*` limits, and of
    /// `OTEL_EXPORTER_OTLP_*` and `OTEL_EXPORTER_OTLP_TRACES_*`: `ENDPOINT`, `PROTOCOL`, `HEADERS`, `TIMEOUT`, `COMPRESSION`.
    public init(environment: [String: String], attributes: [Attribute] = [], logger: Logger = Logger(label: "needletail.tracing")) {
        self.init(resource: Resource.detected(environment: environment, attributes: attributes, logger: logger), logger: logger)
        let reader = EnvironmentReader(environment, logger: logger)
        isEnabled = !reader.flag(["OTEL_SDK_DISABLED"])
        readSampler(reader)
        readBatch(reader)
        readLimits(reader)
        exporters = ExporterConfiguration.list(reader)
    }

    /// Builds the exporters, their processors and the tracer.
    ///
    /// - Throws: ``TracingConfigurationError``.
    public func makeSystem() throws(TracingConfigurationError) -> TracingSystem {
        let propagator: any TextMapPropagator = propagators.count == 1 ? propagators[0] : CompositePropagator(propagators)
        var processors: [BatchSpanProcessor] = []
        if isEnabled {
            for exporter in exporters {
                processors.append(
                    BatchSpanProcessor(exporter: try exporter.makeExporter(), resource: resource, configuration: batch, logger: logger)
                )
            }
        }
        let tracer =
            isEnabled
            ? NeedletailTracer(
                processor: processors.count == 1 ? processors[0] : MultiplexSpanProcessor(processors),
                sampler: sampler,
                propagator: propagator,
                limits: limits,
                capturesStackTraces: capturesStackTraces
            )
            : NeedletailTracer(disabledWith: propagator)
        return TracingSystem(
            tracer: tracer,
            processors: processors,
            excludedURLs: excludedURLs,
            metricsFactory: metricsFactory,
            metricsInterval: metricsInterval
        )
    }
}
