internal import Synchronization
internal import TraceModel
internal import TraceStore

/// What is in the file, in memory: the summaries of all blocks, and all operations.
///
/// A snapshot always agrees with a transaction begun in the same ``read(_:)``, because commits happen within
/// ``commit(_:_:)``: a block that is merged away stays readable for those who began before.
final class BlockDirectory: Sendable {
    /// A value: readers look through it without the lock.
    struct Snapshot: Sendable {
        /// By id.
        var blocks: [BlockSummary] = []
        var operations: OperationTable
        var spanCount = 0
        var minimumStart = UInt64.max
        var maximumStart: UInt64 = 0

        mutating func add(_ block: BlockSummary) {
            blocks.append(block)
            spanCount += block.spanCount
            minimumStart = min(minimumStart, block.minimumStart)
            maximumStart = max(maximumStart, block.maximumStart)
        }

        mutating func replace(_ old: Set<Int64>, with block: BlockSummary) {
            blocks.removeAll { old.contains($0.id) }
            blocks.append(block)
        }
    }

    private let state: Mutex<Snapshot>

    init(_ snapshot: Snapshot) {
        state = Mutex(snapshot)
    }

    /// Begins a transaction with `begin`, and returns the snapshot of the same moment.
    func read(_ begin: () throws -> Void) rethrows -> Snapshot {
        try state.withLock { state in
            try begin()
            return state
        }
    }

    /// Commits a transaction with `commit`, and when that succeeded makes the same change here.
    func commit(_ commit: () throws -> Void, _ change: (inout Snapshot) -> Void) rethrows {
        try state.withLock { state in
            try commit()
            change(&state)
        }
    }

    /// Reads all summaries and operations of a file.
    static func load(_ connection: SQLiteConnection, maximumOperationCount: Int) throws(StoreError) -> Snapshot {
        var snapshot = Snapshot(operations: OperationTable(maximumCount: maximumOperationCount))
        let operations = try connection.prepare("SELECT id, service, name, kind FROM operations ORDER BY id")
        while try operations.step() {
            let kind = operations.int64(3)
            let key = OperationKey(
                service: operations.text(1), name: operations.text(2),
                kind: kind == OperationKey.otherKind ? nil : SpanKind(rawValue: UInt8(clamping: kind)) ?? .unspecified
            )
            snapshot.operations.insert(key, id: UInt32(clamping: operations.int64(0)))
        }
        let summaries = try connection.prepare(
            "SELECT block, span_count, min_start, max_start, max_duration, raw_size, operations, traces FROM summaries ORDER BY block"
        )
        while try summaries.step() {
            snapshot.add(
                BlockSummary(
                    id: summaries.int64(0), spanCount: Int(summaries.int64(1)), minimumStart: summaries.uint64(2), maximumStart: summaries.uint64(3),
                    maximumDuration: summaries.uint64(4), rawSize: Int(summaries.int64(5)),
                    operations: NumberList.numbers(summaries.bytes(6)), traces: NumberList.numbers(summaries.bytes(7))
                )
            )
        }
        return snapshot
    }
}
