internal import Glibc

/// Memory that the server and one worker share, for tensors that are too large for the socket.
///
/// Its name in the file system is gone before anyone uses it, so nothing is left when both are gone, however they ended. The server reads and
/// writes it as a file and never maps it: whatever a worker does to it, the server gets an error and no signal.
struct TensorArena: ~Copyable {
    let descriptor: Int32
    /// Bytes that were handed out by ``allocate(_:)``.
    private var used = 0
    private var size = 0
    private var users = 0
    let maximumSize: Int

    /// - Throws: ``SystemError``.
    init(maximumSize: Int) throws {
        self.maximumSize = maximumSize
        let name = "/needletail-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw SystemError("making shared memory '\(name)'") }
        shm_unlink(name)
    }

    deinit { close(descriptor) }

    /// Somebody uses what is handed out from now on.
    mutating func begin() { users += 1 }

    /// Somebody's part is free; when it is the last, all of it is given back.
    mutating func end() {
        users -= 1
        if users <= 0 { reset() }
    }

    /// Gives all of it back; memory beyond ``keptSize`` returns to the system.
    private mutating func reset() {
        users = 0
        used = 0
        guard size > Self.keptSize else { return }
        // Cut and grown again: the worker may have it mapped, but reads none of it between two batches.
        ftruncate(descriptor, off_t(Self.keptSize))
        if ftruncate(descriptor, off_t(size)) != 0 { size = Self.keptSize }
    }

    /// An empty arena keeps at most this much memory: 64 MiB.
    static let keptSize = 64 << 20
    /// Tensors begin at multiples of a cache line.
    private static let alignment = 64

    /// A place for so many bytes; `nil` when the arena is full.
    mutating func allocate(_ count: Int) -> Int? {
        let offset = used
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow, end <= maximumSize else { return nil }
        if end > size {
            let grown = min(max(end, size * 2, 1 << 20), maximumSize)
            guard ftruncate(descriptor, off_t(grown)) == 0 else { return nil }
            size = grown
        }
        used = min(maximumSize, (end + Self.alignment - 1) / Self.alignment * Self.alignment)
        return offset
    }

    /// - Throws: ``SystemError`` when the system has no memory left.
    func write(_ bytes: [UInt8], at offset: Int) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + written, $0.count - written, off_t(offset + written)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError("writing shared memory") }
            written += count
        }
    }

    /// - Throws: ``SystemError`` when there are fewer bytes.
    func read(count: Int, at offset: Int) throws -> [UInt8] {
        var position = 0
        let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while position < count {
                let read = pread(descriptor, buffer.baseAddress! + position, count - position, off_t(offset + position))
                if read < 0, errno == EINTR { continue }
                guard read > 0 else { throw SystemError("reading shared memory", code: read == 0 ? ERANGE : errno) }
                position += read
            }
            initialized = count
        }
        return bytes
    }
}
