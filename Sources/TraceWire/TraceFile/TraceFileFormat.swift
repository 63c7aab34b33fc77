/// What a file of traces is written in.
public struct TraceFileFormat: Hashable, Sendable, CustomStringConvertible {
    private enum Base: String {
        case otlpJSON = "otlp-json"
        case otlpProtobuf = "otlp-protobuf"
        case spanLines = "span-lines"
        case jaegerJSON = "jaeger-json"
        case zipkinJSON = "zipkin-json"
        case zipkinV1JSON = "zipkin-v1-json"
        case triton = "triton"
    }

    private let base: Base

    private init(_ base: Base) { self.base = base }

    /// Requests of OTLP in JSON: one, or one after the other as the Collector's `file` exporter writes them; also the answers of
    /// Jaeger's `/api/v3/traces` and of Tempo, which hold the same.
    public static let otlpJSON = TraceFileFormat(.otlpJSON)
    /// One request of OTLP in protobuf, or several, each behind its length in four bytes (the Collector's `file` exporter).
    public static let otlpProtobuf = TraceFileFormat(.otlpProtobuf)
    /// Spans of OTLP in JSON, one on a line with its resource and scope: what the SDK's file exporter writes.
    public static let spanLines = TraceFileFormat(.spanLines)
    /// Answers of Jaeger's query API, and what its page saves.
    public static let jaegerJSON = TraceFileFormat(.jaegerJSON)
    /// Lists of Zipkin's spans, version 2.
    public static let zipkinJSON = TraceFileFormat(.zipkinJSON)
    /// Lists of Zipkin's spans, version 1.
    public static let zipkinV1JSON = TraceFileFormat(.zipkinV1JSON)
    /// The file of Triton's mode `triton`.
    public static let triton = TraceFileFormat(.triton)

    public var description: String { base.rawValue }

    /// What can be read, for people.
    public static let known = """
        OTLP (JSON or protobuf, one request or many), Jaeger JSON, Zipkin JSON, Triton's trace file; plain, gzip or zstd
        """
}
