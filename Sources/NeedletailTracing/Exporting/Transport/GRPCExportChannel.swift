internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import TraceWire

/// Calls one unary gRPC method with encoded spans, with compression, retries and messages that say what to do: what all
/// exporters over gRPC share. It needs no generated code: messages go in and out as bytes.
///
/// Retried are the codes that OTLP/gRPC names ("Failures"), failed connects and connections that broke; the receiver's
/// `RetryInfo` replaces the back-off. All other failures lose the batch. The calls themselves are not traced.
struct GRPCExportChannel: Sendable {
    /// What differs between exporters, and what their users set.
    struct Settings: Sendable {
        var names: ExporterNames
        var method: MethodDescriptor
        var endpoint: String
        /// The port of an endpoint that has none and no `http` or `https` scheme.
        var defaultPort: Int
        var isInsecure = false
        /// Additional metadata; it replaces ours of the same name. Names that end in `-bin` have base64 values.
        var headers: [String: String] = [:]
        var compression = ExportCompression.none
        var tls = TLSClientConfiguration()
        /// The longest time of one call; zero means no limit.
        var timeout = Duration.seconds(10)
        var retry = RetryPolicy()
        /// Bytes of a message before compression.
        var maximumRequestSize = 64 * 1024 * 1024
    }

    /// OTLP's recommendation for the size of responses.
    static let maximumAnswerSize = 4 * 1024 * 1024

    private let settings: Settings
    private let endpoint: GRPCEndpoint
    private let metadata: Metadata
    private let options: CallOptions
    private let connection: GRPCExportConnection

    /// - Throws: ``TracingConfigurationError`` for an endpoint, header, compression or TLS file that cannot be used.
    init(_ settings: Settings) throws(TracingConfigurationError) {
        self.settings = settings
        let endpoint = try GRPCEndpoint(
            settings.endpoint, isInsecure: settings.isInsecure, defaultPort: settings.defaultPort, names: settings.names
        )
        self.endpoint = endpoint
        metadata = try GRPCMetadata.checked(settings.headers, names: settings.names)
        var options = CallOptions.defaults
        options.timeout = settings.timeout > .zero ? settings.timeout.asExportTimeout : nil
        // A receiver that cannot be reached is reported, and tried again by our policy.
        options.waitForReady = false
        options.maxResponseMessageBytes = Self.maximumAnswerSize
        options.compression = try settings.compression.algorithm(settings.names)
        self.options = options
        let tls = try TLSMaterial(settings.tls, names: settings.names)
        connection = GRPCExportConnection {
            GRPCClient(
                transport: try .http2NIOPosix(
                    target: endpoint.resolvable,
                    transportSecurity: endpoint.usesTLS ? try tls.transportSecurity() : .plaintext,
                    // Answers may be compressed as requests are.
                    config: .defaults { $0.compression.enabledAlgorithms = [.none, .gzip, .deflate] }
                )
            )
        }
    }

    /// Sends the encoded form of `spanCount` spans and returns the bytes of the answer.
    ///
    /// - Throws: ``SpanExportError``, or `CancellationError` when the task is cancelled.
    func send(_ message: [UInt8], spanCount: Int) async throws -> [UInt8] {
        guard message.count <= settings.maximumRequestSize else {
            throw SpanExportError.tooLarge(spanCount: spanCount, size: message.count, limit: settings.maximumRequestSize)
        }
        return try await settings.retry.run {
            await call(message)
        } error: { failure, attempts in
            failure.error(endpoint: endpoint, names: settings.names, attempts: attempts)
        }
    }

    /// Gives up the connection; calls under way and later ones fail.
    func shutdown() async {
        await connection.shutdown()
    }

    private func call(_ message: [UInt8]) async -> Result<[UInt8], GRPCRequestFailure> {
        let link: GRPCExportConnection.Link
        do {
            guard let open = try connection.link() else { return .failure(.shutDown) }
            link = open
        } catch {
            return .failure(.transport(error))
        }
        // The link ends with its last holder.
        defer { withExtendedLifetime(link) {} }
        let start = ContinuousClock.now
        do {
            return .success(
                try await link.client.unary(
                    request: ClientRequest(message: message, metadata: metadata),
                    descriptor: settings.method,
                    serializer: RawMessage(),
                    deserializer: RawMessage(),
                    options: options
                ) { try $0.message }
            )
        } catch {
            if connection.isShutDown { return .failure(.shutDown) }
            let failure = GRPCRequestFailure(
                error,
                isCancelled: Task.isCancelled,
                isTimedOut: options.timeout.map { ContinuousClock.now - start >= $0 } ?? false
            )
            if failure.isConnectionSuspect { connection.giveUp(link) }
            return .failure(failure)
        }
    }
}

/// A message's bytes as they are.
private struct RawMessage: MessageSerializer, MessageDeserializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
}

extension ExportCompression {
    fileprivate func algorithm(_ names: ExporterNames) throws(TracingConfigurationError) -> CompressionAlgorithm {
        switch self {
        case .none: return .none
        case .gzip: return .gzip
        case .deflate: return .deflate
        case .zstd:
            throw TracingConfigurationError(
                code: .invalidCompression,
                message: "\(names.protocolName) over gRPC has no compression \"zstd\"; expected gzip, deflate or none"
            )
        }
    }
}
