internal import Dispatch
internal import Logging
internal import Synchronization
internal import TraceStore

/// Takes commits from any task, and writes all that wait together, on one thread of its own.
final class StoreWriter: Sendable {
    private struct Commit: Sendable {
        var blocks: [PreparedBlock]
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        /// As many as there are callers that wait.
        var waiting: [Commit] = []
        /// A drain is queued or runs.
        var isRunning = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "needletail.store.write")
    private let writer: BlockWriter
    private let logger: Logger

    init(_ writer: BlockWriter, logger: Logger) {
        self.writer = writer
        self.logger = logger
    }

    /// Returns when the blocks are committed.
    func write(_ blocks: [PreparedBlock]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let isClosed = state.withLock { state in
                if state.isClosed { return true }
                state.waiting.append(Commit(blocks: blocks, continuation: continuation))
                if !state.isRunning {
                    state.isRunning = true
                    queue.async { self.drain() }
                }
                return false
            }
            if isClosed { continuation.resume(throwing: StoreError.closed) }
        }
    }

    /// Refuses new commits, finishes those that wait, and closes the file.
    func close() async {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        await withCheckedContinuation { continuation in
            // Behind a drain that is queued: the queue is serial.
            queue.async {
                if !wasClosed { self.writer.close() }
                continuation.resume()
            }
        }
    }

    private func drain() {
        while true {
            let commits: [Commit]? = state.withLock { state in
                if state.waiting.isEmpty {
                    state.isRunning = false
                    return nil
                }
                defer { state.waiting = [] }
                return state.waiting
            }
            guard let commits else { return }
            let result = Result { try writer.write(commits.flatMap(\.blocks)) }
            for commit in commits { commit.continuation.resume(with: result) }
            housekeep()
        }
    }

    /// Merges until nothing is left to do or a commit waits, at least once; a commit waits for one merge at most.
    private func housekeep() {
        do {
            repeat {
                let count = try writer.mergeOnce()
                if count == 0 { break }
                logger.trace("merged small blocks", metadata: ["blocks": "\(count)"])
            } while state.withLock({ $0.waiting.isEmpty })
        } catch {
            // The blocks stay as they were, and are readable.
            logger.warning("could not merge small blocks", metadata: ["error": "\(error)"])
        }
        writer.checkpointIfLarge()
    }
}
