internal import Logging
internal import NeedletailTracing
internal import Synchronization
internal import TraceModel
internal import TraceStore

/// The processor `batch`: gathers spans of several requests and passes them on together.
///
/// A request is acknowledged only when what follows has taken the batch that it became part of.
final class BatchProcessor: SpanSink, PipelineWorker {
    struct Settings: Sendable, Equatable {
        var timeout: Duration = .milliseconds(200)
        /// A batch of so many spans is passed on at once.
        var size = 8192
        /// Larger batches are cut; 0: never.
        var maximumSize = 0

        init() {}

        init?(_ reader: YAMLReader) {
            self.init()
            guard let mapping = reader.mapping(["timeout", "send_batch_size", "send_batch_max_size"]) else { return }
            timeout = mapping["timeout"]?.duration() ?? timeout
            size = mapping["send_batch_size"]?.integer(in: 0...10_000_000) ?? size
            maximumSize = mapping["send_batch_max_size"]?.integer(in: 0...10_000_000) ?? maximumSize
            if maximumSize > 0, maximumSize < size {
                mapping["send_batch_max_size"]?.mistake("\(maximumSize) is less than send_batch_size", expected: "0, or at least \(size)")
            }
        }
    }

    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct Gathering {
        var batches: [SpanBatch] = []
        var spans = 0
        var waiters: [Waiter] = []
        var deadline: ContinuousClock.Instant?
    }

    private struct State {
        var gathering = Gathering()
        /// The loop of ``run()`` while nothing waits.
        var idle: CheckedContinuation<Void, Never>?
        var isStopping = false
    }

    private let id: ComponentID
    private let settings: Settings
    private let next: any SpanSink
    private let counters: PipelineCounters
    private let state = Mutex(State())

    init(id: ComponentID, settings: Settings, next: any SpanSink, counters: PipelineCounters) {
        self.id = id
        self.settings = settings
        self.next = next
        self.counters = counters
    }

    func append(_ batches: [SpanBatch]) async throws {
        let count = batches.reduce(0) { $0 + $1.spanCount }
        if settings.timeout <= .zero || settings.size == 0 { return try await pass(batches, count) }
        let full: Gathering? = state.withLock { state in
            guard state.gathering.spans + count >= settings.size || state.isStopping else { return nil }
            return Self.take(&state)
        }
        if let full {
            counters.add(1, to: .batchSizeTrigger, "processor", id.description)
            return try await flush(full, with: batches, count)
        }
        try await withCheckedThrowingContinuation { (waiter: Waiter) in
            let idle = state.withLock { state in
                state.gathering.batches += batches
                state.gathering.spans += count
                state.gathering.waiters.append(waiter)
                if state.gathering.deadline == nil { state.gathering.deadline = .now + settings.timeout }
                return state.idle.take()
            }
            idle?.resume()
        }
    }

    private static func take(_ state: inout State) -> Gathering {
        let taken = state.gathering
        state.gathering = Gathering()
        return taken
    }

    /// Passes on what was gathered, with the spans of the caller behind it.
    private func flush(_ gathered: Gathering, with batches: [SpanBatch] = [], _ count: Int = 0) async throws {
        do {
            try await pass(gathered.batches + batches, gathered.spans + count)
            for waiter in gathered.waiters { waiter.resume() }
        } catch {
            for waiter in gathered.waiters { waiter.resume(throwing: error) }
            throw error
        }
    }

    private func pass(_ batches: [SpanBatch], _ count: Int) async throws {
        counters.add(count, to: .incoming, "processor", id.description, "otel_signal", "traces")
        guard settings.maximumSize > 0, count > settings.maximumSize else {
            try await next.append([SpanBatch(resourceSpans: batches.flatMap(\.resourceSpans))])
            return counters.add(count, to: .outgoing, "processor", id.description, "otel_signal", "traces")
        }
        for part in SpanBatch(resourceSpans: batches.flatMap(\.resourceSpans)).split(maximumSpans: settings.maximumSize) {
            try await next.append([part])
            counters.add(part.spanCount, to: .outgoing, "processor", id.description, "otel_signal", "traces")
        }
    }

    // MARK: Time

    func run() async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { tasks in
                while let deadline = await nextDeadline() {
                    try? await Task.sleep(until: deadline, clock: .continuous)
                    let due: Gathering? = state.withLock { state in
                        guard state.isStopping || Task.isCancelled || state.gathering.deadline.map({ $0 <= .now }) ?? false else { return nil }
                        return Self.take(&state)
                    }
                    guard let due, !due.waiters.isEmpty else { continue }
                    tasks.addTask { [self] in
                        counters.add(1, to: .batchTimeoutTrigger, "processor", id.description)
                        // Whoever waits is told.
                        try? await flush(due)
                    }
                }
            }
        } onCancel: {
            stop()
        }
    }

    /// When what waits has to be passed on; `nil` when nothing waits any more and nothing will.
    private func nextDeadline() async -> ContinuousClock.Instant? {
        while true {
            let (deadline, isStopping) = state.withLock { ($0.gathering.deadline, $0.isStopping) }
            if let deadline { return isStopping ? .now : deadline }
            if isStopping { return nil }
            await withCheckedContinuation { continuation in
                let isNeeded = state.withLock { state in
                    if state.gathering.deadline != nil || state.isStopping { return false }
                    state.idle = continuation
                    return true
                }
                if !isNeeded { continuation.resume() }
            }
        }
    }

    func stop() {
        let idle = state.withLock { state in
            state.isStopping = true
            return state.idle.take()
        }
        idle?.resume()
    }
}
