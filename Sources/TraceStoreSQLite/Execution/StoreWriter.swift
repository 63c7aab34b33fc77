internal import Compression
internal import Dispatch
internal import Logging
internal import Synchronization
internal import TraceStore

/// Takes commits from any task, and writes all that wait together, on one thread of its own.
///
/// Merges are prepared on another thread, so that a commit waits for one transaction of a merge at most, and never for its work.
final class StoreWriter: Sendable {
    private struct Commit: Sendable {
        var blocks: [PreparedBlock]
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct Merge: Sendable {
        var blocks: [BlockSummary]
        var result: Result<PreparedBlock, any Error>
    }

    private struct State {
        /// As many as there are callers that wait.
        var waiting: [Commit] = []
        /// A merge that is ready to be written.
        var merge: Merge?
        /// A merge is being prepared, or is ready.
        var isMerging = false
        /// A drain is queued or runs.
        var isRunning = false
        var isClosed = false
    }

    /// Seconds between looks at what is to be dropped while nothing is written.
    private static let pause = 30

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "needletail.store.write")
    /// Merges, and closes partitions that have ended.
    private let background = DispatchQueue(label: "needletail.store.merge", qos: .utility)
    private let partitions: PartitionWriter
    private let mergeFiles = OpenPartitions()
    private let compressionLevel: Int32
    private let logger: Logger

    init(_ partitions: PartitionWriter, compressionLevel: Int32, logger: Logger, dropped: @escaping @Sendable () -> Void) {
        self.partitions = partitions
        self.compressionLevel = compressionLevel
        self.logger = logger
        partitions.dropped = dropped
        partitions.sealed = { [background, directory = partitions.directory] writer in
            background.async {
                writer.close(hasReaders: true)
                directory.updateSize(of: writer.partition, StoreFile.sizeOnDisk(path: writer.partition.path))
            }
        }
        lookAgain()
    }

    /// Sees to it that old partitions are dropped also when nothing is written.
    private func lookAgain() {
        queue.asyncAfter(deadline: .now() + .seconds(Self.pause)) { [weak self] in
            guard let self, !state.withLock(\.isClosed) else { return }
            drain()
            lookAgain()
        }
    }

    /// Returns when the blocks are committed.
    func write(_ blocks: [PreparedBlock]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let isClosed = state.withLock { state in
                if state.isClosed { return true }
                state.waiting.append(Commit(blocks: blocks, continuation: continuation))
                wake(&state)
                return false
            }
            if isClosed { continuation.resume(throwing: StoreError.closed) }
        }
    }

    /// Refuses new commits, finishes those that wait and the merges that are due, and closes the files.
    func close() async {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        await withCheckedContinuation { continuation in
            // Behind a drain that is queued: the queue is serial.
            queue.async {
                if !wasClosed { self.finish() }
                continuation.resume()
            }
        }
    }

    private func finish() {
        background.sync {}
        writeMerge()
        while let blocks = partitions.nextMerge() {
            let partition = partitions.current
            let result = background.sync { Result { try self.merged(blocks, partition) } }
            state.withLock { $0.merge = Merge(blocks: blocks, result: result) }
            writeMerge()
        }
        background.sync { mergeFiles.close() }
        partitions.close()
    }

    private func wake(_ state: inout State) {
        if state.isRunning { return }
        state.isRunning = true
        queue.async { self.drain() }
    }

    /// Runs on the queue.
    private func drain() {
        while true {
            let (commits, isDone) = state.withLock { state in
                let isDone = state.waiting.isEmpty && state.merge == nil
                if isDone { state.isRunning = false }
                defer { state.waiting = [] }
                return (state.waiting, isDone)
            }
            if !commits.isEmpty {
                let result = Result { try partitions.write(commits.flatMap(\.blocks)) }
                for commit in commits { commit.continuation.resume(with: result) }
            }
            if state.withLock({ $0.isClosed && $0.waiting.isEmpty && commits.isEmpty }) { return }
            writeMerge()
            partitions.housekeep()
            beginMerge()
            if isDone { return }
        }
    }

    // MARK: Merges

    private func beginMerge() {
        guard !state.withLock({ $0.isMerging || $0.isClosed }), let blocks = partitions.nextMerge() else { return }
        state.withLock { $0.isMerging = true }
        let partition = partitions.current
        background.async {
            let result = Result { try self.merged(blocks, partition) }
            self.state.withLock { state in
                state.merge = Merge(blocks: blocks, result: result)
                self.wake(&state)
            }
        }
    }

    /// Reads blocks, and makes one of them.
    private func merged(_ blocks: [BlockSummary], _ partition: Partition) throws -> PreparedBlock {
        let reader = try mergeFiles.reader(of: partition)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(blocks.reduce(0) { $0 + $1.rawSize })
        for block in blocks {
            guard let data = try reader.block(block.id.number) else {
                throw StoreError(code: .corrupt, message: "block \(block.id.number) of '\(partition.path)' is missing")
            }
            bytes += try Zstd.decompress(data, maximumSize: block.rawSize)
        }
        return try PreparedBlock(bytes, spanCount: blocks.reduce(0) { $0 + $1.spanCount }, compressionLevel: compressionLevel)
    }

    private func writeMerge() {
        let merge: Merge? = state.withLock { state in
            defer { (state.merge, state.isMerging) = (nil, state.merge == nil && state.isMerging) }
            return state.merge
        }
        guard let merge else { return }
        do {
            try partitions.replace(merge.blocks, with: merge.result.get())
            logger.trace("merged small blocks", metadata: ["blocks": "\(merge.blocks.count)"])
        } catch {
            // The blocks stay as they were, and are readable.
            logger.warning("could not merge small blocks", metadata: ["error": "\(error)"])
        }
    }
}
