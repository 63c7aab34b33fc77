public import Logging

extension FileExporterConfiguration {
    /// Where spans are written when nothing is said: into the working directory.
    public static let defaultPath = "traces.jsonl"

    static let pathVariable = "OTEL_SWIFT_EXPORTER_FILE_PATH"

    /// Reads `OTEL_SWIFT_EXPORTER_FILE_PATH`.
    public init(environment: [String: String], logger: Logger = Logger(label: "needletail.tracing")) {
        self.init(EnvironmentReader(environment, logger: logger))
    }

    init(_ reader: EnvironmentReader) {
        self.init(path: reader.text(Self.pathVariable) ?? Self.defaultPath)
    }
}
