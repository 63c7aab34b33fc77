/// Every port number of the project, named once.
public enum DefaultPort {
    /// Inference server: KServe v2 and generate over HTTP.
    public static let inferenceHTTP = 8000
    /// OTLP over gRPC.
    public static let otlpGRPC = 4317
    /// OTLP over HTTP.
    public static let otlpHTTP = 4318
    /// Web page and Jaeger's query API.
    public static let query = 16686
}
