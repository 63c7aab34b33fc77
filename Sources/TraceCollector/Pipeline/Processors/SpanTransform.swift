internal import Logging
internal import NeedletailTracing
internal import TraceModel
internal import TraceStore

/// A processor without state: spans in, spans out.
protocol SpanTransform: Sendable {
    /// - Parameter report: told of conditions that failed and were passed over.
    /// - Throws: ``ConditionFailure`` to refuse all spans.
    func apply(to batch: inout SpanBatch, report: (ConditionFailure) -> Void) throws(ConditionFailure)
}

/// A part of a pipeline that has work of its own to do while the pipeline runs.
protocol PipelineWorker: Sendable {
    /// Works until its task is cancelled, or until `stop()` was called and everything that can be finished is.
    func run() async
    /// Nothing more will come.
    func stop()
}

/// Puts a ``SpanTransform`` before what follows in the pipeline.
struct TransformStage: SpanSink {
    let id: ComponentID
    let transform: any SpanTransform
    let next: any SpanSink
    let counters: PipelineCounters
    let logger: Logger
    private let gate = LogGate(interval: .seconds(10))

    init(id: ComponentID, transform: any SpanTransform, next: any SpanSink, counters: PipelineCounters, logger: Logger) {
        self.id = id
        self.transform = transform
        self.next = next
        self.counters = counters
        self.logger = logger
    }

    func append(_ batches: [SpanBatch]) async throws {
        counters.add(batches.reduce(0) { $0 + $1.spanCount }, to: .incoming, "processor", id.description, "otel_signal", "traces")
        var result: [SpanBatch] = []
        result.reserveCapacity(batches.count)
        for var batch in batches {
            do throws(ConditionFailure) {
                try transform.apply(to: &batch) { failure in
                    counters.add(1, to: .conditionErrors, "processor", id.description)
                    if let suppressed = gate.admit() {
                        logger.warning(
                            "A condition of a processor failed for a span, and was passed over",
                            metadata: ["processor": "\(id)", "error": "\(failure)", "suppressed": "\(suppressed)"]
                        )
                    }
                }
            } catch {
                counters.add(1, to: .conditionErrors, "processor", id.description)
                throw IngestError(code: .storeFailed, message: "processor \(id) refused the spans: \(error); error_mode: ignore would pass over it")
            }
            if !batch.resourceSpans.isEmpty { result.append(batch) }
        }
        let count = result.reduce(0) { $0 + $1.spanCount }
        counters.add(count, to: .outgoing, "processor", id.description, "otel_signal", "traces")
        if count > 0 { try await next.append(result) }
    }
}

extension SpanBatch {
    /// Keeps the spans that a condition holds for, and no group without spans.
    mutating func filterSpans(_ isKept: (inout Span, ResourceSpans, ScopeSpans) throws(ConditionFailure) -> Bool) throws(ConditionFailure) {
        var groups: [ResourceSpans] = []
        for var group in resourceSpans {
            var scopes: [ScopeSpans] = []
            for var scope in group.scopeSpans {
                let spans = scope.spans
                scope.spans = []
                var kept: [Span] = []
                kept.reserveCapacity(spans.count)
                for var span in spans where try isKept(&span, group, scope) { kept.append(span) }
                guard !kept.isEmpty else { continue }
                scope.spans = kept
                scopes.append(scope)
            }
            guard !scopes.isEmpty else { continue }
            group.scopeSpans = scopes
            groups.append(group)
        }
        resourceSpans = groups
    }
}
