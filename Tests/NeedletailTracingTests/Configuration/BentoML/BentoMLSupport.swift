import Logging
import NeedletailTracing
import Testing

/// Reads a BentoML file from text, with nothing of this machine's environment.
struct BentoMLReading {
    let configuration: TracingConfiguration
    /// What was logged about it.
    let log: [String]

    init(_ text: String, service: String? = nil, environment: [String: String] = [:]) throws {
        let recorder = LogRecorder()
        configuration = try TracingConfiguration(
            bentoMLText: text, name: "f.yml", service: service, environment: environment, logger: recorder.logger
        )
        log = recorder.messages
    }

    /// The messages of a file that is refused.
    static func mistakes(_ text: String, service: String? = nil, environment: [String: String] = [:]) -> [String] {
        let error = #expect(throws: TracingConfigurationError.self) { try BentoMLReading(text, service: service, environment: environment) }
        #expect(error?.code == .invalidFile)
        return (error?.message ?? "").split(separator: "\n").map(String.init)
    }

    var zipkin: ZipkinExporterConfiguration? { if case .zipkin(let value)? = configuration.exporters.first { value } else { nil } }
    var jaegerUDP: JaegerUDPExporterConfiguration? { if case .jaegerUDP(let value)? = configuration.exporters.first { value } else { nil } }
    var jaegerHTTP: JaegerHTTPExporterConfiguration? { if case .jaegerHTTP(let value)? = configuration.exporters.first { value } else { nil } }
    var jaegerGRPC: JaegerGRPCExporterConfiguration? { if case .jaegerGRPC(let value)? = configuration.exporters.first { value } else { nil } }
    var otlpHTTP: OTLPHTTPExporterConfiguration? { if case .otlpHTTP(let value)? = configuration.exporters.first { value } else { nil } }
    var otlpGRPC: OTLPGRPCExporterConfiguration? { if case .otlpGRPC(let value)? = configuration.exporters.first { value } else { nil } }

    /// The share of new traces that is sampled; `nil` for another kind of sampler.
    var rate: Double? { ((configuration.sampler as? ParentBasedSampler)?.root as? TraceIDRatioSampler)?.ratio }
}
