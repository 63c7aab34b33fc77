internal import Synchronization

/// Decompressed blocks, the ones used last, bounded by their bytes.
final class BlockCache: Sendable {
    private struct State {
        var entries: [Int64: (bytes: [UInt8], lastUse: UInt64)] = [:]
        var size = 0
        var clock: UInt64 = 0
    }

    private let maximumSize: Int
    private let state = Mutex(State())

    init(maximumSize: Int) {
        self.maximumSize = maximumSize
    }

    subscript(id: Int64) -> [UInt8]? {
        state.withLock { state in
            guard let bytes = state.entries[id]?.bytes else { return nil }
            state.clock += 1
            state.entries[id]?.lastUse = state.clock
            return bytes
        }
    }

    func insert(_ bytes: [UInt8], id: Int64) {
        // One that would push out most others is not worth it.
        guard bytes.count <= maximumSize / 4 else { return }
        state.withLock { state in
            guard state.entries[id] == nil else { return }
            state.clock += 1
            state.entries[id] = (bytes, state.clock)
            state.size += bytes.count
            while state.size > maximumSize, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.entries[oldest.key] = nil
                state.size -= oldest.value.bytes.count
            }
        }
    }
}
