public import Logging
public import TraceModel
public import TraceStore

/// Keeps traces in SQLite files on disk, one for each partition of time.
///
/// Each `append` is one transaction. Spans lie in compressed blocks of up to some thousand spans, each with a small summary
/// (time range, durations, operations, fingerprints of the trace ids) that is also kept in memory, and a filter of its attributes:
/// a read opens only the blocks that can matter. Small blocks are merged in the background.
///
/// What `append` has returned for survives the end of the process, also by `kill -9`. After a power failure the newest commits
/// may be missing (SQLite's write-ahead log with `synchronous = NORMAL`), and the files are still whole. One process at a time
/// uses a data directory. Memory: the caches and the directory of ``Configuration``, and about 4 bytes for each trace of the
/// current partition.
public final class SQLiteTraceStore: TraceStore {
    /// The folder's path.
    public let path: String
    private let configuration: Configuration
    private let dataDirectory: DataDirectory
    private let directory: PartitionDirectory
    private let caches: BlockCaches
    private let writer: StoreWriter
    private let readers: ReaderPool
    /// Looks for spans that come again; apart from the others, so that slow reads hold up no commit.
    private let duplicateReader: ReaderPool
    private let recentSpans = RecentSpans()
    private let logger: Logger

    /// Opens the partitions in a folder; it is made when it is not there.
    ///
    /// - Parameter directory: the path of the folder, absolute or relative to the current one.
    /// - Throws: ``TraceStore/StoreError``: `.corrupt` when a file is no trace file, `.newerFormat` when a newer version wrote it,
    ///   `.inUse` when another process uses the folder, `.io` or `.diskFull` when it cannot be made.
    public convenience init(directory: String, configuration: Configuration = Configuration(), logger: Logger) throws {
        try self.init(directory: directory, configuration: configuration, logger: logger, clock: PartitionClock.now)
    }

    /// - Parameter clock: nanoseconds since the Unix epoch, by which partitions begin and go.
    package init(directory: String, configuration: Configuration, logger: Logger, clock: @escaping @Sendable () -> UInt64) throws {
        self.configuration = configuration
        self.logger = logger
        dataDirectory = try DataDirectory(path: directory)
        path = dataDirectory.path
        let partitions = try PartitionWriter(folder: path, configuration: configuration, clock: clock, logger: logger)
        let all = partitions.directory
        self.directory = all
        caches = BlockCaches(
            blocks: BlockCache(maximumSize: configuration.cacheSize), filters: BlockCache(maximumSize: configuration.filterCacheSize)
        )
        let readers = ReaderPool(count: configuration.readerCount)
        let duplicateReader = ReaderPool(count: 1)
        self.duplicateReader = duplicateReader
        self.readers = readers
        writer = StoreWriter(partitions, compressionLevel: configuration.compressionLevel, logger: logger) {
            // Else the files would keep their space on the disk.
            let numbers = Set(all.snapshot.entries.map(\.partition.number))
            readers.closeFiles(keeping: numbers)
            duplicateReader.closeFiles(keeping: numbers)
        }
        let entries = all.snapshot.entries
        logger.info(
            "opened the trace store",
            metadata: ["path": "\(path)", "partitions": "\(entries.count)", "spans": "\(entries.reduce(0) { $0 + $1.facts.spanCount })"]
        )
    }

    /// What a store in this folder has and could have: bytes of its files, and bytes that are free; `nil` when the system does not say.
    public static func space(directory: String) -> Int? {
        guard let free = DataDirectory.freeBytes(path: directory) else { return nil }
        return Partition.all(in: directory, isCleaning: false).reduce(free) { $0 + StoreFile.sizeOnDisk(path: $1.path) }
    }

    public func append(_ batches: [SpanBatch]) async throws {
        let batches = try await newSpans(of: batches)
        // Encoding and compressing run in the caller's task: several callers use several cores.
        let blocks = try PreparedBlock.blocks(of: batches, limits: configuration.blockLimits, compressionLevel: configuration.compressionLevel)
        try await writer.write(blocks)
    }

    /// The batches without spans that came before.
    private func newSpans(of batches: [SpanBatch]) async throws -> [SpanBatch] {
        let suspects = recentSpans.remember(batches)
        if suspects.isEmpty { return batches }
        let directory = self.directory
        let caches = self.caches
        let stored: [TraceID: StoredTrace]
        do {
            stored = try await duplicateReader.run { files in
                try BlockReader.read(files, directory, caches, Cancellation()) { try $0.traces(suspects, .whole) }
            }
        } catch let error as StoreError where error.code != .closed {
            // Better stored twice than not at all.
            logger.warning("could not look for spans that came before", metadata: ["error": "\(error)"])
            return batches
        }
        var filter = DuplicateFilter(suspects, stored: stored)
        return batches.map { filter.apply($0) }
    }

    public func services() async throws -> [String] {
        try await readers.run { _ in
            self.directory.snapshot.entries.reduce(into: Set<String>()) { $0.formUnion($1.facts.operations.services.keys) }.sorted()
        }
    }

    public func operations(service: String) async throws -> [Operation] {
        try await readers.run { _ in
            var operations: Set<Operation> = []
            for entry in self.directory.snapshot.entries where entry.facts.operations.services[service] != nil {
                for key in entry.facts.operations.ids.keys where key.service == service {
                    if let kind = key.kind { operations.insert(Operation(name: key.name, kind: kind)) }
                }
            }
            return operations.sorted()
        }
    }

    public func trace(_ id: TraceID) async throws -> StoredTrace? {
        try await read { try $0.trace(id) }
    }

    /// Looks at what is in memory of the blocks only. A merge of small blocks makes another version of the same spans.
    public func version(ofTrace id: TraceID) async throws -> TraceVersion? {
        try await read { try $0.version(ofTrace: id) }
    }

    public func footprint(of id: TraceID) async throws -> TraceFootprint? {
        try await read { try $0.footprint(of: id) }
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

    public func attributeKeys(scope: AttributeScope?, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeKey] {
        try await read { reader in
            let keys = try reader.attributes(in: startTime).reduce(into: Set<AttributeKey>()) { $0.formUnion($1.entries.keys) }
            return keys.filter { scope == nil || $0.scope == scope }
                .sorted { ($0.scope?.rawValue ?? "", $0.name) < ($1.scope?.rawValue ?? "", $1.name) }
                .prefix(max(0, limit)).map(\.self)
        }
    }

    /// The values are the most usual ones of each partition, without lists, maps, bytes and long text.
    public func attributeValues(_ key: AttributeKey, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeValueCount] {
        let scopes: [AttributeScope] = key.scope.map { [$0] } ?? [.span, .resource]
        return try await read { reader in
            var counts: [AttributeValue: Int] = [:]
            for dictionary in try reader.attributes(in: startTime) {
                for scope in scopes {
                    guard let entry = dictionary.entries[AttributeKey(scope: scope, name: key.name)] else { continue }
                    counts.merge(entry.values) { $0 &+ $1 }
                }
            }
            return counts.map { AttributeValueCount(value: $0.key, count: $0.value) }
                .sorted { $0.count != $1.count ? $0.count > $1.count : $0.value.searchText < $1.value.searchText }
                .prefix(max(0, limit)).map(\.self)
        }
    }

    /// How much is stored. Traces are not counted; a span that was delivered again counts once, unless that was long ago or at the same time.
    public func statistics() async throws -> TraceStoreStatistics {
        try await readers.run { _ in
            let snapshot = self.directory.snapshot
            let stored = snapshot.entries.filter { $0.facts.spanCount > 0 }
            let size = snapshot.entries.dropLast().reduce(StoreFile.sizeOnDisk(path: snapshot.current.partition.path)) { $0 + $1.sizeOnDisk }
            var statistics = TraceStoreStatistics(
                spanCount: stored.reduce(0) { $0 + $1.facts.spanCount }, bytesOnDisk: size,
                oldestStartTime: stored.map(\.facts.minimumStart).min(), newestStartTime: stored.map(\.facts.maximumStart).max()
            )
            statistics.partitionCount = snapshot.entries.count
            // The file of format version 1 does not say when it was begun; its spans do.
            statistics.retainedSince = stored.first.map { entry in
                entry.partition.createdAt > 0 ? entry.partition.createdAt &* 1_000_000_000 : entry.facts.minimumStart
            }
            statistics.isWhole = snapshot.entries[0].isFirst
            statistics.droppedPartitionCount = snapshot.droppedPartitionCount
            statistics.droppedSpanCount = snapshot.droppedSpanCount
            return statistics
        }
    }

    public func close() async {
        await readers.close()
        await duplicateReader.close()
        await writer.close()
        dataDirectory.unlock()
        logger.debug("closed the trace store", metadata: ["path": "\(path)"])
    }

    private func read<R: Sendable>(_ body: @escaping @Sendable (BlockReader) throws -> R) async throws -> R {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await readers.run { files in
                try BlockReader.read(
                    files, self.directory, self.caches, cancellation, scanMemorySize: self.configuration.scanMemorySize, body
                )
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
