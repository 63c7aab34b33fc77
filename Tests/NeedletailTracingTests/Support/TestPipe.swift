#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Synchronization

/// A pipe of which a test holds both ends.
///
/// Both are closed with the last reference: a test returns only when nothing reads or writes any more.
final class TestPipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32
    private let closed = Mutex<Set<Int32>>([])

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    func closeReadEnd() { closeOnce(readEnd) }
    func closeWriteEnd() { closeOnce(writeEnd) }

    private func closeOnce(_ end: Int32) {
        if closed.withLock({ $0.insert(end).inserted }) { close(end) }
    }

    deinit {
        closeReadEnd()
        closeWriteEnd()
    }

    /// Reads until the write end is closed.
    func readAll() -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(readEnd, &piece, piece.count), count > 0 { bytes += piece.prefix(count) }
        return bytes
    }
}
