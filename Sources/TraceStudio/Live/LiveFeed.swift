internal import Synchronization
public import TraceModel
public import TraceStore

/// What was just stored, for pages and terminals that follow along.
///
/// Told of every commit; keeps no spans, only the ids of traces that followers have not seen yet, and when spans of which time came.
public final class LiveFeed: SpanObserver {
    /// One who follows along.
    struct FollowerID: Hashable, Sendable {
        fileprivate var number: UInt64
    }

    /// What a follower gets at one time.
    struct Delivery: Sendable {
        /// Traces of which no span came for the settle time, in the order in which they settled.
        var traces: [TraceID]
        /// Traces that there was no room, or no time, for.
        var skipped: Int
    }

    private struct Pending {
        var first: ContinuousClock.Instant
        var last: ContinuousClock.Instant
        var hasFailed: Bool
    }

    private struct Follower {
        var pending: [TraceID: Pending] = [:]
        var skipped = 0
    }

    private struct Commit {
        var generation: UInt64
        var earliestStart: UInt64
    }

    private struct State {
        var followers: [FollowerID: Follower] = [:]
        var lastNumber: UInt64 = 0
        var generation: UInt64 = 0
        /// The last commits, oldest first.
        var commits: [Commit] = []
        /// Spans by second, for the last ``LiveFeed/rateWindow`` seconds.
        var seconds: [(second: Int64, spans: Int)] = []
        var lateSpans: UInt64 = 0
        /// Spans by minute of the clock since the first commit, for the last ``LiveFeed/maximumMinutes``; minutes without any are 0.
        var minutes: [Int] = []
        /// The last of ``minutes``, counted from the Unix epoch.
        var lastMinute: UInt64 = 0
        let start = ContinuousClock.Instant.now
    }

    /// Followers at one time.
    static let maximumFollowers = 32
    /// Traces that wait for one follower.
    static let maximumPending = 5_000
    /// A trace is done when no span of it came for so long.
    static let settleTime = Duration.seconds(1)
    /// A trace to which spans are added all the time is shown after so long.
    static let patience = Duration.seconds(10)
    /// A span that comes so long after its end is late, nanoseconds. Files that are imported are, mostly.
    static let lateAfter: UInt64 = 60_000_000_000
    /// Minutes of which is known how many spans came in them.
    static let maximumMinutes = 60
    private static let maximumCommits = 4_096
    private static let rateWindow: Int64 = 60

    private let state = Mutex(State())

    /// Nanoseconds since the Unix epoch.
    private let clock: @Sendable () -> UInt64

    public init() { clock = WallClock.now }

    init(clock: @escaping @Sendable () -> UInt64) { self.clock = clock }

    public func stored(_ batches: [SpanBatch]) {
        /// Traces, and whether a span that came failed.
        var ids: [TraceID: Bool] = [:]
        var earliest = UInt64.max
        var spanCount = 0
        var lateCount: UInt64 = 0
        let time = clock()
        let late = time - min(Self.lateAfter, time)
        let collectsIDs = state.withLock { !$0.followers.isEmpty }
        for batch in batches {
            for group in batch.resourceSpans {
                for scope in group.scopeSpans {
                    spanCount += scope.spans.count
                    for span in scope.spans {
                        earliest = min(earliest, span.startTime)
                        if span.endTime < late { lateCount += 1 }
                        if collectsIDs { ids[span.traceID, default: false] = ids[span.traceID, default: false] || span.status.code == .error }
                    }
                }
            }
        }
        guard spanCount > 0 else { return }
        let now = ContinuousClock.now
        state.withLock { state in
            state.generation += 1
            state.lateSpans += lateCount
            Self.advance(&state, to: time)
            if let last = state.minutes.indices.last { state.minutes[last] += spanCount }
            state.commits.append(Commit(generation: state.generation, earliestStart: earliest))
            if state.commits.count > Self.maximumCommits { state.commits.removeFirst(Self.maximumCommits / 2) }
            let second = state.start.duration(to: now).components.seconds
            if state.seconds.last?.second == second {
                state.seconds[state.seconds.count - 1].spans += spanCount
            } else {
                state.seconds.append((second, spanCount))
                if state.seconds.count > Int(Self.rateWindow) + 1 { state.seconds.removeFirst() }
            }
            for follower in state.followers.keys {
                for (id, hasFailed) in ids {
                    if let known = state.followers[follower]?.pending[id] {
                        state.followers[follower]?.pending[id] = Pending(first: known.first, last: now, hasFailed: known.hasFailed || hasFailed)
                    } else if state.followers[follower]?.pending.count ?? 0 < Self.maximumPending {
                        state.followers[follower]?.pending[id] = Pending(first: now, last: now, hasFailed: hasFailed)
                    } else {
                        state.followers[follower]?.skipped += 1
                    }
                }
            }
        }
    }

    // MARK: Changes

    /// Grows with each commit.
    var generation: UInt64 { state.withLock { $0.generation } }

    /// Whether spans were stored after `generation` that started before `time`; also when nobody remembers any more.
    func hasStored(before time: UInt64, since generation: UInt64) -> Bool {
        state.withLock { state in
            guard state.generation > generation else { return false }
            guard let oldest = state.commits.first, oldest.generation <= generation + 1 else { return true }
            return state.commits.contains { $0.generation > generation && $0.earliestStart < time }
        }
    }

    /// Spans that came more than ``lateAfter`` after their end, since the start.
    var lateSpans: UInt64 { state.withLock { $0.lateSpans } }

    /// Spans by minute in which they came, up to now, and when the first of these minutes began; `nil` before the first commit.
    var arrivals: (start: UInt64, spans: [Int])? {
        let time = clock()
        return state.withLock { state in
            guard !state.minutes.isEmpty else { return nil }
            Self.advance(&state, to: time)
            return ((state.lastMinute + 1 - UInt64(state.minutes.count)) * Self.minute, state.minutes)
        }
    }

    private static let minute: UInt64 = 60_000_000_000

    /// Goes on to the minute of a time. A clock that is set back changes nothing.
    private static func advance(_ state: inout State, to time: UInt64) {
        let now = time / minute
        guard !state.minutes.isEmpty else {
            state.minutes = [0]
            state.lastMinute = now
            return
        }
        guard now > state.lastMinute else { return }
        let passed = Int(min(now - state.lastMinute, UInt64(maximumMinutes)))
        state.minutes += [Int](repeating: 0, count: passed)
        state.minutes.removeFirst(max(0, state.minutes.count - maximumMinutes))
        state.lastMinute = now
    }

    /// Spans stored per second over the last minute, or since the start.
    var spansPerSecond: Double {
        let now = ContinuousClock.now
        return state.withLock { state in
            let second = state.start.duration(to: now).components.seconds
            let spans = state.seconds.reduce(0) { $0 + ($1.second > second - Self.rateWindow ? $1.spans : 0) }
            return Double(spans) / Double(min(max(second, 1), Self.rateWindow))
        }
    }

    // MARK: Followers

    /// - Returns: `nil` when there are too many already.
    func follow() -> FollowerID? {
        state.withLock { state in
            guard state.followers.count < Self.maximumFollowers else { return nil }
            state.lastNumber += 1
            let id = FollowerID(number: state.lastNumber)
            state.followers[id] = Follower()
            return id
        }
    }

    func leave(_ id: FollowerID) {
        state.withLock { $0.followers[id] = nil }
    }

    /// Takes the traces that have settled; of more than `limit` those that failed, and then the ones that settled last.
    func take(_ id: FollowerID, limit: Int, settleTime: Duration = settleTime) -> Delivery {
        let now = ContinuousClock.now
        return state.withLock { state in
            guard var follower = state.followers.removeValue(forKey: id) else { return Delivery(traces: [], skipped: 0) }
            let due = follower.pending.filter { $0.value.last.duration(to: now) >= settleTime || $0.value.first.duration(to: now) >= Self.patience }
            for trace in due.keys { follower.pending[trace] = nil }
            let sorted = due.sorted { ($0.value.last, $0.key) < ($1.value.last, $1.key) }
            var chosen = sorted
            if sorted.count > limit {
                let failed = Set(sorted.lazy.filter(\.value.hasFailed).map(\.key).suffix(limit))
                let others = Set(sorted.lazy.filter { !$0.value.hasFailed }.map(\.key).suffix(limit - failed.count))
                chosen = sorted.filter { failed.contains($0.key) || others.contains($0.key) }
            }
            let delivery = Delivery(traces: chosen.map(\.key), skipped: follower.skipped + sorted.count - chosen.count)
            follower.skipped = 0
            state.followers[id] = follower
            return delivery
        }
    }
}
