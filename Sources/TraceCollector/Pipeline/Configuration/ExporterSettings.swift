internal import NeedletailTracing
internal import TraceModel

/// What an exporter of `traces.yaml` is to do.
struct ExporterSettings: Sendable {
    enum Kind: Sendable {
        /// Our own store.
        case traceStore
        case otlpGRPC(OTLPGRPCExporterConfiguration)
        case otlpHTTP(OTLPHTTPExporterConfiguration)
        case zipkin(ZipkinExporterConfiguration)
        case file(CollectorFile.Settings)
        case debug(DebugExporter.Settings)
        /// The metrics generator hears of spans without being sent any.
        case connector(String)

        var isStore: Bool { if case .traceStore = self { true } else { false } }

        var isForwarding: Bool {
            switch self {
            case .traceStore, .connector: false
            default: true
            }
        }
    }

    var kind: Kind
    var queue = SendingQueue.Settings()
    var retry = Self.defaultRetry

    static let storeType = "trace_store"
    static let remoteWriteType = "prometheusremotewrite"
    static let types = [
        storeType, "otlp", "otlp_grpc", "otlphttp", "otlp_http", "zipkin", "file", "debug", remoteWriteType,
    ]

    /// The Collector's.
    static let defaultRetry = RetryPolicy(
        initialBackoff: .seconds(5), maximumBackoff: .seconds(30), multiplier: 1.5, jitter: 0.5, maximumAttempts: .max,
        maximumElapsedTime: .seconds(300)
    )

    init(kind: Kind) {
        self.kind = kind
    }

    /// `nil`, with mistakes, for what cannot be used.
    init?(_ type: String, _ reader: YAMLReader, storages: [ComponentID: FileStorageSettings]) {
        switch type {
        case Self.storeType:
            _ = reader.mapping([])
            self.init(kind: .traceStore)
            return
        case "file":
            guard let settings = CollectorFile.Settings(reader) else { return nil }
            self.init(kind: .file(settings))
            queue.isEnabled = false
            return
        case "debug":
            self.init(kind: .debug(DebugExporter.Settings(reader)))
            queue.isEnabled = false
            return
        default: break
        }
        guard let mapping = reader.mapping(Self.keys(type)) else {
            if reader.isNull { reader.missing("endpoint", expected: type.hasPrefix("otlp") && !type.contains("http") ? "host:port" : "a URL") }
            return nil
        }
        let kind: Kind? =
            switch type {
            case "otlp", "otlp_grpc": Self.otlpGRPC(mapping, reader)
            case "otlphttp", "otlp_http": Self.otlpHTTP(mapping, reader)
            default: Self.zipkin(mapping, reader)
            }
        let queue = SendingQueue.Settings(mapping["sending_queue"], storages: storages)
        let retry = Self.retry(mapping["retry_on_failure"])
        guard let kind else { return nil }
        self.init(kind: kind)
        self.queue = queue
        self.retry = retry
    }

    private static func keys(_ type: String) -> [String] {
        let common = ["endpoint", "compression", "headers", "tls", "timeout", "sending_queue", "retry_on_failure"]
        switch type {
        case "otlphttp", "otlp_http": return common + ["traces_endpoint", "encoding"]
        case "zipkin": return common + ["format"]
        default: return common
        }
    }

    // MARK: Kinds

    private static func otlpGRPC(_ mapping: YAMLMapping, _ reader: YAMLReader) -> Kind? {
        guard let place = mapping["endpoint"], let endpoint = place.string() else {
            if mapping["endpoint"]?.isNull ?? true { reader.missing("endpoint", expected: "host:port") }
            return nil
        }
        let (tls, isInsecure) = tls(mapping)
        let configuration = OTLPGRPCExporterConfiguration(
            endpoint: endpoint,
            isInsecure: isInsecure,
            compression: mapping["compression"]?.choice(["none": .none, "gzip": .gzip, "deflate": .deflate]) ?? .gzip,
            headers: mapping["headers"]?.headers() ?? [:],
            tls: tls,
            timeout: mapping["timeout"]?.duration() ?? .seconds(5),
            retry: oneAttempt
        )
        return checked(.otlpGRPC(configuration), place) { () throws(TracingConfigurationError) in _ = try OTLPGRPCExporter(configuration: configuration) }
    }

    private static func otlpHTTP(_ mapping: YAMLMapping, _ reader: YAMLReader) -> Kind? {
        let url: String
        let place: YAMLReader
        if let traces = mapping["traces_endpoint"], let text = traces.string() {
            (url, place) = (text, traces)
        } else if let endpoint = mapping["endpoint"], let text = endpoint.string() {
            (url, place) = ((text.hasSuffix("/") ? String(text.dropLast()) : text) + "/v1/traces", endpoint)
        } else {
            if mapping["endpoint"]?.isNull ?? true { reader.missing("endpoint", expected: "endpoint or traces_endpoint: a URL") }
            return nil
        }
        let configuration = OTLPHTTPExporterConfiguration(
            endpoint: url,
            encoding: mapping["encoding"]?.choice(["proto": .protobuf, "json": .json]) ?? .protobuf,
            compression: compression(mapping) ?? .gzip,
            headers: mapping["headers"]?.headers() ?? [:],
            tls: tls(mapping).tls,
            timeout: mapping["timeout"]?.duration() ?? .seconds(30),
            retry: oneAttempt
        )
        return checked(.otlpHTTP(configuration), place) { () throws(TracingConfigurationError) in _ = try OTLPHTTPExporter(configuration: configuration) }
    }

    private static func zipkin(_ mapping: YAMLMapping, _ reader: YAMLReader) -> Kind? {
        guard let place = mapping["endpoint"], let endpoint = place.string() else {
            if mapping["endpoint"]?.isNull ?? true { reader.missing("endpoint", expected: "a URL such as http://localhost:9411/api/v2/spans") }
            return nil
        }
        var configuration = ZipkinExporterConfiguration(
            endpoint: endpoint,
            headers: mapping["headers"]?.headers() ?? [:],
            compression: compression(mapping) ?? .none,
            tls: tls(mapping).tls,
            timeout: mapping["timeout"]?.duration() ?? .seconds(5),
            retry: oneAttempt
        )
        configuration.encoding = mapping["format"]?.choice(["json": .json, "proto": .protobuf]) ?? .json
        let settings = configuration
        return checked(.zipkin(settings), place) { () throws(TracingConfigurationError) in _ = try ZipkinExporter(configuration: settings) }
    }

    private static func compression(_ mapping: YAMLMapping) -> ExportCompression? {
        mapping["compression"]?.choice(["none": .none, "gzip": .gzip, "zstd": .zstd, "deflate": .deflate, "zlib": .deflate])
    }

    /// The queue does the retries.
    private static let oneAttempt = RetryPolicy(maximumAttempts: 1)

    /// What the exporter itself has to say of its settings.
    private static func checked(_ kind: Kind, _ place: YAMLReader, _ make: () throws(TracingConfigurationError) -> Void) -> Kind? {
        do throws(TracingConfigurationError) {
            try make()
            return kind
        } catch {
            place.mistake(error.message)
            return nil
        }
    }

    private static func tls(_ mapping: YAMLMapping) -> (tls: TLSClientConfiguration, isInsecure: Bool) {
        guard let own = mapping["tls"]?.mapping(["insecure", "insecure_skip_verify", "ca_file", "cert_file", "key_file"]) else {
            return (TLSClientConfiguration(), false)
        }
        var tls = TLSClientConfiguration(
            certificateFile: own["ca_file"]?.string(), clientCertificateFile: own["cert_file"]?.string(), clientKeyFile: own["key_file"]?.string()
        )
        tls.skipsVerification = own["insecure_skip_verify"]?.boolean() ?? false
        return (tls, own["insecure"]?.boolean() ?? false)
    }

    private static func retry(_ reader: YAMLReader?) -> RetryPolicy {
        var policy = defaultRetry
        let keys = ["enabled", "initial_interval", "max_interval", "multiplier", "randomization_factor", "max_elapsed_time"]
        guard let mapping = reader?.mapping(keys) else { return policy }
        policy.initialBackoff = mapping["initial_interval"]?.duration() ?? policy.initialBackoff
        policy.maximumBackoff = mapping["max_interval"]?.duration() ?? policy.maximumBackoff
        policy.multiplier = mapping["multiplier"]?.number(in: 1...1000) ?? policy.multiplier
        policy.jitter = mapping["randomization_factor"]?.number(in: 0...1) ?? policy.jitter
        if let elapsed = mapping["max_elapsed_time"]?.duration() { policy.maximumElapsedTime = elapsed == .zero ? .seconds(Int64(1) << 40) : elapsed }
        if mapping["enabled"]?.boolean() == false { policy.maximumAttempts = 1 }
        return policy
    }

    // MARK: Remote write

    /// The settings of `prometheusremotewrite`, which pushes what the metrics generator counts.
    static func remoteWrite(_ reader: YAMLReader) -> PrometheusRemoteWriter.Configuration? {
        let keys = ["endpoint", "headers", "external_labels", "timeout", "remote_write_queue", "retry_on_failure", "max_batch_size_bytes", "send_metadata"]
        guard let mapping = reader.mapping(keys), let endpoint = mapping["endpoint"]?.string() else {
            if reader.isNull || reader.mapping()?["endpoint"] == nil { reader.missing("endpoint", expected: "a URL such as http://127.0.0.1:9090/api/v1/write") }
            return nil
        }
        var configuration = PrometheusRemoteWriter.Configuration(url: endpoint)
        configuration.headers = mapping["headers"]?.headers() ?? [:]
        for entry in mapping["external_labels"]?.mapping()?.entries ?? [] {
            configuration.externalLabels[entry.key] = entry.value.string(takesAny: true)
        }
        if let timeout = mapping["timeout"]?.duration() { configuration.timeoutSeconds = timeout.inSeconds }
        configuration.maxBatchSizeBytes = mapping["max_batch_size_bytes"]?.integer(in: 1000...1_000_000_000) ?? configuration.maxBatchSizeBytes
        configuration.sendMetadata = mapping["send_metadata"]?.boolean() ?? configuration.sendMetadata
        configuration.queueSize = mapping["remote_write_queue"]?.mapping(["queue_size"])?["queue_size"]?.integer(in: 1...10_000_000) ?? configuration.queueSize
        let retry = mapping["retry_on_failure"]?.mapping(["initial_interval", "max_interval", "max_elapsed_time"])
        if let interval = retry?["initial_interval"]?.duration() { configuration.retryInitialInterval = interval.inSeconds }
        if let interval = retry?["max_interval"]?.duration() { configuration.retryMaxInterval = interval.inSeconds }
        if let elapsed = retry?["max_elapsed_time"]?.duration() { configuration.retryMaxElapsedTime = elapsed.inSeconds }
        return configuration
    }
}

/// The extension `file_storage`: a folder for what has to survive the end of the program.
struct FileStorageSettings: Sendable, Equatable {
    static let type = "file_storage"

    var directory: String
    var createsDirectory = true

    init(directory: String) {
        self.directory = directory
    }

    init?(_ reader: YAMLReader) {
        let mapping = reader.mapping(["directory", "create_directory", "timeout"])
        directory = mapping?["directory"]?.string() ?? "/var/lib/otelcol/file_storage"
        createsDirectory = mapping?["create_directory"]?.boolean() ?? true
        _ = mapping?["timeout"]?.duration()
    }
}
