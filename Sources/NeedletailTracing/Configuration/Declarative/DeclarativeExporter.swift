/// Processors and exporters of a declarative configuration file.
enum DeclarativeExporter {
    private static let kinds = ["otlp_http", "otlp_grpc", "otlp", "otlp_file", "otlp_file/development", "console", "zipkin"]

    /// An element of `tracer_provider.processors`; `nil`, with a mistake, for what is none.
    static func processor(_ reader: YAMLReader) -> ExporterConfiguration? {
        guard let (kind, value) = reader.onlyEntry(["batch", "simple"]) else { return nil }
        if kind == "simple" {
            return required(value.mapping(["exporter"])?["exporter"], of: value).map { .simple($0) }
        }
        let keys = ["schedule_delay", "export_timeout", "max_queue_size", "max_export_batch_size", "exporter"]
        let mapping = value.mapping(keys)
        var batch = BatchSpanProcessorConfiguration()
        if let delay = mapping?["schedule_delay"]?.milliseconds() { batch.scheduleDelay = delay }
        if let timeout = mapping?["export_timeout"]?.milliseconds() { batch.exportTimeout = timeout }
        if let size = mapping?["max_queue_size"]?.integer(in: 1 ... .max) { batch.maxQueueSize = size }
        batch.maxExportBatchSize = min(batch.maxExportBatchSize, batch.maxQueueSize)
        if let size = mapping?["max_export_batch_size"]?.integer(in: 1 ... batch.maxQueueSize) { batch.maxExportBatchSize = size }
        return required(mapping?["exporter"], of: value).map { .batched($0, batch) }
    }

    private static func required(_ reader: YAMLReader?, of processor: YAMLReader) -> ExporterConfiguration? {
        guard let reader else {
            processor.mistake("has no exporter", expected: "exporter: with one of " + kinds.joined(separator: ", "))
            return nil
        }
        return exporter(reader)
    }

    private static func exporter(_ reader: YAMLReader) -> ExporterConfiguration? {
        guard let (kind, value) = reader.onlyEntry(kinds) else { return nil }
        switch kind {
        case "otlp_http": return .otlpHTTP(otlpHTTP(value, extraKeys: []))
        case "otlp_grpc": return .otlpGRPC(otlpGRPC(value, extraKeys: []))
        case "otlp": return otlp(value)
        case "zipkin": return .zipkin(zipkin(value))
        case "console":
            _ = value.mapping([])
            return .console(ConsoleExporterConfiguration())
        default: return file(value)
        }
    }

    // MARK: OTLP

    private static let tlsKeys = ["tls", "certificate_file", "client_key_file", "client_certificate_file", "certificate", "client_key", "client_certificate"]
    private static let otlpKeys = ["endpoint", "headers", "headers_list", "compression", "timeout"] + tlsKeys

    /// `otlp` of file format 0.3: the protocol decides.
    private static func otlp(_ reader: YAMLReader) -> ExporterConfiguration {
        let names: KeyValuePairs<String, OTLPEnvironment.Dialect> = ["http/protobuf": .httpProtobuf, "http/json": .httpJSON, "grpc": .grpc]
        // Its keys are looked at below.
        let dialect = reader.isNull ? nil : reader.mapping()?["protocol"]?.choice(names)
        if dialect == .grpc { return .otlpGRPC(otlpGRPC(reader, extraKeys: ["protocol"])) }
        var configuration = otlpHTTP(reader, extraKeys: ["protocol"])
        if dialect == .httpJSON { configuration.encoding = .json }
        return .otlpHTTP(configuration)
    }

    private static func otlpHTTP(_ reader: YAMLReader, extraKeys: [String]) -> OTLPHTTPExporterConfiguration {
        var configuration = OTLPHTTPExporterConfiguration()
        guard let mapping = reader.mapping(otlpKeys + ["encoding"] + extraKeys) else { return configuration }
        if let endpoint = mapping["endpoint"] { configuration.endpoint = httpEndpoint(endpoint, .otlpHTTP) ?? configuration.endpoint }
        configuration.encoding = mapping["encoding"]?.choice(["protobuf": .protobuf, "json": .json]) ?? configuration.encoding
        configuration.compression =
            mapping["compression"]?.choice(["none": .none, "gzip": .gzip, "deflate": .deflate, "zstd": .zstd]) ?? configuration.compression
        configuration.headers = headers(mapping, .otlpHTTP)
        configuration.timeout = mapping["timeout"]?.milliseconds() ?? configuration.timeout
        configuration.tls = tls(mapping, .otlpHTTP).tls
        return configuration
    }

    private static func otlpGRPC(_ reader: YAMLReader, extraKeys: [String]) -> OTLPGRPCExporterConfiguration {
        var configuration = OTLPGRPCExporterConfiguration()
        guard let mapping = reader.mapping(otlpKeys + ["insecure"] + extraKeys) else { return configuration }
        if let endpoint = mapping["endpoint"], let text = endpoint.string() {
            do throws(TracingConfigurationError) {
                try GRPCEndpoint.check(text, .otlpGRPC)
                configuration.endpoint = text
            } catch {
                endpoint.mistake(error.message)
            }
        }
        configuration.compression = mapping["compression"]?.choice(["none": .none, "gzip": .gzip, "deflate": .deflate]) ?? configuration.compression
        configuration.headers = headers(mapping, .otlpGRPC)
        configuration.timeout = mapping["timeout"]?.milliseconds() ?? configuration.timeout
        let (tls, isInsecure) = tls(mapping, .otlpGRPC)
        configuration.tls = tls
        configuration.isInsecure = isInsecure ?? mapping["insecure"]?.boolean() ?? configuration.isInsecure
        return configuration
    }

    /// `tls` of newer files, single keys of older ones.
    private static func tls(_ mapping: YAMLMapping, _ names: ExporterNames) -> (tls: TLSClientConfiguration, isInsecure: Bool?) {
        func text(_ keys: String..., from mapping: YAMLMapping?) -> String? {
            keys.lazy.compactMap { mapping?[$0]?.string() }.first
        }
        let own = mapping["tls"]?.mapping(["ca_file", "key_file", "cert_file"] + (names == .otlpGRPC ? ["insecure"] : []))
        let tls = TLSClientConfiguration(
            certificateFile: text("ca_file", from: own) ?? text("certificate_file", "certificate", from: mapping),
            clientCertificateFile: text("cert_file", from: own) ?? text("client_certificate_file", "client_certificate", from: mapping),
            clientKeyFile: text("key_file", from: own) ?? text("client_key_file", "client_key", from: mapping)
        )
        do throws(TracingConfigurationError) {
            _ = try TLSMaterial(tls, names: names)
        } catch {
            let place = mapping["tls"] ?? tlsKeys.lazy.compactMap { mapping[$0] }.first
            place?.mistake(error.message)
        }
        return (tls, own?["insecure"]?.boolean())
    }

    /// `headers_list`, and `headers`, which win; names in lower case.
    private static func headers(_ mapping: YAMLMapping, _ names: ExporterNames) -> [String: String] {
        var headers: [String: String] = [:]
        if let list = mapping["headers_list"]?.secret, let text = list.string() {
            do throws(PercentEncodedList.Mistake) {
                for pair in try PercentEncodedList.parse(text) { headers[pair.key.lowercased()] = pair.value }
            } catch {
                list.mistake("\(error)", expected: "name=value,name=value with \",\", \"=\" and \"%\" percent-encoded")
            }
        }
        for element in mapping["headers"]?.list() ?? [] {
            guard let pair = element.mapping(["name", "value"]) else { continue }
            guard let name = pair["name"]?.string(takesAny: true) else {
                element.mistake("has no name", expected: "name and value")
                continue
            }
            headers[name.lowercased()] = pair["value"]?.secret.string(takesAny: true) ?? ""
        }
        do throws(TracingConfigurationError) {
            _ = try ExportHeaders.checked(headers, names: names)
        } catch {
            (mapping["headers"] ?? mapping["headers_list"])?.mistake(error.message)
            return [:]
        }
        return headers
    }

    private static func httpEndpoint(_ reader: YAMLReader, _ names: ExporterNames) -> String? {
        guard let text = reader.string() else { return nil }
        do throws(TracingConfigurationError) {
            return try HTTPEndpoint(text, names: names).url
        } catch {
            reader.mistake(error.message)
            return nil
        }
    }

    // MARK: Others

    private static func zipkin(_ reader: YAMLReader) -> ZipkinExporterConfiguration {
        var configuration = ZipkinExporterConfiguration()
        guard let mapping = reader.mapping(["endpoint", "timeout"]) else { return configuration }
        if let endpoint = mapping["endpoint"] { configuration.endpoint = httpEndpoint(endpoint, .zipkin) ?? configuration.endpoint }
        configuration.timeout = mapping["timeout"]?.milliseconds() ?? configuration.timeout
        return configuration
    }

    /// `otlp_file`: standard output, or a file by its URL or path.
    private static func file(_ reader: YAMLReader) -> ExporterConfiguration? {
        let stream = reader.mapping(["output_stream"])?["output_stream"]
        guard let text = stream?.string(), text != "stdout" else { return .console(ConsoleExporterConfiguration(format: .jsonLines)) }
        let path = text.hasPrefix("file://") ? String(text.dropFirst(7)) : text
        guard !path.isEmpty, !path.contains("://") else {
            stream?.mistake("\"\(text.prefix(60))\" is no place to write to", expected: "stdout or file:///path")
            return nil
        }
        return .file(FileExporterConfiguration(path: path))
    }
}
