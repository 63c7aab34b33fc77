/// The names of the tags and attributes that carry what Zipkin, or OpenTelemetry, has no field for.
///
/// OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation" and "Mapping to non-OTLP formats"; the
/// OpenTelemetry Collector's Zipkin translator for links, trace state and absent times.
enum ZipkinTag {
    static let scopePrefix = "otel.scope."
    static let scopeName = "otel.scope.name"
    static let scopeVersion = "otel.scope.version"
    static let scopeSchemaURL = "otel.scope.schema_url"
    /// The older names of the scope's, which exporters write beside the new ones.
    static let libraryName = "otel.library.name"
    static let libraryVersion = "otel.library.version"

    static let statusCode = "otel.status_code"
    static let statusDescription = "otel.status_description"
    static let error = "error"

    static let spanKind = "span.kind"
    static let traceState = "w3c.tracestate"
    static let linkPrefix = "otlp.link."
    static let droppedAttributes = "otel.dropped_attributes_count"
    static let droppedEvents = "otel.dropped_events_count"
    static let droppedLinks = "otel.dropped_links_count"
    /// Which resource attribute `localEndpoint.serviceName` was made of, when it was not `service.name`.
    static let serviceNameSource = "otlp.service.name.source"
    /// What the Collector calls a resource without a name.
    static let noServiceName = "OTLPResourceNoServiceName"
    static let serviceName = "service.name"

    // Attributes of a span that was received as Zipkin.

    /// Zipkin's `debug`.
    static let debug = "zipkin.debug"
    /// Zipkin's `shared`: the server's half of a span whose id the client uses too.
    static let shared = "zipkin.shared"
    /// A member that Zipkin does not define is kept under its name behind this.
    static let otherPrefix = "zipkin."
    static let startTimeAbsent = "otel.zipkin.absentField.startTime"

    static let peerService = "peer.service"
    static let peerIP = "net.peer.ip"
    static let peerPort = "net.peer.port"
    static let hostIP = "net.host.ip"
    static let hostPort = "net.host.port"
}
