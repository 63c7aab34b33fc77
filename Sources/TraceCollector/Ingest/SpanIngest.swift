public import Logging
public import ServiceLifecycle
internal import Synchronization
public import TraceModel
public import TraceStore

/// Takes batches from all receivers and makes them durable: a bounded queue in front of one committing loop.
///
/// Commits are grouped by themselves: while one commit runs, the batches that arrive wait, and go together in the next one.
/// An idle back end therefore commits a batch at once, a busy one pays for one commit per group and not per request.
///
/// ``run()`` has to run for anything to be committed. In a `ServiceGroup`, put this service before the receivers: they are then
/// stopped first, and what they had accepted is drained.
public final class SpanIngest: Service, Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>
    private typealias Queue = IngestQueue<Waiter>

    private struct State {
        var queue: Queue
        /// The loop of ``run()`` while it has nothing to do.
        var idleLoop: CheckedContinuation<Queue.Group?, Never>?
    }

    private let store: any SpanSink
    /// The store, when it wants to know how spans came.
    private let pipeline: SpanPipeline?
    private let maximumConcurrentCommits: Int
    private let failures: Mutex<FailureLog>
    private let observers: [any SpanObserver]
    private let logger: Logger
    private let state: Mutex<State>
    /// What the requests of all receivers hold in memory.
    let requestBytes: ByteBudget
    /// Sockets whose datagrams the kernel may drop before this program sees them.
    let datagramSockets = DatagramSockets()

    /// - Parameters:
    ///   - store: Where spans go. Its `append` returns when they are durable.
    ///   - observers: Told of spans after they are durable, before their senders are.
    ///   - configuration: The bounds.
    ///   - logger: Told about commits that fail.
    public init(store: any SpanSink, observers: [any SpanObserver] = [], configuration: SpanIngestConfiguration = SpanIngestConfiguration(), logger: Logger) {
        self.store = store
        let pipeline = store as? SpanPipeline
        self.pipeline = pipeline?.isByReceiver == true ? pipeline : nil
        maximumConcurrentCommits = pipeline?.maximumConcurrentAppends ?? 1
        failures = Mutex(FailureLog(logger: logger))
        self.observers = observers
        self.configuration = configuration
        self.logger = logger
        self.state = Mutex(State(queue: Queue(configuration: configuration)))
        self.requestBytes = ByteBudget(limit: configuration.maximumRequestBytes)
    }

    /// What was received, committed and refused so far.
    public var counters: IngestCounters { state.withLock { $0.queue.counters } }

    /// The bounds that it keeps.
    let configuration: SpanIngestConfiguration

    /// Datagrams that the kernel dropped because nobody had read them in time, by protocol.
    public var kernelDroppedDatagrams: [SpanProtocol: UInt64] { datagramSockets.drops }

    /// Hands over a batch and returns when it is durable.
    ///
    /// A caller that is cancelled still waits: the batch is under way, and its wait is bounded by the store's commit.
    ///
    /// - Parameter spanProtocol: how the spans came, for the counters; `nil` for spans of this process.
    /// - Throws: ``IngestError`` when the queue is full, the commit failed or the back end is stopping. Nothing of the batch
    ///   was acknowledged then.
    public func accept(_ batch: SpanBatch, from spanProtocol: SpanProtocol? = nil) async throws {
        let spanCount = batch.spanCount
        if spanCount == 0 { return }
        if let pipeline, let spanProtocol, let refusal = pipeline.refusal(of: spanProtocol) {
            countRejected(spanCount, from: spanProtocol)
            throw refusal
        }
        try await withCheckedThrowingContinuation { (waiter: Waiter) in
            let (admission, wake) = state.withLock { state in
                let admission = state.queue.admit(batch, spanCount: spanCount, from: spanProtocol, waiter: waiter)
                return (admission, Self.wakeLoop(&state))
            }
            if case .refused(let waiter, let error) = admission { waiter.resume(throwing: error) }
            wake?()
        }
    }

    /// Turns a request away while the queue is full, before the work of decoding it.
    ///
    /// - Throws: ``IngestError`` when there is no room for a single span.
    public func checkRoom(for spanProtocol: SpanProtocol? = nil) throws(IngestError) {
        let refusal = state.withLock { $0.queue.hasRoom ? nil : $0.queue.refuseUndecoded(from: spanProtocol) }
        if let refusal { throw refusal }
    }

    /// Counts spans that a decoder rejected one by one.
    public func countRejected(_ spans: Int, from spanProtocol: SpanProtocol? = nil) {
        if spans > 0 { state.withLock { $0.queue.countRejected(spans, from: spanProtocol) } }
    }

    /// Counts a request or datagram that could not be decoded.
    public func countMalformedRequest(from spanProtocol: SpanProtocol? = nil) {
        state.withLock { $0.queue.countMalformedRequest(from: spanProtocol) }
    }

    /// Counts datagrams that were dropped, which nobody is told of.
    func countDroppedDatagrams(_ datagrams: Int, from spanProtocol: SpanProtocol? = nil) {
        state.withLock { $0.queue.countDroppedDatagrams(datagrams, from: spanProtocol) }
    }

    /// Commits until a graceful shutdown or a cancellation, then drains what was accepted and returns.
    public func run() async throws {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await commitUntilDrained()
            } onGracefulShutdown: {
                self.beginShutdown()
            }
        } onCancel: {
            self.beginShutdown()
        }
    }

    private func commitUntilDrained() async {
        guard maximumConcurrentCommits > 1 else {
            while let group = await nextGroup() { await commit(group) }
            return
        }
        await withTaskGroup(of: Void.self) { commits in
            var running = 0
            while let group = await nextGroup() {
                if running >= maximumConcurrentCommits {
                    await commits.next()
                    running -= 1
                }
                running += 1
                commits.addTask { await self.commit(group) }
            }
        }
    }

    private func commit(_ group: Queue.Group) async {
        let start = ContinuousClock.now
        do {
            let batches = group.entries.map(\.batch)
            if let pipeline {
                try await pipeline.append(group.entries.map { ReceivedSpans(batch: $0.batch, spanProtocol: $0.spanProtocol) })
            } else {
                try await store.append(batches)
            }
            // Observers hear of one commit at a time.
            failures.withLock { failures in
                failures.succeeded()
                for observer in observers { observer.stored(batches) }
            }
            state.withLock { $0.queue.didCommit(group, in: ContinuousClock.now - start) }
            for entry in group.entries { entry.waiter.resume() }
        } catch {
            let refusal = error as? IngestError
            failures.withLock { $0.failed(group.spanCount, error) }
            state.withLock { $0.queue.didFail(group, in: ContinuousClock.now - start, isOverload: refusal?.code == .overloaded) }
            let failure = refusal ?? IngestError(
                code: .storeFailed,
                message: "the trace store could not commit the spans (\(error)); send them again",
                retryAfterSeconds: configuration.retryAfterSeconds,
                cause: error
            )
            for entry in group.entries { entry.waiter.resume(throwing: failure) }
        }
    }

    /// The next group, or `nil` when everything is drained after the shutdown began.
    private func nextGroup() async -> Queue.Group? {
        await withCheckedContinuation { loop in
            let wake = state.withLock { state in
                state.idleLoop = loop
                return Self.wakeLoop(&state)
            }
            wake?()
        }
    }

    private func beginShutdown() {
        let wake = state.withLock { state in
            state.queue.beginShutdown()
            return Self.wakeLoop(&state)
        }
        wake?()
    }

    /// Takes the idle loop, if there is work or an end for it; the result is called outside the lock.
    private static func wakeLoop(_ state: inout State) -> (@Sendable () -> Void)? {
        guard let loop = state.idleLoop else { return nil }
        switch state.queue.next() {
        case .wait:
            return nil
        case .commit(let group):
            state.idleLoop = nil
            return { loop.resume(returning: group) }
        case .finished:
            state.idleLoop = nil
            return { loop.resume(returning: nil) }
        }
    }
}
