internal import AsyncHTTPClient
internal import Compression
internal import NIOCore
internal import NIOHTTP1
public import TraceModel
internal import TraceWire

/// Sends spans over OTLP/HTTP (OpenTelemetry Protocol 1, "OTLP/HTTP"), as protobuf or JSON, optionally gzipped.
///
/// Answers 429, 502, 503 and 504, failed connects and connections closed without an answer are retried with back-off, or
/// after the time the receiver asks for; all other failures lose the batch. A partial success is reported, never retried.
/// The requests themselves are not traced.
public struct OTLPHTTPExporter: SpanExporter {
    private let connection: OTLPHTTPConnection
    private let configuration: OTLPHTTPExporterConfiguration
    private let endpoint: OTLPEndpoint
    private let headers: HTTPHeaders

    /// - Throws: ``TracingConfigurationError`` when the endpoint is no http(s) URL or a header cannot be sent.
    public init(configuration: OTLPHTTPExporterConfiguration = OTLPHTTPExporterConfiguration()) throws(TracingConfigurationError) {
        self.configuration = configuration
        self.endpoint = try OTLPEndpoint(configuration.endpoint)
        self.headers = try Self.headers(configuration)
        self.connection = OTLPHTTPConnection(timeout: configuration.timeout)
    }

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        guard batch.spanCount > 0 else { return .success }
        let body = try encode(batch)
        let start = ContinuousClock.now
        var attempts = 0
        while true {
            let failure: OTLPRequestFailure
            switch await send(body) {
            case .success(let result): return result
            case .failure(let reason): failure = reason
            }
            attempts += 1
            let wait = failure.isRetryable
                ? configuration.retry.delay(
                    afterAttempts: attempts,
                    retryAfter: failure.retryAfter,
                    elapsed: ContinuousClock.now - start,
                    random: Double.random(in: 0...1)
                ) : nil
            guard let wait else { throw failure.error(endpoint: endpoint, attempts: attempts) }
            try await Task.sleep(for: wait)
        }
    }

    public func shutdown() async {
        await connection.shutdown()
    }

    // MARK: One request

    private func encode(_ batch: SpanBatch) throws -> ByteBuffer {
        var bytes =
            switch configuration.encoding {
            case .protobuf: OTLPProtobuf.encode(batch)
            case .json: OTLPJSON.encode(batch)
            }
        if configuration.compression == .gzip { bytes = Gzip.compress(bytes) }
        guard bytes.count <= configuration.maximumRequestSize else {
            throw SpanExportError(
                code: .tooLarge,
                message: "A batch of \(batch.spanCount) spans is \(bytes.count) bytes, above the limit of "
                    + "\(configuration.maximumRequestSize) for one request; make batches smaller (OTEL_BSP_MAX_EXPORT_BATCH_SIZE)"
            )
        }
        return ByteBuffer(bytes: bytes)
    }

    private func send(_ body: ByteBuffer) async -> Result<SpanExportResult, OTLPRequestFailure> {
        var request = HTTPClientRequest(url: endpoint.url)
        request.method = .POST
        request.headers = headers
        request.body = .bytes(body)
        do {
            guard let client = connection.client() else { return .failure(.shutDown) }
            let deadline = configuration.timeout > .zero ? NIODeadline.now() + TimeAmount(configuration.timeout) : .distantFuture
            let response = try await client.execute(request, deadline: deadline)
            let answer = try await response.body.collect(upTo: Self.maximumResponseSize)
            return evaluate(response, answer: Array(answer.readableBytesView))
        } catch {
            return .failure(OTLPRequestFailure(error))
        }
    }

    /// OTLP's recommendation for responses.
    private static let maximumResponseSize = 4 * 1024 * 1024

    private func evaluate(_ response: HTTPClientResponse, answer: [UInt8]) -> Result<SpanExportResult, OTLPRequestFailure> {
        guard (200..<300).contains(response.status.code) else {
            return .failure(
                .status(
                    response.status.code,
                    reason: response.status.reasonPhrase,
                    body: answer,
                    retryAfter: response.headers.first(name: "Retry-After").flatMap {
                        RetryAfter.parse($0, now: Int64(WallClock.now() / 1_000_000_000))
                    }
                )
            )
        }
        guard !answer.isEmpty else { return .success(.success) }
        let isJSON = response.headers.first(name: "Content-Type")?.lowercased().hasPrefix("application/json") ?? (configuration.encoding == .json)
        // An accepted batch is not sent again because its receipt cannot be read.
        guard let decoded = try? isJSON ? OTLPJSON.decodeExportResponse(answer) : OTLPProtobuf.decodeExportResponse(answer) else {
            return .success(.success)
        }
        return .success(SpanExportResult(rejectedSpanCount: Int(clamping: decoded.rejectedSpans), message: decoded.message))
    }

    private static func headers(_ configuration: OTLPHTTPExporterConfiguration) throws(TracingConfigurationError) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.add(name: "User-Agent", value: "OTel-OTLP-Exporter-Swift/\(NeedletailTracingVersion.current)")
        headers.add(name: "Content-Type", value: configuration.encoding == .json ? "application/json" : "application/x-protobuf")
        if configuration.compression == .gzip { headers.add(name: "Content-Encoding", value: "gzip") }
        for (name, value) in configuration.headers.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                // The value may be a secret and stays out of the message.
                throw TracingConfigurationError(
                    code: .invalidHeader,
                    message: "OTLP header \"\(name)\": the name must be letters, digits and -_.!#$%&'*+^`|~, the value without line breaks"
                )
            }
            headers.replaceOrAdd(name: name, value: value)
        }
        return headers
    }

    /// `tchar` of RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
