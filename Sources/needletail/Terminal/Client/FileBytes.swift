internal import TraceWire

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A file or the standard input, read whole.
enum FileBytes {
    /// Longer files are an error.
    static let maximumSize = WireLimit.fileSize
    private static let pieceSize = 1 << 20

    /// - Parameter path: `-` for the standard input.
    /// - Throws: ``CommandFailure`` that names the file.
    static func read(_ path: String) throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceSize)
        while true {
            let count = piece.withUnsafeMutableBytes { get(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return bytes }
            guard bytes.count + count <= maximumSize else {
                throw CommandFailure(.usage, "\(shown(path)) is longer than the \(NumberText.bytes(maximumSize)) that are read at once; split it")
            }
            bytes += piece[..<count]
        }
    }

    /// When the file was written, nanoseconds since the Unix epoch; `nil` for the standard input.
    static func modificationTime(_ path: String) -> UInt64? {
        var facts = stat()
        guard path != "-", stat(path, &facts) == 0, facts.st_mtim.tv_sec >= 0 else { return nil }
        return UInt64(facts.st_mtim.tv_sec) &* 1_000_000_000 &+ UInt64(max(0, facts.st_mtim.tv_nsec))
    }

    /// Writes a file anew; one that was there is replaced when all is written.
    ///
    /// - Throws: ``CommandFailure`` that names the file.
    static func write(_ bytes: [UInt8], to path: String) throws {
        var facts = stat()
        // A pipe or a terminal cannot be replaced.
        let isSpecial = stat(path, &facts) == 0 && facts.st_mode & S_IFMT != S_IFREG
        let temporary = isSpecial ? path : "\(path).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path, "write") }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { StandardOutput.put($0, to: descriptor, from: written) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let error = failure(path, "write")
                close(descriptor)
                if !isSpecial { unlink(temporary) }
                throw error
            }
            written += count
        }
        close(descriptor)
        guard isSpecial || rename(temporary, path) == 0 else { throw failure(path, "write") }
    }

    static func shown(_ path: String) -> String { path == "-" ? "standard input" : DisplayText.escaped(path) }

    // The method of this type would hide the system's function of the same name.
    private static func get(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
        Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func failure(_ path: String, _ verb: String = "read") -> CommandFailure {
        CommandFailure(.usage, "cannot \(verb) \(shown(path)): \(String(cString: strerror(errno)))")
    }
}
