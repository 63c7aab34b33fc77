public import TraceModel

/// Sends finished spans somewhere (OpenTelemetry specification, "Span Exporter").
public protocol SpanExporter: Sendable {
    /// Sends one batch and returns when the receiver has answered.
    ///
    /// MUST return (with any error) soon after its task is cancelled: the time limits of the processor depend on it. May be
    /// called several times at once.
    ///
    /// - Throws: when the batch is lost. The exporter has done all retries by then.
    func export(_ batch: SpanBatch) async throws -> SpanExportResult

    /// Gives up connections; no export follows.
    func shutdown() async

    /// What metrics call this kind of exporter; the name of its type unless it says otherwise.
    var componentType: String { get }
}

/// The answer of a receiver that took a batch, at least in part.
public struct SpanExportResult: Hashable, Sendable {
    /// How many spans the receiver refused for good (OTLP "partial success").
    public var rejectedSpanCount: Int
    /// The receiver's words: the reason of the refusal, or a warning when nothing was refused.
    public var message: String

    public init(rejectedSpanCount: Int = 0, message: String = "") {
        self.rejectedSpanCount = rejectedSpanCount
        self.message = message
    }

    /// Everything was accepted.
    public static let success = SpanExportResult()
}
