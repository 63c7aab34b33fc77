public import Logging
public import ServiceLifecycle
internal import Synchronization
public import TraceModel

/// Collects finished spans and exports them in batches (OpenTelemetry specification, "Batching processor").
///
/// `onEnd` appends to a bounded buffer under a lock and never waits: with a dead receiver spans are dropped and counted.
/// An export starts as soon as a batch is full and when `scheduleDelay` has passed; while several batches are full, up to
/// `maxConcurrentExports` of them leave at the same time.
///
/// The exports happen in ``run()``: put the processor into a `ServiceGroup` (first, so that it stops last), or call
/// ``forceFlush()`` and ``shutdown()`` yourself; both export in the caller's task.
public final class BatchSpanProcessor: DeferringSpanProcessor, SpanProcessor, Service {
    fileprivate struct State {
        var queue: SpanQueue
        /// Somebody has called `run`.
        var isRun = false
        var nextWaiterID: UInt64 = 0
        /// Export loops without work.
        var idleLoops: [(id: UInt64, continuation: CheckedContinuation<SpanQueue.Batch?, Never>)] = []
        /// Flushes in progress.
        var flushes: [(id: UInt64, number: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
        /// What exports took since they were last asked for; `nil` when nobody asks.
        var exportDurations: [ExportDuration]?
        /// Spans lost since exports began to fail, and whether a log line said so; `nil` while they succeed.
        var failureEpisode: (lost: Int, isReported: Bool)?
    }

    private let state: Mutex<State>
    private let exporter: any SpanExporter
    private let resource: Resource
    private let resourceSchemaURL: String
    let configuration: BatchSpanProcessorConfiguration
    private let logger: Logger
    private let failureLog = LogGate(interval: .seconds(60))

    /// - Parameters:
    ///   - exporter: where the batches go; shut down together with the processor.
    ///   - resource: describes this process in every batch.
    ///   - resourceSchemaURL: the semantic conventions that its attributes follow.
    public init(
        exporter: any SpanExporter,
        resource: Resource,
        resourceSchemaURL: String = "",
        configuration: BatchSpanProcessorConfiguration = BatchSpanProcessorConfiguration(),
        logger: Logger = Logger(label: "needletail.tracing")
    ) {
        self.exporter = exporter
        self.resource = resource
        self.resourceSchemaURL = resourceSchemaURL
        self.configuration = configuration
        self.logger = logger
        self.state = Mutex(State(queue: SpanQueue(capacity: configuration.maxQueueSize, batchSize: configuration.maxExportBatchSize)))
    }

    /// A snapshot of what became of the spans.
    public var counters: BatchSpanProcessorCounters { state.withLock { $0.queue.counters } }

    /// Spans that wait for export.
    var queuedCount: Int { state.withLock { $0.queue.buffered } }

    var exporterName: String { exporter.componentType }

    /// One export, retries included.
    struct ExportDuration: Sendable {
        var nanoseconds: Int64
        var succeeded: Bool
    }

    /// What exports took since the last call; the first call makes the processor keep them, up to a bound.
    func takeExportDurations() -> [ExportDuration] {
        state.withLock { state in
            defer { state.exportDurations = [] }
            return state.exportDurations ?? []
        }
    }

    fileprivate static let maximumKeptDurations = 4096

    // MARK: Spans in

    public func onEnd(_ span: consuming Span, scope: InstrumentationScope) {
        enqueue(span, attributes: nil, scope: scope)
    }

    func onEnd(_ span: consuming Span, attributes: StandardAttributes, scope: InstrumentationScope) {
        enqueue(span, attributes: attributes, scope: scope)
    }

    @inline(__always)
    private func enqueue(_ span: consuming Span, attributes: StandardAttributes?, scope: InstrumentationScope) {
        // Spans are sampled by the tracer; one without the flag is for local processors only.
        guard span.flags & UInt32(TraceFlags.sampled.rawValue) != 0 else { return }
        // Moved through an optional: capturing the span itself would copy it.
        var span: Span? = consume span
        let offer = state.withLock { state in
            // Always there: the closure runs once.
            if let span = span.take() { state.queue.offer(span, attributes: attributes, scope: scope) } else { SpanQueue.Offer.accepted }
        }
        switch offer {
        case .accepted, .droppedQueueFull(startsEpisode: false), .droppedShutdown: break
        case .filledBatch: wakeLoop()
        case .droppedQueueFull(startsEpisode: true):
            let isRun = state.withLock { $0.isRun }
            logger.warning(
                isRun
                    ? "The span queue is full: spans are being dropped. Is the trace receiver down or slow? A larger OTEL_BSP_MAX_QUEUE_SIZE holds more."
                    : "The span queue is full: spans are being dropped, as nobody exports them. Put the TracingSystem into a ServiceGroup, or run it.",
                metadata: ["maxQueueSize": "\(configuration.maxQueueSize)"]
            )
        }
    }

    /// Lets everything that is waiting leave at once; returns before that is done.
    public func requestFlush() {
        state.withLock { _ = $0.queue.seal() }
        wakeLoop()
    }

    // MARK: Export loops

    /// Exports until graceful shutdown, then exports the rest within `shutdownTimeout` and shuts the exporter down.
    ///
    /// A cancelled run drops what is left, counted.
    public func run() async {
        enum Ended { case loop, timer, drainDeadline }
        state.withLock { $0.isRun = true }
        let isDrained = await withGracefulShutdownHandler {
            await withTaskGroup(of: Ended.self) { group in
                let loops = max(configuration.maxConcurrentExports, 1)
                for _ in 0..<loops {
                    group.addTask {
                        await self.exportLoop()
                        return .loop
                    }
                }
                group.addTask {
                    await self.timerLoop()
                    return .timer
                }
                if configuration.shutdownTimeout > .zero {
                    group.addTask {
                        guard (try? await gracefulShutdown()) != nil else { return .timer }
                        return (try? await Task.sleep(for: self.configuration.shutdownTimeout)) == nil ? .timer : .drainDeadline
                    }
                }
                var running = loops
                var isDrained = true
                for await ended in group {
                    switch ended {
                    case .timer: break
                    case .drainDeadline:
                        isDrained = false
                        group.cancelAll()
                    case .loop:
                        running -= 1
                        if running == 0 { group.cancelAll() }
                    }
                }
                return isDrained
            }
        } onGracefulShutdown: {
            self.beginDraining()
        }
        // A shutdown() in another task may still be exporting its last batch.
        if isDrained { await limited(to: configuration.shutdownTimeout) { await self.settled(upTo: .max) } }
        await close()
    }

    private func exportLoop() async {
        while let batch = await nextBatch() { await export(batch) }
    }

    /// Seals the unfinished batch every `scheduleDelay`, so that no span waits longer.
    private func timerLoop() async {
        while (try? await Task.sleep(for: configuration.scheduleDelay)) != nil { requestFlush() }
    }

    /// Waits for a batch that is ready; `nil` when the queue is drained or closed, or the task is cancelled.
    private func nextBatch() async -> SpanQueue.Batch? {
        let id = newWaiterID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (decided, batch): (Bool, SpanQueue.Batch?) = state.withLock { state in
                    if Task.isCancelled { return (true, nil) }
                    if let batch = state.queue.take() { return (true, batch) }
                    if state.queue.phase != .running { return (true, nil) }
                    state.idleLoops.append((id, continuation))
                    return (false, nil)
                }
                if decided { continuation.resume(returning: batch) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.idleLoops.firstIndex { $0.id == id }.map { state.idleLoops.remove(at: $0).continuation }
            }
            waiter?.resume(returning: nil)
        }
    }

    /// Hands a ready batch to a loop without work, if there are both.
    private func wakeLoop() {
        while true {
            let wakeUp: (CheckedContinuation<SpanQueue.Batch?, Never>, SpanQueue.Batch)? = state.withLock { state in
                guard !state.idleLoops.isEmpty, let batch = state.queue.take() else { return nil }
                return (state.idleLoops.removeLast().continuation, batch)
            }
            guard let (continuation, batch) = wakeUp else { return }
            continuation.resume(returning: batch)
        }
    }

    /// Exports one batch within `exportTimeout`, counts and reports the outcome.
    private func export(_ batch: consuming SpanQueue.Batch) async {
        let number = batch.number
        let count = batch.count
        // The batch is given away here, so that its arrays are changed in place.
        let spans = SpanBatch(resourceSpans: [ResourceSpans(resource: resource, schemaURL: resourceSchemaURL, scopeSpans: batch.finishedGroups())])
        var rejected = 0
        var failure: (any Error)?
        let start = ContinuousClock.now
        do {
            let result = try await withDeadline(configuration.exportTimeout) { [exporter] in try await exporter.export(spans) }
            rejected = min(max(result.rejectedSpanCount, 0), count)
            if rejected > 0 || !result.message.isEmpty { report(result, of: count) }
        } catch {
            failure = error
        }
        let duration = ExportDuration(nanoseconds: (ContinuousClock.now - start).nanoseconds, succeeded: failure == nil)
        let isReported = failure.map { report($0, lost: count) } ?? false
        let settled = state.withLock { $0.settle(batch: number, count: count, rejected: rejected, isReported: isReported, took: duration) }
        for continuation in settled.flushed { continuation.resume() }
        if let lost = settled.lostToFullQueue {
            logger.warning("The span queue has room again.", metadata: ["droppedSpans": "\(lost)"])
        }
        if let lost = settled.lostToFailures {
            logger.warning("Spans are exported again.", metadata: ["lostSpans": "\(lost)"])
        }
    }

    private func report(_ result: SpanExportResult, of count: Int) {
        guard let suppressed = failureLog.admit() else { return }
        logger.warning(
            "The trace receiver answered with a partial success.",
            metadata: [
                "rejectedSpans": "\(result.rejectedSpanCount)", "batchSpans": "\(count)", "message": "\(result.message)",
                "suppressedMessages": "\(suppressed)",
            ]
        )
    }

    /// - Returns: `false` when a line of the same kind was written not long ago, and this one was held back.
    private func report(_ error: any Error, lost: Int) -> Bool {
        guard let suppressed = failureLog.admit() else { return false }
        logger.warning(
            "Spans could not be exported and are lost.",
            metadata: ["spans": "\(lost)", "error": "\(error)", "suppressedMessages": "\(suppressed)"]
        )
        return true
    }

    // MARK: Flush and shutdown

    /// Exports what has ended so far, in this task and in the export loops; returns after `exportTimeout` at the latest.
    public func forceFlush() async {
        await flush(upTo: state.withLock { $0.queue.seal() }, within: configuration.exportTimeout)
    }

    /// Exports what has ended so far within `shutdownTimeout`, then drops the rest, refuses further spans and shuts the
    /// exporter down.
    public func shutdown() async {
        beginDraining()
        await flush(upTo: .max, within: configuration.shutdownTimeout)
        await close()
    }

    private func flush(upTo number: UInt64, within timeout: Duration) async {
        await limited(to: timeout) {
            while !Task.isCancelled, let batch = self.state.withLock({ $0.queue.take(upTo: number) }) { await self.export(batch) }
            await self.settled(upTo: number)
        }
    }

    /// Waits until no batch up to this number is waiting or being exported.
    private func settled(upTo number: UInt64) async {
        let id = newWaiterID()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let decided = state.withLock { state in
                    if Task.isCancelled || state.queue.isSettled(upTo: number) { return true }
                    state.flushes.append((id, number, continuation))
                    return false
                }
                if decided { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.flushes.firstIndex { $0.id == id }.map { state.flushes.remove(at: $0).continuation }
            }
            waiter?.resume()
        }
    }

    private func limited(to timeout: Duration, _ body: @escaping @Sendable () async -> Void) async {
        try? await withDeadline(timeout, body)
    }

    /// Lets the export loops finish what is there and end.
    private func beginDraining() {
        state.withLock { $0.queue.beginDraining() }
        wakeLoop()
        releaseIdleLoops()
    }

    private func releaseIdleLoops() {
        let idle = state.withLock { state in
            let idle = state.idleLoops.map(\.continuation)
            state.idleLoops = []
            return idle
        }
        for continuation in idle { continuation.resume(returning: nil) }
    }

    private func close() async {
        guard let lost = state.withLock({ $0.queue.close() }) else { return }
        releaseIdleLoops()
        if lost > 0 {
            logger.warning("Spans were still waiting at shutdown and are lost.", metadata: ["spans": "\(lost)"])
        }
        await exporter.shutdown()
    }

    private func newWaiterID() -> UInt64 {
        state.withLock { state in
            state.nextWaiterID += 1
            return state.nextWaiterID
        }
    }
}

extension BatchSpanProcessor.State {
    /// What is to be done after an export.
    fileprivate struct Settled {
        var flushed: [CheckedContinuation<Void, Never>]
        /// An episode of a full queue is over, with this loss.
        var lostToFullQueue: Int?
        /// Exports succeed again after this loss, of which the log has spoken.
        var lostToFailures: Int?
    }

    /// Notes the end of an export.
    fileprivate mutating func settle(
        batch number: UInt64,
        count: Int,
        rejected: Int,
        isReported: Bool,
        took duration: BatchSpanProcessor.ExportDuration
    ) -> Settled {
        let isFailed = !duration.succeeded
        let lost = queue.finish(batch: number, exported: isFailed ? 0 : count - rejected, rejected: rejected, failed: isFailed ? count : 0)
        var settled = Settled(flushed: flushes.filter { queue.isSettled(upTo: $0.number) }.map(\.continuation), lostToFullQueue: lost)
        flushes.removeAll { queue.isSettled(upTo: $0.number) }
        if isFailed {
            failureEpisode = ((failureEpisode?.lost ?? 0) + count, (failureEpisode?.isReported ?? false) || isReported)
        } else if let episode = failureEpisode.take(), episode.isReported {
            settled.lostToFailures = episode.lost
        }
        if let kept = exportDurations?.count, kept < BatchSpanProcessor.maximumKeptDurations { exportDurations?.append(duration) }
        return settled
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
