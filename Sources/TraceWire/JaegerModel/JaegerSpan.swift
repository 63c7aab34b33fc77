internal import TraceModel

/// A span as Jaeger's own formats hold it: what has no field of its own is a tag.
///
/// Times are kept in nanoseconds; Thrift and the query JSON carry microseconds. Values of tags are strings, booleans, integers,
/// doubles and bytes only.
struct JaegerSpan {
    /// Bits of `flags`.
    enum Flag {
        static let sampled: UInt32 = 1
    }

    var traceID = TraceID(high: 0, low: 0)
    var spanID = SpanID(0)
    /// What is wrong with the bytes of an id.
    var problem = IDProblem.none
    /// `nil` when the format, or the sender, names the parent by a reference only.
    var parentSpanID: SpanID?
    var name = ""
    var references: [JaegerReference] = []
    var flags: UInt32 = 0
    var startTime: UInt64 = 0
    var duration: UInt64 = 0
    var tags: [Attribute] = []
    var logs: [JaegerLog] = []
}

/// Jaeger's `SpanRef`.
struct JaegerReference: Hashable {
    var isChild = true
    var traceID = TraceID(high: 0, low: 0)
    var spanID = SpanID(0)
}

/// Jaeger's `Log`.
struct JaegerLog: Hashable {
    var time: UInt64 = 0
    var fields: [Attribute] = []
}

/// Jaeger's `Process`.
struct JaegerProcess: Hashable {
    var serviceName = ""
    var tags: [Attribute] = []
}

/// Tags and log fields with a meaning (OpenTelemetry specification, "OpenTelemetry to Jaeger Transformation" and "Mapping to
/// non-OTLP Formats").
enum JaegerTag {
    static let kind = "span.kind"
    static let error = "error"
    static let statusCode = "otel.status_code"
    static let statusMessage = "otel.status_description"
    static let scopeName = "otel.scope.name"
    static let scopeVersion = "otel.scope.version"
    /// The names of scopes before OpenTelemetry 1.10; Python's exporters write both.
    static let libraryName = "otel.library.name"
    static let libraryVersion = "otel.library.version"
    static let droppedAttributes = "otel.dropped_attributes_count"
    static let droppedEvents = "otel.dropped_events_count"
    static let droppedLinks = "otel.dropped_links_count"
    static let traceState = "w3c.tracestate"
    /// An attribute of links: `child_of` for one that is a further parent. All others are FOLLOWS_FROM.
    static let referenceType = "opentracing.ref_type"
    static let childOf = "child_of"
    /// The field of a log that holds an event's name.
    static let event = "event"
    static let serviceName = "service.name"
}
