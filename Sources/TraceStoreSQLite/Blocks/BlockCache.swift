internal import Synchronization

/// What was read of blocks, the ones used last, bounded by their bytes.
final class BlockCache: Sendable {
    private struct State {
        var entries: [BlockID: (bytes: [UInt8], lastUse: UInt64)] = [:]
        var size = 0
        var clock: UInt64 = 0
    }

    let maximumSize: Int
    private let state = Mutex(State())

    init(maximumSize: Int) {
        self.maximumSize = maximumSize
    }

    subscript(id: BlockID) -> [UInt8]? {
        state.withLock { state in
            guard let bytes = state.entries[id]?.bytes else { return nil }
            state.clock += 1
            state.entries[id]?.lastUse = state.clock
            return bytes
        }
    }

    func insert(_ bytes: [UInt8], id: BlockID) {
        // One that would push out most others is not worth it.
        guard bytes.count <= maximumSize / 4 else { return }
        state.withLock { state in
            guard state.entries[id] == nil else { return }
            state.clock += 1
            state.entries[id] = (bytes, state.clock)
            state.size += bytes.count
            guard state.size > maximumSize else { return }
            // A quarter goes at once: looking for the oldest each time would cost more than reading it again.
            for (id, entry) in state.entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where state.size > maximumSize / 4 * 3 {
                state.entries[id] = nil
                state.size -= entry.bytes.count
            }
        }
    }
}

/// What reads share.
struct BlockCaches: Sendable {
    /// Decompressed blocks.
    let blocks: BlockCache
    /// Blocks' filters.
    let filters: BlockCache
}
