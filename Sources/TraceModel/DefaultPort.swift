/// Every port number of the project, named once.
public enum DefaultPort {
    /// Inference server: KServe v2 and generate over HTTP.
    public static let inferenceHTTP = 8000
    /// Inference server: KServe v2 over gRPC.
    public static let inferenceGRPC = 8001
    /// Inference server: metrics for Prometheus.
    public static let inferenceMetrics = 8002
    /// OTLP over gRPC.
    public static let otlpGRPC = 4317
    /// OTLP over HTTP.
    public static let otlpHTTP = 4318
    /// Zipkin's HTTP API.
    public static let zipkin = 9411
    /// Jaeger agent, Thrift compact over UDP.
    public static let jaegerCompactUDP = 6831
    /// Jaeger agent, Thrift binary over UDP.
    public static let jaegerBinaryUDP = 6832
    /// Jaeger agent and collector, remote sampling over HTTP.
    public static let jaegerSampling = 5778
    /// Jaeger collector, gRPC.
    public static let jaegerGRPC = 14250
    /// Jaeger collector, Thrift over HTTP.
    public static let jaegerHTTP = 14268
    /// Jaeger collector, health and metrics.
    public static let jaegerAdmin = 14269
    /// Jaeger's query API over gRPC.
    public static let jaegerQueryGRPC = 16685
    /// Web page and Jaeger's query API.
    public static let query = 16686
    /// Tempo's query API.
    public static let tempo = 3200
}
