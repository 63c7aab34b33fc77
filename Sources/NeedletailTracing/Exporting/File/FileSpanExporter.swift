internal import Synchronization
public import TraceModel
internal import TraceWire

/// Appends spans to a file, a line of OTLP JSON (`TracesData`) for each batch: the format of the OpenTelemetry file exporter.
///
/// The file is made readable for its owner only, because spans may hold what not everyone should read. A batch is written
/// whole or not at all, and when the disk is full its spans are lost with an error and the file ends after the last whole
/// line. A file that was moved away, by `logrotate` for instance, is begun anew under its name. Several processes may write
/// to one file, as long as none of them has a ``FileExporterConfiguration/maximumFileSize``.
public struct FileSpanExporter: SpanExporter {
    private let state: FileState
    private let queue: BlockingQueue

    /// - Throws: ``TracingConfigurationError`` `.invalidPath` when the file cannot be opened for writing.
    public init(configuration: FileExporterConfiguration) throws(TracingConfigurationError) {
        try self.init(configuration: configuration, write: SystemWrite.all)
    }

    /// - Parameter write: the system's; a test's own to play a full disk.
    init(configuration: FileExporterConfiguration, write: @escaping AppendedFile.Write) throws(TracingConfigurationError) {
        if configuration.path.isEmpty { throw Self.error("the path is empty, expected the name of a file") }
        if configuration.path.utf8.contains(0) { throw Self.error("the path contains a zero byte, expected the name of a file") }
        if let size = configuration.maximumFileSize, size < 1 {
            throw Self.error("maximumFileSize is \(size) bytes, expected at least 1, or none for no limit")
        }
        do {
            state = FileState(try AppendedFile(configuration, write: write))
        } catch {
            throw Self.error("\(error)")
        }
        queue = BlockingQueue(label: "needletail.file-exporter")
    }

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        guard batch.spanCount > 0 else { return .success }
        var line = OTLPJSON.encode(batch)
        line.append(UInt8(ascii: "\n"))
        return try await queue.run { [line, state] in
            let warning = try state.file.withLock { file in
                guard file != nil else { throw SpanExportError(code: .shutDown, message: "the file exporter was shut down") }
                return try file?.append(line)
            }
            return SpanExportResult(message: warning ?? "")
        }
    }

    /// Writes through to the disk and closes the file.
    public func shutdown() async {
        // Fails only when the task is cancelled: the file is closed all the same, a moment later.
        try? await queue.run { [state] in
            state.file.withLock { file in
                file?.synchronize()
                file = nil
            }
        }
    }

    private static func error(_ message: String) -> TracingConfigurationError {
        TracingConfigurationError(code: .invalidPath, message: "File exporter: \(message)")
    }
}

/// The open file, shared by the copies of an exporter; `nil` after the shutdown.
private final class FileState: Sendable {
    let file: Mutex<AppendedFile?>

    init(_ file: sending AppendedFile) {
        self.file = Mutex(file)
    }
}
