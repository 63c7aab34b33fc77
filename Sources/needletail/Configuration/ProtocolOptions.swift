internal import ArgumentParser

/// The protocols of the inference server beyond their ports: addresses, restrictions, encryption, limits.
struct ProtocolOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Address of the HTTP port instead of --host.", visibility: .hidden)) var httpAddress: String?
    @Option(help: ArgumentHelp("Address of the gRPC port instead of --host.", visibility: .hidden)) var grpcAddress: String?
    @Option(help: ArgumentHelp("Address of the metrics port instead of --host.", visibility: .hidden)) var metricsAddress: String?

    @Option(help: "Serve HTTP.") var allowHttp: Switch = Switch(true)
    @Option(help: "Serve gRPC.") var allowGrpc: Switch = Switch(true)
    @Option(help: "Serve metrics.") var allowMetrics: Switch = Switch(true)
    @Option(help: "The processor's load and memory among the metrics.") var allowCpuMetrics: Switch = Switch(true)

    @Option(help: ArgumentHelp("Headers that match become parameters of the request.", valueName: "regex"))
    var httpHeaderForwardPattern: String?

    @Option(help: ArgumentHelp("Metadata that matches becomes parameters of the request.", valueName: "regex"))
    var grpcHeaderForwardPattern: String?

    @Option(
        help: ArgumentHelp(
            "APIs that want a header; may be repeated.",
            discussion: "As in model-repository,trace:admin-key=secret.",
            valueName: "api,…:header=value"
        )
    )
    var httpRestrictedApi: [String] = []

    @Option(help: ArgumentHelp("The same for gRPC, with the header triton-grpc-protocol-<header>.", valueName: "api,…:header=value"))
    var grpcRestrictedProtocol: [String] = []

    @Option(help: "Encrypt gRPC with --grpc-server-cert and --grpc-server-key.") var grpcUseSsl: Switch = Switch(false)
    @Option(help: "Ask gRPC clients for certificates of --grpc-root-cert.") var grpcUseSslMutual: Switch = Switch(false)
    @Option(help: ArgumentHelp("The server's certificate, PEM.", valueName: "file")) var grpcServerCert: String?
    @Option(help: ArgumentHelp("The server's private key, PEM.", valueName: "file")) var grpcServerKey: String?
    @Option(help: ArgumentHelp("Certificates that clients' are checked with, PEM.", valueName: "file")) var grpcRootCert: String?

    @Option(help: ArgumentHelp("Milliseconds between pings on a quiet connection.", visibility: .hidden)) var grpcKeepaliveTime: Int?
    @Option(help: ArgumentHelp("Milliseconds that a ping's answer may take.", visibility: .hidden)) var grpcKeepaliveTimeout: Int?
    @Option(help: ArgumentHelp("Pings are allowed without calls.", visibility: .hidden)) var grpcKeepalivePermitWithoutCalls: Switch?
    @Option(help: .hidden) var grpcHttp2MaxPingsWithoutData: Int?
    @Option(help: .hidden) var grpcHttp2MinRecvPingIntervalWithoutData: Int?
    @Option(help: .hidden) var grpcHttp2MaxPingStrikes: Int?
    @Option(help: ArgumentHelp("Milliseconds after which a connection is replaced.", visibility: .hidden)) var grpcMaxConnectionAge: Int?
    @Option(help: ArgumentHelp("Milliseconds that calls on an old connection may still take.", visibility: .hidden)) var grpcMaxConnectionAgeGrace: Int?

    @Option(help: "Milliseconds between two looks at the processor's load and memory.")
    var metricsIntervalMs: Int = 2000

    @Option(help: ArgumentHelp("Which latencies are counted, as in histogram_latencies=true; may be repeated.", valueName: "setting=value"))
    var metricsConfig: [String] = []

    func validate() throws {
        guard metricsIntervalMs > 0 else { throw ValidationError("--metrics-interval-ms must be above 0, got \(metricsIntervalMs).") }
        guard !grpcUseSsl.isOn || (grpcServerCert != nil && grpcServerKey != nil) else {
            throw ValidationError("--grpc-use-ssl needs --grpc-server-cert and --grpc-server-key.")
        }
        guard !grpcUseSslMutual.isOn || grpcRootCert != nil else { throw ValidationError("--grpc-use-ssl-mutual needs --grpc-root-cert.") }
        guard allowHttp.isOn || allowGrpc.isOn else { throw ValidationError("--allow-http and --allow-grpc are both false: nothing would be served.") }
    }
}
