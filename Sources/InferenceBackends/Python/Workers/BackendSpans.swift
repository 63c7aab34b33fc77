internal import Inference
internal import NeedletailTracing
internal import TraceModel

/// The spans `python_backend_execute` of a batch's traced requests: from handing the batch to its worker until the answer, with
/// the whole of the streaming.
struct BackendSpans {
    static let scope = InstrumentationScope(name: "needletail.python")
    private static let name = "python_backend_execute"

    private let requests: [InferenceRequest]
    private let startTime: UInt64
    private let start: UInt64
    /// The context of each request's span; `nil` for requests that are not traced.
    let parents: [TraceContext?]

    /// `nil` when no request is traced.
    init?(_ requests: [InferenceRequest]) {
        guard requests.contains(where: { $0.trace != nil && $0.tracer != nil }) else { return nil }
        self.requests = requests
        start = MonotonicClock.now()
        startTime = WallClock.now()
        parents = requests.map { request in
            guard let trace = request.trace, request.tracer != nil else { return nil }
            return TraceContext(traceID: trace.traceID, spanID: IDGenerator.spanID(), flags: trace.flags, traceState: trace.traceState)
        }
    }

    func record(_ results: [InferenceResult]) {
        let end = startTime &+ (MonotonicClock.now() &- start)
        for (index, result) in results.enumerated() {
            if case .failure(let error) = result { record(index, end: end, error: error) } else { record(index, end: end, error: nil) }
        }
    }

    func record(_ error: any Error) {
        let end = startTime &+ (MonotonicClock.now() &- start)
        for index in requests.indices { record(index, end: end, error: error) }
    }

    private func record(_ index: Int, end: UInt64, error: (any Error)?) {
        guard let context = parents[index], let trace = requests[index].trace, let tracer = requests[index].tracer else { return }
        var span = Span(
            traceID: trace.traceID,
            spanID: context.spanID,
            parentSpanID: trace.modelSpanID,
            traceState: trace.traceState,
            flags: UInt32(trace.flags.rawValue) | 0x100,
            name: Self.name,
            startTime: startTime,
            endTime: end,
            status: SpanStatus(code: .ok)
        )
        if let error {
            let failure = error as? PythonFailure
            let type = failure?.exceptionType ?? String(describing: Swift.type(of: error))
            let message = failure?.exceptionMessage ?? "\(error)"
            span.status = .error(message)
            span.attributes.append(Attribute("error.type", .string(type)))
            var attributes = [Attribute("exception.type", .string(type)), Attribute("exception.message", .string(message))]
            if let stack = failure?.stacktrace, !stack.isEmpty { attributes.append(Attribute("exception.stacktrace", .string(stack))) }
            span.events.append(SpanEvent(time: end, name: "exception", attributes: attributes))
        }
        tracer.record(span, scope: Self.scope)
    }
}
