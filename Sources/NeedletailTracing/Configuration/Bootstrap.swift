public import Logging
public import TraceModel

/// Traces this process by what the environment says: makes its tracer the one of `withSpan` and `startSpan` everywhere.
///
/// ```swift
/// let tracing = try NeedletailTracing.bootstrap(serviceName: "shop")
/// try await ServiceGroup(services: [tracing, server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
/// ```
///
/// A program without a `ServiceGroup` uses ``TracingSystem/run(gracefulShutdownSignals:_:)``.
///
/// - Parameters:
///   - serviceName: `service.name`. As all that code says it wins over the environment (OpenTelemetry specification,
///     "Resource SDK"); leave it out to have the environment decide.
///   - attributes: of the resource; they win over the environment and over a file.
///   - environment: by default this process's (OpenTelemetry specification, "Environment Variables"). A value that cannot be
///     used is warned of. `OTEL_CONFIG_FILE` names a file that replaces the other variables, `BENTOML_CONFIG` one of BentoML's.
///   - logger: for what this library has to say.
/// - Returns: the service that exports the spans.
/// - Throws: ``TracingConfigurationError`` for a file or a setting of it that cannot be used.
@discardableResult
public func bootstrap(
    serviceName: String? = nil,
    attributes: [Attribute] = [],
    environment: [String: String] = ProcessEnvironment.current,
    logger: Logger = Logger(label: "needletail.tracing")
) throws(TracingConfigurationError) -> TracingSystem {
    try bootstrap(.load(serviceName: serviceName, attributes: attributes, environment: environment, logger: logger))
}

/// Traces this process by a configuration: makes its tracer the one of `withSpan` and `startSpan` everywhere.
///
/// - Returns: the service that exports the spans.
/// - Throws: ``TracingConfigurationError`` for a setting that cannot be used.
@discardableResult
public func bootstrap(_ configuration: TracingConfiguration) throws(TracingConfigurationError) -> TracingSystem {
    let system = try configuration.makeSystem()
    system.bootstrap()
    return system
}

extension TracingConfiguration {
    /// What `OTEL_CONFIG_FILE` says when it is set, else the tracing block of the BentoML file that `BENTOML_CONFIG` names
    /// (``bentoML(environment:attributes:logger:)``), else the other variables (``init(environment:attributes:logger:)``).
    ///
    /// - Parameters:
    ///   - serviceName: `service.name`; as all that code says it wins over the environment and over a file.
    ///   - attributes: of the resource.
    /// - Throws: ``TracingConfigurationError`` `.invalidFile` with the line of each mistake in a file.
    public static func load(
        serviceName: String? = nil,
        attributes: [Attribute] = [],
        environment: [String: String] = ProcessEnvironment.current,
        logger: Logger = Logger(label: "needletail.tracing")
    ) throws(TracingConfigurationError) -> TracingConfiguration {
        var given = Resource(attributes: attributes)
        if let serviceName { given.merge([Attribute(key: "service.name", value: .string(serviceName))]) }
        if let file = environment["OTEL_CONFIG_FILE"]?.trimmingBlanks(), !file.isEmpty {
            return try TracingConfiguration(
                configurationFile: String(file),
                attributes: given.attributes,
                environment: environment,
                logger: logger
            )
        }
        if let configuration = try bentoML(environment: environment, attributes: given.attributes, logger: logger) { return configuration }
        return TracingConfiguration(environment: environment, attributes: given.attributes, logger: logger)
    }
}
