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
    let isGenerate: Bool
    private var timestamps: RequestTimestamps
    private var model: LoadedModel?
    private var requestID = ""
    private var execution: ExecutionRecord?
    private var modelFailure: RequestFailure?
    private var exchangeFailure: RequestFailure?
    private var isBodyRead = false

    /// Notes the time of arrival.
    init(handler: InferenceHTTPHandler, modelName: String, version: Int?, isGenerate: Bool) {
        timestamps = .now()
        self.handler = handler
        self.modelName = modelName
        self.version = version
        self.isGenerate = isGenerate
    }

    /// Reads, computes, answers, and records the spans.
    mutating func run(_ request: Request, path: String, writer: consuming ResponseWriter) async throws {
        let decision = decide(request, path: path)
        if request.headers[.expect]?.lowercased() == "100-continue", !isTooLarge(request) {
            try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        }
        var reply: HTTPReply
        do {
            reply = try await answer(request, decision: decision)
            if !isGenerate { BodyCompression.compress(&reply, accepted: request.headers[.acceptEncoding]) }
        } catch let error as InferenceError {
            if modelFailure == nil { exchangeFailure = RequestFailure(error) }
            reply = HTTPReply(error: error)
            if error.code == .unsupported, error.message == Self.unsupportedCompression {
                reply.fields.append(HTTPField(name: .acceptEncoding, value: "gzip, deflate"))
            }
        } catch {
            exchangeFailure = RequestFailure(InferenceError(.cancelled, "the client closed the connection before it sent the whole request"))
            record(decision, path: path, status: 0)
            throw error
        }
        timestamps.sendStart = MonotonicClock.now()
        do {
            try await writer.write(response: reply.head, body: ResponseBody(byteBuffer: reply.body))
            timestamps.sendEnd = MonotonicClock.now()
        } catch {
            exchangeFailure = RequestFailure(InferenceError(.cancelled, "the client closed the connection before it took the answer"))
            record(decision, path: path, status: 0)
            throw error
        }
        record(decision, path: path, status: reply.status.code)
        if !isBodyRead { try await handler.discardBody(of: request) }
    }

    private func decide(_ request: Request, path: String) -> InferenceTracer.Decision? {
        guard let tracer = handler.core.tracer else { return nil }
        if tracer.excludedURLs.contains(scheme: "http", authority: request.head.authority ?? "", path: path) { return tracer.exclusion }
        return tracer.decide(model: modelName, headers: request.headers)
    }

    private func record(_ decision: InferenceTracer.Decision?, path: String, status: Int) {
        guard let trace = decision?.trace, let tracer = handler.core.tracer else { return }
        let route = "/v2/models/{model}\(version == nil ? "" : "/versions/{version}")/\(isGenerate ? "generate" : "infer")"
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
        tracer.record(traced)
    }

    private mutating func answer(_ request: Request, decision: InferenceTracer.Decision?) async throws -> HTTPReply {
        let model = try handler.core.registry.model(named: modelName, version: version)
        self.model = model
        let body = try await readBody(request)
        let call: InferenceCall
        if isGenerate {
            call = try GenerateRequestDecoder.decode(body, model: model.definition)
        } else {
            let headerLength = try Self.headerLength(request.headers, bodySize: body.readableBytes)
            call = try InferRequestDecoder.decode(body, headerLength: headerLength, model: model.definition)
        }
        requestID = call.request.id
        let completion = try await handler.core.infer(call.request, model: model, decision: decision, timestamps: &timestamps)
        execution = completion.execution
        switch completion.outputs {
        case .failure(let failure):
            timestamps.responseComplete = MonotonicClock.now()
            modelFailure = failure
            throw failure.error
        case .success(let outputs):
            timestamps.responseComplete = MonotonicClock.now()
            return isGenerate
                ? try GenerateResponseEncoder.reply(outputs, call: call, model: model)
                : try InferResponseEncoder.reply(outputs, call: call, model: model)
        }
    }

    // MARK: The body

    private static let unsupportedCompression = "Unsupported compression type"

    /// The head says already that the body is beyond the limit.
    private func isTooLarge(_ request: Request) -> Bool {
        guard let text = request.headers[.contentLength], let length = Int(text) else { return false }
        return length > handler.maxBodySize
    }

    private mutating func readBody(_ request: Request) async throws -> ByteBuffer {
        let limit = handler.maxBodySize
        let tooLarge = InferenceError(.payloadTooLarge, "the request body is larger than the limit of \(limit) bytes (maxBodySize)")
        let encoding = request.headers[.contentEncoding].map { $0.lowercased() } ?? "identity"
        if isGenerate, encoding != "identity" {
            throw InferenceError(.invalidArgument, "Unsupported content-encoding, only 'identity' is supported.")
        }
        if isTooLarge(request) { throw tooLarge }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: limit)
            isBodyRead = true
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
        defer { timestamps.receiveEnd = MonotonicClock.now() }
        switch encoding {
        case "identity", "": return body
        case "gzip", "deflate": return try BodyCompression.decompress(body, limit: limit)
        default: throw InferenceError(.unsupported, Self.unsupportedCompression)
        }
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

extension HTTPField.Name {
    // Unwrapped: it is a valid header name, which is all that the initializer checks.
    static let inferenceHeaderContentLength = HTTPField.Name("Inference-Header-Content-Length")!
}
