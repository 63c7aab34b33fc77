#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import Synchronization
internal import TraceStore

/// The folder of a store, locked against a second process until ``unlock()``.
///
/// The lock belongs to the open file: the system frees it when the process ends, however it ends.
final class DataDirectory: Sendable {
    let path: String
    /// The open lock file; `nil` when unlocked.
    private let lock: Mutex<Int32?>

    /// Makes the folder when it is not there, its parents included.
    init(path: String) throws(StoreError) {
        self.path = path.isEmpty ? "." : path
        try Self.makeFolder(self.path)
        let file = self.path + "/traces.lock"
        let lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw Self.failure("open '\(file)'") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            _ = Self.closeFile(lock)
            guard reason == EWOULDBLOCK else { throw Self.failure("lock '\(file)'", reason) }
            throw StoreError(
                code: .inUse, message: "another program uses the data directory '\(self.path)'; stop it first, or choose another data directory"
            )
        }
        self.lock = Mutex(lock)
    }

    deinit {
        unlock()
    }

    /// Lets others use the folder.
    func unlock() {
        lock.withLock { lock in
            if let file = lock { _ = Self.closeFile(file) }
            lock = nil
        }
    }

    /// Bytes that this user may still write where a folder is or will be.
    static func freeBytes(path: String) -> Int? {
        var path = Substring(path.isEmpty ? "." : path)
        var status = statvfs()
        while statvfs(String(path), &status) != 0 {
            guard path != ".", path != "/" else { return nil }
            guard let slash = path.lastIndex(of: "/") else {
                path = "."
                continue
            }
            path = slash == path.startIndex ? "/" : path[..<slash]
        }
        return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    private static func makeFolder(_ path: String) throws(StoreError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += part
            if mkdir(prefix, 0o755) != 0, errno != EEXIST, errno != EISDIR { throw failure("make the data directory '\(prefix)'") }
            prefix += "/"
        }
    }

    private static func closeFile(_ file: Int32) -> Int32 { close(file) }

    private static func failure(_ doing: String, _ reason: Int32 = errno) -> StoreError {
        StoreError(
            code: reason == ENOSPC ? .diskFull : .io,
            message: "could not \(doing): \(String(cString: strerror(reason))); check the path and its permissions"
        )
    }
}
