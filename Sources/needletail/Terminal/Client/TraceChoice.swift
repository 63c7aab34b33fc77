internal import TraceModel
internal import TraceWire

/// Which trace of a file is shown.
enum TraceChoice {
    private static let listedIDs = 10

    /// - Parameters:
    ///   - text: The first digits of its id; `nil` when the file has one trace.
    ///   - path: The file; `-` for the standard input.
    /// - Throws: ``CommandFailure`` for a file that cannot be read, and when not exactly one trace is meant.
    static func trace(_ text: String?, in path: String) throws -> (TraceID, SpanBatch) {
        let file = try TraceFile.read(path)
        let name = FileBytes.shown(path)
        let digits = text?.lowercased() ?? ""
        let ids = file.traceIDs
        let wanted = ids.filter { digits.isEmpty || "\($0)".hasPrefix(digits) || TraceID(hex: digits) == $0 }
        guard let first = wanted.first else {
            throw CommandFailure(.negative, ids.isEmpty ? "\(name) holds no spans" : "\(name) holds no trace \(DisplayText.escaped(digits))")
        }
        guard wanted.count == 1 else {
            let some = wanted.prefix(listedIDs).map { "\n  \($0)" }.joined() + (wanted.count > listedIDs ? "\n  …" : "")
            throw CommandFailure(.usage, "\(name) holds \(wanted.count) traces; give the id of one:\(some)")
        }
        return (first, file.batch)
    }
}

extension TraceFile {
    /// Reads a file, or the standard input for `-`.
    ///
    /// - Throws: ``CommandFailure`` that names the file.
    static func read(_ path: String) throws -> TraceFile {
        let bytes = try FileBytes.read(path)
        do {
            return try TraceFile(reading: bytes, options: Options(lastModified: FileBytes.modificationTime(path)))
        } catch {
            throw CommandFailure(.usage, "\(FileBytes.shown(path)): \(DisplayText.escaped("\(error)"))")
        }
    }
}
