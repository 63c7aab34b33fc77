internal import Logging
internal import NeedletailTracing
internal import Synchronization
internal import TraceModel
internal import TraceStore

/// The processor `tail_sampling`: the shell around ``TailSampler``.
///
/// Spans of undecided traces are on disk before they are acknowledged: after `kill -9` they are read back, and their time begins anew.
final class TailSamplingProcessor: SpanSink, PipelineWorker {
    private struct State {
        var sampler: TailSampler
        /// Sampled, and not yet taken by what follows.
        var undelivered: [TailTrace] = []
        var isStopping = false
    }

    let id: ComponentID
    private let settings: TailSamplingSettings
    private let next: any SpanSink
    private let counters: PipelineCounters
    private let logger: Logger
    private let disk: DurableSpans
    private let start = ContinuousClock.now
    private let state: Mutex<State>
    private let gate = LogGate(interval: .seconds(10))

    /// - Parameter folder: where undecided spans are kept; made if missing.
    /// - Throws: when the folder or the file in it cannot be used.
    init(
        id: ComponentID, pipeline: ComponentID, settings: TailSamplingSettings, folder: String, next: any SpanSink, counters: PipelineCounters, logger: Logger
    ) throws {
        self.id = id
        self.settings = settings
        self.next = next
        self.counters = counters
        self.logger = logger
        try StorageFolder.prepare(folder)
        disk = try DurableSpans(path: "\(folder)/\(pipeline.fileName)_\(id.fileName).sqlite")
        state = Mutex(State(sampler: TailSampler(settings: settings)))
        readBack = Mutex(try disk.entries())
    }

    /// What the last run left, until `run()` has read it.
    private let readBack: Mutex<[SpanLog.Entry]>

    /// Nanoseconds since the start.
    private var now: UInt64 { UInt64(clamping: (ContinuousClock.now - start).nanoseconds) }

    /// The file of undecided spans.
    var path: String { disk.path }

    var tracesInMemory: Int { state.withLock { $0.sampler.traceCount + $0.undelivered.count } }

    // MARK: Spans

    func append(_ batches: [SpanBatch]) async throws {
        counters.add(batches.reduce(0) { $0 + $1.spanCount }, to: .incoming, "processor", id.description, "otel_signal", "traces")
        var parts = SpanBatch(resourceSpans: batches.flatMap(\.resourceSpans)).splitByTrace()
        let (dispositions, isStuck) = state.withLock { state in
            (
                parts.map { state.sampler.disposition(of: $0.id) },
                !state.undelivered.isEmpty
                    && state.undelivered.reduce(state.sampler.spanCount) { $0 + $1.spanCount } > settings.maximumSpans
            )
        }
        if isStuck {
            throw IngestError(
                code: .overloaded,
                message: "processor \(id) keeps more than \(settings.maximumSpans) spans because what follows it takes none; send the spans again in 1 s"
            )
        }
        let late = zip(parts, dispositions).filter { $0.1 == .forward }.map(\.0.batch)
        try await forward(late)
        countLate(zip(parts, dispositions).filter { $0.1 != .gather }.map(\.0))
        parts = zip(parts, dispositions).filter { $0.1 == .gather }.map(\.0)
        guard !parts.isEmpty else { return }
        let entries: [SpanLog.Entry]
        do {
            entries = try await disk.insert(parts.map(\.batch))
        } catch {
            throw IngestError(code: .storeFailed, message: "processor \(id) could not keep the spans until they are decided on (\(error)); send them again", cause: error)
        }
        try await gather(parts, entries)
    }

    /// Gathers spans that are on disk; some of their traces may have been decided in the meantime.
    private func gather(_ parts: [TracePart], _ entries: [SpanLog.Entry]) async throws {
        let now = now
        var decidedSince: [(part: TracePart, entry: Int64, isSampled: Bool)] = []
        let newTraces = state.withLock { state in
            var newTraces = 0
            for (part, entry) in zip(parts, entries) {
                let disposition = state.sampler.disposition(of: part.id)
                guard disposition == .gather else {
                    decidedSince.append((part, entry.id, disposition == .forward))
                    continue
                }
                let size = part.batch.approximateSize
                let isNew = state.sampler.gather(part.batch, of: part.id, spanCount: part.batch.spanCount, size: size, entry: entry.id, now: now)
                if isNew { newTraces += 1 }
            }
            return newTraces
        }
        counters.add(newTraces, to: .tailNewTraces, "processor", id.description)
        guard !decidedSince.isEmpty else { return }
        countLate(decidedSince.map(\.part))
        try await forward(decidedSince.filter(\.isSampled).map(\.part.batch))
        await forget(decidedSince.map(\.entry))
    }

    private func forward(_ batches: [SpanBatch]) async throws {
        guard !batches.isEmpty else { return }
        try await next.append(batches)
        counters.add(batches.reduce(0) { $0 + $1.spanCount }, to: .outgoing, "processor", id.description, "otel_signal", "traces")
    }

    private func countLate(_ parts: [TracePart]) {
        counters.add(parts.reduce(0) { $0 + $1.batch.spanCount }, to: .tailLate, "processor", id.description)
    }

    private func forget(_ entries: [Int64]) async {
        do {
            try await disk.remove(entries)
        } catch is CancellationError {
            // The program ends; the next one decides on them again.
        } catch {
            if let suppressed = gate.admit() {
                logger.warning("Decided spans stay on disk, and are decided on again at the next start", metadata: ["processor": "\(id)", "error": "\(error)", "suppressed": "\(suppressed)"])
            }
        }
    }

    // MARK: Time

    func run() async {
        await readBackEntries()
        // A twentieth of the wait is as exact as anybody needs.
        let pause = min(max(settings.decisionWait / 20, .milliseconds(10)), .seconds(1))
        await withTaskCancellationHandler {
            while !state.withLock({ $0.isStopping }) {
                await decide()
                try? await Task.sleep(for: min(pause, .milliseconds(200)))
            }
        } onCancel: {
            stop()
        }
        let left = tracesInMemory
        if left > 0 {
            logger.notice("Traces that are not decided on wait for the next start", metadata: ["processor": "\(id)", "traces": "\(left)", "file": "\(disk.path)"])
        }
    }

    func stop() { state.withLock { $0.isStopping = true } }

    private func readBackEntries() async {
        let entries = readBack.withLock { entries in
            defer { entries = [] }
            return entries
        }
        guard !entries.isEmpty else { return }
        logger.notice("Spans of the last run are to be decided on", metadata: ["processor": "\(id)", "spans": "\(entries.reduce(0) { $0 + $1.spanCount })"])
        for entry in entries {
            do {
                guard let batch = try await disk.batch(of: entry.id) else { continue }
                try await gather(batch.splitByTrace(), [entry])
            } catch is CancellationError {
                return
            } catch {
                logger.error("Spans are lost: they cannot be read back, or passed on", metadata: ["processor": "\(id)", "entry": "\(entry.id)", "error": "\(error)"])
            }
            // The bounds hold here, too.
            await decide()
        }
    }

    private func decide() async {
        let now = now
        let (decided, waiting) = state.withLock { state in
            let decided = state.sampler.decide(now: now)
            defer { state.undelivered = [] }
            return (decided, state.undelivered)
        }
        for one in decided { count(one) }
        await forget(decided.filter { !$0.isSampled }.flatMap(\.trace.entries))
        var rest = (waiting + decided.filter(\.isSampled).map(\.trace))[...]
        while !rest.isEmpty {
            // As much at a time as a commit takes.
            var spans = 0
            let group = rest.prefix { trace in
                defer { spans += trace.spanCount }
                return spans < Self.spansPerDelivery
            }
            do {
                try await forward(group.flatMap(\.parts))
            } catch {
                let undelivered = Array(rest)
                state.withLock { $0.undelivered = undelivered + $0.undelivered }
                if let suppressed = gate.admit() {
                    logger.warning("Sampled traces could not be passed on, and are tried again", metadata: ["processor": "\(id)", "traces": "\(undelivered.count)", "error": "\(error)", "suppressed": "\(suppressed)"])
                }
                return
            }
            await forget(group.flatMap(\.entries))
            rest = rest.dropFirst(group.count)
        }
    }

    private static let spansPerDelivery = 16_384

    private func count(_ decided: TailSampler.Decided) {
        counters.add(1, to: .tailSampled, "processor", id.description, "sampled", decided.isSampled ? "true" : "false")
        for (name, decision) in decided.policies {
            let isSampled = decision == .sampled || decision == .invertSampled
            counters.add(1, to: .tailPolicySampled, "processor", id.description, "policy", name, "sampled", isSampled ? "true" : "false")
            if decision == .failed { counters.add(1, to: .tailPolicyErrors, "processor", id.description, "policy", name) }
        }
        if decided.isEarly { counters.add(1, to: .tailDroppedEarly, "processor", id.description) }
    }
}

/// The spans of one trace in a batch.
struct TracePart: Sendable {
    var id: TraceID
    var batch: SpanBatch
}

extension SpanBatch {
    /// The same spans, a batch for each trace, in the order of their first spans.
    func splitByTrace() -> [TracePart] {
        var parts: [TracePart] = []
        var indices: [TraceID: Int] = [:]
        for group in resourceSpans {
            for scope in group.scopeSpans {
                // Where in its part a trace has this resource and scope.
                var places: [TraceID: Int] = [:]
                for span in scope.spans {
                    let index = indices[span.traceID] ?? parts.count
                    if index == parts.count {
                        indices[span.traceID] = index
                        parts.append(TracePart(id: span.traceID, batch: SpanBatch()))
                    }
                    if let place = places[span.traceID] {
                        parts[index].batch.resourceSpans[place].scopeSpans[0].spans.append(span)
                    } else {
                        places[span.traceID] = parts[index].batch.resourceSpans.count
                        let scopeSpans = ScopeSpans(scope: scope.scope, schemaURL: scope.schemaURL, spans: [span])
                        parts[index].batch.resourceSpans.append(ResourceSpans(resource: group.resource, schemaURL: group.schemaURL, scopeSpans: [scopeSpans]))
                    }
                }
            }
        }
        return parts
    }
}
