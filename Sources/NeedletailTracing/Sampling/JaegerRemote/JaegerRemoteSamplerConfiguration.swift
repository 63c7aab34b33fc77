internal import TraceModel

/// Where a ``JaegerRemoteSampler`` asks for its strategy, and how often.
public struct JaegerRemoteSamplerConfiguration: Hashable, Sendable {
    /// The default of ``endpoint``: the sampling port of a Jaeger agent or collector on this host.
    public static let defaultEndpoint = "http://localhost:\(DefaultPort.jaegerSampling)"

    /// The service that strategies are asked for.
    public var serviceName: String
    /// An http or https URL; `/sampling` is appended where it has no path.
    public var endpoint = defaultEndpoint
    /// Time between two requests; at least a tenth of a second.
    public var pollingInterval = Duration.seconds(60)
    /// The share of traces that is sampled until the first strategy has come, 0 to 1.
    public var initialSamplingRate = 0.001
    /// For an https endpoint.
    public var tls = TLSClientConfiguration()
    /// The longest time of one request.
    public var timeout = Duration.seconds(10)

    public init(serviceName: String) {
        self.serviceName = serviceName
    }
}
