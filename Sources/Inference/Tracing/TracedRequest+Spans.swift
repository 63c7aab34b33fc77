internal import NeedletailTracing
package import TraceModel

/// The spans of Triton's opentelemetry mode: `InferRequest`, the model's name, `compute`.
///
/// Names, events and `triton.` attributes are Triton's; `InferRequest` alone is a SERVER span and begins with the first byte
/// read, a span that failed says so with its status and an `exception` event, and attributes of OpenTelemetry's semantic
/// conventions are added.
extension TracedRequest {
    /// The spans, children first. Spans of stages that the request did not reach are left out.
    package func spans() -> [Span] {
        var spans: [Span] = []
        spans.reserveCapacity(3)
        if let execution { spans.append(computeSpan(execution)) }
        if timestamps.requestStart != 0 { spans.append(modelSpan()) }
        if let exchange { spans.append(requestSpan(exchange)) }
        return spans
    }

    // MARK: InferRequest

    private func requestSpan(_ exchange: ExchangeFacts) -> Span {
        let responses = responses
        var builder = SpanBuilder(self, name: "InferRequest", id: trace.requestSpanID, parent: trace.parentSpanID, start: timestamps.receiveStart)
        builder.span.kind = .server
        builder.span.attributes = exchange.attributes
        if trace.rate > 1 {
            // Every n-th is no probability that `tracestate` could tell.
            builder.span.attributes += SamplerAttributes.make(type: "everynth", parameter: .int(Int64(trace.rate)))
        }
        if !streamedResponses.isEmpty {
            let count = streamedResponses.count + responsesLeftOut
            builder.span.attributes.append(Attribute("response.count", .int(Int64(count))))
            if count > responses.count {
                builder.span.attributes.append(Attribute("response.events_left_out", .int(Int64(count - responses.count))))
            }
        }
        switch exchange {
        case .http: addEvents(receive: "HTTP_RECV", send: "HTTP_SEND", responses, to: &builder)
        case .grpc: addEvents(receive: "GRPC_WAITREAD", send: "GRPC_SEND", responses, to: &builder)
        }
        let end = max(timestamps.last, responses.reduce(0) { max($0, $1.complete, max($1.sendStart, $1.sendEnd)) })
        if let failure = modelFailure ?? exchangeFailure { builder.add(failure, at: failureTime(failure, responses, end: end)) }
        return builder.finish(end: end)
    }

    private func addEvents(receive: String, send: String, _ responses: [StreamedResponseTimes], to builder: inout SpanBuilder) {
        builder.event(receive + "_START", timestamps.receiveStart)
        builder.event(receive + "_END", timestamps.receiveEnd)
        for response in responses {
            builder.event("INFER_RESPONSE_COMPLETE", response.complete)
            builder.event(send + "_START", response.sendStart)
            builder.event(send + "_END", response.sendEnd)
        }
    }

    /// What failed before the answer is told before it; a cancellation, and a failure of sending, at the end.
    private func failureTime(_ failure: RequestFailure, _ responses: [StreamedResponseTimes], end: UInt64) -> UInt64 {
        if let last = responses.last, last.sendStart != 0, last.sendEnd == 0 { return end }
        if failure.error.code == .cancelled { return end }
        if let last = responses.last, last.complete != 0 { return last.complete }
        return max(timestamps.receiveEnd, timestamps.receiveStart)
    }

    // MARK: The model

    /// Bytes of one tensor's values in an attribute; what is beyond is left out, and the event says so.
    static let maximumTensorAttributeText = 4_096
    /// Tensors of one request that are told of; how many are left out is said.
    static let maximumTensorEvents = 128

    private func modelSpan() -> Span {
        var builder = SpanBuilder(self, name: modelName, id: trace.modelSpanID, parent: trace.requestSpanID, start: timestamps.requestStart)
        builder.span.attributes = [
            Attribute("triton.model_name", .string(modelName)),
            Attribute("triton.model_version", .int(Int64(modelVersion))),
            Attribute("triton.trace_id", .int(Int64(clamping: trace.number))),
            Attribute("triton.trace_parent_id", .int(Int64(clamping: trace.parentNumber))),
        ]
        if !requestID.isEmpty { builder.span.attributes.append(Attribute("triton.request_id", .string(requestID))) }
        builder.event("REQUEST_START", timestamps.requestStart)
        builder.event("QUEUE_START", timestamps.queueStart)
        let end = timestamps.requestEnd != 0 ? timestamps.requestEnd : max(timestamps.last, timestamps.requestStart)
        if let tensors = trace.tensors { addTensors(tensors, end: end, to: &builder) }
        builder.event("REQUEST_END", timestamps.requestEnd)
        if let modelFailure {
            if execution == nil, modelFailure.error.code == .unavailable { builder.event("REQUEST_REJECTED", end) }
            builder.add(modelFailure, at: execution?.computeEnd ?? end)
        }
        return builder.finish(end: end)
    }

    /// Level `TENSORS`: an event for each tensor.
    private func addTensors(_ record: TensorRecord, end: UInt64, to builder: inout SpanBuilder) {
        let (entries, leftOut) = record.content
        for entry in entries.prefix(Self.maximumTensorEvents) {
            let data = entry.tensor.traceText(limit: Self.maximumTensorAttributeText)
            var attributes = [
                Attribute("tensor.name", .string(entry.name)),
                Attribute("tensor.datatype", .string(entry.tensor.dataType.rawValue)),
                Attribute("tensor.shape", .array(entry.tensor.shape.map { .int(Int64($0)) })),
                Attribute("tensor.data", .string(data.text)),
            ]
            if !data.isComplete { attributes.append(Attribute("tensor.data_truncated", .bool(true))) }
            builder.event(entry.activity.rawValue, min(max(entry.time, timestamps.requestStart), end), attributes)
        }
        let rest = leftOut + max(0, entries.count - Self.maximumTensorEvents)
        if rest > 0 { builder.span.attributes.append(Attribute("tensor.events_left_out", .int(Int64(rest)))) }
    }

    // MARK: compute

    private func computeSpan(_ execution: ExecutionRecord) -> Span {
        var builder = SpanBuilder(self, name: "compute", id: trace.computeSpanID, parent: trace.modelSpanID, start: execution.computeStart)
        builder.span.attributes = [
            Attribute("batch.size", .int(Int64(execution.batchSize))),
            Attribute("batch.id", .int(Int64(clamping: execution.batchID))),
            Attribute("batch.requests", .int(Int64(execution.requestCount))),
            Attribute("instance", .string("\(modelName)_0_\(execution.instance)")),
        ]
        builder.span.links = execution.members.compactMap { $0.spanID == trace.computeSpanID ? nil : $0.link }
        builder.event("COMPUTE_START", execution.computeStart)
        builder.event("COMPUTE_INPUT_END", execution.inputEnd)
        builder.event("COMPUTE_OUTPUT_START", execution.outputStart)
        builder.event("COMPUTE_END", execution.computeEnd)
        if let modelFailure { builder.add(modelFailure, at: execution.outputStart) }
        return builder.finish(end: execution.computeEnd)
    }
}

/// One span of a request on its way.
private struct SpanBuilder {
    var span: Span
    private let clock: TraceClock

    init(_ request: TracedRequest, name: String, id: SpanID, parent: SpanID?, start: UInt64) {
        let trace = request.trace
        clock = trace.clock ?? request.timestamps.clock
        let isRemoteChild = id == trace.requestSpanID && parent != nil
        span = Span(
            traceID: trace.traceID,
            spanID: id,
            parentSpanID: parent,
            traceState: trace.traceState,
            flags: UInt32(trace.flags.rawValue) | (isRemoteChild ? 0x300 : 0x100),
            name: name,
            startTime: clock.wall(start),
            endTime: 0
        )
        span.events.reserveCapacity(6)
    }

    /// Adds an event; a time of 0 stands for something that did not happen.
    mutating func event(_ name: String, _ time: UInt64, _ attributes: [Attribute] = []) {
        guard time != 0 else { return }
        span.events.append(SpanEvent(time: clock.wall(time), name: name, attributes: attributes))
    }

    /// The status of what failed, and what happened.
    mutating func add(_ failure: RequestFailure, at time: UInt64) {
        let message = failure.exceptionMessage ?? failure.error.message
        span.status = .error(message)
        span.attributes.append(Attribute("error.type", .string(failure.errorType)))
        if failure.error.code == .cancelled { insert(SpanEvent(time: clock.wall(time), name: "REQUEST_CANCELLED")) }
        var exception = SpanEvent(
            time: clock.wall(time),
            name: "exception",
            attributes: [
                Attribute("exception.type", .string(failure.exceptionType)),
                Attribute("exception.message", .string(message)),
            ]
        )
        if let stacktrace = failure.stacktrace { exception.attributes.append(Attribute("exception.stacktrace", .string(stacktrace))) }
        insert(exception)
    }

    private mutating func insert(_ event: SpanEvent) {
        let index = span.events.firstIndex { $0.time > event.time } ?? span.events.endIndex
        span.events.insert(event, at: index)
    }

    consuming func finish(end: UInt64) -> Span {
        span.endTime = clock.wall(end)
        return span
    }
}
