internal import TraceModel

/// Reads `tracing` blocks: every key of BentoML 0.13 to 1.4, in its old and new spelling.
struct BentoMLTracingReader {
    let notices: BentoMLNotices

    /// A year is as good as for ever.
    private static let timeouts = 0.001...31_536_000

    func tracing(_ reader: YAMLReader) -> BentoMLTracing {
        var result = BentoMLTracing()
        let keys = ["exporter_type", "type", "sample_rate", "timeout", "max_tag_value_length", "excluded_urls", "zipkin", "jaeger", "otlp"]
        guard let mapping = reader.mapping(keys, hint: Self.tracingHint) else { return result }
        result.exporter = renamed("type", to: "exporter_type", in: mapping) {
            $0.choice(["zipkin": .zipkin, "jaeger": .jaeger, "otlp": .otlp, "in_memory": .inMemory])
        }
        result.sampleRate = mapping["sample_rate"]?.number(in: 0...1)
        result.timeout = mapping["timeout"]?.number(in: Self.timeouts).map { .milliseconds(Int($0 * 1000)) }
        result.maximumTagValueLength = mapping["max_tag_value_length"]?.integer()
        result.excludedURLs = mapping["excluded_urls"].flatMap(excludedURLs)
        if let reader = mapping["zipkin"] { result.zipkin = zipkin(reader) }
        if let reader = mapping["jaeger"] { result.jaeger = jaeger(reader) }
        if let reader = mapping["otlp"] { result.otlp = otlp(reader) }
        return result
    }

    private static func tracingHint(_ key: String) -> String? {
        switch key {
        case "endpoint", "url": "zipkin.endpoint, jaeger.collector_endpoint or otlp.endpoint"
        case "protocol": "jaeger.protocol or otlp.protocol"
        case "ratio", "sampling_rate", "sampler": "\"sample_rate\""
        case "headers": "otlp.http.headers or otlp.grpc.headers"
        default: nil
        }
    }

    // MARK: Exporters

    private func zipkin(_ reader: YAMLReader) -> BentoMLTracing.Zipkin {
        var result = BentoMLTracing.Zipkin()
        guard let mapping = reader.mapping(["endpoint", "url", "local_node_ipv4", "local_node_ipv6", "local_node_port"], hint: Self.sectionHint)
        else { return result }
        result.endpoint = renamed("url", to: "endpoint", in: mapping) { httpEndpoint($0, .zipkin) }
        result.localIPv4 = mapping["local_node_ipv4"].flatMap(ipv4)
        result.localIPv6 = mapping["local_node_ipv6"].flatMap(ipv6)
        result.localPort = mapping["local_node_port"]?.integer(in: 1...65_535)
        return result
    }

    private func jaeger(_ reader: YAMLReader) -> BentoMLTracing.Jaeger {
        var result = BentoMLTracing.Jaeger()
        let keys = ["protocol", "collector_endpoint", "address", "port", "thrift", "grpc"]
        guard let mapping = reader.mapping(keys, hint: Self.jaegerHint) else { return result }
        result.transport = mapping["protocol"]?.choice(["thrift": .thrift, "grpc": .grpc])
        let names = result.transport == .grpc ? ExporterNames.jaegerGRPC : .jaegerHTTP
        result.collectorEndpoint = mapping["collector_endpoint"].flatMap {
            result.transport == .grpc ? grpcEndpoint($0, names) : httpEndpoint($0, names)
        }
        let thrift = mapping["thrift"]?.mapping(["agent_host_name", "agent_port", "udp_split_oversized_batches"], hint: Self.sectionHint)
        result.agentHost = renamed("address", in: mapping, to: "agent_host_name", in: thrift, "thrift.agent_host_name", host)
        result.agentPort = renamed("port", in: mapping, to: "agent_port", in: thrift, "thrift.agent_port") { $0.integer(in: 1...65_535) }
        result.splitsOversizedBatches = thrift?["udp_split_oversized_batches"]?.boolean()
        result.isInsecure = mapping["grpc"]?.mapping(["insecure"], hint: Self.sectionHint)?["insecure"]?.boolean()
        return result
    }

    private static func jaegerHint(_ key: String) -> String? {
        switch key {
        case "agent_host_name", "agent_port", "udp_split_oversized_batches": "thrift.\(key)"
        case "host": "thrift.agent_host_name"
        case "insecure": "grpc.insecure"
        case "endpoint", "url": "\"collector_endpoint\""
        default: sectionHint(key)
        }
    }

    private func otlp(_ reader: YAMLReader) -> BentoMLTracing.OTLP {
        var result = BentoMLTracing.OTLP()
        guard let mapping = reader.mapping(["protocol", "endpoint", "url", "compression", "http", "grpc"], hint: Self.otlpHint) else { return result }
        result.transport = mapping["protocol"]?.choice(
            ["grpc": .grpc, "http": .http, "http/protobuf": .http, "http/json": .httpJSON]
        )
        let isHTTP = result.transport == .http || result.transport == .httpJSON
        result.endpoint = renamed("url", to: "endpoint", in: mapping) { isHTTP ? httpEndpoint($0, .otlpHTTP) : grpcEndpoint($0, .otlpGRPC) }
        result.compression = mapping["compression"]?.choice(["none": .none, "gzip": .gzip, "deflate": .deflate, "zstd": .zstd])
        if result.compression == .zstd, !isHTTP {
            mapping["compression"]?.mistake("\"zstd\" goes with protocol http only", expected: "one of none, gzip, deflate")
        }
        let http = mapping["http"]?.mapping(["certificate_file", "headers"], hint: Self.sectionHint)
        result.certificateFile = http?["certificate_file"].flatMap(certificateFile)
        result.httpHeaders = http?["headers"].flatMap { headers($0, .otlpHTTP) }
        let grpc = mapping["grpc"]?.mapping(["insecure", "headers"], hint: Self.sectionHint)
        result.grpcHeaders = grpc?["headers"].flatMap { headers($0, .otlpGRPC) }
        result.isInsecure = grpc?["insecure"]?.boolean()
        if let isInsecure = result.isInsecure, let endpoint = result.endpoint, !isHTTP {
            checkInsecure(grpc?["insecure"], isInsecure, endpoint: endpoint)
        }
        return result
    }

    private static func otlpHint(_ key: String) -> String? {
        switch key {
        case "headers": "http.headers or grpc.headers"
        case "insecure": "grpc.insecure"
        case "certificate_file", "certificate": "http.certificate_file"
        default: sectionHint(key)
        }
    }

    /// Keys that belong to `tracing` itself.
    private static func sectionHint(_ key: String) -> String? {
        switch key {
        case "timeout", "max_tag_value_length", "sample_rate", "excluded_urls": "\(key) of the tracing block itself"
        default: nil
        }
    }

    /// The scheme decides about TLS, and must not say the opposite.
    private func checkInsecure(_ reader: YAMLReader?, _ isInsecure: Bool, endpoint: String) {
        let scheme = EndpointText(endpoint).scheme
        if isInsecure, scheme == "https" {
            reader?.mistake("is true, but the endpoint begins with https://", expected: "one of them to change")
        } else if !isInsecure, scheme == "http" {
            reader?.mistake("is false, but the endpoint begins with http://, which is without TLS", expected: "an endpoint with https://, or true")
        }
    }
}
