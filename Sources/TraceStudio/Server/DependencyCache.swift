internal import Synchronization
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// Calls between services over a window of time, counted over all of its traces.
///
/// An answer that took long to find is given again for a minute, one that was found quickly as long as nothing new was stored.
final class DependencyCache: Sendable {
    /// The newest spans of a window that are looked at.
    static let maximumSpans = 5_000_000
    private static let maximumEntries = 16
    private static let validity = Duration.seconds(60)
    private static let expensive = Duration.milliseconds(200)

    private struct Key: Hashable {
        var startMinute: UInt64
        var endMinute: UInt64
        var rules: DependencyLinker.Rules
    }

    private struct Entry {
        var window: ClosedRange<UInt64>
        var links: [DependencyLink]
        var spanCount: Int
        var found: ContinuousClock.Instant
        var cost: Duration
    }

    private let store: any TraceStore
    private let clock: @Sendable () -> UInt64
    private let entries = Mutex<[Key: Entry]>([:])

    init(store: any TraceStore, clock: @escaping @Sendable () -> UInt64) {
        self.store = store
        self.clock = clock
    }

    /// - Parameters:
    ///   - end: of the window, nanoseconds since the Unix epoch; `nil` for now.
    ///   - lookback: nanoseconds.
    func links(end: UInt64?, lookback: UInt64, rules: DependencyLinker.Rules) async throws -> [DependencyLink] {
        let end = end ?? clock()
        return try await links(in: (end - min(lookback, end))...end, rules: rules)
    }

    func links(in window: ClosedRange<UInt64>, rules: DependencyLinker.Rules) async throws -> [DependencyLink] {
        let minute: UInt64 = 60_000_000_000
        let key = Key(startMinute: window.lowerBound / minute, endMinute: window.upperBound / minute, rules: rules)
        let spanCount = try await store.statistics().spanCount
        let began = ContinuousClock.now
        if let entry = entries.withLock({ $0[key] }) {
            let isSame = entry.window == window && entry.spanCount == spanCount
            if isSame || (entry.cost > Self.expensive && began - entry.found < Self.validity) { return entry.links }
        }
        let links = try await count(window, rules).links
        let now = ContinuousClock.now
        let entry = Entry(window: window, links: links, spanCount: spanCount, found: now, cost: now - began)
        entries.withLock { entries in
            entries[key] = entry
            if entries.count > Self.maximumEntries, let oldest = entries.min(by: { $0.value.found < $1.value.found }) { entries[oldest.key] = nil }
        }
        return links
    }

    private func count(_ window: ClosedRange<UInt64>, _ rules: DependencyLinker.Rules) async throws -> DependencyLinker {
        let projection = SpanProjection(attributes: .named(Set(ZipkinJSON.remoteNameKeys)), events: false, links: false)
        let linker = DependencyLinker(rules: rules) { ZipkinJSON.remoteServiceName(of: $0) }
        return try await store.scanTraces(SpanSelection(startTime: window), projection: projection, into: linker) { linker, traces in
            for trace in traces { linker.add(TraceSpans(traceID: trace.id, batch: trace.batch)) }
            return linker.spanCount < Self.maximumSpans ? .more : .stop
        }
    }
}
