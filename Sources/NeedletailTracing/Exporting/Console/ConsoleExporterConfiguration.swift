/// Settings of a ``ConsoleSpanExporter``.
public struct ConsoleExporterConfiguration: Hashable, Sendable {
    public enum Format: Hashable, Sendable {
        /// For people: a line for each span, its attributes, events and links below. In colour on a terminal, unless the
        /// environment variable `NO_COLOR` is set.
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
