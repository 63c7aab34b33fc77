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
    /// Who the spans are from.
    public var resource: Resource
    /// The semantic conventions that the resource's attributes follow; empty when that is not known.
    public var resourceSchemaURL = ""
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
        self.propagators = Self.defaultPropagators
        self.excludedURLs = ExcludedURLs()
        self.isEnabled = true
        self.metricsInterval = .seconds(5)
        self.logger = logger
    }

    /// Reads the environment variables of the OpenTelemetry specification. A value that cannot be used is named in one
    /// warning, with what is used instead, and counts as not set.
    ///
    /// Read are `OTEL_SDK_DISABLED`, `OTEL_LOG_LEVEL`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_PROPAGATORS`,
    /// `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`, `OTEL_BSP_*`, the `OTEL_SPAN_*`, `OTEL_ATTRIBUTE_*`, `OTEL_EVENT_*` and
    /// `OTEL_LINK_*` limits, `OTEL_TRACES_EXPORTER` and what its exporters read (``ExporterConfiguration/list(environment:logger:)``),
    /// and of our own `OTEL_SWIFT_EXCLUDED_URLS` (``ExcludedURLs``) and `OTEL_SWIFT_RESOURCE_DETECTORS`.
    ///
    /// `OTEL_CONFIG_FILE` is for ``load(serviceName:attributes:environment:logger:)``: a file with mistakes is an error.
    ///
    /// - Parameters:
    ///   - attributes: of the resource; they win over the environment.
    ///   - logger: for what this library has to say; `OTEL_LOG_LEVEL` sets its level.
    public init(environment: [String: String], attributes: [Attribute] = [], logger: Logger = Logger(label: "needletail.tracing")) {
        let logger = EnvironmentReader.logger(environment, logger)
        let reader = EnvironmentReader(environment, logger: logger)
        self.init(resource: Resource.detected(reader, attributes: attributes, detectors: nil), logger: logger)
        resourceSchemaURL = ResourceDetectors.schemaURL
        isEnabled = !reader.flag(["OTEL_SDK_DISABLED"])
        readSampler(reader)
        readBatch(reader)
        readLimits(reader)
        readPropagators(reader)
        readExcludedURLs(reader)
        exporters = ExporterConfiguration.list(reader)
    }

    /// The specification's: W3C Trace Context and Baggage.
    static var defaultPropagators: [any TextMapPropagator] { PropagatorName.defaults.compactMap { $0.makePropagator() } }

    /// Builds the exporters, their processors and the tracer.
    ///
    /// - Throws: ``TracingConfigurationError``.
    public func makeSystem() throws(TracingConfigurationError) -> TracingSystem {
        let propagator: any TextMapPropagator = propagators.count == 1 ? propagators[0] : CompositePropagator(propagators)
        var processors: [BatchSpanProcessor] = []
        if isEnabled {
            for exporter in exporters {
                processors.append(
                    BatchSpanProcessor(
                        exporter: try exporter.makeExporter(),
                        resource: resource,
                        resourceSchemaURL: resourceSchemaURL,
                        configuration: exporter.batch(otherwise: batch),
                        logger: logger
                    )
                )
            }
        }
        let tracer =
            isEnabled
            ? NeedletailTracer(
                processor: TracingSystem.processor(of: processors),
                sampler: sampler,
                propagator: propagator,
                limits: limits
            )
            : NeedletailTracer(disabledWith: propagator)
        return TracingSystem(
            tracer: tracer,
            processors: processors,
            excludedURLs: excludedURLs,
            remoteSamplers: isEnabled ? sampler.remoteSamplers : [],
            metricsFactory: metricsFactory,
            metricsInterval: metricsInterval
        )
    }
}
