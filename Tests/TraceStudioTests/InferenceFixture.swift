import TraceModel

@testable import TraceStudio

/// A request to a model in a trace of its own, as Triton sends it.
func inference(
    _ trace: UInt64, secondsAgo: Double, queue: Double = 1, infer: Double = 5, host: String = "a", model: String = "m", requests: Int64 = 1, batchID: Int64? = nil,
    status: SpanStatus = SpanStatus()
) -> SpanBatch {
    let start = Studio.now - UInt64((secondsAgo * 1e9).rounded())
    func at(_ milliseconds: Double) -> UInt64 { start + UInt64((milliseconds * 1e6).rounded()) }
    let end = queue + infer + 2
    var compute = [Attribute("batch.requests", .int(requests))]
    if let batchID { compute.append(Attribute("batch.id", .int(batchID))) }
    let id = TraceID(high: 0, low: trace)
    let spans = [
        Span(traceID: id, spanID: SpanID(1), name: "InferRequest", kind: .server, startTime: at(0), endTime: at(end + 1)),
        Span(
            traceID: id, spanID: SpanID(2), parentSpanID: SpanID(1), name: model, startTime: at(0), endTime: at(end),
            attributes: [Attribute("triton.model_name", .string(model)), Attribute("triton.model_version", 1), Attribute("triton.trace_id", .int(Int64(trace)))],
            events: [SpanEvent(time: at(0), name: "QUEUE_START")], status: status
        ),
        Span(
            traceID: id, spanID: SpanID(3), parentSpanID: SpanID(2), name: "compute", startTime: at(queue), endTime: at(end), attributes: compute,
            events: [
                SpanEvent(time: at(queue), name: "COMPUTE_START"), SpanEvent(time: at(queue + 1), name: "COMPUTE_INPUT_END"),
                SpanEvent(time: at(queue + 1 + infer), name: "COMPUTE_OUTPUT_START"), SpanEvent(time: at(end), name: "COMPUTE_END"),
            ]
        ),
    ]
    let resource = Resource(attributes: [Attribute("service.name", "triton"), Attribute("host.name", .string(host))])
    return SpanBatch(resource: resource, scope: InstrumentationScope(name: "triton-server"), spans: spans)
}

/// Sixty requests, of which each third one is on the slow host.
let load: [SpanBatch] = (1...60 as ClosedRange<UInt64>).map { number in
    inference(number, secondsAgo: 600 - Double(number) * 5, infer: number % 3 == 0 ? 50 : 5 + Double(number) / 1000, host: number % 3 == 0 ? "slow" : "fast\(number % 2)")
}
