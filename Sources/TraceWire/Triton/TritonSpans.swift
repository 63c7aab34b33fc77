internal import TraceModel

/// Makes spans of the requests in a trace file.
struct TritonSpans {
    private enum Role: UInt64 {
        case request = 1
        case model = 2
        case compute = 3
        case activity = 4
    }

    /// Ensembles and scripts call models, which call others; nobody nests them deeper.
    private static let maximumDepth = 64
    private static let scopeName = "triton-server"
    /// What Triton calls itself in its mode `opentelemetry` when nobody gives it a name.
    private static let serviceName = "triton-inference-server"
    /// The model's own timestamps, and those of its backend.
    private static let modelEvents: Set<String> = ["REQUEST_START", "QUEUE_START", "REQUEST_END"]
    private static let computeEvents: Set<String> = ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END"]
    private static let requestEvents: Set<String> = [
        "HTTP_RECV_START", "HTTP_RECV_END", "HTTP_SEND_START", "HTTP_SEND_END", "GRPC_WAITREAD_START", "GRPC_WAITREAD_END", "GRPC_SEND_START",
        "GRPC_SEND_END", "INFER_RESPONSE_COMPLETE",
    ]

    private let traces: [TritonTrace]
    private let positions: [UInt64: Int]
    /// What is added to each time; 0 leaves the clock as it is.
    private let shift: UInt64
    private var spans: [Span] = []

    init(_ traces: [TritonTrace], lastModified: UInt64?) {
        self.traces = traces
        positions = Dictionary(traces.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        let newest = traces.lazy.flatMap(\.timestamps).map(\.time).max() ?? 0
        shift = lastModified.map { $0 > newest ? $0 - newest : 0 } ?? 0
        spans.reserveCapacity(traces.count * 3)
        let roots = traces.indices.map(root)
        var ends = [UInt64](repeating: 0, count: traces.count)
        for (index, trace) in traces.enumerated() { ends[roots[index]] = max(ends[roots[index]], Self.last(trace.timestamps)) }
        var ids: [Int: TraceID] = [:]
        for (index, trace) in traces.enumerated() {
            let root = roots[index]
            let id = ids[root] ?? Self.traceID(traces[root])
            ids[root] = id
            add(trace, id, isRoot: root == index, end: ends[index])
        }
    }

    var batch: SpanBatch {
        if spans.isEmpty { return SpanBatch() }
        var resource = Resource(attributes: [
            Attribute("service.name", .string(Self.serviceName)),
            Attribute("triton.trace_file.clock", shift == 0 ? "monotonic" : "estimated"),
        ])
        if shift != 0 { resource.attributes.append(Attribute("triton.trace_file.clock_offset_ns", .int(Int64(clamping: shift)))) }
        return SpanBatch(resource: resource, scope: InstrumentationScope(name: Self.scopeName), spans: spans)
    }

    /// The request of a client that a request belongs to; itself when the file does not have its caller.
    private func root(of index: Int) -> Int {
        var current = index
        for _ in 0..<Self.maximumDepth {
            guard traces[current].parentID != 0, let parent = positions[traces[current].parentID], parent != current else { return current }
            current = parent
        }
        // Requests that call each other in a circle.
        return index
    }

    // MARK: Ids

    /// Made of everything that is told of the request, so that no two requests have one id.
    private static func traceID(_ trace: TritonTrace) -> TraceID {
        var hash = ContentHash()
        hash.add(trace.id)
        hash.add(trace.modelName ?? "")
        hash.add(trace.requestID)
        for timestamp in trace.timestamps {
            hash.add(timestamp.name)
            hash.add(timestamp.time)
        }
        if trace.timestamps.isEmpty {
            for tensor in trace.tensors {
                hash.add(tensor.name)
                hash.add(tensor.data)
            }
        }
        return TraceID(high: hash.high, low: hash.low | 1)
    }

    private static func spanID(_ traceID: TraceID, _ id: UInt64, _ role: Role, _ number: Int = 0) -> SpanID {
        var hash = ContentHash()
        hash.add(traceID.high)
        hash.add(traceID.low)
        hash.add(id)
        hash.add(role.rawValue)
        hash.add(UInt64(truncatingIfNeeded: number))
        return SpanID(hash.low | 1)
    }

    // MARK: Spans

    private mutating func add(_ trace: TritonTrace, _ id: TraceID, isRoot: Bool, end: UInt64) {
        let core = trace.timestamps.filter { Self.modelEvents.contains($0.name) }
        let compute = trace.timestamps.filter { Self.computeEvents.contains($0.name) }
        let hasModel = trace.modelName != nil || !core.isEmpty || !compute.isEmpty
        let requestID = Self.spanID(id, trace.id, .request)
        let modelID = Self.spanID(id, trace.id, .model)
        let activities = hasModel ? Activities(trace.timestamps.filter { !Self.isKnown($0.name) }) : Activities([])
        if isRoot { addRequest(trace, id, requestID, activities, hasModel: hasModel, end: end) }
        guard hasModel else { return }
        let parent = isRoot ? requestID : Self.spanID(id, trace.parentID, .model)
        var model = span(
            trace.modelName ?? "model", id, modelID, parent, core, start: "REQUEST_START", end: "REQUEST_END",
            fallback: core.isEmpty ? trace.timestamps : core + compute)
        model.attributes = [
            Attribute("triton.model_name", .string(trace.modelName ?? "")),
            Attribute("triton.model_version", .int(trace.modelVersion)),
            Attribute("triton.trace_id", .int(Int64(clamping: trace.id))),
            Attribute("triton.trace_parent_id", .int(Int64(clamping: trace.parentID))),
        ]
        if !trace.requestID.isEmpty { model.attributes.append(Attribute("triton.request_id", .string(trace.requestID))) }
        for tensor in trace.tensors { model.events.append(event(tensor, model)) }
        if !isRoot {
            let others = trace.timestamps.filter { Self.requestEvents.contains($0.name) } + activities.moments
            addEvents(others, to: &model)
        }
        spans.append(model)
        if !compute.isEmpty {
            spans.append(
                span("compute", id, Self.spanID(id, trace.id, .compute), modelID, compute, start: "COMPUTE_START", end: "COMPUTE_END", fallback: compute))
        }
        for (number, activity) in activities.periods.enumerated() {
            let times = [activity.start, activity.end]
            spans.append(
                span(
                    activity.name, id, Self.spanID(id, trace.id, .activity, number), modelID, times, start: activity.start.name,
                    end: activity.end.name, fallback: times))
        }
    }

    private mutating func addRequest(
        _ trace: TritonTrace, _ id: TraceID, _ spanID: SpanID, _ activities: Activities, hasModel: Bool, end: UInt64
    ) {
        var events = trace.timestamps.filter { Self.requestEvents.contains($0.name) } + activities.moments
        if !hasModel { events = trace.timestamps }
        // A call over gRPC is waited for long before it comes.
        let begin = events.contains { $0.name == "HTTP_RECV_START" } ? "HTTP_RECV_START" : "GRPC_WAITREAD_END"
        var request = span("InferRequest", id, spanID, nil, events, start: begin, end: "", fallback: trace.timestamps)
        request.kind = .server
        if let first = trace.timestamps.first(where: { $0.name == "REQUEST_START" && $0.time != 0 }) {
            request.startTime = min(request.startTime, time(first.time))
        }
        request.endTime = max(request.startTime, time(end))
        if !hasModel { for tensor in trace.tensors { request.events.append(event(tensor, request)) } }
        spans.append(request)
    }

    /// - Parameter fallback: the timestamps between which the span lies when it does not have its own start or end.
    private func span(
        _ name: String, _ traceID: TraceID, _ spanID: SpanID, _ parent: SpanID?, _ timestamps: [TritonTrace.Timestamp], start: String, end: String,
        fallback: [TritonTrace.Timestamp]
    ) -> Span {
        let known = fallback.lazy.map(\.time).filter { $0 != 0 }
        let first = timestamps.first { $0.name == start && $0.time != 0 }?.time ?? known.min() ?? 0
        let last = timestamps.last { $0.name == end && $0.time != 0 }?.time ?? known.max() ?? first
        var span = Span(
            traceID: traceID, spanID: spanID, parentSpanID: parent, name: name, kind: .internal, startTime: time(first), endTime: time(max(first, last)))
        addEvents(timestamps, to: &span)
        return span
    }

    /// Triton does not know the times of some events, and writes 0; their names are kept.
    private func addEvents(_ timestamps: [TritonTrace.Timestamp], to span: inout Span) {
        span.events.reserveCapacity(span.events.count + timestamps.count)
        var untimed: [AttributeValue] = []
        for timestamp in timestamps {
            if timestamp.time == 0 {
                untimed.append(.string(timestamp.name))
            } else {
                span.events.append(SpanEvent(time: time(timestamp.time), name: timestamp.name))
            }
        }
        if !untimed.isEmpty { span.attributes.append(Attribute("triton.untimed_events", .array(untimed))) }
    }

    /// The file has no times of tensors: inputs are told at the start, outputs at the end.
    private func event(_ tensor: TritonTrace.Tensor, _ span: Span) -> SpanEvent {
        let shape = tensor.shape.split(separator: ",").map { Int64($0) }
        var attributes = [
            Attribute("tensor.name", .string(tensor.name)),
            Attribute("tensor.datatype", .string(tensor.dataType)),
            Attribute("tensor.shape", shape.contains(nil) ? .string(tensor.shape) : .array(shape.compactMap { $0.map { .int($0) } })),
        ]
        attributes.append(Attribute("tensor.data", .string(tensor.data)))
        let isInput = tensor.activity.hasSuffix("INPUT")
        return SpanEvent(time: isInput ? span.startTime : span.endTime, name: tensor.activity, attributes: attributes)
    }

    private func time(_ monotonic: UInt64) -> UInt64 {
        if monotonic == 0 { return 0 }
        let (sum, overflow) = monotonic.addingReportingOverflow(shift)
        return overflow ? .max : sum
    }

    private static func last(_ timestamps: [TritonTrace.Timestamp]) -> UInt64 { timestamps.lazy.map(\.time).max() ?? 0 }

    private static func isKnown(_ name: String) -> Bool {
        modelEvents.contains(name) || computeEvents.contains(name) || requestEvents.contains(name)
    }
}

/// What backends and scripts report themselves: `X_START` and `X_END` are a period, all others are moments.
private struct Activities {
    var periods: [(name: String, start: TritonTrace.Timestamp, end: TritonTrace.Timestamp)] = []
    var moments: [TritonTrace.Timestamp] = []

    init(_ timestamps: [TritonTrace.Timestamp]) {
        guard !timestamps.isEmpty else { return }
        var open: [String: TritonTrace.Timestamp] = [:]
        for timestamp in timestamps {
            if timestamp.name.hasSuffix("_START"), timestamp.time != 0 {
                if let unended = open.updateValue(timestamp, forKey: String(timestamp.name.dropLast(6))) { moments.append(unended) }
            } else if timestamp.name.hasSuffix("_END"), let start = open.removeValue(forKey: String(timestamp.name.dropLast(4))), timestamp.time >= start.time {
                periods.append((String(timestamp.name.dropLast(4)), start, timestamp))
            } else {
                moments.append(timestamp)
            }
        }
        moments += open.values.sorted { $0.time < $1.time }
    }
}

/// Mixes what is added into 128 bits; the same on every machine and in every version, because ids are made of it.
private struct ContentHash {
    private(set) var high: UInt64 = 0x6e65_6564_6c65_7461
    private(set) var low: UInt64 = 0x696c_2074_7269_746f

    mutating func add(_ value: UInt64) {
        high = (high ^ value) &* 0x9e37_79b9_7f4a_7c15
        high ^= high >> 32
        low = (low &+ value) &* 0xc2b2_ae3d_27d4_eb4f
        low ^= low >> 29
    }

    mutating func add(_ text: String) {
        var word: UInt64 = 0
        var filled = 0
        for byte in text.utf8 {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                add(word)
                (word, filled) = (0, 0)
            }
        }
        add(word)
        add(UInt64(text.utf8.count))
    }
}
