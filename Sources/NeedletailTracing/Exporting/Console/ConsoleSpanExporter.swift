public import TraceModel

/// Settings of a ``ConsoleSpanExporter``.
public struct ConsoleExporterConfiguration: Hashable, Sendable {
    public enum Format: Hashable, Sendable {
        /// For people: a line for each span, its attributes and events below.
        case pretty
        /// For programs: one JSON object (OTLP JSON `Span` with its resource and scope) a line.
        case jsonLines
    }

    public enum Stream: Hashable, Sendable {
        case standardOutput
        case standardError
    }

    public var format: Format
    public var stream: Stream

    public init(format: Format = .pretty, stream: Stream = .standardOutput) {
        self.format = format
        self.stream = stream
    }
}

/// Prints spans.
public struct ConsoleSpanExporter: SpanExporter {
    public init(configuration: ConsoleExporterConfiguration = ConsoleExporterConfiguration()) {}
    public func export(_ batch: SpanBatch) async throws -> SpanExportResult { throw SpanExportError(code: .refused, message: "not built yet") }
    public func shutdown() async {}
}
