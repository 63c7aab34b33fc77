internal import Synchronization
internal import TraceModel
internal import TraceStore

/// Versions of traces that were read lately, by the store's versions of them, which need no reading: a page that asks again and again whether its
/// trace has changed costs no reading.
final class KnownVersions: Sendable {
    private struct Entry {
        var stored: TraceVersion
        var version: ColumnsVersion
        var lastUse: UInt64
    }

    private struct State {
        var entries: [TraceID: Entry] = [:]
        var uses: UInt64 = 0
    }

    /// Traces that are kept in mind.
    static let maximumCount = 1_000

    private let state = Mutex(State())

    /// The version of a trace, when it was read with this version of the store's.
    func version(of id: TraceID, _ stored: TraceVersion) -> ColumnsVersion? {
        state.withLock { state in
            guard let entry = state.entries[id], entry.stored == stored else { return nil }
            state.uses += 1
            state.entries[id]?.lastUse = state.uses
            return entry.version
        }
    }

    /// - Parameter stored: from before the trace was read, so that spans which came meanwhile make it another one.
    func keep(_ version: ColumnsVersion, of id: TraceID, _ stored: TraceVersion) {
        state.withLock { state in
            state.uses += 1
            state.entries[id] = Entry(stored: stored, version: version, lastUse: state.uses)
            guard state.entries.count > Self.maximumCount, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
            state.entries[oldest.key] = nil
        }
    }
}
