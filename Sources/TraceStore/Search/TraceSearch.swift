public import TraceModel

/// What to look for: a trace is found when one single span of it satisfies every condition.
public struct TraceSearch: Hashable, Sendable {
    /// Exact name of the span's service; `nil` for any.
    public var service: String?
    /// Exact name of the span; `nil` for any.
    public var operation: String?
    /// All of these must hold.
    public var attributes: [TagFilter]
    /// Shortest duration of the span, nanoseconds, inclusive.
    public var minimumDuration: UInt64?
    /// Longest duration of the span, nanoseconds, inclusive.
    public var maximumDuration: UInt64?
    /// When the span may have started, nanoseconds since the Unix epoch.
    public var startTime: ClosedRange<UInt64>
    /// The most traces to return; nothing is found with 0 or less.
    public var limit: Int

    public init(
        service: String? = nil,
        operation: String? = nil,
        attributes: [TagFilter] = [],
        minimumDuration: UInt64? = nil,
        maximumDuration: UInt64? = nil,
        startTime: ClosedRange<UInt64> = 0...UInt64.max,
        limit: Int = 20
    ) {
        self.service = service
        self.operation = operation
        self.attributes = attributes
        self.minimumDuration = minimumDuration
        self.maximumDuration = maximumDuration
        self.startTime = startTime
        self.limit = limit
    }

    /// Whether this span satisfies every condition, as Jaeger's search has it.
    ///
    /// A tag is looked for in the attributes of the span, its events and links, its resource and its scope. Besides, these keys
    /// have a meaning of their own: `error`, `span.status` and `otel.status_code` (the status), `otel.status_description`, `span.kind`,
    /// `scope.name`, `scope.version`, `otel.scope.name`, `otel.scope.version`, `w3c.tracestate`, `event` (the name of an event), and
    /// `resource.X` (the resource's attribute `X` only).
    public func matches(span: Span, resource: Resource, scope: InstrumentationScope) -> Bool {
        guard startTime.contains(span.startTime) else { return false }
        if let minimumDuration, span.duration < minimumDuration { return false }
        if let maximumDuration, span.duration > maximumDuration { return false }
        if let operation, span.name != operation { return false }
        if let service, resource.serviceName != service { return false }
        return attributes.allSatisfy { $0.matches(span: span, resource: resource, scope: scope) }
    }
}

extension TagFilter {
    func matches(span: Span, resource: Resource, scope: InstrumentationScope) -> Bool {
        if isFound(in: span.attributes) || isFound(in: resource.attributes) { return true }
        if span.events.contains(where: { isFound(in: $0.attributes) }) || span.links.contains(where: { isFound(in: $0.attributes) }) { return true }
        return isFound(in: scope.attributes) || matchesField(span: span, resource: resource, scope: scope)
    }

    private func isFound(in attributes: [Attribute]) -> Bool {
        attributes.contains { $0.key == key && $0.value.isEqual(toText: value) }
    }

    /// The keys that stand for fields which are no attributes.
    private func matchesField(span: Span, resource: Resource, scope: InstrumentationScope) -> Bool {
        switch key {
        case "error":
            return value == (span.status.code == .error ? "true" : "false")
        case "span.status", "otel.status_code", "status":
            return value.lowercased() == span.status.code.searchText
        case "otel.status_description":
            return !value.isEmpty && value == span.status.message
        case "span.kind":
            return value.lowercased() == span.kind.searchText
        case "scope.name", "otel.scope.name":
            return !value.isEmpty && value == scope.name
        case "scope.version", "otel.scope.version":
            return !value.isEmpty && value == scope.version
        case "w3c.tracestate":
            return !value.isEmpty && value == span.traceState
        case "event":
            return span.events.contains { $0.name == value }
        default:
            guard key.hasPrefix("resource.") else { return false }
            return TagFilter(key: String(key.dropFirst("resource.".count)), value: value).isFound(in: resource.attributes)
        }
    }
}

extension SpanStatus.Code {
    /// `unset`, `ok` or `error`.
    var searchText: String {
        switch self {
        case .unset: "unset"
        case .ok: "ok"
        case .error: "error"
        }
    }
}

extension SpanKind {
    /// The kind in lower case, as Jaeger's `span.kind` tag has it.
    var searchText: String {
        switch self {
        case .unspecified: "unspecified"
        case .internal: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        }
    }
}
