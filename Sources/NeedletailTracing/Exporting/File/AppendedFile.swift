#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A file to which whole lines are appended, with rotation.
///
/// Not for use by several threads at once.
final class AppendedFile {
    typealias Write = @Sendable (Int32, UnsafeRawBufferPointer) -> (written: Int, error: Int32)

    /// Why the file cannot be used; for people.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let configuration: FileExporterConfiguration
    private let write: Write
    private var descriptor: Int32
    /// Devices are neither renamed nor shortened.
    private var isRegular = true

    /// - Throws: ``Failure`` when the path cannot be opened for appending.
    init(_ configuration: FileExporterConfiguration, write: @escaping Write) throws(Failure) {
        self.configuration = configuration
        self.write = write
        descriptor = try Self.open(configuration.path)
        isRegular = Self.status(descriptor).map { $0.st_mode & S_IFMT == S_IFREG } ?? false
        endTornLine()
    }

    deinit { close(descriptor) }

    /// Appends one line, or nothing.
    ///
    /// - Parameter line: with its line break.
    /// - Returns: a warning when the line was written but something else went wrong.
    /// - Throws: ``SpanExportError`` when the line is lost.
    func append(_ line: [UInt8]) throws(SpanExportError) -> String? {
        var warning = try reopenWhenMoved()
        var size = Self.status(descriptor)?.st_size ?? 0
        if let limit = configuration.maximumFileSize, isRegular, size > 0, Int(size) + line.count > limit {
            warning = rotate() ?? warning
            size = Self.status(descriptor)?.st_size ?? 0
        }
        let result = line.withUnsafeBytes { write(descriptor, $0) }
        guard result.error != 0 else { return warning }
        var rest = ""
        // Unless another process wrote behind it, the part of the line is taken back.
        if result.written > 0, isRegular {
            let isLast = Self.status(descriptor)?.st_size == size + off_t(result.written)
            if !isLast || ftruncate(descriptor, size) != 0 { rest = "; a part of a line is left in the file" }
        }
        throw SpanExportError(
            code: result.error == ENOSPC || result.error == EDQUOT || result.error == EFBIG ? .refused : .unavailable,
            message: "\(configuration.path) cannot be written: \(SystemWrite.text(result.error))\(rest)"
        )
    }

    /// Writes what the system holds back to the disk.
    func synchronize() {
        // A failure here has no one to tell: the spans were accepted, and devices cannot be synchronized at all.
        _ = fsync(descriptor)
    }

    // MARK: Opening

    private static func open(_ path: String) throws(Failure) -> Int32 {
        var status = stat()
        if stat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFREG, S_IFCHR: break
            case S_IFDIR: throw Failure(description: "\(path) is a folder, expected the name of a file")
            default: throw Failure(description: "\(path) is neither a file nor a device")
            }
        }
        // Readable for the owner only, or less if the umask says so.
        while true {
            #if canImport(Darwin)
            let descriptor = Darwin.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
            #elseif canImport(Musl)
            let descriptor = Musl.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
            #else
            let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
            #endif
            if descriptor >= 0 { return descriptor }
            if errno == EINTR { continue }
            let advice =
                switch errno {
                case ENOENT, ENOTDIR: "; the folder must exist"
                case EACCES, EPERM, EROFS: "; expected a place where this process may write"
                default: ""
                }
            throw Failure(description: "\(path) cannot be opened for writing: \(SystemWrite.text(errno))\(advice)")
        }
    }

    private static func status(_ descriptor: Int32) -> stat? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status : nil
    }

    /// Begins a new line when a process died inside the last one, so that only that one is broken.
    private func endTornLine() {
        guard isRegular, let size = Self.status(descriptor)?.st_size, size > 0 else { return }
        let reader = fopen(configuration.path, "re")
        guard let reader else { return }
        defer { fclose(reader) }
        guard fseek(reader, -1, SEEK_END) == 0 else { return }
        let last = fgetc(reader)
        if last != EOF, last != Int32(UInt8(ascii: "\n")) { _ = [UInt8(ascii: "\n")].withUnsafeBytes { write(descriptor, $0) } }
    }

    private func use(_ new: Int32) {
        close(descriptor)
        descriptor = new
    }

    // MARK: Files that move

    /// Begins a new file when the path leads to another one, or to none.
    private func reopenWhenMoved() throws(SpanExportError) -> String? {
        guard isRegular, let mine = Self.status(descriptor) else { return nil }
        var there = stat()
        if stat(configuration.path, &there) == 0, there.st_dev == mine.st_dev, there.st_ino == mine.st_ino { return nil }
        do {
            use(try Self.open(configuration.path))
            return nil
        } catch {
            // A renamed file can still be written; a deleted one would swallow the spans.
            guard mine.st_nlink > 0 else { throw SpanExportError(code: .unavailable, message: "\(error)") }
            return "\(error); spans go to the renamed file"
        }
    }

    /// Renames `path.1` to `path.2` and so on, `path` to `path.1`, and begins a new file.
    ///
    /// - Returns: a warning when that failed, in which case the present file grows on.
    private func rotate() -> String? {
        let path = configuration.path
        if configuration.maximumBackups < 1 {
            return ftruncate(descriptor, 0) == 0 ? nil : "\(path) cannot be emptied: \(SystemWrite.text(errno))"
        }
        for number in stride(from: configuration.maximumBackups - 1, through: 1, by: -1) {
            guard rename("\(path).\(number)", "\(path).\(number + 1)") == 0 || errno == ENOENT else {
                return "\(path).\(number) cannot be renamed: \(SystemWrite.text(errno)); \(path) grows beyond its limit"
            }
        }
        guard rename(path, "\(path).1") == 0 else {
            return "\(path) cannot be renamed: \(SystemWrite.text(errno)); it grows beyond its limit"
        }
        do {
            use(try Self.open(path))
            return nil
        } catch {
            return "\(error); spans go to \(path).1"
        }
    }
}
