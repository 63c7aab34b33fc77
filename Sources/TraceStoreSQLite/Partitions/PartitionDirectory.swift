internal import Synchronization
internal import TraceModel
internal import TraceStore

/// What is known of a partition at all times, in memory.
struct PartitionFacts: Sendable {
    var operations: OperationTable
    var spanCount = 0
    var minimumStart = UInt64.max
    var maximumStart: UInt64 = 0

    mutating func add(_ block: BlockSummary) {
        spanCount += block.spanCount
        minimumStart = min(minimumStart, block.minimumStart)
        maximumStart = max(maximumStart, block.maximumStart)
    }
}

/// What a read needs besides: kept in memory for the current partition, and for those that were read last.
struct PartitionContents: Sendable {
    /// By id.
    var blocks: [BlockSummary] = []
    var attributes = AttributeDictionary()

    mutating func replace(_ old: Set<Int64>, with block: BlockSummary) {
        blocks.removeAll { old.contains($0.id.number) }
        blocks.append(block)
    }

    /// About how many bytes of memory it takes.
    var size: Int {
        blocks.reduce(100 * attributes.entries.reduce(0) { $0 + 1 + $1.value.values.count }) { $0 + 200 + 4 * ($1.traces.count + $1.operations.count) }
    }
}

/// All partitions, oldest first; the last one is written to.
///
/// A snapshot always agrees with a transaction begun in the same ``read(_:)``, because commits happen within
/// ``commit(_:_:)``: a block that is merged away stays readable for those who began before. Only the current partition changes.
final class PartitionDirectory: Sendable {
    struct Entry: Sendable {
        let partition: Partition
        var facts: PartitionFacts
        /// `nil` when it has to be read from the file first.
        var contents: PartitionContents?
        var lastUse: UInt64 = 0
        /// When its last spans came, nanoseconds since the Unix epoch; of the current one, so far.
        var endedAt: UInt64
        /// Bytes on disk of a partition that is not written to any more.
        var sizeOnDisk = 0
        /// The store began with it: while it is there, nothing was dropped.
        var isFirst = false
    }

    /// A value: readers look through it without the lock.
    struct Snapshot: Sendable {
        var entries: [Entry]
        var droppedPartitionCount = 0
        var droppedSpanCount = 0

        // Never empty: the store makes the first partition before anybody has the directory.
        var current: Entry { entries[entries.count - 1] }
    }

    private struct State {
        var snapshot: Snapshot
        var uses: UInt64 = 0
    }

    private let state: Mutex<State>
    /// Bytes of the contents of older partitions that are kept in memory.
    private let maximumContentsSize: Int

    /// - Parameter entries: at least one, the current one last and with its contents.
    init(_ entries: [Entry], maximumContentsSize: Int) {
        state = Mutex(State(snapshot: Snapshot(entries: entries)))
        self.maximumContentsSize = maximumContentsSize
    }

    var snapshot: Snapshot { state.withLock { $0.snapshot } }

    /// Begins a transaction on the current partition, and returns the snapshot of the same moment.
    ///
    /// - Returns: `nil` when another partition is the current one by now.
    func read(current: Partition, _ begin: () throws -> Void) rethrows -> Snapshot? {
        try state.withLock { state in
            guard state.snapshot.current.partition === current else { return nil }
            try begin()
            return state.snapshot
        }
    }

    /// Commits a transaction with `commit`, and when that succeeded makes the same change here.
    func commit(_ commit: () throws -> Void, _ change: (inout Entry) -> Void) rethrows {
        try state.withLock { state in
            try commit()
            // In place: a copy of all blocks for each commit would cost more than the commit.
            change(&state.snapshot.entries[state.snapshot.entries.count - 1])
        }
    }

    /// Makes another partition the current one.
    ///
    /// - Parameter size: bytes on disk of the one before.
    func add(_ entry: Entry, size: Int) {
        state.withLock { state in
            state.snapshot.entries[state.snapshot.entries.count - 1].sizeOnDisk = size
            state.snapshot.entries.append(entry)
            Self.unload(&state, keeping: entry.partition, maximumContentsSize)
        }
    }

    func updateSize(of partition: Partition, _ size: Int) {
        state.withLock { state in
            if let index = state.snapshot.entries.firstIndex(where: { $0.partition === partition }) { state.snapshot.entries[index].sizeOnDisk = size }
        }
    }

    /// Forgets the oldest partition, unless it is the current one. Its files go when the last read of it has ended.
    ///
    /// - Returns: what was forgotten.
    func dropOldest() -> Entry? {
        let dropped: Entry? = state.withLock { state in
            guard state.snapshot.entries.count > 1 else { return nil }
            let entry = state.snapshot.entries.removeFirst()
            state.snapshot.droppedPartitionCount += 1
            state.snapshot.droppedSpanCount += entry.facts.spanCount
            return entry
        }
        dropped?.partition.drop()
        return dropped
    }

    /// The contents of a partition, read by `load` when they are not in memory.
    func contents(of partition: Partition, load: () throws -> PartitionContents) throws -> PartitionContents {
        let known: PartitionContents? = state.withLock { state in
            guard let index = state.snapshot.entries.firstIndex(where: { $0.partition === partition }) else { return nil }
            state.uses += 1
            state.snapshot.entries[index].lastUse = state.uses
            return state.snapshot.entries[index].contents
        }
        if let known { return known }
        let contents = try load()
        state.withLock { state in
            guard let index = state.snapshot.entries.firstIndex(where: { $0.partition === partition }) else { return }
            state.snapshot.entries[index].contents = contents
            Self.unload(&state, keeping: partition, maximumContentsSize)
        }
        return contents
    }

    /// Frees the contents that were used longest ago, until the rest is within the bound.
    private static func unload(_ state: inout State, keeping partition: Partition, _ maximumSize: Int) {
        let older = state.snapshot.entries.indices.dropLast()
        var sizes = older.map { (index: $0, size: state.snapshot.entries[$0].contents?.size ?? 0) }
        var size = sizes.reduce(0) { $0 + $1.size }
        guard size > maximumSize else { return }
        sizes.sort { state.snapshot.entries[$0.index].lastUse < state.snapshot.entries[$1.index].lastUse }
        for (index, part) in sizes where size > maximumSize && state.snapshot.entries[index].partition !== partition {
            state.snapshot.entries[index].contents = nil
            size -= part
        }
    }
}
