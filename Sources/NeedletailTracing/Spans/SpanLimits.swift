/// How much one span may hold (OpenTelemetry specification, "Span Limits"). What goes beyond is dropped and counted on the span.
public struct SpanLimits: Hashable, Sendable {
    /// Attributes of the span; 128.
    public var attributeCount = 128
    /// Characters (Unicode scalars) of a string value, on the span, its events and links; longer ones are cut. `nil`: no limit.
    public var attributeValueLength: Int?
    /// Events; 128.
    public var eventCount = 128
    /// Attributes of one event; 128.
    public var attributeCountPerEvent = 128
    /// Links; 128.
    public var linkCount = 128
    /// Attributes of one link; 128.
    public var attributeCountPerLink = 128

    public init() {}
}
