#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// An open POSIX shared memory object; closed with its last user.
final class SharedMemoryObject: Sendable {
    private let descriptor: Int32
    private let key: String

    /// - Throws: `internal` when it cannot be opened.
    init(key: String) throws(InferenceError) {
        descriptor = shm_open(key, O_RDWR | O_CLOEXEC, 0)
        self.key = key
        guard descriptor >= 0 else { throw InferenceError(.internal, "Unable to open shared memory region: '\(key)'") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Bytes of the object now; its owner may change them.
    ///
    /// - Throws: `internal` when it is no shared memory.
    func size() throws(InferenceError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw InferenceError(.internal, "Invalid shared memory region: '\(key)'")
        }
        return Int(status.st_size)
    }

    /// - Throws: `invalidArgument` when the object ends before.
    func read(offset: Int, count: Int) throws(InferenceError) -> [UInt8] {
        // Asked first, so that a size from the client alone never allocates.
        try check(offset: offset, count: count)
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count {
                let read = pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
                // Unwrapped: a buffer of at least one byte has an address.
                if read < 0, errno == EINTR { continue }
                guard read > 0 else { break }
                done += read
            }
            initialized = done
        }
        guard done == count else { throw shrunk(offset: offset, count: count, size: offset + done) }
        return bytes
    }

    /// - Throws: `invalidArgument` when the object ends before.
    func write(_ bytes: [UInt8], offset: Int) throws(InferenceError) {
        // A write beyond the end would make the client's object larger.
        try check(offset: offset, count: bytes.count)
        var done = 0
        bytes.withUnsafeBytes { buffer in
            while done < buffer.count {
                let written = pwrite(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
                // Unwrapped: a buffer of at least one byte has an address.
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { break }
                done += written
            }
        }
        guard done == bytes.count else { throw InferenceError(.internal, "Unable to write to shared memory region: '\(key)'") }
    }

    private func check(offset: Int, count: Int) throws(InferenceError) {
        let size = try size()
        guard count <= size, offset <= size - count else { throw shrunk(offset: offset, count: count, size: size) }
    }

    private func shrunk(offset: Int, count: Int, size: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "the shared memory object '\(key)' was made smaller after it was registered: \(count) bytes from \(offset) were expected, it has \(size)"
        )
    }
}
