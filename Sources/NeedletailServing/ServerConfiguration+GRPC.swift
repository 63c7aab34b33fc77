internal import InferenceServer
public import TraceModel

extension ServerConfiguration {
    /// The gRPC front end: where it listens, its limits, and who may call what.
    public struct GRPC: Sendable {
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

        public var host: String
        /// 0 lets the system choose; see ``Server/boundGRPCPort``.
        public var port: Int
        /// Bytes of a message, also after decompression; a larger one is answered with `RESOURCE_EXHAUSTED`.
        public var maxMessageSize = HTTP.defaultMaxBodySize
        /// Calls under way on one connection; more wait at the client.
        public var maxConcurrentStreams = 1024
        /// Requests of one `ModelStreamInfer` that are computed at the same time; the next is read when one of them is answered.
        public var maxStreamRequestsInFlight = 64
        /// After so long a silence a client is asked whether it is there.
        public var keepaliveTime: Duration = .seconds(7200)
        /// How long it has to answer.
        public var keepaliveTimeout: Duration = .seconds(20)
        /// Clients may ask too, also without a call under way.
        public var permitsPingsWithoutCalls = true
        /// Clients that ask more often lose their connection.
        public var minimumPingInterval: Duration = .seconds(10)
        /// Connections older than this are closed when their calls are answered; `nil`: none is.
        public var maxConnectionAge: Duration?
        /// Words as Triton's `--grpc-restricted-protocol` has them, `shared-memory,logging:admin-key=secret`; the header is then
        /// `triton-grpc-protocol-admin-key`.
        public var restrictedProtocols: [String] = []
        /// Metadata in whose name this regular expression is found become parameters of the request, as with Triton's
        /// `--grpc-header-forward-pattern`.
        public var headerForwardPattern: String?
        /// `nil`: clear text.
        public var tls: TLS?

        public init(host: String = "127.0.0.1", port: Int = DefaultPort.inferenceGRPC) {
            self.host = host
            self.port = port
        }
    }
}

extension ServerConfiguration.GRPC {
    func frontEnd() throws -> InferenceGRPCServer.Configuration {
        var configuration = InferenceGRPCServer.Configuration(host: host, port: port)
        configuration.maxMessageSize = maxMessageSize
        configuration.maxConcurrentStreams = maxConcurrentStreams
        configuration.maxStreamRequestsInFlight = maxStreamRequestsInFlight
        configuration.keepalive = InferenceGRPCServer.Configuration.Keepalive(
            time: keepaliveTime,
            timeout: keepaliveTimeout,
            permitsWithoutCalls: permitsPingsWithoutCalls,
            minimumPingInterval: minimumPingInterval
        )
        configuration.maxConnectionAge = maxConnectionAge
        configuration.restrictedProtocols = try RestrictedAPIs(
            restrictedProtocols,
            flag: "grpc-restricted-protocol",
            headerPrefix: RestrictedAPIs.gRPCHeaderPrefix
        )
        configuration.headerForwardPattern = headerForwardPattern
        configuration.tls = tls.map {
            InferenceGRPCServer.Configuration.TLS(
                certificateFile: $0.certificateFile,
                keyFile: $0.keyFile,
                clientAuthorityFile: $0.clientAuthorityFile
            )
        }
        return configuration
    }
}
