internal import TraceModel

/// Writes requests as the spans that the programs of the platform would send.
struct SampleSpans {
    private(set) var spanCount = 0
    private var spans: [[Span]] = Array(repeating: [], count: SampleResource.allCases.count)
    private var stall: SampleTruth.Stall?
    private var hasStalled = false

    /// What was written since the last call.
    mutating func take() -> SpanBatch {
        let groups = SampleResource.allCases.compactMap { source -> ResourceSpans? in
            let own = spans[source.rawValue]
            return own.isEmpty ? nil : ResourceSpans(resource: source.resource, scopeSpans: [ScopeSpans(scope: source.scope, spans: own)])
        }
        for index in spans.indices { spans[index].removeAll(keepingCapacity: true) }
        spanCount = 0
        return SpanBatch(resourceSpans: groups)
    }

    mutating func takeStall() -> SampleTruth.Stall? {
        defer { stall = nil }
        return stall
    }

    mutating func add(_ request: SampleRequest) {
        switch request.kind {
        case .rank: addRank(request)
        case .search: addSearch(request)
        case .chat: addChat(request)
        }
    }

    /// The span under which a model computed for a trace.
    static func computeSpan(of model: SampleModel, in trace: TraceID) -> SpanID { id(100 + 2 * model.rawValue + 1, trace) }

    /// Ids follow from the trace and a number within it.
    private static func id(_ number: Int, _ trace: TraceID) -> SpanID {
        var random = SampleRandom(seed: trace.low ^ UInt64(number) &* 0xd6e8_feb8_6659_fd93)
        return SpanID(random.next() | 1)
    }

    // MARK: Requests

    /// The gateway checks who asks, fetches features, asks the ensemble and has the answer formatted.
    private mutating func addRank(_ request: SampleRequest) {
        let trace = request.traceID
        let featuresEnd = request.start + request.verify + request.features
        let failsEarly = request.failure == .featureStore
        let modelsEnd = failsEarly ? featuresEnd : end(of: request)
        let end = failsEarly ? featuresEnd + 200_000 : modelsEnd + request.send + request.format + 400_000
        let failed = request.failure != nil
        put(
            .gateway, request, 0, nil, "POST /v1/rank", .server, request.start, end,
            [
                Attribute("http.request.method", "POST"), Attribute("http.route", "/v1/rank"), Attribute("client.app", .string(request.client)),
                Attribute("http.response.status_code", .int(failed ? 503 : 200)),
            ],
            status: failed ? .error(failsEarly ? "feature store did not answer" : "model server answered 503") : SpanStatus())
        put(.auth, request, 1, 0, "verify", .internal, request.start + 100_000, request.start + request.verify)
        addFeatures(request, end: featuresEnd)
        guard !failsEarly else { return }
        let called = featuresEnd + 150_000
        put(
            .gateway, request, 5, 0, "POST /v2/models/rank_ensemble/infer", .client, called, modelsEnd + request.send + 150_000,
            [Attribute("server.address", .string(request.server.host)), Attribute("http.response.status_code", .int(failed ? 503 : 200))],
            status: failed ? .error("") : SpanStatus())
        addInference(request, parent: 5, model: "rank_ensemble", version: "1", end: modelsEnd)
        addSteps(request, parent: 7)
        guard !failed else { return }
        let format = modelsEnd + request.send + 200_000
        put(.formatter, request, 20, 0, "rerank + format", .internal, format, end - 100_000)
        put(.formatter, request, 21, 20, "cache SET", .client, format + 200_000, format + 200_000 + request.format / 3, [Attribute("db.system.name", "redis"), Attribute("peer.service", "redis")])
        put(.formatter, request, 22, 20, "json encode", .internal, format + 300_000 + request.format / 3, end - 200_000)
    }

    /// A client's span, and the feature store's own, with a clock of its own, and what that asks of a store that sends no spans.
    private mutating func addFeatures(_ request: SampleRequest, end: UInt64) {
        let begin = request.start + request.verify + 50_000
        let failed = request.failure == .featureStore
        let source: SampleResource = request.traceID.low % 3 == 0 ? .featuresAhead : .features
        let skew = source == .featuresAhead ? SampleResource.skew : 0
        let status: SpanStatus = failed ? .error("Timeout reading from redis-\(request.traceID.low % 7):6379 after 12 ms") : SpanStatus()
        put(.gateway, request, 2, 0, "GET /features", .client, begin, end - 50_000, status: failed ? .error("503") : SpanStatus())
        put(source, request, 3, 2, "get_features", .server, begin + 200_000 - skew, end - 250_000 - skew, [Attribute("http.route", "/features")], status: status)
        let half = (end - begin - 800_000) / 2
        for number in 0..<2 {
            let from = begin + 300_000 + half * UInt64(number) - skew
            let events = failed && number == 1 ? [exception("redis.exceptions.TimeoutError", status.message, at: from + half - 100_000)] : []
            put(
                source, request, 10 + number, 3, "redis MGET", .client, from, from + half - 100_000,
                [Attribute("db.system.name", "redis"), Attribute("peer.service", "redis")], events: events, status: number == 1 ? status : SpanStatus())
        }
    }

    /// One model, called by a service that keeps one trace of ten.
    private mutating func addSearch(_ request: SampleRequest) {
        let modelEnd = end(of: request)
        let failed = request.failure != nil
        put(
            .search, request, 0, nil, "GET /search", .server, request.start, modelEnd + request.send + request.format,
            [
                Attribute("http.request.method", "GET"), Attribute("http.route", "/search"), Attribute("client.app", .string(request.client)),
                Attribute("http.response.status_code", .int(failed ? 503 : 200)),
            ],
            status: failed ? .error("model server answered 503") : SpanStatus())
        put(.search, request, 5, 0, "grpc.inference.GRPCInferenceService/ModelInfer", .client, request.received - request.receive - 200_000, modelEnd + request.send + 150_000, status: failed ? .error("") : SpanStatus())
        addInference(request, parent: 5, model: request.reranker.name, version: request.reranker.version, end: modelEnd)
        addStep(request.reranker, request, parent: nil)
    }

    /// vLLM's one span with its attributes, and for some an event for each piece of the stream.
    private mutating func addChat(_ request: SampleRequest) {
        guard let step = request.steps[.tokenizer], let execution = step.execution else { return }
        var stalled: UInt64 = 0
        var events: [SpanEvent] = []
        if request.outputTokens >= 60, request.traceID.low % 16 == 0 || !hasStalled {
            let gap = (execution.end - execution.outputStart) / UInt64(request.outputTokens - 1)
            if !hasStalled {
                stalled = 400_000_000
                hasStalled = true
                stall = SampleTruth.Stall(trace: request.traceID, duration: stalled, afterToken: 30)
            }
            for token in 0..<request.outputTokens {
                let time = execution.outputStart + gap * UInt64(token) + (token >= 30 ? stalled : 0)
                events.append(SpanEvent(time: time, name: "llm.content.completion.chunk"))
            }
        }
        let end = execution.end + stalled
        put(
            .gateway, request, 0, nil, "POST /v1/chat/completions", .server, request.start, end + 900_000,
            [Attribute("http.request.method", "POST"), Attribute("http.route", "/v1/chat/completions"), Attribute("client.app", .string(request.client)), Attribute("http.response.status_code", 200)])
        put(.auth, request, 1, 0, "verify", .internal, request.start + 100_000, request.start + request.verify)
        put(.gateway, request, 5, 0, "POST", .client, step.arrival - 400_000, end + 500_000, [Attribute("server.address", "gpu-08")])
        func seconds(_ nanoseconds: UInt64) -> AttributeValue { .double(Double(nanoseconds) / 1e9) }
        put(
            .languageModel, request, 6, 5, "llm_request", .server, step.arrival, end,
            [
                Attribute("gen_ai.response.model", "llama-3.1-70b-instruct"), Attribute("gen_ai.request.id", .string("chatcmpl-\(request.traceID)")),
                Attribute("gen_ai.request.temperature", 0.7), Attribute("gen_ai.request.max_tokens", 512),
                Attribute("gen_ai.usage.prompt_tokens", .int(Int64(request.promptTokens))),
                Attribute("gen_ai.usage.completion_tokens", .int(Int64(request.outputTokens))),
                Attribute("gen_ai.usage.cache_read.input_tokens", .int(Int64(request.cachedTokens))),
                Attribute("gen_ai.latency.time_in_queue", seconds(execution.start - step.arrival)),
                Attribute("gen_ai.latency.time_to_first_token", seconds(execution.outputStart - step.arrival)),
                Attribute("gen_ai.latency.time_in_model_prefill", seconds(execution.outputStart - execution.start)),
                Attribute("gen_ai.latency.time_in_model_decode", seconds(end - execution.outputStart)),
                Attribute("gen_ai.latency.e2e", seconds(end - step.arrival)),
                Attribute("gen_ai.response.finish_reasons", .array([.string(request.outputTokens > 250 ? "length" : "stop")])),
            ],
            events: events)
    }

    // MARK: The inference servers

    private func end(of request: SampleRequest) -> UInt64 {
        (request.steps.values.filter { $0.end > 0 }.map(\.end).max() ?? request.received) + (request.kind == .rank && request.failure == nil ? 700_000 : 100_000)
    }

    /// The request as the server's front end sees it, and the model that was asked for.
    private mutating func addInference(_ request: SampleRequest, parent: Int, model: String, version: String, end: UInt64) {
        let received = request.received
        let failed = request.failure != nil
        put(
            SampleResource(request.server), request, 6, parent, "InferRequest", .server, received - request.receive, end + request.send,
            events: [
                SpanEvent(time: received - request.receive, name: "HTTP_RECV_START"), SpanEvent(time: received, name: "HTTP_RECV_END"),
                SpanEvent(time: end + 10_000, name: "INFER_RESPONSE_COMPLETE"), SpanEvent(time: end + 20_000, name: "HTTP_SEND_START"),
                SpanEvent(time: end + request.send, name: "HTTP_SEND_END"),
            ],
            status: failed ? .error(failureText(request)) : SpanStatus())
        guard request.kind == .rank else { return }
        put(
            SampleResource(request.server), request, 7, 6, model, .internal, received + 30_000, end,
            names(model, version, request),
            events: [
                SpanEvent(time: received + 30_000, name: "REQUEST_START"), SpanEvent(time: received + 50_000, name: "QUEUE_START"),
                SpanEvent(time: end, name: "REQUEST_END"),
            ],
            status: failed ? .error(failureText(request)) : SpanStatus())
    }

    /// The models of the ensemble. The last is a script that calls a model itself.
    private mutating func addSteps(_ request: SampleRequest, parent: Int) {
        for model in [SampleModel.tokenizer, request.reranker, .imageTower] { addStep(model, request, parent: parent) }
        guard let head = request.steps[.scoreHead], head.execution != nil else { return }
        let begin = head.arrival - 800_000
        let end = head.end + 600_000
        put(
            SampleResource(request.server), request, 30, parent, "fuse", .internal, begin, end, names("fuse", "1", request),
            events: [
                SpanEvent(time: begin, name: "REQUEST_START"), SpanEvent(time: begin + 20_000, name: "QUEUE_START"), SpanEvent(time: end, name: "REQUEST_END"),
            ])
        put(
            SampleResource(request.server), request, 31, 30, "compute", .internal, begin + 40_000, end - 20_000,
            events: computeEvents(begin + 40_000, begin + 60_000, end - 40_000, end - 20_000))
        addStep(.scoreHead, request, parent: 30)
    }

    private mutating func addStep(_ model: SampleModel, _ request: SampleRequest, parent: Int?) {
        guard let step = request.steps[model], step.end > 0 else { return }
        let source = SampleResource(request.server)
        let number = 100 + 2 * model.rawValue
        let fails = step.execution == nil || (request.failure == .outOfMemory && model == .imageTower)
        var events = [
            SpanEvent(time: step.arrival, name: "REQUEST_START"), SpanEvent(time: step.queued, name: "QUEUE_START"), SpanEvent(time: step.end, name: "REQUEST_END"),
        ]
        if fails, step.execution != nil { events.append(exception("torch.OutOfMemoryError", failureText(request), at: step.end - 10_000)) }
        put(
            source, request, number, parent ?? 6, model.name, .internal, step.arrival, step.end, names(model.name, model.version, request),
            events: events, status: fails ? .error(failureText(request)) : SpanStatus())
        guard let execution = step.execution else { return }
        var attributes: [Attribute] = []
        var offset: UInt64 = 0
        if request.server == .needletail {
            attributes = [
                Attribute("batch.id", .int(execution.number)), Attribute("batch.size", .int(Int64(execution.size))),
                Attribute("batch.requests", .int(Int64(execution.size))), Attribute("instance", .string("\(model.name)_\(model.version)_\(execution.instance)")),
            ]
        } else {
            // Triton reads both of its clocks for each request.
            offset = request.traceID.high % 140
        }
        put(
            source, request, number + 1, number, "compute", .internal, execution.start + offset, execution.end + offset, attributes,
            events: computeEvents(execution.start + offset, execution.inputEnd + offset, execution.outputStart + offset, execution.end + offset),
            status: fails ? .error(failureText(request)) : SpanStatus())
    }

    private func failureText(_ request: SampleRequest) -> String {
        switch request.failure {
        case .queueTimeout: "Request timeout expired"
        case .outOfMemory: "CUDA out of memory. Tried to allocate \(request.traceID.low % 900 + 100).00 MiB (GPU 0; 79.10 GiB total capacity)"
        case .featureStore: "feature store did not answer"
        case nil: ""
        }
    }

    private func names(_ model: String, _ version: String, _ request: SampleRequest) -> [Attribute] {
        [
            Attribute("triton.model_name", .string(model)), Attribute("triton.model_version", .int(Int64(version) ?? 1)),
            Attribute("triton.request_id", .string("req-\(Hex.string(request.traceID.low))")),
        ]
    }

    private func computeEvents(_ start: UInt64, _ inputEnd: UInt64, _ outputStart: UInt64, _ end: UInt64) -> [SpanEvent] {
        [
            SpanEvent(time: start, name: "COMPUTE_START"), SpanEvent(time: inputEnd, name: "COMPUTE_INPUT_END"),
            SpanEvent(time: outputStart, name: "COMPUTE_OUTPUT_START"), SpanEvent(time: end, name: "COMPUTE_END"),
        ]
    }

    private func exception(_ type: String, _ message: String, at time: UInt64) -> SpanEvent {
        SpanEvent(
            time: time, name: "exception", attributes: [Attribute("exception.type", .string(type)), Attribute("exception.message", .string(message))])
    }

    private mutating func put(
        _ source: SampleResource, _ request: SampleRequest, _ number: Int, _ parent: Int?, _ name: String, _ kind: SpanKind, _ start: UInt64, _ end: UInt64,
        _ attributes: [Attribute] = [], events: [SpanEvent] = [], status: SpanStatus = SpanStatus()
    ) {
        spans[source.rawValue].append(
            Span(
                traceID: request.traceID, spanID: Self.id(number, request.traceID), parentSpanID: parent.map { Self.id($0, request.traceID) },
                traceState: request.kind == .search ? "ot=th:e6666666666666" : "", flags: 0x101, name: name, kind: kind, startTime: start,
                endTime: max(start, end), attributes: attributes, events: events, status: status))
        spanCount += 1
    }
}
