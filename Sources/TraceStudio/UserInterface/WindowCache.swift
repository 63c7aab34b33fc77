internal import Synchronization
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Windows that were read lately, so that a page's many questions about one window read it once.
///
/// A window stays good until spans are stored that may belong to its traces. Questions that come while a window is being read wait for it.
final class WindowCache: Sendable {
    struct Key: Hashable {
        var startTime: ClosedRange<UInt64>
        var limit: Int
    }

    private struct Entry {
        var window: TraceWindow
        /// The feed's generation before the window was read.
        var generation: UInt64
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var waiters: [Key: [CheckedContinuation<Void, Never>]] = [:]
        var uses: UInt64 = 0
    }

    /// Windows, and traces in all of them, that are kept.
    static let maximumWindows = 8
    static let maximumTraces = 200_000
    /// Spans of a trace come at most this long after its first one; what starts later than a window's end by more does not change it.
    static let longestTrace: UInt64 = 600_000_000_000

    private let store: any TraceStore
    private let live: LiveFeed?
    private let state = Mutex(State())

    /// - Parameter live: Hears of what is stored; without it nothing is kept.
    init(store: any TraceStore, live: LiveFeed?) {
        self.store = store
        self.live = live
    }

    func window(_ startTime: ClosedRange<UInt64>, limit: Int) async throws -> TraceWindow {
        guard let live else { return try await TraceWindow.read(store, startTime: startTime, limit: limit) }
        let key = Key(startTime: startTime, limit: limit)
        while true {
            let generation = live.generation
            if let known = find(key, live) { return known }
            guard await lead(key) else { continue }
            defer { finish(key) }
            let window = try await TraceWindow.read(store, startTime: startTime, limit: limit)
            keep(window, key, generation)
            return window
        }
    }

    private func find(_ key: Key, _ live: LiveFeed) -> TraceWindow? {
        state.withLock { state in
            guard let entry = state.entries[key] else { return nil }
            let end = key.startTime.upperBound.addingReportingOverflow(Self.longestTrace)
            guard !live.hasStored(before: end.overflow ? .max : end.partialValue, since: entry.generation) else {
                state.entries[key] = nil
                return nil
            }
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return entry.window
        }
    }

    /// - Returns: false after another question has read the window, or failed to.
    private func lead(_ key: Key) async -> Bool {
        let isLeader = state.withLock { state in
            guard state.waiters[key] == nil else { return false }
            state.waiters[key] = []
            return true
        }
        if isLeader { return true }
        await withCheckedContinuation { continuation in
            let resumesNow = state.withLock { state in
                guard state.waiters[key] != nil else { return true }
                state.waiters[key]?.append(continuation)
                return false
            }
            if resumesNow { continuation.resume() }
        }
        return false
    }

    private func finish(_ key: Key) {
        let waiters = state.withLock { $0.waiters.removeValue(forKey: key) ?? [] }
        for waiter in waiters { waiter.resume() }
    }

    private func keep(_ window: TraceWindow, _ key: Key, _ generation: UInt64) {
        state.withLock { state in
            state.uses += 1
            state.entries[key] = Entry(window: window, generation: generation, lastUse: state.uses)
            while state.entries.count > Self.maximumWindows
                || state.entries.count > 1 && state.entries.values.reduce(0, { $0 + $1.window.features.count }) > Self.maximumTraces
            {
                guard let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
                state.entries[oldest.key] = nil
            }
        }
    }
}
