internal import TraceModel

/// What paths of a condition are looked up in: a span with its resource and scope, and one of its events when it is about events.
struct ConditionContext {
    /// What a path without context means.
    enum Level: String, CaseIterable, Sendable {
        case resource
        case scope
        case span
        case spanevent
    }

    var span: Span
    var event: SpanEvent?
    var resource: Resource
    var resourceSchemaURL = ""
    var scope: InstrumentationScope
    var scopeSchemaURL = ""

    init(span: Span, event: SpanEvent? = nil, resource: Resource, resourceSchemaURL: String = "", scope: InstrumentationScope, scopeSchemaURL: String = "") {
        self.span = span
        self.event = event
        self.resource = resource
        self.resourceSchemaURL = resourceSchemaURL
        self.scope = scope
        self.scopeSchemaURL = scopeSchemaURL
    }
}
