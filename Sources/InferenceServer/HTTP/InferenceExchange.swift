internal import HTTPTypes
internal import HummingbirdCore
internal import Inference
internal import NIOCore
internal import NeedletailTracing

/// One inference request over HTTP, from its head to the last byte of the answer, with its times.
struct InferenceExchange: ~Copyable {
    let handler: InferenceHTTPHandler
    let modelName: String
    let version: Int?
    /// `infer`, `generate` or `generateStream`.
    let action: InferenceRoute.ModelAction
    var timestamps: RequestTimestamps
    var model: LoadedModel?
    var requestID = ""
    var execution: ExecutionRecord?
    var modelFailure: RequestFailure?
    var exchangeFailure: RequestFailure?
    var streamedResponses = StreamedResponses()
    var isBodyRead = false
    /// What Triton says of an error's body depends on how far the request came.
    private var errorContentType: String

    /// Notes the time of arrival.
    init(handler: InferenceHTTPHandler, modelName: String, version: Int?, action: InferenceRoute.ModelAction) {
        timestamps = .now()
        self.handler = handler
        self.modelName = modelName
        self.version = version
        self.action = action
        errorContentType = action == .infer ? HTTPReply.text : HTTPReply.json
    }

    /// Reads, computes, answers, and records the spans.
    mutating func run(_ request: Request, path: String, writer: consuming ResponseWriter) async throws {
        let decision = decide(request, path: path)
        if request.headers[.expect]?.lowercased() == "100-continue", !RequestBodyReader.isTooLarge(request, limit: handler.maxBodySize) {
            try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        }
        if action == .generateStream { return try await runStream(request, path: path, decision: decision, writer: writer) }
        var reply: HTTPReply
        do {
            reply = try await answer(request, decision: decision)
            if action == .infer { BodyCompression.compress(&reply, accepted: request.headers[.acceptEncoding]) }
        } catch let error as InferenceError {
            reply = self.reply(to: error)
        } catch {
            exchangeFailure = RequestFailure(Self.sentHalf)
            record(decision, path: path, status: 0)
            throw error
        }
        timestamps.sendStart = MonotonicClock.now()
        do {
            try await writer.write(response: reply.head, body: ResponseBody(byteBuffer: reply.body))
            timestamps.sendEnd = MonotonicClock.now()
        } catch {
            exchangeFailure = RequestFailure(Self.leftBeforeAnswer)
            record(decision, path: path, status: 0)
            throw error
        }
        record(decision, path: path, status: reply.status.code)
        if !isBodyRead { try await handler.discardBody(of: request) }
    }

    static let sentHalf = InferenceError(.cancelled, "the client closed the connection before it sent the whole request")
    static let leftBeforeAnswer = InferenceError(.cancelled, "the client closed the connection before it took the answer")

    /// The answer to a request that failed; the failure is kept for the trace.
    mutating func reply(to error: InferenceError) -> HTTPReply {
        if modelFailure == nil { exchangeFailure = RequestFailure(error) }
        var reply = HTTPReply(error: error)
        reply.contentType = errorContentType
        if error.code == .unsupported, error.message == RequestBodyReader.unsupportedCompression {
            reply.fields.append(HTTPField(name: .acceptEncoding, value: "gzip, deflate"))
        }
        return reply
    }

    private func decide(_ request: Request, path: String) -> InferenceTracer.Decision? {
        guard let tracer = handler.core.activeTracer else { return nil }
        if tracer.excludedURLs.contains(scheme: "http", authority: request.head.authority ?? "", path: path) { return tracer.exclusion }
        return tracer.decide(model: modelName, headers: request.headers)
    }

    func record(_ decision: InferenceTracer.Decision?, path: String, status: Int) {
        if handler.core.logging.verboseLevel > 0 {
            let time = MonotonicClock.now() &- timestamps.receiveStart
            handler.logRequest(path, id: requestID, status: status, failure: modelFailure ?? exchangeFailure, nanoseconds: time)
        }
        guard let trace = decision?.trace, let tracer = handler.core.tracer else { return }
        let route = "/v2/models/{model}\(version == nil ? "" : "/versions/{version}")/\(actionName)"
        let pathEnd = path.utf8.firstIndex(of: UInt8(ascii: "?")) ?? path.endIndex
        var traced = TracedRequest(
            trace: trace,
            timestamps: timestamps,
            exchange: .http(.init(method: "POST", path: String(path[..<pathEnd]), route: route, statusCode: status))
        )
        traced.modelName = modelName
        traced.modelVersion = model?.definition.version ?? 0
        traced.requestID = requestID
        traced.execution = execution
        traced.modelFailure = modelFailure
        traced.exchangeFailure = exchangeFailure
        traced.set(streamedResponses)
        tracer.record(traced)
    }

    private var actionName: String {
        switch action {
        case .infer: "infer"
        case .generate: "generate"
        default: "generate_stream"
        }
    }

    /// Finds the model, reads the body and decodes it.
    mutating func prepare(_ request: Request) async throws -> (model: LoadedModel, call: InferenceCall) {
        let model = try handler.core.registry.model(named: modelName, version: version)
        self.model = model
        if action == .infer, model.definition.isDecoupled {
            throw InferenceError(.unsupported, "HTTP end point doesn't support models with decoupled transaction policy")
        }
        let body = try await readBody(request)
        var call: InferenceCall
        if action == .infer {
            let headerLength = try Self.headerLength(request.headers, bodySize: body.readableBytes)
            errorContentType = HTTPReply.json
            call = try InferRequestDecoder.decode(body, headerLength: headerLength, model: model.definition, regions: handler.core.sharedMemory)
        } else {
            call = try GenerateRequestDecoder.decode(body, model: model.definition)
        }
        requestID = call.request.id
        try handler.headerForwarding?.add(request.headers, to: &call.request.parameters)
        return (model, call)
    }

    private mutating func answer(_ request: Request, decision: InferenceTracer.Decision?) async throws -> HTTPReply {
        let (model, call) = try await prepare(request)
        let core = handler.core
        let completion = action == .generate && model.definition.isDecoupled
            ? try await core.inferOnce(call.request, model: model, decision: decision, timestamps: &timestamps)
            : try await core.infer(call.request, model: model, decision: decision, timestamps: &timestamps)
        execution = completion.execution
        timestamps.responseComplete = MonotonicClock.now()
        switch completion.outputs {
        case .failure(let failure):
            modelFailure = failure
            if action == .infer { errorContentType = HTTPReply.text }
            // The model did its part; as in Triton only the text tells that the answer cannot be told.
            if completion.isNotOne { return HTTPReply(status: .ok, message: failure.error.message) }
            throw failure.error
        case .success(let outputs):
            return action == .generate
                ? HTTPReply(json: try GenerateResponseEncoder.json(outputs, call: call, model: model))
                : try InferResponseEncoder.reply(outputs, call: call, model: model, regions: core.sharedMemory)
        }
    }

    // MARK: The body

    private mutating func readBody(_ request: Request) async throws -> ByteBuffer {
        let encoding = request.headers[.contentEncoding].map { $0.lowercased() } ?? "identity"
        if action != .infer, encoding != "identity" {
            throw InferenceError(.invalidArgument, "Unsupported content-encoding, only 'identity' is supported.")
        }
        let body = try await RequestBodyReader.collect(request, limit: handler.maxBodySize)
        isBodyRead = true
        defer { timestamps.receiveEnd = MonotonicClock.now() }
        return try RequestBodyReader.decoded(body, encoding: encoding, limit: handler.maxBodySize)
    }

    /// `Inference-Header-Content-Length`: how much of the body is JSON; the rest are tensors.
    private static func headerLength(_ headers: HTTPFields, bodySize: Int) throws -> Int? {
        guard let text = headers[.inferenceHeaderContentLength] else { return bodySize == 0 ? 0 : nil }
        guard let length = Int(text), (0...bodySize).contains(length) else {
            throw InferenceError(.invalidArgument, "inference header size should be in range (0, \(bodySize)), got: \(text)")
        }
        return length
    }
}

extension ModelScheduler.Completion {
    /// A decoupled model gave another number of responses than the one that `generate` can answer with.
    fileprivate var isNotOne: Bool {
        guard case .failure(let failure) = outputs else { return false }
        return failure.error.message == SingleResponse.expectation
    }
}

extension HTTPField.Name {
    // Unwrapped: it is a valid header name, which is all that the initializer checks.
    static let inferenceHeaderContentLength = HTTPField.Name("Inference-Header-Content-Length")!
}
