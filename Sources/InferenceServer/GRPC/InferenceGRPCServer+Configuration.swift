internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
public import TraceModel

extension InferenceGRPCServer {
    /// Where and within which limits to serve.
    public struct Configuration: Sendable {
        /// PEM files of an encrypted listener.
        public struct TLS: Hashable, Sendable {
            public var certificateFile: String
            public var keyFile: String
            /// Who signs the certificates that clients must show; `nil`: clients need none.
            public var clientAuthorityFile: String?

            public init(certificateFile: String, keyFile: String, clientAuthorityFile: String? = nil) {
                self.certificateFile = certificateFile
                self.keyFile = keyFile
                self.clientAuthorityFile = clientAuthorityFile
            }
        }

        /// How silent connections are handled. Names and defaults are those of Triton's `--grpc-keepalive-…` flags.
        public struct Keepalive: Hashable, Sendable {
            /// After so long a silence the client is asked whether it is there.
            public var time: Duration
            /// How long it has to answer.
            public var timeout: Duration
            /// Clients may ask too, also without a call under way.
            public var permitsWithoutCalls: Bool
            /// Clients that ask more often lose their connection.
            public var minimumPingInterval: Duration

            public init(
                time: Duration = .seconds(7200),
                timeout: Duration = .seconds(20),
                permitsWithoutCalls: Bool = true,
                minimumPingInterval: Duration = .seconds(10)
            ) {
                self.time = time
                self.timeout = timeout
                self.permitsWithoutCalls = permitsWithoutCalls
                self.minimumPingInterval = minimumPingInterval
            }
        }

        public var host: String
        /// 0 lets the system choose; see ``InferenceGRPCServer/boundPort``.
        public var port: Int
        /// Bytes of a message, also after decompression; a larger one is answered with `RESOURCE_EXHAUSTED`.
        public var maxMessageSize = InferenceHTTPServer.Configuration.defaultMaxBodySize
        /// Calls under way on one connection; more wait at the client.
        public var maxConcurrentStreams = 1024
        /// Requests of one `ModelStreamInfer` that are computed at the same time; the next is read when one of them is answered.
        public var maxStreamRequestsInFlight = 64
        public var keepalive = Keepalive()
        /// Connections older than this are closed when their calls are answered; `nil`: none is.
        public var maxConnectionAge: Duration?
        /// Parts of the protocol that need a header; its name begins with `triton-grpc-protocol-`.
        public var restrictedProtocols = RestrictedAPIs()
        /// A regular expression: metadata with a matching name become request parameters.
        public var headerForwardPattern: String?
        /// `nil`: clear text.
        public var tls: TLS?

        public init(host: String = "127.0.0.1", port: Int = DefaultPort.inferenceGRPC) {
            self.host = host
            self.port = port
        }
    }
}

extension InferenceGRPCServer.Configuration {
    /// Bytes beyond the limit that are read to be refused properly: the transport resets the stream of a message beyond its own
    /// limit, which clients take for a lost connection.
    private static let transportMargin = 16 << 20

    /// - Throws: ``FrontEndSettingError`` that names the setting.
    func check() throws(FrontEndSettingError) {
        let bounds = [
            ("maxMessageSize", maxMessageSize), ("maxConcurrentStreams", maxConcurrentStreams),
            ("maxStreamRequestsInFlight", maxStreamRequestsInFlight),
        ]
        for (name, value) in bounds where value < 1 {
            throw FrontEndSettingError("gRPC: \(name) must be above 0, but is \(value)")
        }
    }

    var address: GRPCNIOTransportHTTP2Posix.SocketAddress {
        if host.contains(":") { return .ipv6(host: host, port: port) }
        return .ipv4(host: host == "localhost" ? "127.0.0.1" : host, port: port)
    }

    var transportSecurity: HTTP2ServerTransport.Posix.TransportSecurity {
        guard let tls else { return .plaintext }
        let certificate = TLSConfig.CertificateSource.file(path: tls.certificateFile, format: .pem)
        let key = TLSConfig.PrivateKeySource.file(path: tls.keyFile, format: .pem)
        guard let authority = tls.clientAuthorityFile else {
            return .tls(certificateChain: [certificate], privateKey: key)
        }
        return .mTLS(certificateChain: [certificate], privateKey: key) { config in
            config.trustRoots = .certificates([.file(path: authority, format: .pem)])
        }
    }

    func apply(to config: inout HTTP2ServerTransport.Posix.Config) {
        let (size, overflow) = maxMessageSize.addingReportingOverflow(Self.transportMargin)
        config.rpc.maxRequestPayloadSize = overflow ? maxMessageSize : size
        config.compression.enabledAlgorithms = [.none, .gzip, .deflate]
        config.http2.targetWindowSize = 1 << 20
        config.http2.maxConcurrentStreams = maxConcurrentStreams
        config.connection.maxAge = maxConnectionAge
        config.connection.keepalive.time = keepalive.time
        config.connection.keepalive.timeout = keepalive.timeout
        config.connection.keepalive.clientBehavior.allowWithoutCalls = keepalive.permitsWithoutCalls
        config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = keepalive.minimumPingInterval
    }
}
