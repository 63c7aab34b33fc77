internal import Logging
internal import NeedletailTracing
internal import PrometheusMetrics
internal import Synchronization
internal import TraceModel
internal import TraceStore

/// An exporter with its queue, its retries and its counters.
final class QueuedExporter: SpanSink, PipelineWorker {
    let id: ComponentID
    private let exporter: any SpanExporter
    private let retry: RetryPolicy
    private let queue: SendingQueue
    private let durable: DurableSpans?
    private let counters: PipelineCounters
    private let logger: Logger
    private let gate = LogGate(interval: .seconds(10))
    /// While the program ends, a receiver that does not answer is not asked again and again.
    private let isHopeless = Mutex(false)

    /// Requests are made of waiting batches up to so many spans and bytes, well below the 4 MiB that gRPC servers take by default.
    private static let maximumSpans = 8192
    private static let maximumBytes = 3 << 20

    /// - Parameter directory: where ``SendingQueue/Settings/storage`` is.
    /// - Throws: ``SpanLog/Failure``, or what the folder cannot be made for.
    init(id: ComponentID, exporter: any SpanExporter, settings: ExporterSettings, counters: PipelineCounters, logger: Logger) throws {
        self.id = id
        self.exporter = exporter
        self.counters = counters
        self.logger = logger
        retry = settings.retry
        var stored: [SpanLog.Entry] = []
        if settings.queue.isEnabled, let storage = settings.queue.storage {
            try StorageFolder.prepare(storage)
            let durable = try DurableSpans(path: "\(storage.directory)/exporter_\(id.fileName).sqlite")
            stored = try durable.entries()
            self.durable = durable
            if !stored.isEmpty {
                logger.notice(
                    "Spans of the last run are still to be sent",
                    metadata: ["exporter": "\(id)", "spans": "\(stored.reduce(0) { $0 + $1.spanCount })", "file": "\(durable.path)"]
                )
            }
        } else {
            durable = nil
        }
        queue = SendingQueue(settings: settings.queue, stored: stored)
    }

    // MARK: Taking

    func append(_ batches: [SpanBatch]) async throws {
        guard queue.settings.isEnabled else {
            for request in Self.requests(batches) { try check(await send(request)) }
            return
        }
        let requests = Self.requests(batches)
        let weights = requests.map(queue.settings.weight)
        let total = weights.reduce(0, +)
        let spans = requests.reduce(0) { $0 + $1.spanCount }
        guard await queue.reserve(total) else {
            counters.add(spans, to: .enqueueFailed, "exporter", id.description)
            throw IngestError(
                code: .overloaded,
                message: "the queue of exporter \(id) is full (\(queue.weight) of \(queue.settings.size)): is its receiver there? Send the spans again in 1 s"
            )
        }
        do {
            try await enqueue(requests, weights)
        } catch let error as IngestError {
            throw error
        } catch {
            queue.release(total)
            counters.add(spans, to: .enqueueFailed, "exporter", id.description)
            throw IngestError(code: .storeFailed, message: "exporter \(id) could not keep the spans until they are sent (\(error)); send them again", cause: error)
        }
    }

    private func enqueue(_ requests: [SpanBatch], _ weights: [Int]) async throws {
        if let durable {
            let entries = try await durable.insert(requests)
            queue.add(zip(entries, weights).map { SendingQueue.Item(id: $0.id, spanCount: $0.spanCount, weight: $1) })
            return
        }
        let items = zip(requests, weights).map { SendingQueue.Item(batch: $0, spanCount: $0.spanCount, weight: $1) }
        guard queue.settings.waitsForResult else { return queue.add(items) }
        for item in items {
            try check(
                await withCheckedContinuation { waiter in
                    var item = item
                    item.waiter = waiter
                    queue.add([item])
                }
            )
        }
    }

    /// Tells the pipeline of what was not sent but may be sent again.
    private func check(_ outcome: SendingQueue.Outcome) throws(IngestError) {
        switch outcome {
        case .sent, .givenUp: return
        case .unfinished:
            throw IngestError(code: .storeFailed, message: "exporter \(id) could not send the spans; send them again", retryAfterSeconds: 5)
        }
    }

    /// Puts small batches together, as far as receivers take them.
    static func requests(_ batches: [SpanBatch]) -> [SpanBatch] {
        var requests: [SpanBatch] = []
        var current = SpanBatch()
        var (spans, bytes) = (0, 0)
        for batch in batches {
            for part in batch.split(maximumSpans: maximumSpans) {
                let (count, size) = (part.spanCount, part.approximateSize)
                if spans > 0, spans + count > maximumSpans || bytes + size > maximumBytes {
                    requests.append(current)
                    (current, spans, bytes) = (SpanBatch(), 0, 0)
                }
                current.resourceSpans += part.resourceSpans
                spans += count
                bytes += size
            }
        }
        if spans > 0 { requests.append(current) }
        return requests
    }

    // MARK: Sending

    func run() async {
        await withTaskCancellationHandler {
            if queue.settings.isEnabled {
                await withDiscardingTaskGroup { tasks in
                    for _ in 0..<queue.settings.consumers { tasks.addTask { await self.consume() } }
                }
            } else {
                while !queue.isStopping, !Task.isCancelled { _ = await queue.next() }
            }
        } onCancel: {
            stop()
        }
        await exporter.shutdown()
    }

    func stop() { queue.stop() }

    private func consume() async {
        while let item = await queue.next() {
            guard let batch = await batch(of: item) else {
                queue.finish(item, .givenUp("unreadable"))
                continue
            }
            let outcome: SendingQueue.Outcome =
                isHopeless.withLock { $0 } ? .unfinished : await send(batch)
            switch outcome {
            case .sent, .givenUp:
                if let id = item.id { await forget(id) }
            case .unfinished:
                if durable == nil {
                    counters.add(item.spanCount, to: .sendFailed, "exporter", id.description)
                    logger.error("Spans are lost: the program ends, and their receiver does not take them", metadata: ["exporter": "\(id)", "spans": "\(item.spanCount)"])
                }
            }
            queue.finish(item, outcome)
        }
    }

    private func batch(of item: SendingQueue.Item) async -> SpanBatch? {
        if let batch = item.batch { return batch }
        guard let durable, let id = item.id else { return nil }
        do {
            if let batch = try await durable.batch(of: id) { return batch }
            throw SpanLog.Failure(description: "entry \(id) is not in \(durable.path)")
        } catch is CancellationError {
            return nil
        } catch {
            counters.add(item.spanCount, to: .sendFailed, "exporter", self.id.description)
            logger.error("Spans are lost: they cannot be read from the queue on disk", metadata: ["exporter": "\(self.id)", "error": "\(error)"])
            await forget(id)
            return nil
        }
    }

    private func forget(_ id: Int64) async {
        do {
            try await durable?.remove([id])
        } catch is CancellationError {
            // The program ends; the entry is sent once more by the next one.
        } catch {
            logger.warning("Spans that were sent stay in the queue on disk, and are sent again at the next start", metadata: ["exporter": "\(self.id)", "error": "\(error)"])
        }
    }

    /// Sends one request until it is taken, refused for good, out of time, or the program ends.
    private func send(_ batch: SpanBatch) async -> SendingQueue.Outcome {
        let start = ContinuousClock.now
        let count = batch.spanCount
        var attempts = 0
        while true {
            do {
                let result = try await exporter.export(batch)
                let rejected = min(max(result.rejectedSpanCount, 0), count)
                counters.add(count - rejected, to: .sent, "exporter", id.description)
                counters.add(rejected, to: .sendFailed, "exporter", id.description)
                if !result.message.isEmpty, let suppressed = gate.admit() {
                    logger.warning("A receiver has something to say", metadata: ["exporter": "\(id)", "rejectedSpans": "\(rejected)", "message": "\(result.message)", "suppressed": "\(suppressed)"])
                }
                return .sent
            } catch {
                attempts += 1
                let failure = error as? SpanExportError
                guard !(error is CancellationError), failure?.code != .shutDown else { return .unfinished }
                let isRetryable = failure.map { $0.code == .unavailable || $0.code == .timedOut } ?? true
                if isRetryable, queue.isStopping {
                    isHopeless.withLock { $0 = true }
                    return .unfinished
                }
                let delay = isRetryable
                    ? retry.delay(afterAttempts: attempts, retryAfter: failure?.retryAfter, elapsed: .now - start, random: .random(in: 0...1)) : nil
                guard let delay else {
                    if isRetryable, !queue.settings.isEnabled || queue.settings.waitsForResult { return .unfinished }
                    counters.add(count, to: .sendFailed, "exporter", id.description)
                    logger.error("Spans are given up", metadata: ["exporter": "\(id)", "spans": "\(count)", "attempts": "\(attempts)", "error": "\(error)"])
                    return .givenUp("\(error)")
                }
                if let suppressed = gate.admit() {
                    logger.warning("Spans could not be sent, and are sent again", metadata: ["exporter": "\(id)", "in": "\(delay)", "error": "\(error)", "suppressed": "\(suppressed)"])
                }
                await sleep(delay)
            }
        }
    }

    /// Sleeps, but not beyond the end of the program.
    private func sleep(_ delay: Duration) async {
        let end = ContinuousClock.now + delay
        while !queue.isStopping, !Task.isCancelled, .now < end {
            try? await Task.sleep(until: min(end, .now + .milliseconds(200)), clock: .continuous)
        }
    }

    // MARK: Metrics

    var gauges: [(name: String, help: String, value: Int)] {
        guard queue.settings.isEnabled else { return [] }
        return [
            ("otelcol_exporter_queue_size", "What waits in an exporter's queue, in the units of its sizer.", queue.weight),
            ("otelcol_exporter_queue_capacity", "What an exporter's queue can hold, in the units of its sizer.", queue.settings.size),
            ("otelcol_exporter_in_flight_requests", "Requests that an exporter is sending.", queue.inFlight),
        ]
    }
}
