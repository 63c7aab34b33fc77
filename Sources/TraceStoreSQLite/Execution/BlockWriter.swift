internal import TraceModel
internal import TraceStore

/// Writes blocks into one partition, each call one transaction; used by one thread at a time.
final class BlockWriter: @unchecked Sendable {
    // Sendable: owned by StoreWriter, which uses it on its serial queue only, and then by the job that seals the partition.
    let partition: Partition
    private let connection: SQLiteConnection
    private let directory: PartitionDirectory
    private let insertBlock: SQLiteStatement
    private let insertSummary: SQLiteStatement
    private let insertFilter: SQLiteStatement
    private let insertOperation: SQLiteStatement
    private let deletions: [SQLiteStatement]
    private var operations: OperationTable
    private var nextBlockNumber: Int64
    /// Blocks up to this one are in the written lists of attributes.
    private var listedBlockNumber: Int64
    private var planner: MergePlanner

    /// - Parameter entry: the partition as it is, with its contents.
    init(_ connection: SQLiteConnection, _ entry: PartitionDirectory.Entry, directory: PartitionDirectory, limits: BlockLimits) throws(StoreError) {
        self.connection = connection
        self.directory = directory
        partition = entry.partition
        insertBlock = try connection.prepare("INSERT INTO blocks(id, encoding, data) VALUES(?, ?, ?)")
        insertSummary = try connection.prepare(
            """
            INSERT INTO summaries(block, span_count, min_start, max_start, max_duration, raw_size, operations, traces, statuses, kinds, durations)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        insertFilter = try connection.prepare("INSERT INTO filters(block, data) VALUES(?, ?)")
        insertOperation = try connection.prepare("INSERT INTO operations(id, service, name, kind) VALUES(?, ?, ?, ?)")
        deletions = [
            try connection.prepare("DELETE FROM blocks WHERE id = ?"), try connection.prepare("DELETE FROM summaries WHERE block = ?"),
            try connection.prepare("DELETE FROM filters WHERE block = ?"),
        ]
        operations = entry.facts.operations
        let blocks = entry.contents?.blocks ?? []
        nextBlockNumber = (blocks.last?.id.number ?? 0) + 1
        listedBlockNumber = nextBlockNumber - 1
        planner = MergePlanner(limits: limits)
        for block in blocks { planner.add(block) }
    }

    /// Stores blocks in one transaction: all of them, or none when it throws.
    ///
    /// - Parameter time: when they came, nanoseconds since the Unix epoch.
    func write(_ blocks: [PreparedBlock], at time: UInt64) throws {
        var operations = self.operations
        var summaries: [BlockSummary] = []
        try transaction {
            for block in blocks {
                var numbers: [UInt32] = []
                for key in block.digest.operations { numbers.append(try operations.id(of: key, isNew: insert)) }
                numbers.sortAndUnique()
                let summary = summary(of: block, nextBlockNumber + Int64(summaries.count), numbers)
                try insert(summary, block)
                summaries.append(summary)
            }
        } change: { entry in
            entry.facts.operations = operations
            entry.endedAt = time
            for (summary, block) in zip(summaries, blocks) {
                entry.facts.add(summary)
                entry.contents?.blocks.append(summary)
                entry.contents?.attributes.add(block.digest.attributes)
            }
        }
        self.operations = operations
        nextBlockNumber += Int64(summaries.count)
        for summary in summaries { planner.add(summary) }
    }

    /// The small blocks that should become one next; `nil` when there is nothing to do.
    func nextMerge() -> [BlockSummary]? { planner.next() }

    /// Puts one block in the place of several.
    func replace(_ blocks: [BlockSummary], with merged: PreparedBlock) throws {
        var operations = blocks.flatMap(\.operations)
        operations.sortAndUnique()
        let summary = summary(of: merged, nextBlockNumber, operations)
        try transaction {
            try insert(summary, merged)
            for block in blocks {
                for deletion in deletions {
                    deletion.bind(1, block.id.number)
                    try deletion.run()
                }
            }
        } change: { entry in
            entry.contents?.replace(Set(blocks.map(\.id.number)), with: summary)
        }
        nextBlockNumber += 1
        planner.add(summary)
    }

    /// Blocks whose attributes are in memory only, and would have to be read again if the program were killed now.
    var unlistedBlockCount: Int { Int(nextBlockNumber - 1 - listedBlockNumber) }

    /// Writes the lists of attributes; takes some milliseconds.
    func writeAttributes() throws {
        let attributes = directory.snapshot.current.contents?.attributes ?? AttributeDictionary()
        guard attributes.isChanged else { return }
        let number = nextBlockNumber - 1
        try transaction {
            try attributes.write(connection)
            try connection.execute("INSERT OR REPLACE INTO progress(name, number) VALUES('attributes', \(number))")
        } change: { entry in
            entry.contents?.attributes.wasWritten()
        }
        listedBlockNumber = number
    }

    /// The last block whose attributes are in the lists of a file.
    static func listedBlockNumber(_ connection: SQLiteConnection) throws(StoreError) -> Int64 {
        try connection.number("SELECT number FROM progress WHERE name = 'attributes'")
    }

    /// Moves the journal into the file when it is large. Readers and later commits are not disturbed.
    func checkpointIfLarge() {
        let size = StoreFile.journalSize(path: connection.path)
        if size > Self.checkpointSize { connection.checkpoint(size > 8 * Self.checkpointSize ? CheckpointMode.restart : CheckpointMode.passive) }
    }

    private static let checkpointSize = 16 << 20

    /// Moves the whole journal into the file and closes it.
    ///
    /// - Parameter hasReaders: others may read the partition now and later.
    func close(hasReaders: Bool) {
        if hasReaders { connection.keepJournalFiles() }
        connection.checkpoint(CheckpointMode.truncate)
        connection.close()
    }

    // MARK: Rows

    private func summary(of block: PreparedBlock, _ number: Int64, _ operations: [UInt32]) -> BlockSummary {
        BlockSummary(
            id: BlockID(partition: partition.number, number: number), spanCount: block.digest.spanCount, minimumStart: block.digest.minimumStart,
            maximumStart: block.digest.maximumStart, maximumDuration: block.digest.maximumDuration, rawSize: block.rawSize, marks: block.digest.marks,
            operations: operations, traces: block.digest.traces
        )
    }

    private func insert(_ key: OperationKey, id: UInt32) throws {
        insertOperation.bind(1, Int64(id))
        insertOperation.bind(2, key.service)
        insertOperation.bind(3, key.name)
        insertOperation.bind(4, key.kind.map { Int64($0.rawValue) } ?? OperationKey.otherKind)
        try insertOperation.run()
    }

    private func insert(_ summary: BlockSummary, _ block: PreparedBlock) throws {
        insertSummary.bind(1, summary.id.number)
        insertSummary.bind(2, Int64(summary.spanCount))
        insertSummary.bind(3, summary.minimumStart)
        insertSummary.bind(4, summary.maximumStart)
        insertSummary.bind(5, summary.maximumDuration)
        insertSummary.bind(6, Int64(summary.rawSize))
        insertSummary.bind(7, NumberList.bytes(summary.operations))
        insertSummary.bind(8, NumberList.bytes(summary.traces))
        insertSummary.bind(9, Int64(summary.marks.statuses))
        insertSummary.bind(10, Int64(summary.marks.kinds))
        insertSummary.bind(11, summary.marks.durations)
        try insertSummary.run()
        insertBlock.bind(1, summary.id.number)
        insertBlock.bind(2, PreparedBlock.encoding)
        insertBlock.bind(3, block.data)
        try insertBlock.run()
        guard !block.digest.filter.isEmpty else { return }
        insertFilter.bind(1, summary.id.number)
        insertFilter.bind(2, block.digest.filter)
        try insertFilter.run()
    }

    private func transaction(_ body: () throws -> Void, change: (inout PartitionDirectory.Entry) -> Void) throws {
        try connection.execute("BEGIN IMMEDIATE")
        do {
            try body()
            try directory.commit({ try connection.execute("COMMIT") }, change)
        } catch {
            // Some errors have rolled back already; then this one says so and may be ignored.
            try? connection.execute("ROLLBACK")
            throw error
        }
    }
}
