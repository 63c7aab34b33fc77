internal import Compression
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import TraceWire

/// Answers the requests of a receiver over HTTP: reads a body within its bounds, undoes its compression, lets the dialect decode it,
/// and answers after the spans are durable.
struct SpanHTTPResponder<Dialect: SpanHTTPDialect>: HTTPResponder {
    typealias Context = BasicRequestContext

    private let dialect: Dialect
    private let ingest: SpanIngest
    private let reception: SpanReception
    private let limits: ReceiverLimits
    private let cors: CORSPolicy
    private let others: OtherRequests?

    init(
        dialect: Dialect, ingest: SpanIngest, limits: ReceiverLimits, cors: CORSPolicy, logger: Logger, others: OtherRequests? = nil
    ) {
        self.others = others
        self.dialect = dialect
        self.ingest = ingest
        self.reception = SpanReception(
            ingest: ingest, spanProtocol: dialect.spanProtocol, maximumSpans: limits.maximumSpansPerRequest, logger: logger
        )
        self.limits = limits
        self.cors = cors
    }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        var response = try await route(request)
        if !cors.allowedOrigins.isEmpty, request.method != .options {
            for field in cors.headers(for: request.headers) { response.headers.append(field) }
        }
        return response
    }

    private func route(_ request: Request) async throws -> Response {
        let takesSpans = dialect.takesSpans(at: request.uri.path)
        if request.method == .options, !cors.allowedOrigins.isEmpty, takesSpans || others != nil {
            let methods = takesSpans ? others == nil ? "POST" : "GET, POST" : "GET"
            return Response(status: .noContent, headers: cors.preflightHeaders(for: request.headers, methods: methods))
        }
        guard takesSpans else { return await others?(request) ?? dialect.elsewhere(request) }
        switch request.method {
        case .post:
            return try await receive(request)
        case .get, .head:
            // Zipkin lists the names of spans under the path that takes spans.
            if let response = await others?(request), response.status != .notFound { return response }
            fallthrough
        default:
            return .text(.methodNotAllowed, "405 method not allowed, supported: [POST]", headers: [.allow: "POST"])
        }
    }

    private func receive(_ request: Request) async throws -> Response {
        let format: Dialect.Format
        do throws(RefusedFormat) {
            format = try dialect.format(of: request)
        } catch {
            return error.answer
        }
        do {
            return dialect.accepted(try await store(request, format), as: format)
        } catch let refusal as SpanRefusal {
            return answer(refusal, as: format)
        } catch let error as WireError {
            return answer(SpanRefusal(error), as: format)
        } catch let error as IngestError {
            return answer(SpanRefusal(error), as: format)
        }
    }

    /// Reads and stores; the memory of the request counts until it is durable.
    private func store(_ request: Request, _ format: Dialect.Format) async throws -> DecodedSpans {
        let header = request.headers[.contentEncoding]
        guard let encoding = ContentEncoding(header) else {
            let message = "Content-Encoding \"\(header ?? "")\" is not supported, use one of: \(ContentEncoding.supported)"
            throw SpanRefusal(.unsupportedEncoding, message)
        }
        var share = ByteBudgetShare(of: ingest.requestBytes)
        defer { share.release() }
        try ingest.checkRoom(for: dialect.spanProtocol)
        let body = try await read(request, share: &share)
        let plain = try decompress(body, encoding, share: &share)
        let decoded = try dialect.decode(plain, as: format)
        try await reception.store(decoded)
        return decoded
    }

    // MARK: Reading

    /// The body, copied once from the network buffers.
    private func read(_ request: Request, share: inout ByteBudgetShare) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        if let length = request.headers[.contentLength].flatMap({ Int($0) }) {
            guard length <= limits.maximumRequestSize else { throw tooLarge("body of \(length) bytes") }
            guard share.grow(by: length) else { throw noMemoryNow }
            bytes.reserveCapacity(length)
            for try await chunk in request.body { bytes.append(contentsOf: chunk.readableBytesView) }
            return bytes
        }
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= limits.maximumRequestSize else { throw tooLarge("body") }
            guard share.grow(by: chunk.readableBytes) else { throw noMemoryNow }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }

    private func decompress(_ body: [UInt8], _ encoding: ContentEncoding, share: inout ByteBudgetShare) throws(SpanRefusal) -> [UInt8] {
        if encoding == .identity { return body }
        do {
            let plain = try encoding.decode(body, maximumSize: limits.maximumRequestSize)
            guard share.grow(by: plain.count) else { throw noMemoryNow }
            return plain
        } catch let error as CompressionError {
            if error.code == .tooLarge { throw tooLarge("body after decompression") }
            throw SpanRefusal(.malformed, "the body cannot be decompressed: \(error)")
        } catch {
            throw error as? SpanRefusal ?? SpanRefusal(.malformed, "the body cannot be decompressed: \(error)")
        }
    }

    private func tooLarge(_ what: String) -> SpanRefusal { .tooLarge(what, limit: limits.maximumRequestSize) }

    private var noMemoryNow: SpanRefusal {
        let message = "requests under way already hold \(ingest.requestBytes.limit) bytes; send this one again in 1 s"
        return SpanRefusal(.overloaded, message, retryAfterSeconds: 1)
    }

    // MARK: Answers

    private func answer(_ refusal: SpanRefusal, as format: Dialect.Format) -> Response {
        reception.note(refusal)
        var response = dialect.refused(refusal, as: format)
        if let seconds = refusal.retryAfterSeconds { response.headers[.retryAfter] = "\(seconds)" }
        if refusal.reason == .unsupportedEncoding { response.headers[.acceptEncoding] = ContentEncoding.supported }
        return response
    }
}
