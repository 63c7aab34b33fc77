internal import JSONCoding
internal import TraceModel
internal import TraceWire

/// What became of one file.
struct FileImport {
    var path: String
    var format: TraceFileFormat
    var traceCount: Int
    /// Spans that were read.
    var spanCount: Int
    /// Spans and parts that were left out, by the file's reader or by the back end.
    var rejected: Int
    /// Why, naming the first.
    var reason: String

    /// Reads a file and hands its spans on, in pieces.
    ///
    /// - Throws: ``CommandFailure``.
    static func run(_ path: String, to destination: any ImportDestination) async throws -> FileImport {
        let file = try TraceFile.read(path)
        var result = FileImport(
            path: path, format: file.format, traceCount: file.traceIDs.count, spanCount: file.batch.spanCount,
            rejected: file.rejectedSpanCount + file.unreadablePartCount, reason: file.rejectionMessage
        )
        for batch in file.batches(ofAtMost: destination.batchSize) {
            let (rejected, reason) = try await destination.append(batch)
            result.rejected += rejected
            if result.reason.isEmpty { result.reason = reason }
        }
        return result
    }

    func print(json: Bool, isDryRun: Bool) {
        guard !json else { return StandardOutput.write(self.json) }
        let verb = isDryRun ? "would import" : "imported"
        let facts = "\(NumberText.counted(spanCount, "span")) of \(NumberText.counted(traceCount, "trace"))"
        StandardOutput.line("\(FileImport.name(path)): \(verb) \(facts) (\(format))")
        if rejected > 0 { StandardOutput.line("  \(NumberText.grouped(rejected)) left out: \(DisplayText.escaped(reason))") }
    }

    private static func name(_ path: String) -> String { FileBytes.shown(path) }

    private var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("file")
        writer.string(path)
        writer.key("format")
        writer.string("\(format)")
        writer.key("traceCount")
        writer.int(traceCount)
        writer.key("spanCount")
        writer.int(spanCount)
        writer.key("rejected")
        writer.int(rejected)
        if !reason.isEmpty {
            writer.key("reason")
            writer.string(reason)
        }
        writer.endObject()
        return writer.finish() + [UInt8(ascii: "\n")]
    }
}
