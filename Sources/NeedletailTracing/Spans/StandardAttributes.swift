internal import TraceModel
internal import Tracing

/// Attributes in the dictionary of swift-distributed-tracing that still have to become those of a span.
///
/// Turning the dictionary into a list costs as much as filling it: a processor that exports later does it there, off the
/// thread of the caller.
struct StandardAttributes: Sendable {
    private var dictionary: SpanAttributes
    private var countLimit: Int
    private var valueLength: Int?

    init(_ dictionary: SpanAttributes, limits: SpanLimits) {
        self.dictionary = dictionary
        self.countLimit = limits.attributeCount
        self.valueLength = limits.attributeValueLength
    }

    func apply(to span: inout TraceModel.Span) {
        span.attributes = [Attribute](dictionary, count: countLimit, valueLength: valueLength, dropped: &span.droppedAttributesCount)
    }
}

/// A processor that turns standard attributes into a list itself, when it exports.
protocol DeferringSpanProcessor: SpanProcessor {
    func onEnd(_ span: consuming TraceModel.Span, attributes: StandardAttributes, scope: InstrumentationScope)
}
