#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
public import Logging
internal import Synchronization

/// Which share of which service's traces is wanted: Jaeger's strategies file.
public final class SamplingStrategies: Sendable {
    /// Everything is sampled, as in Jaeger's all-in-one.
    public static let everything = SamplingStrategies(table: SamplingStrategyTable())

    /// The file is looked at again after this long, and read when it has changed.
    private static let reloadInterval: Duration = .seconds(1)
    private static let maximumFileSize = 16 << 20

    private struct State {
        var table: SamplingStrategyTable
        var stamp: FileStamp?
        var nextLook: ContinuousClock.Instant
    }

    /// What changes when a file is written.
    private struct FileStamp: Hashable {
        var seconds: Int
        var nanoseconds: Int
        var size: Int64
        var inode: UInt64
    }

    private let path: String?
    private let logger: Logger?
    private let state: Mutex<State>

    private init(table: SamplingStrategyTable) {
        path = nil
        logger = nil
        state = Mutex(State(table: table, stamp: nil, nextLook: .now))
    }

    /// Reads a strategies file, which is read again when it changes; a change that cannot be read is logged, and the strategies stay.
    ///
    /// - Throws: ``SamplingStrategyError``, which names the place and what was expected.
    public init(path: String, logger: Logger? = nil) throws {
        self.path = path
        self.logger = logger
        let stamp = Self.stamp(path)
        state = Mutex(State(table: try Self.read(path), stamp: stamp, nextLook: .now + Self.reloadInterval))
    }

    /// What a service is to sample.
    func strategy(for service: String) -> SamplingStrategy {
        let (table, failure) = state.withLock { state -> (SamplingStrategyTable, (any Error)?) in
            guard let path, ContinuousClock.now >= state.nextLook else { return (state.table, nil) }
            state.nextLook = .now + Self.reloadInterval
            let stamp = Self.stamp(path)
            guard stamp != state.stamp else { return (state.table, nil) }
            state.stamp = stamp
            do {
                state.table = try Self.read(path)
            } catch {
                return (state.table, error)
            }
            return (state.table, nil)
        }
        if let failure {
            logger?.error(
                "The sampling strategies were changed and cannot be read; the former ones stay", metadata: ["file": "\(path ?? "")", "error": "\(failure)"])
        }
        return table.strategy(for: service)
    }

    private static func stamp(_ path: String) -> FileStamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return FileStamp(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, size: Int64(status.st_size), inode: UInt64(status.st_ino))
    }

    private static func read(_ path: String) throws -> SamplingStrategyTable {
        guard let file = fopen(path, "r") else {
            throw SamplingStrategyError(message: "\(path): \(String(cString: strerror(errno))); expected a file of Jaeger's sampling strategies")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { break }
            bytes += piece[..<count]
            guard bytes.count <= maximumFileSize else { throw SamplingStrategyError(message: "\(path): larger than \(maximumFileSize) bytes") }
        }
        do throws(SamplingStrategyError) {
            return try SamplingStrategyTable(json: bytes)
        } catch {
            throw SamplingStrategyError(message: "\(path): \(error.message)")
        }
    }
}

/// What is wrong with a strategies file.
public struct SamplingStrategyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where it is, what was found and what was expected.
    public var message: String
    public var description: String { message }
}
