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
    private static let maximumCommits = 4_096
    private static let rateWindow: Int64 = 60

    private let state = Mutex(State())

    public init() {}

    public func stored(_ batches: [SpanBatch]) {
        var ids: Set<TraceID> = []
        var earliest = UInt64.max
        var spanCount = 0
        let collectsIDs = state.withLock { !$0.followers.isEmpty }
        for batch in batches {
            for group in batch.resourceSpans {
                for scope in group.scopeSpans {
                    spanCount += scope.spans.count
                    for span in scope.spans {
                        earliest = min(earliest, span.startTime)
                        if collectsIDs { ids.insert(span.traceID) }
                    }
                }
            }
        }
        guard spanCount > 0 else { return }
        let now = ContinuousClock.now
        state.withLock { state in
            state.generation += 1
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
                for id in ids {
                    if let known = state.followers[follower]?.pending[id] {
                        state.followers[follower]?.pending[id] = Pending(first: known.first, last: now)
                    } else if state.followers[follower]?.pending.count ?? 0 < Self.maximumPending {
                        state.followers[follower]?.pending[id] = Pending(first: now, last: now)
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

    /// Takes the traces that have settled; of more than `limit` the ones that settled last.
    func take(_ id: FollowerID, limit: Int, settleTime: Duration = settleTime) -> Delivery {
        let now = ContinuousClock.now
        return state.withLock { state in
            guard var follower = state.followers.removeValue(forKey: id) else { return Delivery(traces: [], skipped: 0) }
            let due = follower.pending.filter { $0.value.last.duration(to: now) >= settleTime || $0.value.first.duration(to: now) >= Self.patience }
            for trace in due.keys { follower.pending[trace] = nil }
            let sorted = due.sorted { ($0.value.last, $0.key) < ($1.value.last, $1.key) }.map(\.key)
            let delivery = Delivery(traces: sorted.suffix(limit), skipped: follower.skipped + max(0, sorted.count - limit))
            follower.skipped = 0
            state.followers[id] = follower
            return delivery
        }
    }
}
