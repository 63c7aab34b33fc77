internal import TraceModel

/// The bounded queue of ``SpanIngest`` as a value: no I/O, no lock, each method returns what the shell has to do.
///
/// `Waiter` is what stands for a sender that waits for its commit (a continuation in the program, a number in a test).
struct IngestQueue<Waiter: Sendable> {
    /// A batch that was not committed yet.
    struct Entry {
        var batch: SpanBatch
        var spanCount: Int
        /// How it came; `nil` for spans of this process.
        var spanProtocol: SpanProtocol?
        var waiter: Waiter
    }

    /// What one commit takes.
    struct Group {
        var entries: [Entry]
        var spanCount: Int
    }

    enum Admission {
        case admitted
        /// The entry is handed back: the caller answers its waiter.
        case refused(Waiter, IngestError)
    }

    enum Next {
        case commit(Group)
        /// Nothing waits: ask again after the next admission or the shutdown.
        case wait
        /// Shut down and drained.
        case finished
    }

    private(set) var counters = IngestCounters()
    private(set) var isShuttingDown = false
    private let configuration: SpanIngestConfiguration
    private var waiting: [Entry] = []

    init(configuration: SpanIngestConfiguration) {
        self.configuration = configuration
    }

    /// There is room for at least one more span.
    var hasRoom: Bool { !isShuttingDown && counters.pending < max(configuration.maximumPendingSpans, 1) }

    mutating func admit(_ batch: SpanBatch, spanCount: Int, from spanProtocol: SpanProtocol? = nil, waiter: Waiter) -> Admission {
        counters.received += UInt64(spanCount)
        count(spanProtocol) { $0.received += UInt64(spanCount) }
        if isShuttingDown {
            counters.refusedShuttingDown += UInt64(spanCount)
            count(spanProtocol) { $0.refused += UInt64(spanCount) }
            let message = "the trace back end is stopping and takes no more spans; send them again to its successor"
            return .refused(waiter, IngestError(code: .shuttingDown, message: message, retryAfterSeconds: configuration.retryAfterSeconds))
        }
        if counters.pending > 0, counters.pending + spanCount > configuration.maximumPendingSpans {
            counters.refusedOverloaded += UInt64(spanCount)
            count(spanProtocol) { $0.refused += UInt64(spanCount) }
            return .refused(waiter, overloaded(spanCount))
        }
        counters.pending += spanCount
        waiting.append(Entry(batch: batch, spanCount: spanCount, spanProtocol: spanProtocol, waiter: waiter))
        return .admitted
    }

    mutating func next() -> Next {
        if waiting.isEmpty { return isShuttingDown ? .finished : .wait }
        var spans = 0
        var count = 0
        for entry in waiting {
            if count > 0, spans + entry.spanCount > configuration.maximumSpansPerCommit { break }
            spans += entry.spanCount
            count += 1
        }
        if count == waiting.count {
            let entries = waiting
            waiting = []
            return .commit(Group(entries: entries, spanCount: spans))
        }
        let entries = Array(waiting[..<count])
        waiting.removeFirst(count)
        return .commit(Group(entries: entries, spanCount: spans))
    }

    mutating func didCommit(_ group: Group, in time: Duration = .zero) {
        counters.commitTimes.add(time)
        for entry in group.entries { count(entry.spanProtocol) { $0.accepted += UInt64(entry.spanCount) } }
        counters.pending -= group.spanCount
        counters.committed += UInt64(group.spanCount)
        counters.commits += 1
        counters.committedBatches += UInt64(group.entries.count)
    }

    /// - Parameter isOverload: what follows has no room now.
    mutating func didFail(_ group: Group, in time: Duration = .zero, isOverload: Bool = false) {
        counters.commitTimes.add(time)
        for entry in group.entries { count(entry.spanProtocol) { $0.refused += UInt64(entry.spanCount) } }
        counters.pending -= group.spanCount
        if isOverload {
            counters.refusedOverloaded += UInt64(group.spanCount)
        } else {
            counters.refusedStoreFailed += UInt64(group.spanCount)
        }
    }

    mutating func beginShutdown() {
        isShuttingDown = true
    }

    mutating func countRejected(_ spans: Int, from spanProtocol: SpanProtocol? = nil) {
        counters.rejected += UInt64(spans)
        count(spanProtocol) { $0.failed += UInt64(spans) }
    }

    mutating func countMalformedRequest(from spanProtocol: SpanProtocol? = nil) {
        counters.malformedRequests += 1
        count(spanProtocol) { $0.malformedRequests += 1 }
    }

    mutating func countDroppedDatagrams(_ datagrams: Int, from spanProtocol: SpanProtocol? = nil) {
        counters.droppedDatagrams += UInt64(datagrams)
        count(spanProtocol) { $0.droppedDatagrams += UInt64(datagrams) }
    }

    private mutating func count(_ spanProtocol: SpanProtocol?, _ body: (inout ReceiverCounters) -> Void) {
        if let spanProtocol { body(&counters.byProtocol[spanProtocol, default: ReceiverCounters()]) }
    }

    /// Counts spans that were turned away before they were decoded: their number is not known, so the request counts as one.
    mutating func refuseUndecoded(from spanProtocol: SpanProtocol? = nil) -> IngestError {
        if isShuttingDown {
            counters.refusedShuttingDown += 1
        } else {
            counters.refusedOverloaded += 1
        }
        count(spanProtocol) { $0.refused += 1 }
        return overloaded(nil)
    }

    private func overloaded(_ spanCount: Int?) -> IngestError {
        let offered = spanCount.map { "\($0) more spans" } ?? "more spans"
        return IngestError(
            code: .overloaded,
            message: """
                \(counters.pending) spans wait for their commit, the limit is \(configuration.maximumPendingSpans): \
                no room for \(offered); send them again in \(configuration.retryAfterSeconds) s
                """,
            retryAfterSeconds: configuration.retryAfterSeconds
        )
    }
}
