internal import Logging
internal import TraceModel

/// Makes the exporter that a tracing block chooses; the `OTEL_EXPORTER_…` variables fill in what it leaves out.
struct BentoMLExporter {
    let tracing: BentoMLTracing
    /// File, line and keys of the block, for notices.
    let place: String
    let environment: [String: String]
    let logger: Logger
    let notices: BentoMLNotices

    func configurations() -> [ExporterConfiguration] {
        if tracing.exporter == nil, let chosen = tracing.chosenExporter {
            notices.add("\(place).exporter_type is not set; \(chosen.rawValue) is used, the only exporter with settings.")
        }
        switch tracing.chosenExporter {
        case .zipkin: return [.zipkin(zipkin())]
        case .jaeger: return [jaeger()]
        case .otlp: return [otlp()]
        case .inMemory: return [.custom(InMemorySpanExporter())]
        case nil:
            if environment["OTEL_TRACES_EXPORTER"]?.isEmpty == false {
                return ExporterConfiguration.list(environment: environment, logger: logger)
            }
            notices.add("\(place).exporter_type is not set, so nothing is exported; set it to zipkin, jaeger or otlp.")
            return []
        }
    }

    private var maximumTagValueLength: Int? {
        tracing.maximumTagValueLength.flatMap { $0 > 0 ? $0 : nil }
    }

    /// The variables that have a say: those of settings that the file makes are not looked at.
    private func variables(without names: [(isSet: Bool, names: [String])]) -> EnvironmentReader {
        var values = environment
        for (isSet, names) in names where isSet {
            for name in names { values[name] = nil }
        }
        return EnvironmentReader(values, logger: logger)
    }

    private func noticeUnused(_ keys: [(isSet: Bool, key: String)], because reason: String) {
        let unused = keys.filter(\.isSet).map(\.key)
        guard !unused.isEmpty else { return }
        notices.add("\(place): \(unused.joined(separator: ", ")) \(unused.count == 1 ? "has" : "have") no effect: \(reason).")
    }

    // MARK: Zipkin

    private func zipkin() -> ZipkinExporterConfiguration {
        let section = tracing.zipkin
        var result = ZipkinExporterConfiguration(
            variables(without: [
                (section.endpoint != nil, ["OTEL_EXPORTER_ZIPKIN_ENDPOINT"]), (tracing.timeout != nil, ["OTEL_EXPORTER_ZIPKIN_TIMEOUT"]),
            ])
        )
        if let endpoint = section.endpoint { result.endpoint = endpoint }
        if let timeout = tracing.timeout { result.timeout = timeout }
        result.localIPv4 = section.localIPv4
        result.localIPv6 = section.localIPv6
        result.localPort = section.localPort
        result.maximumTagValueLength = maximumTagValueLength
        return result
    }

    // MARK: Jaeger

    private func jaeger() -> ExporterConfiguration {
        let section = tracing.jaeger
        let reader = variables(without: [
            (section.collectorEndpoint != nil, [JaegerEnvironment.name("ENDPOINT")]), (section.agentHost != nil, [JaegerEnvironment.name("AGENT_HOST")]),
            (section.agentPort != nil, [JaegerEnvironment.name("AGENT_PORT")]), (section.isInsecure != nil, [JaegerEnvironment.name("INSECURE")]),
            (tracing.timeout != nil, [JaegerEnvironment.name("TIMEOUT")]),
        ])
        let thriftKeys = [
            (section.agentHost != nil, "thrift.agent_host_name"), (section.agentPort != nil, "thrift.agent_port"),
            (section.splitsOversizedBatches != nil, "thrift.udp_split_oversized_batches"),
        ]
        if section.transport == .grpc {
            noticeUnused(thriftKeys, because: "jaeger.protocol is grpc")
            return .jaegerGRPC(jaegerGRPC(reader))
        }
        noticeUnused([(section.isInsecure != nil, "grpc.insecure")], because: "jaeger.protocol is thrift")
        let namesAgent = section.agentHost != nil || section.agentPort != nil
        if section.collectorEndpoint != nil || (!namesAgent && reader.text(JaegerEnvironment.name("ENDPOINT")) != nil) {
            noticeUnused(thriftKeys, because: "with jaeger.collector_endpoint spans go over HTTP")
            return .jaegerHTTP(jaegerHTTP(reader))
        }
        if section.splitsOversizedBatches == false {
            notices.add("\(place).jaeger.thrift.udp_split_oversized_batches: false has no effect: batches are always split, never dropped.")
        }
        var result = JaegerUDPExporterConfiguration(reader)
        if let host = section.agentHost { result.host = host }
        if let port = section.agentPort { result.port = port }
        result.maximumTagValueLength = maximumTagValueLength
        return .jaegerUDP(result)
    }

    private func jaegerHTTP(_ reader: EnvironmentReader) -> JaegerHTTPExporterConfiguration {
        var result = JaegerHTTPExporterConfiguration(reader)
        if let endpoint = tracing.jaeger.collectorEndpoint { result.endpoint = endpoint }
        if let timeout = tracing.timeout { result.timeout = timeout }
        result.maximumTagValueLength = maximumTagValueLength
        return result
    }

    private func jaegerGRPC(_ reader: EnvironmentReader) -> JaegerGRPCExporterConfiguration {
        var result = JaegerGRPCExporterConfiguration(reader)
        let section = tracing.jaeger
        if let isInsecure = section.isInsecure {
            result.isInsecure = isInsecure
            // The usual port, with TLS or without it as the file says.
            if reader.text(JaegerEnvironment.name("ENDPOINT")) == nil { result.endpoint = "localhost:\(DefaultPort.jaegerGRPC)" }
        }
        if let endpoint = section.collectorEndpoint { result.endpoint = endpoint }
        if let timeout = tracing.timeout { result.timeout = timeout }
        result.maximumTagValueLength = maximumTagValueLength
        return result
    }

    // MARK: OTLP

    private func otlp() -> ExporterConfiguration {
        let section = tracing.otlp
        let reader = variables(without: [
            (section.endpoint != nil, OTLPEnvironment.names("ENDPOINT")), (section.compression != nil, OTLPEnvironment.names("COMPRESSION")),
            (section.transport != nil, OTLPEnvironment.names("PROTOCOL")), (tracing.timeout != nil, OTLPEnvironment.names("TIMEOUT")),
        ])
        let isNamed = OTLPEnvironment.names("PROTOCOL").contains { reader.text($0) != nil }
        let dialect: OTLPEnvironment.Dialect =
            switch section.transport {
            case .http: .httpProtobuf
            case .httpJSON: .httpJSON
            case .grpc: .grpc
            case nil: isNamed ? OTLPEnvironment.dialect(reader) : .grpc
            }
        if dialect == .grpc {
            noticeUnused(
                [(section.httpHeaders != nil, "otlp.http.headers"), (section.certificateFile != nil, "otlp.http.certificate_file")],
                because: "otlp.protocol is grpc"
            )
            return .otlpGRPC(otlpGRPC(reader))
        }
        noticeUnused(
            [(section.grpcHeaders != nil, "otlp.grpc.headers"), (section.isInsecure != nil, "otlp.grpc.insecure")],
            because: "otlp.protocol is http"
        )
        return .otlpHTTP(otlpHTTP(reader, dialect: dialect))
    }

    private func otlpGRPC(_ reader: EnvironmentReader) -> OTLPGRPCExporterConfiguration {
        let section = tracing.otlp
        var result = OTLPGRPCExporterConfiguration(reader)
        if let isInsecure = section.isInsecure { result.isInsecure = isInsecure }
        if let endpoint = section.endpoint { result.endpoint = endpoint }
        if let compression = section.compression { result.compression = compression }
        if let headers = section.grpcHeaders { result.headers = headers }
        if let timeout = tracing.timeout { result.timeout = timeout }
        return result
    }

    private func otlpHTTP(_ reader: EnvironmentReader, dialect: OTLPEnvironment.Dialect) -> OTLPHTTPExporterConfiguration {
        let section = tracing.otlp
        var result = OTLPHTTPExporterConfiguration(reader, dialect: dialect)
        if let endpoint = section.endpoint {
            result.endpoint = endpoint
            if EndpointText(endpoint).path.isEmpty {
                result.endpoint = endpoint + "/v1/traces"
                notices.add("\(place).otlp.endpoint has no path; spans go to \(result.endpoint). Write the whole path, or end it with a slash to mean /.")
            }
        }
        if let compression = section.compression { result.compression = compression }
        if let headers = section.httpHeaders { result.headers = headers }
        if let file = section.certificateFile { result.tls.certificateFile = file }
        if let timeout = tracing.timeout { result.timeout = timeout }
        return result
    }
}
