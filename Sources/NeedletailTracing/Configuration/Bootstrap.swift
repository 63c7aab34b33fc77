/// Traces this process: makes the tracer of a configuration the one of `withSpan` and `startSpan` everywhere.
///
/// ```swift
/// let tracing = try NeedletailTracing.bootstrap()
/// try await ServiceGroup(services: [tracing, server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
/// ```
///
/// - Parameter configuration: by default what the environment says (OpenTelemetry specification, "Environment Variables").
/// - Returns: the service that exports the spans.
/// - Throws: ``TracingConfigurationError`` for a setting that cannot be used.
public func bootstrap(
    _ configuration: TracingConfiguration = TracingConfiguration(environment: ProcessEnvironment.current)
) throws(TracingConfigurationError) -> TracingSystem {
    let system = try configuration.makeSystem()
    system.bootstrap()
    return system
}
