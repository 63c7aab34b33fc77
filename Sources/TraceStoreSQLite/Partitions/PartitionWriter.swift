internal import Logging
internal import TraceModel
internal import TraceStore

/// Writes into the current partition, begins new ones and drops old ones; used by one thread at a time.
final class PartitionWriter: @unchecked Sendable {
    // Sendable: owned by StoreWriter, which uses it on its serial queue only.
    /// Blocks after which the lists of attributes are written: as many are read again after a `kill -9`.
    private static let listInterval = 256
    /// Nanoseconds until a partition that could not be made is tried again, and between looks at what to drop.
    private static let retryInterval: UInt64 = 10_000_000_000
    private static let retentionInterval: UInt64 = 1_000_000_000

    let directory: PartitionDirectory
    private let folder: String
    private let configuration: SQLiteTraceStore.Configuration
    private let clock: @Sendable () -> UInt64
    private let logger: Logger
    private var writer: BlockWriter
    private var nextRoll: UInt64 = 0
    private var nextRetention: UInt64 = 0

    /// Opens all partitions of a folder, and makes the first one when there is none.
    init(
        folder: String, configuration: SQLiteTraceStore.Configuration, clock: @escaping @Sendable () -> UInt64, logger: Logger
    ) throws {
        self.folder = folder
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        var partitions = Partition.all(in: folder)
        let isNew = partitions.isEmpty
        let current = partitions.popLast() ?? Partition(number: 0, directory: folder, createdAt: max(1, clock() / 1_000_000_000))
        var entries: [PartitionDirectory.Entry] = []
        for partition in partitions {
            let (connection, entry) = try Self.open(partition, configuration)
            connection.checkpoint(CheckpointMode.truncate)
            connection.close()
            if entry.facts.spanCount == 0 {
                // Begun just before the program was killed.
                Partition.removeFiles(partition.path)
                continue
            }
            entries.append(entry)
        }
        var (connection, entry) = try Self.open(current, configuration, withContents: true)
        if isNew {
            try connection.execute("INSERT INTO progress(name, number) VALUES('first', 1)")
            entry.isFirst = true
        }
        directory = PartitionDirectory(entries + [entry], maximumContentsSize: configuration.directorySize)
        writer = try BlockWriter(connection, entry, directory: directory, limits: configuration.blockLimits)
    }

    /// Opens a file, brings it up to date, and reads what is kept in memory of it.
    private static func open(
        _ partition: Partition, _ configuration: SQLiteTraceStore.Configuration, withContents: Bool = false
    ) throws -> (SQLiteConnection, PartitionDirectory.Entry) {
        // Before it is touched.
        let endedAt = StoreFile.changeTime(path: partition.path) ?? 0
        let connection = try StoreFile.openForWriting(path: partition.path, maximumSize: configuration.maximumFileSize)
        var entry = PartitionDirectory.Entry(
            partition: partition, facts: try Partition.facts(connection, maximumOperationCount: configuration.maximumOperationCount),
            endedAt: endedAt, sizeOnDisk: StoreFile.sizeOnDisk(path: partition.path),
            isFirst: try connection.number("SELECT count(*) FROM progress WHERE name = 'first'") > 0
        )
        let listed = try BlockWriter.listedBlockNumber(connection)
        let last = try connection.number("SELECT max(block) FROM summaries")
        guard withContents || listed < last else { return (connection, entry) }
        var contents = try partition.contents(connection)
        if listed < last {
            try listAttributes(of: contents.blocks.filter { $0.id.number > listed }, &contents.attributes, connection)
            try connection.execute("BEGIN IMMEDIATE")
            try contents.attributes.write(connection)
            try connection.execute("INSERT OR REPLACE INTO progress(name, number) VALUES('attributes', \(last)); COMMIT")
        }
        if withContents { entry.contents = contents }
        return (connection, entry)
    }

    /// Reads blocks whose attributes were not in the lists yet when the program ended. One that is damaged is left out here.
    private static func listAttributes(of blocks: [BlockSummary], _ attributes: inout AttributeDictionary, _ connection: SQLiteConnection) throws {
        let select = try connection.prepare("SELECT data FROM blocks WHERE id = ?")
        for block in blocks {
            select.bind(1, block.id.number)
            defer { select.reset() }
            guard try select.step() else { continue }
            let data = select.bytes(0)
            guard let summaries = PreparedBlock.attributes(ofStored: data, rawSize: block.rawSize, spanCount: block.spanCount) else { continue }
            attributes.add(summaries)
        }
    }

    // MARK: Writing

    /// Stores blocks: all of them, or none when it throws.
    func write(_ blocks: [PreparedBlock]) throws {
        let time = clock()
        if isFull(at: time) { roll(at: time) }
        try writer.write(blocks, at: time)
    }

    /// The small blocks that should become one next; `nil` when there is nothing to do.
    func nextMerge() -> [BlockSummary]? { writer.nextMerge() }

    /// The current partition, which alone has blocks to merge.
    var current: Partition { writer.partition }

    /// Puts one block in the place of several, unless their partition has ended meanwhile.
    func replace(_ blocks: [BlockSummary], with merged: PreparedBlock) throws {
        guard blocks.first?.id.partition == writer.partition.number else { return }
        try writer.replace(blocks, with: merged)
    }

    /// What is done between commits: some milliseconds at most, and seldom.
    func housekeep() {
        do {
            if writer.unlistedBlockCount >= Self.listInterval { try writer.writeAttributes() }
        } catch {
            logger.warning("could not write the lists of attributes", metadata: ["error": "\(error)"])
        }
        writer.checkpointIfLarge()
        dropOld()
    }

    func close() {
        // Without them the blocks would be read again at the next start: nothing is lost.
        try? writer.writeAttributes()
        writer.close(hasReaders: false)
    }

    // MARK: Partitions

    private func isFull(at time: UInt64) -> Bool {
        guard time >= nextRoll, directory.snapshot.current.facts.spanCount > 0 else { return false }
        let age = time / 1_000_000_000 - min(time / 1_000_000_000, writer.partition.createdAt)
        return age >= configuration.partitionSeconds || StoreFile.sizeOnDisk(path: writer.partition.path) >= configuration.partitionSize
    }

    /// Begins a new partition. When that cannot be done, the old one goes on.
    private func roll(at time: UInt64) {
        let old = writer
        let partition = Partition(
            number: old.partition.number + 1, directory: folder, createdAt: max(time / 1_000_000_000, old.partition.createdAt + 1)
        )
        do {
            try old.writeAttributes()
            let connection = try StoreFile.openForWriting(path: partition.path, maximumSize: configuration.maximumFileSize)
            let entry = PartitionDirectory.Entry(
                partition: partition, facts: PartitionFacts(operations: OperationTable(maximumCount: configuration.maximumOperationCount)),
                contents: PartitionContents(), endedAt: time
            )
            writer = try BlockWriter(connection, entry, directory: directory, limits: configuration.blockLimits)
            directory.add(entry, size: StoreFile.sizeOnDisk(path: old.partition.path))
        } catch {
            Partition.removeFiles(partition.path)
            nextRoll = time &+ Self.retryInterval
            logger.warning("could not begin a new partition; the old one goes on", metadata: ["path": "\(partition.path)", "error": "\(error)"])
            return
        }
        logger.debug("began a new partition", metadata: ["path": "\(partition.path)"])
        sealed(old)
    }

    /// Told of the writer of a partition that has ended, to close it; set by the owner.
    var sealed: (BlockWriter) -> Void = { $0.close(hasReaders: true) }
    /// Told after partitions were dropped; set by the owner.
    var dropped: () -> Void = {}

    /// Drops partitions that are too old, and the oldest while all together are too large.
    private func dropOld() {
        let time = clock()
        guard configuration.retentionSeconds != nil || configuration.retentionSize != nil, time >= nextRetention else { return }
        nextRetention = time &+ Self.retentionInterval
        if let seconds = configuration.retentionSeconds {
            let current = directory.snapshot.current
            if current.facts.spanCount > 0, isOlder(current, than: seconds, at: time) { roll(at: time) }
        }
        var hasDropped = false
        while true {
            let snapshot = directory.snapshot
            guard snapshot.entries.count > 1, let oldest = snapshot.entries.first else { break }
            let size = snapshot.entries.dropLast().reduce(StoreFile.sizeOnDisk(path: writer.partition.path)) { $0 + $1.sizeOnDisk }
            let isOld = configuration.retentionSeconds.map { isOlder(oldest, than: $0, at: time) } ?? false
            let isTooLarge = configuration.retentionSize.map { size > $0 } ?? false
            guard isOld || isTooLarge, let entry = directory.dropOldest() else { break }
            hasDropped = true
            logger.info(
                "dropped the oldest partition",
                metadata: ["path": "\(entry.partition.path)", "spans": "\(entry.facts.spanCount)", "reason": isOld ? "retention age" : "retention size"]
            )
        }
        if hasDropped { dropped() }
    }

    private func isOlder(_ entry: PartitionDirectory.Entry, than seconds: UInt64, at time: UInt64) -> Bool {
        let (end, isNever) = entry.endedAt.addingReportingOverflow(seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
        return !isNever && end < time
    }
}
