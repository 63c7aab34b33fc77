public import Logging
public import TraceModel
public import TraceStore

/// Keeps traces in one SQLite file on disk.
///
/// Each `append` is one transaction. Spans lie in compressed blocks of up to some thousand spans, each with a small summary
/// (time range, longest duration, operations, fingerprints of the trace ids) that is also kept in memory: a read opens only the
/// blocks that can matter. Small blocks are merged in the background.
///
/// What `append` has returned for survives the end of the process, also by `kill -9`. After a power failure the newest commits
/// may be missing (SQLite's write-ahead log with `synchronous = NORMAL`), and the file is still whole. One process at a time
/// uses a data directory. Memory: about 4 bytes for each stored trace, and the block cache.
public final class SQLiteTraceStore: TraceStore {
    /// The file's path.
    public let path: String
    private let configuration: Configuration
    private let dataDirectory: DataDirectory
    private let directory: BlockDirectory
    private let cache: BlockCache
    private let writer: StoreWriter
    private let readers: ReaderPool
    private let logger: Logger

    /// Opens `traces.sqlite` in a folder; both are made when they are not there.
    ///
    /// - Parameter directory: the path of the folder, absolute or relative to the current one.
    /// - Throws: ``TraceStore/StoreError``: `.corrupt` when the file is no trace file, `.newerFormat` when a newer version wrote it,
    ///   `.inUse` when another process uses the folder, `.io` or `.diskFull` when it cannot be made.
    public init(directory: String, configuration: Configuration = Configuration(), logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        dataDirectory = try DataDirectory(path: directory)
        path = dataDirectory.path + "/" + StoreFile.name
        let connection = try StoreFile.openForWriting(path: path, maximumSize: configuration.maximumFileSize)
        let snapshot = try BlockDirectory.load(connection, maximumOperationCount: configuration.maximumOperationCount)
        self.directory = BlockDirectory(snapshot)
        cache = BlockCache(maximumSize: configuration.cacheSize)
        readers = try ReaderPool(path: path, count: configuration.readerCount)
        let blockWriter = try BlockWriter(
            connection, directory: self.directory, limits: configuration.blockLimits, compressionLevel: configuration.compressionLevel
        )
        writer = StoreWriter(blockWriter, logger: logger)
        logger.info(
            "opened the trace store",
            metadata: ["path": "\(path)", "spans": "\(snapshot.spanCount)", "blocks": "\(snapshot.blocks.count)"]
        )
    }

    public func append(_ batches: [SpanBatch]) async throws {
        // Encoding and compressing run in the caller's task: several callers use several cores.
        let blocks = PreparedBlock.blocks(of: batches, limits: configuration.blockLimits, compressionLevel: configuration.compressionLevel)
        try await writer.write(blocks)
    }

    public func services() async throws -> [String] {
        try await readers.run { _ in
            self.directory.read {}.operations.services.keys.sorted()
        }
    }

    public func operations(service: String) async throws -> [Operation] {
        try await readers.run { _ in
            var operations: [Operation] = []
            for key in self.directory.read({}).operations.ids.keys where key.service == service {
                if let kind = key.kind { operations.append(Operation(name: key.name, kind: kind)) }
            }
            return operations.sorted()
        }
    }

    public func trace(_ id: TraceID) async throws -> StoredTrace? {
        try await read { try $0.trace(id) }
    }

    public func findTraces(_ search: TraceSearch) async throws -> [StoredTrace] {
        try await read { try $0.findTraces(search) }
    }

    public func scanSpans<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State,
        _ body: @escaping @Sendable (inout State, SpanBatch) throws -> ScanStep
    ) async throws -> State {
        try await read { reader in
            var state = state
            try reader.scanSpans(selection, projection) { try body(&state, $0) }
            return state
        }
    }

    public func scanTraces<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State,
        _ body: @escaping @Sendable (inout State, [StoredTrace]) throws -> ScanStep
    ) async throws -> State {
        try await read { reader in
            var state = state
            try reader.scanTraces(selection, projection) { try body(&state, $0) }
            return state
        }
    }

    /// How much is stored. Traces are not counted; a span that was delivered twice counts twice.
    public func statistics() async throws -> TraceStoreStatistics {
        let path = self.path
        return try await readers.run { _ in
            let snapshot = self.directory.read {}
            let isEmpty = snapshot.spanCount == 0
            return TraceStoreStatistics(
                spanCount: snapshot.spanCount, bytesOnDisk: StoreFile.sizeOnDisk(path: path),
                oldestStartTime: isEmpty ? nil : snapshot.minimumStart, newestStartTime: isEmpty ? nil : snapshot.maximumStart
            )
        }
    }

    public func close() async {
        await readers.close()
        await writer.close()
        dataDirectory.unlock()
        logger.debug("closed the trace store", metadata: ["path": "\(path)"])
    }

    private func read<R: Sendable>(_ body: @escaping @Sendable (BlockReader) throws -> R) async throws -> R {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await readers.run { connection in
                try cancellation.check()
                return try BlockReader.read(connection, self.directory, self.cache, cancellation, body)
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
