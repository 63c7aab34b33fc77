internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// POSTs encoded spans to a receiver, with compression, retries and messages that say what to do: what all exporters over
/// HTTP share.
///
/// Answers 429, 502, 503 and 504, failed connects and connections closed without an answer are retried with back-off, or
/// after the time the receiver asks for; all other failures lose the batch. The requests themselves are not traced.
struct HTTPExportClient: Sendable {
    /// What differs between exporters, and what their users set.
    struct Settings: Sendable {
        var names: ExporterNames
        var endpoint: String
        var contentType: String
        /// Additional request headers; they replace ours of the same name.
        var headers: [String: String] = [:]
        var compression = ExportCompression.none
        var tls = TLSClientConfiguration()
        /// The longest time of one request; zero means no limit.
        var timeout = Duration.seconds(10)
        var retry = RetryPolicy()
        /// Bytes of a request body after compression.
        var maximumRequestSize = 64 * 1024 * 1024
    }

    /// A 2xx answer.
    struct Answer: Sendable {
        var status: UInt
        var contentType: String?
        /// Empty when there was none or it could not be read: an accepted batch is not sent again for that.
        var body: [UInt8]
    }

    /// OTLP's recommendation for the size of responses.
    static let maximumAnswerSize = 4 * 1024 * 1024

    let endpoint: HTTPEndpoint
    private let settings: Settings
    private let headers: HTTPHeaders
    private let timeout: Duration
    private let connection: HTTPExportConnection

    /// - Throws: ``TracingConfigurationError`` for an endpoint, header or TLS file that cannot be used.
    init(_ settings: Settings) throws(TracingConfigurationError) {
        self.settings = settings
        endpoint = try HTTPEndpoint(settings.endpoint, names: settings.names)
        headers = try Self.headers(settings)
        timeout = settings.timeout.asExportTimeout
        let tls = try TLSMaterial(settings.tls, names: settings.names)
        connection = HTTPExportConnection(timeout: timeout, tls: tls.configuration)
    }

    /// Compresses and sends the encoded form of `spanCount` spans, and returns the first 2xx answer.
    ///
    /// - Throws: ``SpanExportError``, or `CancellationError` when the task is cancelled.
    func send(_ body: [UInt8], spanCount: Int) async throws -> Answer {
        let bytes = settings.compression.compress(body)
        guard bytes.count <= settings.maximumRequestSize else {
            throw SpanExportError.tooLarge(spanCount: spanCount, size: bytes.count, limit: settings.maximumRequestSize)
        }
        let buffer = ByteBuffer(bytes: bytes)
        return try await settings.retry.run {
            await send(buffer)
        } error: { failure, attempts in
            failure.error(endpoint: endpoint, names: settings.names, attempts: attempts)
        }
    }

    /// Gives up the connections; later calls of `send` fail.
    func shutdown() async {
        await connection.shutdown()
    }

    private func send(_ body: ByteBuffer) async -> Result<Answer, HTTPRequestFailure> {
        var request = HTTPClientRequest(url: endpoint.url)
        request.method = .POST
        request.headers = headers
        request.body = .bytes(body)
        do {
            guard let client = connection.client() else { return .failure(.shutDown) }
            let deadline = timeout > .zero ? NIODeadline.now() + TimeAmount(timeout) : .distantFuture
            let response = try await client.execute(request, deadline: deadline)
            let collected = try? await response.body.collect(upTo: Self.maximumAnswerSize)
            let body = collected.map { Array($0.readableBytesView) } ?? []
            if (200..<300).contains(response.status.code) {
                return .success(Answer(status: response.status.code, contentType: response.headers.first(name: "Content-Type"), body: body))
            }
            let retryAfter = response.headers.first(name: "Retry-After").flatMap {
                RetryAfter.parse($0, now: Int64(WallClock.now() / 1_000_000_000))
            }
            return .failure(
                .status(
                    response.status.code,
                    reason: response.status.reasonPhrase,
                    body: body,
                    retryAfter: retryAfter,
                    location: response.headers.first(name: "Location")
                )
            )
        } catch {
            return .failure(HTTPRequestFailure(error))
        }
    }

    private static func headers(_ settings: Settings) throws(TracingConfigurationError) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.add(name: "User-Agent", value: settings.names.userAgent)
        headers.add(name: "Content-Type", value: settings.contentType)
        if settings.compression != .none { headers.add(name: "Content-Encoding", value: settings.compression.rawValue) }
        for (name, value) in try ExportHeaders.checked(settings.headers, names: settings.names) {
            headers.replaceOrAdd(name: name, value: value)
        }
        return headers
    }
}

extension Duration {
    /// As a timeout that no sum with a clock can overflow: a year is as good as for ever. Zero and less mean no limit.
    var asExportTimeout: Duration { min(max(self, .zero), .seconds(31_536_000)) }
}

extension SpanExportError {
    static func tooLarge(spanCount: Int, size: Int, limit: Int) -> Self {
        SpanExportError(
            code: .tooLarge,
            message: "A batch of \(spanCount) spans is \(size) bytes, above the limit of \(limit) for one request; "
                + "make batches smaller (OTEL_BSP_MAX_EXPORT_BATCH_SIZE)"
        )
    }
}
