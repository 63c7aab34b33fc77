internal import Synchronization
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Windows that were read lately, so that a page's many questions about one window read it once.
///
/// A window stays good until spans are stored that may belong to its traces; one that took long to read stays good for a multiple of that
/// time, so that a busy server does not spend its time on reading the same window again. Questions that come while a window is being read
/// wait for it.
final class WindowCache: Sendable {
    struct Key: Hashable {
        var startTime: ClosedRange<UInt64>
        var limit: Int
    }

    /// A window, and when it was read.
    struct Reading: Sendable {
        var window: TraceWindow
        /// When it began to be read: what was stored later may be missing.
        var begin: ContinuousClock.Instant
        var cost: Duration

        /// Zero when it is known that nothing is missing.
        var age: Duration = .zero
    }

    private struct Entry {
        var reading: Reading
        /// The feed's generation before the window was read.
        var generation: UInt64
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var uses: UInt64 = 0
    }

    /// Windows, and traces in all of them, that are kept.
    static let maximumWindows = 8
    static let maximumTraces = 200_000
    /// Spans of a trace come at most this long after its first one; what starts later than a window's end by more does not change it.
    static let longestTrace: UInt64 = 600_000_000_000
    /// A window that is read in less is read again whenever spans came.
    static let unnoticedCost = Duration.milliseconds(250)
    /// How much longer than its reading took a window is shown while spans come, and at most.
    static let patienceFactor = 10
    static let maximumAge = Duration.seconds(30)

    private let store: any TraceStore
    private let live: LiveFeed?
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())
    private let turns = ReadingTurns<Key>()

    /// - Parameters:
    ///   - live: Hears of what is stored; without it nothing is kept.
    ///   - clock: For the time that reading takes.
    init(store: any TraceStore, live: LiveFeed?, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.store = store
        self.live = live
        self.clock = clock
    }

    func window(_ startTime: ClosedRange<UInt64>, limit: Int) async throws -> TraceWindow {
        try await reading(startTime, limit: limit).window
    }

    func reading(_ startTime: ClosedRange<UInt64>, limit: Int) async throws -> Reading {
        guard let live else { return try await read(startTime, limit) }
        let key = Key(startTime: startTime, limit: limit)
        while true {
            let generation = live.generation
            if let known = find(key, live) { return known }
            guard await turns.lead(key) else { continue }
            defer { turns.finish(key) }
            let reading = try await read(startTime, limit)
            keep(reading, key, generation)
            return reading
        }
    }

    private func read(_ startTime: ClosedRange<UInt64>, _ limit: Int) async throws -> Reading {
        let begin = clock()
        let window = try await TraceWindow.read(store, startTime: startTime, limit: limit)
        return Reading(window: window, begin: begin, cost: begin.duration(to: clock()))
    }

    private func find(_ key: Key, _ live: LiveFeed) -> Reading? {
        state.withLock { state in
            guard let entry = state.entries[key] else { return nil }
            let end = key.startTime.upperBound.addingReportingOverflow(Self.longestTrace)
            var reading = entry.reading
            if live.hasStored(before: end.overflow ? .max : end.partialValue, since: entry.generation) {
                reading.age = reading.begin.duration(to: clock())
                guard reading.cost >= Self.unnoticedCost, reading.age < min(reading.cost * Self.patienceFactor, Self.maximumAge) else {
                    state.entries[key] = nil
                    return nil
                }
            }
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return reading
        }
    }

    private func keep(_ reading: Reading, _ key: Key, _ generation: UInt64) {
        state.withLock { state in
            state.uses += 1
            state.entries[key] = Entry(reading: reading, generation: generation, lastUse: state.uses)
            while state.entries.count > Self.maximumWindows
                || state.entries.count > 1 && state.entries.values.reduce(0, { $0 + $1.reading.window.features.count }) > Self.maximumTraces
            {
                guard let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
                state.entries[oldest.key] = nil
            }
        }
    }
}
