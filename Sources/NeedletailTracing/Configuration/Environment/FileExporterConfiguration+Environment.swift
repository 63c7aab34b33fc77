public import Logging

extension FileExporterConfiguration {
    /// Where spans are written when nothing is said: into the working directory.
    public static let defaultPath = "traces.jsonl"

    /// Reads `OTEL_SWIFT_EXPORTER_FILE_PATH`.
    public init(environment: [String: String], logger: Logger = Logger(label: "needletail.tracing")) {
        self.init(EnvironmentReader(environment, logger: logger))
    }

    init(_ reader: EnvironmentReader) {
        self.init(path: reader.text("OTEL_SWIFT_EXPORTER_FILE_PATH") ?? Self.defaultPath)
    }
}
