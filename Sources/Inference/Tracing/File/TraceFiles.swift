#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import Logging
internal import NeedletailTracing

/// The files that traces stand in before they are whole, and their names afterwards.
struct TraceFiles {
    private struct Batch {
        var descriptor: Int32
        var partialPath: String
        var buffer: [UInt8] = [UInt8(ascii: "[")]
        var traces = 0
        var isNumbered = false
        /// Something could not be written: the rest would be broken JSON.
        var hasFailed = false
    }

    /// Bytes that are written at once.
    private static let bufferSize = 64 << 10

    private let path: String
    private let logger: Logger
    private var batches: [String?: Batch] = [:]
    private var nextNumber = 0
    private var nextPartialNumber = 0

    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    /// Why no file can be made there; `nil` when one can.
    static func obstacle(to path: String) -> String? {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return "\(path) is a folder, expected the name of a file" }
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard access(folder, W_OK | X_OK) != 0 else { return nil }
        return errno == ENOENT ? "the folder \(folder) does not exist" : "\(folder): \(SystemWrite.text(errno))"
    }

    /// Adds objects, separated by commas, to the text of a batch.
    ///
    /// - Parameter limit: how many traces end it; 0 for no limit.
    mutating func append(_ text: [UInt8], to name: String?, traces: Int, limit: UInt32) {
        guard var batch = batches[name] ?? begin() else { return }
        batches[name] = nil
        if batch.buffer.count != 1 || batch.traces > 0 { batch.buffer.append(UInt8(ascii: ",")) }
        batch.buffer += text
        batch.traces += traces
        batch.isNumbered = limit != 0
        if batch.buffer.count >= Self.bufferSize { flush(&batch) }
        batches[name] = batch
        if limit != 0, batch.traces >= Int(limit) { end(name) }
    }

    /// Ends a batch before it is full, as a file with a number.
    mutating func end(_ name: String?) {
        guard let batch = batches.removeValue(forKey: name) else { return }
        finish(batch, isNumbered: true)
    }

    /// Ends all batches.
    mutating func endAll() {
        let all = batches.values.sorted { $0.partialPath < $1.partialPath }
        batches = [:]
        for batch in all { finish(batch, isNumbered: batch.isNumbered) }
    }

    /// Writes what stands in memory.
    mutating func flush() {
        for name in batches.keys {
            guard var batch = batches[name] else { continue }
            batches[name] = nil
            flush(&batch)
            batches[name] = batch
        }
    }

    // MARK: Files

    private mutating func begin() -> Batch? {
        let partialPath = "\(path).partial-\(nextPartialNumber)"
        // Traces hold what clients sent: for the owner only, or less if the umask says so.
        let descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            logger.error("A trace is lost: \(partialPath) cannot be opened for writing: \(SystemWrite.text(errno)).")
            return nil
        }
        nextPartialNumber += 1
        return Batch(descriptor: descriptor, partialPath: partialPath)
    }

    private func flush(_ batch: inout Batch) {
        defer { batch.buffer.removeAll(keepingCapacity: true) }
        guard !batch.hasFailed else { return }
        let result = batch.buffer.withUnsafeBytes { SystemWrite.all(batch.descriptor, $0) }
        guard result.error != 0 else { return }
        batch.hasFailed = true
        logger.error("The trace file stays incomplete: \(batch.partialPath) cannot be written: \(SystemWrite.text(result.error)).")
    }

    private mutating func finish(_ batch: Batch, isNumbered: Bool) {
        var batch = batch
        batch.buffer.append(UInt8(ascii: "]"))
        flush(&batch)
        close(batch.descriptor)
        guard !batch.hasFailed else { return }
        var name = path
        if isNumbered {
            name += ".\(nextNumber)"
            nextNumber += 1
        }
        if rename(batch.partialPath, name) != 0 {
            logger.error("The trace file stays at \(batch.partialPath): it cannot be renamed to \(name): \(SystemWrite.text(errno)).")
        }
    }
}
