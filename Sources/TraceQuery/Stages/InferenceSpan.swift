internal import TraceModel

/// A half-open piece of time, nanoseconds since the Unix epoch; never ends before it starts.
struct TimeRange: Hashable {
    var start: UInt64
    var end: UInt64

    init(_ start: UInt64, _ end: UInt64) {
        self.start = start
        self.end = max(start, end)
    }

    var length: UInt64 { end - start }

    func clamped(to bounds: TimeRange) -> TimeRange {
        let start = min(max(start, bounds.start), bounds.end)
        return TimeRange(start, min(max(end, start), bounds.end))
    }

    func overlap(_ other: TimeRange) -> UInt64 {
        let start = max(start, other.start)
        let end = min(end, other.end)
        return end > start ? end - start : 0
    }
}

/// A span of an inference server, read for its stages.
struct InferenceSpan {
    enum Role {
        /// `InferRequest`: the front end's span.
        case request
        /// A model's span, an ensemble's included.
        case model
        /// `compute`: the execution.
        case compute
    }

    let role: Role
    /// The span itself.
    let bounds: TimeRange
    private(set) var receive: TimeRange?
    private(set) var sends: [TimeRange] = []
    private(set) var queueStart: UInt64?
    private(set) var requestEnd: UInt64?
    private(set) var computeStart: UInt64?
    private(set) var computeInputEnd: UInt64?
    private(set) var computeOutputStart: UInt64?
    private(set) var computeEnd: UInt64?
    let hasFailed: Bool

    /// - Returns: `nil` for a span that no inference server makes.
    init?(_ span: Span) {
        var sawRequest = span.name == "InferRequest"
        var sawModel = span.attributes.contains { $0.key == "triton.model_name" }
        var sawCompute = false
        var receiveStart: UInt64?
        var sendStart: UInt64?
        bounds = TimeRange(span.startTime, span.endTime)
        hasFailed = span.status.code == .error
        for event in span.events {
            guard let kind = StageEvent(event.name) else { continue }
            switch kind {
            case .receiveStart:
                sawRequest = true
                receiveStart = event.time
            case .receiveEnd:
                if let start = receiveStart, receive == nil, event.time >= start { receive = TimeRange(start, event.time) }
            case .sendStart:
                sawRequest = true
                sendStart = event.time
            case .sendEnd:
                if let start = sendStart, event.time >= start { sends.append(TimeRange(start, event.time)) }
                sendStart = nil
            case .waitRead: sawRequest = true
            case .requestStart: sawModel = true
            case .queueStart:
                sawModel = true
                queueStart = event.time
            case .requestEnd: requestEnd = event.time
            case .computeStart:
                sawCompute = true
                computeStart = event.time
            case .computeInputEnd: computeInputEnd = event.time
            case .computeOutputStart: computeOutputStart = event.time
            case .computeEnd: computeEnd = event.time
            }
        }
        if sawCompute {
            role = .compute
        } else if sawModel {
            role = .model
        } else if sawRequest {
            role = .request
        } else {
            return nil
        }
    }

    /// Input, infer and output of a compute span: they fill it, and a missing border lets two neighbours merge.
    var computeStages: [(Stage, TimeRange)] {
        let whole = TimeRange(computeStart ?? bounds.start, computeEnd ?? bounds.end).clamped(to: bounds)
        let inputEnd = computeInputEnd.map { min(max($0, whole.start), whole.end) } ?? whole.start
        let outputStart = computeOutputStart.map { min(max($0, inputEnd), whole.end) } ?? whole.end
        return [
            (.input, TimeRange(whole.start, inputEnd)),
            (.infer, TimeRange(inputEnd, outputStart)),
            (.output, TimeRange(outputStart, whole.end)),
        ]
    }

    /// The wait of a model span: from its queue start to its compute, or to its end when it failed before.
    func queueStage(firstCompute: UInt64?, hasChildren: Bool) -> TimeRange? {
        guard let queueStart else { return nil }
        if let firstCompute { return TimeRange(queueStart, firstCompute).clamped(to: bounds) }
        // Without a compute of its own an ensemble did not wait, and neither did an answer from a response cache.
        guard hasFailed, !hasChildren else { return nil }
        return TimeRange(queueStart, requestEnd ?? bounds.end).clamped(to: bounds)
    }
}
