/// Spans as they travel together: OTLP's `TracesData`, grouped by resource and scope.
public struct SpanBatch: Hashable, Sendable {
    public var resourceSpans: [ResourceSpans]

    @inlinable
    public init(resourceSpans: [ResourceSpans] = []) {
        self.resourceSpans = resourceSpans
    }

    /// A batch of one resource and one scope.
    public init(resource: Resource, scope: InstrumentationScope, spans: [Span]) {
        self.init(resourceSpans: [ResourceSpans(resource: resource, scopeSpans: [ScopeSpans(scope: scope, spans: spans)])])
    }

    /// The number of spans in all groups.
    public var spanCount: Int {
        resourceSpans.reduce(0) { $0 + $1.scopeSpans.reduce(0) { $0 + $1.spans.count } }
    }
}

/// The spans of one resource.
public struct ResourceSpans: Hashable, Sendable {
    public var resource: Resource
    public var schemaURL: String
    public var scopeSpans: [ScopeSpans]

    @inlinable
    public init(resource: Resource = Resource(), schemaURL: String = "", scopeSpans: [ScopeSpans] = []) {
        self.resource = resource
        self.schemaURL = schemaURL
        self.scopeSpans = scopeSpans
    }
}

/// The spans of one instrumentation scope.
public struct ScopeSpans: Hashable, Sendable {
    public var scope: InstrumentationScope
    public var schemaURL: String
    public var spans: [Span]

    @inlinable
    public init(scope: InstrumentationScope = InstrumentationScope(), schemaURL: String = "", spans: [Span] = []) {
        self.scope = scope
        self.schemaURL = schemaURL
        self.spans = spans
    }
}

/// Who produced the spans: OTLP `Resource`.
public struct Resource: Hashable, Sendable {
    public var attributes: [Attribute]
    public var droppedAttributesCount: UInt32

    @inlinable
    public init(attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0) {
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
    }

    /// What a resource without `service.name` is called, as the OpenTelemetry specification has it.
    public static let unknownService = "unknown_service"

    /// `service.name`, or ``unknownService``.
    public var serviceName: String {
        if case .string(let name)? = attributes["service.name"], !name.isEmpty { name } else { Self.unknownService }
    }
}

/// Which library produced the spans: OTLP `InstrumentationScope`.
public struct InstrumentationScope: Hashable, Sendable {
    public var name: String
    public var version: String
    public var attributes: [Attribute]
    public var droppedAttributesCount: UInt32

    @inlinable
    public init(name: String = "", version: String = "", attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
    }
}
