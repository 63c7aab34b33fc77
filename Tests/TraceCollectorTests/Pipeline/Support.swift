import Logging
import Synchronization
import TraceModel
import TraceStore

@testable import TraceCollector

/// A batch of one resource whose spans have one trace.
func spanBatch(
    trace: UInt64 = 1, service: String = "shop", names: [String] = ["GET /"], error: Bool = false, duration: UInt64 = 1_000_000,
    attributes: [Attribute] = [], firstID: UInt64 = 1
) -> SpanBatch {
    let spans = names.enumerated().map { index, name in
        Span(
            traceID: TraceID(high: 7, low: trace), spanID: SpanID(firstID + UInt64(index)), name: name, kind: .server, startTime: 1_000_000_000,
            endTime: 1_000_000_000 + duration, attributes: attributes, status: error ? .error("no") : SpanStatus()
        )
    }
    return SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", .string(service))]), scope: InstrumentationScope(name: "test"), spans: spans
    )
}

extension SpanBatch {
    var spans: [Span] { resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } }
}

/// Keeps what it is given, or refuses it.
final class RecordingSink: SpanSink {
    private struct State {
        var batches: [SpanBatch] = []
        var refusal: IngestError?
    }

    private let state = Mutex(State())

    var batches: [SpanBatch] { state.withLock { $0.batches } }
    var spans: [Span] { batches.flatMap(\.spans) }
    var names: [String] { spans.map(\.name) }

    func refuse(_ error: IngestError?) { state.withLock { $0.refusal = error } }

    func append(_ batches: [SpanBatch]) async throws {
        try state.withLock { state in
            if let refusal = state.refusal { throw refusal }
            state.batches += batches
        }
    }
}

/// A folder that goes with its last user.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        path = "\(ProcessFolder.temporary)/needletail-pipeline-\(UInt64.random(in: 0 ... .max))"
        ProcessFolder.make(path)
    }

    deinit { ProcessFolder.remove(path) }
}
