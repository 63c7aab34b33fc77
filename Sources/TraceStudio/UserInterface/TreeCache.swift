internal import Synchronization
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Trees of traces that were asked for lately: a page asks about the trace that it shows span by span, and reading a large one takes much longer
/// than the answer.
///
/// A tree is given out only while the store has the same version of its trace. Large ones keep their place in ``LargeTraceGate``, so that what is
/// kept and what is being answered are bounded together; when others wait for a place all that is kept goes.
final class TreeCache: Sendable {
    /// A tree for an answer.
    struct HeldTree: Sendable {
        let tree: TraceTree
        /// Of the whole trace as it came, whatever part of it the tree is.
        let version: ColumnsVersion
        let skew: ClockSkew
        let permits: [LargeTraceGate.Permit]
        /// Bytes of the whole trace in the store, about.
        fileprivate let size: Int
    }

    private struct Key: Hashable {
        var id: TraceID
        var shape: TraceShape
    }

    private struct Entry {
        var held: HeldTree
        var version: TraceVersion
        var lastUse: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var isSweeping = false
    }

    /// Trees that are kept.
    static let maximumCount = 32
    /// How long a tree is kept that nobody asks for.
    static let maximumAge = Duration.seconds(120)
    /// A span takes at least so much, whatever the store says.
    private static let leastSpanSize = 100

    private let traces: TraceSource
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())
    private let turns = ReadingTurns<Key>()

    /// - Parameter traces: Without an archive: what comes there does not change the version.
    init(traces: TraceSource, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.traces = traces
        self.clock = clock
        traces.gate.onShortage { [weak self] in self?.removeAll() }
    }

    /// Trees that are kept at this time.
    var count: Int { state.withLock { $0.entries.count } }

    /// - Returns: `nil` for an unknown trace.
    /// - Throws: what ``TraceSource/trace(_:)`` and ``TraceShape/of(_:)`` throw.
    func tree(_ id: TraceID, _ shape: TraceShape = TraceShape()) async throws -> HeldTree? {
        let key = Key(id: id, shape: shape)
        while true {
            // From before the trace is read: spans that come meanwhile make it another one.
            guard let version = try await traces.store.version(ofTrace: id) else { return nil }
            if let known = find(key, version) { return known }
            guard await turns.lead(key) else { continue }
            defer { turns.finish(key) }
            // Another one may have read it between the two lines above.
            if let known = find(key, version) { return known }
            guard let held = try await make(key) else { return nil }
            keep(held, key, version)
            return held
        }
    }

    func removeAll() { state.withLock { $0.entries = [:] } }

    /// Drops what nobody has asked for lately.
    func removeOld() {
        let now = clock()
        state.withLock { state in state.entries = state.entries.filter { $0.value.lastUse.duration(to: now) < Self.maximumAge } }
    }

    private func make(_ key: Key) async throws -> HeldTree? {
        if key.shape != TraceShape() {
            guard let whole = try await tree(key.id) else { return nil }
            let tree = try key.shape.of(whole.tree, skew: whole.skew)
            let size = whole.size / max(1, whole.tree.rows.count) * tree.rows.count
            return HeldTree(tree: tree, version: whole.version, skew: whole.skew, permits: whole.permits, size: size)
        }
        guard let trace = try await traces.trace(key.id) else { return nil }
        let tree = trace.tree
        let size = max(trace.size, tree.rows.count * Self.leastSpanSize)
        return HeldTree(tree: tree, version: ColumnsVersion(tree), skew: ClockSkew(tree), permits: trace.permits, size: size)
    }

    private func find(_ key: Key, _ version: TraceVersion) -> HeldTree? {
        let now = clock()
        return state.withLock { state in
            guard let entry = state.entries[key] else { return nil }
            guard entry.version == version else {
                state.entries[key] = nil
                return nil
            }
            state.entries[key]?.lastUse = now
            return entry.held
        }
    }

    private func keep(_ held: HeldTree, _ key: Key, _ version: TraceVersion) {
        let capacity = traces.gate.capacity
        guard held.size <= capacity else { return }
        let now = clock()
        let sweeps = state.withLock { state in
            state.entries[key] = Entry(held: held, version: version, lastUse: now)
            while state.entries.count > Self.maximumCount || state.entries.values.reduce(0, { $0 + $1.held.size }) > capacity {
                guard let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
                state.entries[oldest.key] = nil
            }
            defer { state.isSweeping = true }
            return !state.isSweeping
        }
        guard sweeps else { return }
        Task { [weak self] in while await self?.sweep() == true {} }
    }

    /// - Returns: false when nothing is left.
    private func sweep() async -> Bool {
        try? await Task.sleep(for: Self.maximumAge / 4)
        removeOld()
        return state.withLock { state in
            state.isSweeping = !state.entries.isEmpty
            return state.isSweeping
        }
    }
}
