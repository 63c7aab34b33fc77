/// What one `tracing` block says; `nil` is what it leaves out or null.
struct BentoMLTracing: Hashable, Sendable {
    enum Exporter: String, Sendable { case zipkin, jaeger, otlp, inMemory = "in_memory" }
    enum JaegerTransport: String, Sendable { case thrift, grpc }
    enum OTLPTransport: String, Sendable { case grpc, http, httpJSON = "http/json" }

    struct Zipkin: Hashable, Sendable {
        var endpoint: String?
        var localIPv4: String?
        var localIPv6: String?
        var localPort: Int?
    }

    struct Jaeger: Hashable, Sendable {
        var transport: JaegerTransport?
        var collectorEndpoint: String?
        var agentHost: String?
        var agentPort: Int?
        var splitsOversizedBatches: Bool?
        var isInsecure: Bool?
    }

    struct OTLP: Hashable, Sendable {
        var transport: OTLPTransport?
        var endpoint: String?
        var compression: ExportCompression?
        var certificateFile: String?
        var httpHeaders: [String: String]?
        var grpcHeaders: [String: String]?
        var isInsecure: Bool?
    }

    var exporter: Exporter?
    var sampleRate: Double?
    var timeout: Duration?
    /// 0 and less mean no limit.
    var maximumTagValueLength: Int?
    var excludedURLs: ExcludedURLs?
    var zipkin = Zipkin()
    var jaeger = Jaeger()
    var otlp = OTLP()

    /// What is left out here is taken from `other`.
    mutating func fill(from other: BentoMLTracing) {
        exporter = exporter ?? other.exporter
        sampleRate = sampleRate ?? other.sampleRate
        timeout = timeout ?? other.timeout
        maximumTagValueLength = maximumTagValueLength ?? other.maximumTagValueLength
        excludedURLs = excludedURLs ?? other.excludedURLs
        zipkin.endpoint = zipkin.endpoint ?? other.zipkin.endpoint
        zipkin.localIPv4 = zipkin.localIPv4 ?? other.zipkin.localIPv4
        zipkin.localIPv6 = zipkin.localIPv6 ?? other.zipkin.localIPv6
        zipkin.localPort = zipkin.localPort ?? other.zipkin.localPort
        jaeger.transport = jaeger.transport ?? other.jaeger.transport
        jaeger.collectorEndpoint = jaeger.collectorEndpoint ?? other.jaeger.collectorEndpoint
        jaeger.agentHost = jaeger.agentHost ?? other.jaeger.agentHost
        jaeger.agentPort = jaeger.agentPort ?? other.jaeger.agentPort
        jaeger.splitsOversizedBatches = jaeger.splitsOversizedBatches ?? other.jaeger.splitsOversizedBatches
        jaeger.isInsecure = jaeger.isInsecure ?? other.jaeger.isInsecure
        otlp.transport = otlp.transport ?? other.otlp.transport
        otlp.endpoint = otlp.endpoint ?? other.otlp.endpoint
        otlp.compression = otlp.compression ?? other.otlp.compression
        otlp.certificateFile = otlp.certificateFile ?? other.otlp.certificateFile
        otlp.httpHeaders = otlp.httpHeaders ?? other.otlp.httpHeaders
        otlp.grpcHeaders = otlp.grpcHeaders ?? other.otlp.grpcHeaders
        otlp.isInsecure = otlp.isInsecure ?? other.otlp.isInsecure
    }

    /// Nothing is said.
    var isEmpty: Bool { self == BentoMLTracing() }

    /// The exporter that is named, or the only one that something is said of: the oldest files have no `type`.
    var chosenExporter: Exporter? {
        if let exporter { return exporter }
        var candidates: [Exporter] = []
        if zipkin != Zipkin() { candidates.append(.zipkin) }
        // BentoML's own defaults name the protocol.
        var jaeger = jaeger
        jaeger.transport = nil
        if jaeger != Jaeger() { candidates.append(.jaeger) }
        if otlp != OTLP() { candidates.append(.otlp) }
        return candidates.count == 1 ? candidates[0] : nil
    }
}
