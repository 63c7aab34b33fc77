public import TraceModel
internal import TraceWire

/// Prints spans to standard output or standard error.
///
/// Each span is one write, so that spans do not run into each other, and into the program's own lines only where the stream
/// is a full pipe. Nothing is held back. When the stream is closed the spans are lost with an error, and the process lives.
public struct ConsoleSpanExporter: SpanExporter {
    private let format: ConsoleExporterConfiguration.Format
    private let stream: ConsoleStream
    private let usesColor: Bool

    public init(configuration: ConsoleExporterConfiguration = ConsoleExporterConfiguration()) {
        let stream =
            switch configuration.stream {
            case .standardOutput: ConsoleStream.standardOutput
            case .standardError: ConsoleStream.standardError
            }
        self.init(format: configuration.format, stream: stream, usesColor: stream.wantsColor)
    }

    init(format: ConsoleExporterConfiguration.Format, stream: ConsoleStream, usesColor: Bool) {
        self.format = format
        self.stream = stream
        self.usesColor = usesColor
    }

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        guard batch.spanCount > 0 else { return .success }
        try await stream.write(batch) { [format, usesColor] span, resource, scope in
            switch format {
            case .pretty:
                var printer = SpanPrinter(usesColor: usesColor)
                printer.print(span, resource: resource, scope: scope)
                return Array(printer.text.utf8)
            case .jsonLines: return OTLPJSON.encodeLine(span, resource: resource, scope: scope)
            }
        }
        return .success
    }

    public func shutdown() async {}
}
