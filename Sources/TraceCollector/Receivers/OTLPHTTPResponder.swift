internal import Compression
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import TraceWire

/// Answers the requests of ``OTLPHTTPReceiver``.
struct OTLPHTTPResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    private let ingest: SpanIngest
    private let limits: OTLPReceiverLimits
    private let cors: CORSPolicy
    private let logger: Logger
    private let budget: ByteBudget

    init(ingest: SpanIngest, limits: OTLPReceiverLimits, cors: CORSPolicy, logger: Logger) {
        self.ingest = ingest
        self.limits = limits
        self.cors = cors
        self.logger = logger
        self.budget = ByteBudget(limit: limits.maximumBytesInFlight)
    }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        var response = try await route(request)
        if !cors.allowedOrigins.isEmpty, request.method != .options {
            for field in cors.headers(for: request.headers) { response.headers.append(field) }
        }
        return response
    }

    private func route(_ request: Request) async throws -> Response {
        switch request.uri.path {
        case "/v1/traces":
            break
        case "/v1/metrics", "/v1/logs":
            let message = "this back end stores traces only: nothing takes \(request.uri.path) here; switch that exporter off"
            return failure(.notFound, .unimplemented, message, encoding: OTLPEncoding(contentType: request.headers[.contentType]))
        default:
            return text(.notFound, "404 not found: OTLP/HTTP spans go to POST /v1/traces\n")
        }
        switch request.method {
        case .post:
            return try await export(request)
        case .options where !cors.allowedOrigins.isEmpty:
            return Response(status: .noContent, headers: cors.preflightHeaders(for: request.headers))
        default:
            return text(.methodNotAllowed, "405 method not allowed, supported: [POST]", headers: [.allow: "POST"])
        }
    }

    private func export(_ request: Request) async throws -> Response {
        guard let encoding = OTLPEncoding(contentType: request.headers[.contentType]) else {
            return text(
                .unsupportedMediaType,
                "415 unsupported media type, supported: [application/json, application/x-protobuf]"
            )
        }
        guard let contentEncoding = ContentEncoding(request.headers[.contentEncoding]) else {
            let message = "Content-Encoding \"\(request.headers[.contentEncoding] ?? "")\" is not supported, use one of: \(ContentEncoding.supported)"
            var response = failure(.unsupportedMediaType, .invalidArgument, message, encoding: encoding)
            response.headers[.acceptEncoding] = ContentEncoding.supported
            return response
        }
        var share = ByteBudgetShare(of: budget)
        defer { share.release() }
        do {
            try ingest.checkRoom()
            let body = try await read(request, share: &share)
            let plain = try decompress(body, contentEncoding, share: &share)
            let decoded = try encoding.decode(plain)
            ingest.countRejected(decoded.rejectedSpanCount)
            try await ingest.accept(decoded.batch)
            let answer = encoding.exportResponse(rejectedSpans: decoded.rejectedSpanCount, message: decoded.rejectionMessage)
            return response(.ok, answer, encoding.contentType)
        } catch let error as IngestError {
            return refusal(error, encoding: encoding)
        } catch let error as WireError {
            ingest.countMalformedRequest()
            return failure(.badRequest, .invalidArgument, error.message, encoding: encoding)
        } catch let error as Refusal {
            return refusal(error, encoding: encoding)
        }
    }

    // MARK: Reading

    /// Why a body was not taken.
    private enum Refusal: Error {
        case tooLarge(String)
        case broken(String)
        case noMemoryNow
    }

    /// The body, copied once from the network buffers.
    private func read(_ request: Request, share: inout ByteBudgetShare) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        if let length = request.headers[.contentLength].flatMap({ Int($0) }) {
            guard length <= limits.maximumRequestSize else { throw tooLarge("of \(length) bytes") }
            guard share.grow(by: length) else { throw Refusal.noMemoryNow }
            bytes.reserveCapacity(length)
            for try await chunk in request.body { bytes.append(contentsOf: chunk.readableBytesView) }
            return bytes
        }
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= limits.maximumRequestSize else { throw tooLarge("") }
            guard share.grow(by: chunk.readableBytes) else { throw Refusal.noMemoryNow }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }

    private func decompress(_ body: [UInt8], _ encoding: ContentEncoding, share: inout ByteBudgetShare) throws -> [UInt8] {
        if encoding == .identity { return body }
        do {
            let plain = try encoding.decode(body, maximumSize: limits.maximumRequestSize)
            guard share.grow(by: plain.count) else { throw Refusal.noMemoryNow }
            return plain
        } catch let error as CompressionError {
            if error.code == .tooLarge { throw tooLarge("after decompression") }
            throw Refusal.broken("the body cannot be decompressed: \(error)")
        }
    }

    private func tooLarge(_ what: String) -> Refusal {
        .tooLarge("the request body \(what) is larger than \(limits.maximumRequestSize) bytes; send smaller batches")
    }

    // MARK: Answers

    private func refusal(_ error: Refusal, encoding: OTLPEncoding) -> Response {
        switch error {
        case .tooLarge(let message):
            ingest.countMalformedRequest()
            return failure(.contentTooLarge, .resourceExhausted, message, encoding: encoding)
        case .broken(let message):
            ingest.countMalformedRequest()
            return failure(.badRequest, .invalidArgument, message, encoding: encoding)
        case .noMemoryNow:
            let message = "requests under way already hold \(limits.maximumBytesInFlight) bytes; send this one again in 1 s"
            var response = failure(.tooManyRequests, .resourceExhausted, message, encoding: encoding)
            response.headers[.retryAfter] = "1"
            return response
        }
    }

    private func refusal(_ error: IngestError, encoding: OTLPEncoding) -> Response {
        var response =
            error.code == .overloaded
            ? failure(.tooManyRequests, .resourceExhausted, error.message, encoding: encoding)
            : failure(.serviceUnavailable, .unavailable, error.message, encoding: encoding)
        response.headers[.retryAfter] = "\(error.retryAfterSeconds)"
        return response
    }

    private func failure(_ status: HTTPResponse.Status, _ code: StatusCode, _ message: String, encoding: OTLPEncoding?) -> Response {
        logger.debug("Spans refused", metadata: ["status": "\(status.code)", "reason": "\(message)"])
        guard let encoding else { return text(status, "\(status.code) \(message)\n") }
        return response(status, encoding.status(code, message), encoding.contentType)
    }

    private func text(_ status: HTTPResponse.Status, _ message: String, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "text/plain"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: message)))
    }

    private func response(_ status: HTTPResponse.Status, _ body: [UInt8], _ contentType: String) -> Response {
        Response(status: status, headers: [.contentType: contentType], body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
