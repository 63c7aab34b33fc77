internal import Compression
internal import TraceModel
internal import TraceStore

/// Writes blocks, each call one transaction; used by one thread at a time.
final class BlockWriter: @unchecked Sendable {
    // Sendable: owned by StoreWriter, which uses it on its serial queue only.
    private let connection: SQLiteConnection
    private let directory: BlockDirectory
    private let insertBlock: SQLiteStatement
    private let insertSummary: SQLiteStatement
    private let insertOperation: SQLiteStatement
    private let selectBlock: SQLiteStatement
    private let deleteBlock: SQLiteStatement
    private let deleteSummary: SQLiteStatement
    private let compressionLevel: Int32
    private var operations: OperationTable
    private var nextBlockID: Int64
    private var planner: MergePlanner

    init(_ connection: SQLiteConnection, directory: BlockDirectory, limits: BlockLimits, compressionLevel: Int32) throws(StoreError) {
        self.connection = connection
        self.directory = directory
        self.compressionLevel = compressionLevel
        insertBlock = try connection.prepare("INSERT INTO blocks(id, encoding, data) VALUES(?, ?, ?)")
        insertSummary = try connection.prepare(
            """
            INSERT INTO summaries(block, span_count, min_start, max_start, max_duration, raw_size, operations, traces)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        insertOperation = try connection.prepare("INSERT INTO operations(id, service, name, kind) VALUES(?, ?, ?, ?)")
        selectBlock = try connection.prepare("SELECT data FROM blocks WHERE id = ?")
        deleteBlock = try connection.prepare("DELETE FROM blocks WHERE id = ?")
        deleteSummary = try connection.prepare("DELETE FROM summaries WHERE block = ?")
        let snapshot = directory.read {}
        operations = snapshot.operations
        nextBlockID = (snapshot.blocks.last?.id ?? 0) + 1
        planner = MergePlanner(limits: limits)
        for block in snapshot.blocks { planner.add(block) }
    }

    /// Stores blocks in one transaction: all of them, or none when it throws.
    func write(_ blocks: [PreparedBlock]) throws {
        var operations = self.operations
        var summaries: [BlockSummary] = []
        try transaction {
            for block in blocks {
                var numbers: [UInt32] = []
                for key in block.operations { numbers.append(try operations.id(of: key, isNew: insert)) }
                numbers.sortAndUnique()
                let summary = BlockSummary(
                    id: nextBlockID + Int64(summaries.count), spanCount: block.spanCount, minimumStart: block.minimumStart,
                    maximumStart: block.maximumStart, maximumDuration: block.maximumDuration, rawSize: block.rawSize,
                    operations: numbers, traces: block.traces
                )
                try insert(summary, data: block.data)
                summaries.append(summary)
            }
        } change: { snapshot in
            snapshot.operations = operations
            for summary in summaries { snapshot.add(summary) }
        }
        self.operations = operations
        nextBlockID += Int64(summaries.count)
        for summary in summaries { planner.add(summary) }
    }

    /// Merges small blocks once, if there are enough of them; takes some milliseconds.
    ///
    /// - Returns: how many became one; 0 when there is nothing to do.
    func mergeOnce() throws -> Int {
        guard let blocks = planner.next() else { return 0 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(blocks.reduce(0) { $0 + $1.rawSize })
        for block in blocks {
            selectBlock.bind(1, block.id)
            defer { selectBlock.reset() }
            guard try selectBlock.step() else { throw StoreError(code: .corrupt, message: "block \(block.id) of '\(connection.path)' is missing") }
            // Protobuf messages of one type written one after the other are one message.
            bytes += try Zstd.decompress(selectBlock.bytes(0), maximumSize: block.rawSize)
        }
        var operations = blocks.flatMap(\.operations)
        var traces = blocks.flatMap(\.traces)
        operations.sortAndUnique()
        traces.sortAndUnique()
        let merged = BlockSummary(
            id: nextBlockID, spanCount: blocks.reduce(0) { $0 + $1.spanCount }, minimumStart: blocks.map(\.minimumStart).min() ?? 0,
            maximumStart: blocks.map(\.maximumStart).max() ?? 0, maximumDuration: blocks.map(\.maximumDuration).max() ?? 0,
            rawSize: bytes.count, operations: operations, traces: traces
        )
        let data = Zstd.compress(bytes, level: compressionLevel)
        try transaction {
            try insert(merged, data: data)
            for block in blocks {
                deleteBlock.bind(1, block.id)
                try deleteBlock.run()
                deleteSummary.bind(1, block.id)
                try deleteSummary.run()
            }
        } change: { snapshot in
            snapshot.replace(Set(blocks.map(\.id)), with: merged)
        }
        nextBlockID += 1
        planner.add(merged)
        return blocks.count
    }

    /// Moves the journal into the file when it is large. Readers and later commits are not disturbed.
    func checkpointIfLarge() {
        let size = StoreFile.journalSize(path: connection.path)
        if size > Self.checkpointSize { connection.checkpoint(size > 8 * Self.checkpointSize ? CheckpointMode.restart : CheckpointMode.passive) }
    }

    private static let checkpointSize = 16 << 20

    /// Moves the whole journal into the file and closes it.
    func close() {
        connection.checkpoint(CheckpointMode.truncate)
        connection.close()
    }

    private func insert(_ key: OperationKey, id: UInt32) throws {
        insertOperation.bind(1, Int64(id))
        insertOperation.bind(2, key.service)
        insertOperation.bind(3, key.name)
        insertOperation.bind(4, key.kind.map { Int64($0.rawValue) } ?? OperationKey.otherKind)
        try insertOperation.run()
    }

    private func insert(_ summary: BlockSummary, data: [UInt8]) throws {
        insertSummary.bind(1, summary.id)
        insertSummary.bind(2, Int64(summary.spanCount))
        insertSummary.bind(3, summary.minimumStart)
        insertSummary.bind(4, summary.maximumStart)
        insertSummary.bind(5, summary.maximumDuration)
        insertSummary.bind(6, Int64(summary.rawSize))
        insertSummary.bind(7, NumberList.bytes(summary.operations))
        insertSummary.bind(8, NumberList.bytes(summary.traces))
        try insertSummary.run()
        insertBlock.bind(1, summary.id)
        insertBlock.bind(2, PreparedBlock.encoding)
        insertBlock.bind(3, data)
        try insertBlock.run()
    }

    private func transaction(_ body: () throws -> Void, change: (inout BlockDirectory.Snapshot) -> Void) throws {
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
