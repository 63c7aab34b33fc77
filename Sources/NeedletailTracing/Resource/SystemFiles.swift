internal import TraceModel

/// Reads the operating system's small files; in tests, given ones.
struct SystemFiles: Sendable {
    /// A machine with thousands of mounts stays below.
    private static let maximumSize = 1 << 20

    /// The contents of a file; `nil` when it cannot be read.
    let read: @Sendable (_ path: String) -> String?

    /// This machine's files.
    static let live = SystemFiles { path in
        (try? BoundedFile.read(path, maximumSize: maximumSize)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first line without blanks; `nil` when it is empty.
    func firstLine(_ path: String) -> String? {
        guard let line = read(path)?.split(separator: "\n").first?.trimmingBlanks(), !line.isEmpty else { return nil }
        return String(line)
    }
}
