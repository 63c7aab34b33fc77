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
        if exchange != nil { spans.append(requestSpan()) }
        return spans
    }

    private func event(_ name: String, _ time: UInt64) -> SpanEvent {
        SpanEvent(time: timestamps.wall(time), name: name)
    }

    private func requestSpan() -> Span {
        let failure = modelFailure ?? exchangeFailure
        let attributes = exchange?.attributes ?? []
        var events: [SpanEvent] = []
        events.reserveCapacity(6)
        events.append(event("HTTP_RECV_START", timestamps.receiveStart))
        if timestamps.receiveEnd != 0 { events.append(event("HTTP_RECV_END", timestamps.receiveEnd)) }
        if timestamps.responseComplete != 0 { events.append(event("INFER_RESPONSE_COMPLETE", timestamps.responseComplete)) }
        if timestamps.sendStart != 0 { events.append(event("HTTP_SEND_START", timestamps.sendStart)) }
        if timestamps.sendEnd != 0 { events.append(event("HTTP_SEND_END", timestamps.sendEnd)) }
        let end = timestamps.last
        // What failed before the answer is told before it; a failure of sending is told at the end.
        let known = timestamps.responseComplete != 0 ? timestamps.responseComplete : max(timestamps.receiveEnd, timestamps.receiveStart)
        return span(
            id: trace.requestSpanID,
            parent: trace.parentSpanID,
            name: "InferRequest",
            kind: .server,
            start: timestamps.receiveStart,
            end: end,
            attributes: attributes,
            events: events,
            failure: failure,
            failureTime: failedWhileSending ? end : known
        )
    }

    /// The answer was begun but not taken by the connection.
    private var failedWhileSending: Bool { timestamps.sendStart != 0 && timestamps.sendEnd == 0 }

    private func modelSpan() -> Span {
        var attributes: [Attribute] = [
            Attribute("triton.model_name", .string(modelName)),
            Attribute("triton.model_version", .int(Int64(modelVersion))),
            Attribute("triton.trace_id", .int(Int64(clamping: trace.number))),
            Attribute("triton.trace_parent_id", .int(Int64(clamping: trace.parentNumber))),
        ]
        if !requestID.isEmpty { attributes.append(Attribute("triton.request_id", .string(requestID))) }
        return span(
            id: trace.modelSpanID,
            parent: trace.requestSpanID,
            name: modelName,
            start: timestamps.requestStart,
            end: timestamps.requestEnd,
            attributes: attributes,
            events: [
                event("REQUEST_START", timestamps.requestStart),
                event("QUEUE_START", timestamps.queueStart),
                event("REQUEST_END", timestamps.requestEnd),
            ],
            failure: modelFailure,
            failureTime: execution?.computeEnd ?? timestamps.requestEnd
        )
    }

    private func computeSpan(_ execution: ExecutionRecord) -> Span {
        span(
            id: trace.computeSpanID,
            parent: trace.modelSpanID,
            name: "compute",
            start: execution.computeStart,
            end: execution.computeEnd,
            attributes: [
                Attribute("batch.size", .int(Int64(execution.batchSize))),
                Attribute("batch.id", .int(Int64(clamping: execution.batchID))),
            ],
            events: [
                event("COMPUTE_START", execution.computeStart),
                event("COMPUTE_INPUT_END", execution.inputEnd),
                event("COMPUTE_OUTPUT_START", execution.outputStart),
                event("COMPUTE_END", execution.computeEnd),
            ],
            failure: modelFailure,
            failureTime: execution.outputStart
        )
    }

    private func span(
        id: SpanID,
        parent: SpanID?,
        name: String,
        kind: SpanKind = .internal,
        start: UInt64,
        end: UInt64,
        attributes: [Attribute],
        events: [SpanEvent],
        failure: RequestFailure?,
        failureTime: UInt64
    ) -> Span {
        var span = Span(
            traceID: trace.traceID,
            spanID: id,
            parentSpanID: parent,
            traceState: trace.traceState,
            flags: UInt32(trace.flags.rawValue) | (id == trace.requestSpanID && parent != nil ? 0x300 : 0x100),
            name: name,
            kind: kind,
            startTime: timestamps.wall(start),
            endTime: timestamps.wall(end),
            attributes: attributes,
            events: events
        )
        if let failure {
            span.status = .error(failure.error.message)
            span.attributes.append(Attribute("error.type", .string(failure.errorType)))
            let exception = SpanEvent(
                time: timestamps.wall(failureTime),
                name: "exception",
                attributes: [
                    Attribute("exception.type", .string(failure.exceptionType)),
                    Attribute("exception.message", .string(failure.error.message)),
                ]
            )
            let index = span.events.firstIndex { $0.time > exception.time } ?? span.events.endIndex
            span.events.insert(exception, at: index)
        }
        return span
    }
}
