internal import TraceModel

/// The programs that send the made-up spans.
enum SampleResource: Int, CaseIterable {
    case gateway, search, auth, features, featuresAhead, formatter, triton, needletail, languageModel

    init(_ server: SampleServer) { self = server == .triton ? .triton : .needletail }

    /// The clock of one feature store is behind, nanoseconds.
    static let skew: UInt64 = 3_000_000

    var service: String {
        switch self {
        case .gateway: "edge-gateway"
        case .search: "search-api"
        case .auth: "auth"
        case .features, .featuresAhead: "feature-store"
        case .formatter: "rank-formatter"
        case .triton: SampleServer.triton.service
        case .needletail: SampleServer.needletail.service
        case .languageModel: "vllm"
        }
    }

    var host: String {
        switch self {
        case .gateway: "edge-1"
        case .search: "web-4"
        case .auth: "web-2"
        case .features: "fs-1"
        case .featuresAhead: "fs-2"
        case .formatter: "web-3"
        case .triton: SampleServer.triton.host
        case .needletail: SampleServer.needletail.host
        case .languageModel: "gpu-08"
        }
    }

    var scope: InstrumentationScope {
        switch self {
        case .triton: InstrumentationScope(name: "triton-server")
        case .needletail: InstrumentationScope(name: "needletail")
        case .languageModel: InstrumentationScope(name: "vllm.llm_engine")
        default: InstrumentationScope(name: "sample", version: "1.0")
        }
    }

    var resource: Resource {
        Resource(attributes: [
            Attribute("service.name", .string(service)), Attribute("host.name", .string(host)), Attribute("service.instance.id", .string("\(service)-\(host)")),
            Attribute("deployment.environment.name", "sample"), Attribute("telemetry.sdk.language", .string(self == .languageModel ? "python" : "cpp")),
        ])
    }
}
