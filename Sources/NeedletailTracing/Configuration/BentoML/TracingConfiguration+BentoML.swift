public import Logging
public import TraceModel

/// BentoML's configuration file.
extension TracingConfiguration {
    /// Reads the tracing block of a BentoML configuration file, of any of its versions from 0.13 on.
    ///
    /// ```yaml
    /// tracing:
    ///   exporter_type: otlp
    ///   sample_rate: 1.0
    ///   excluded_urls: readyz,livez,healthz,metrics
    ///   otlp:
    ///     protocol: grpc
    ///     endpoint: http://localhost:4317
    /// ```
    ///
    /// The block may stand at the top, under `api_server`, under `services` (all services) or `services.<name>`; all of it
    /// that is not tracing is BentoML's and is not looked at. Old key names work, with a notice. Words are read in any letter
    /// case, numbers may stand in quotes, and texts may have `${NAME}` and `${NAME:-default}`.
    ///
    /// What counts, first to last: the file; the environment variables `OTEL_EXPORTER_…`, `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_EXPORTER`
    /// and `OTEL_SWIFT_EXCLUDED_URLS` where the file says nothing; BentoML's defaults. `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
    /// `OTEL_BSP_…`, the limits, `OTEL_PROPAGATORS` and `OTEL_SDK_DISABLED` count as always.
    ///
    /// `sample_rate` is the share of traces that begin here and are sampled; a caller's decision is kept. As in BentoML it
    /// is 0 when it is not set. `max_tag_value_length` shortens tags, and with OTLP, which has none, attribute values.
    /// `BENTOML_CONFIG_OVERRIDES` and `BENTOML_CONFIG_OPTIONS` are not read, with a notice.
    ///
    /// - Parameters:
    ///   - path: ends in `.yml` or `.yaml`.
    ///   - service: whose block counts on top of the common one; when it is `nil`, that of `OTEL_SERVICE_NAME`, if there is one.
    ///     It is also the name of the service when the environment gives none.
    ///   - attributes: of the resource; they win over the environment's.
    /// - Throws: ``TracingConfigurationError`` `.invalidFile` with a line for each mistake: an unknown key, a wrong type or value,
    ///   an empty pattern in `excluded_urls`, two blocks that differ.
    public init(
        bentoMLFile path: String,
        service: String? = nil,
        environment: [String: String] = ProcessEnvironment.current,
        attributes: [Attribute] = [],
        logger: Logger = Logger(label: "needletail.tracing")
    ) throws(TracingConfigurationError) {
        try Self.checkName(path, setting: nil)
        try self.init(
            bentoML: try YAMLDocument(path: path), service: service, environment: environment, attributes: attributes, logger: logger
        )
    }

    /// Reads the text of a BentoML configuration file, as ``init(bentoMLFile:service:environment:attributes:logger:)`` does.
    ///
    /// - Parameter name: stands for the file in messages.
    public init(
        bentoMLText text: String,
        name: String = "bentoml.yml",
        service: String? = nil,
        environment: [String: String] = ProcessEnvironment.current,
        attributes: [Attribute] = [],
        logger: Logger = Logger(label: "needletail.tracing")
    ) throws(TracingConfigurationError) {
        let document = try YAMLDocument(text: text, file: name)
        try self.init(bentoML: document, service: service, environment: environment, attributes: attributes, logger: logger)
    }

    /// Reads the file that `BENTOML_CONFIG` names.
    ///
    /// - Returns: `nil` when the variable is not set, or the file says nothing about tracing.
    /// - Throws: ``TracingConfigurationError`` `.invalidFile`.
    public static func bentoML(
        environment: [String: String] = ProcessEnvironment.current,
        attributes: [Attribute] = [],
        logger: Logger = Logger(label: "needletail.tracing")
    ) throws(TracingConfigurationError) -> TracingConfiguration? {
        guard let path = environment[pathVariable], !path.isEmpty else { return nil }
        try checkName(path, setting: pathVariable)
        let notices = BentoMLNotices()
        let document = try YAMLDocument(path: path)
        guard let file = try read(document, service: nil, environment: environment, notices: notices) else { return nil }
        return TracingConfiguration(file, notices: notices, service: nil, environment: environment, attributes: attributes, logger: logger)
    }

    /// Where BentoML itself also looks.
    private static let unreadVariables = ["BENTOML_CONFIG_OVERRIDES", "BENTOML_CONFIG_OPTIONS"]

    /// BentoML's name of the variable with the path.
    static let pathVariable = "BENTOML_CONFIG"

    /// As in BentoML; saves whoever gives a JSON or TOML file a strange message.
    private static func checkName(_ path: String, setting: String?) throws(TracingConfigurationError) {
        let name = path.lowercased()
        guard name.hasSuffix(".yml") || name.hasSuffix(".yaml") else {
            let origin = setting.map { "\($0)=\(path)" } ?? path
            throw TracingConfigurationError(code: .invalidFile, message: "\(origin): is no name of a YAML file; expected one that ends in .yml or .yaml")
        }
    }

    private init(
        bentoML document: YAMLDocument,
        service: String?,
        environment: [String: String],
        attributes: [Attribute],
        logger: Logger
    ) throws(TracingConfigurationError) {
        let notices = BentoMLNotices()
        guard let file = try Self.read(document, service: service, environment: environment, notices: notices) else {
            throw TracingConfigurationError(
                code: .invalidFile,
                message: "\(document.file):1: has no tracing block; expected tracing:, api_server.tracing:, services.tracing: or services.<name>.tracing:"
            )
        }
        self.init(file, notices: notices, service: service, environment: environment, attributes: attributes, logger: logger)
    }

    private static func read(
        _ document: YAMLDocument,
        service: String?,
        environment: [String: String],
        notices: BentoMLNotices
    ) throws(TracingConfigurationError) -> BentoMLFile? {
        try BentoMLFile.read(
            document,
            service: service,
            usualService: environment["OTEL_SERVICE_NAME"],
            variables: BentoMLVariables(environment: environment),
            notices: notices
        )
    }

    private init(
        _ file: BentoMLFile,
        notices: BentoMLNotices,
        service: String?,
        environment: [String: String],
        attributes: [Attribute],
        logger: Logger
    ) {
        let tracing = file.tracing
        let silent = Logger(label: "needletail.tracing") { _ in SwiftLogNoOpLogHandler() }
        var attributes = attributes
        let named = Resource.detected(environment: environment, attributes: attributes, logger: silent)
        if let service, named.serviceName.hasPrefix(Resource.unknownService) { attributes.append(Attribute("service.name", .string(service))) }
        // What the file decides is not looked at in the environment, and so not complained of.
        let samplerIsOpen = tracing.sampleRate == nil
        let other = environment.filter { name, _ in
            !name.hasPrefix("OTEL_EXPORTER_") && name != "OTEL_TRACES_EXPORTER" && (samplerIsOpen || !name.hasPrefix("OTEL_TRACES_SAMPLER"))
        }
        self.init(environment: other, attributes: attributes, logger: logger)
        let exporter = BentoMLExporter(tracing: tracing, place: file.place, environment: environment, logger: logger, notices: notices)
        exporters = exporter.configurations()
        if let urls = tracing.excludedURLs { excludedURLs = urls }
        if let rate = tracing.sampleRate {
            sampler = ParentBasedSampler(root: TraceIDRatioSampler(ratio: rate))
        } else if environment["OTEL_TRACES_SAMPLER"]?.isEmpty != false {
            sampler = ParentBasedSampler(root: TraceIDRatioSampler(ratio: 0))
            notices.add("\(file.place).sample_rate is not set, so nothing is exported but what a caller sampled; set it to a number up to 1.0.")
        }
        if tracing.chosenExporter == .otlp, let length = tracing.maximumTagValueLength, length > 0 {
            limits.attributeValueLength = min(limits.attributeValueLength ?? length, length)
        }
        for name in Self.unreadVariables where environment[name]?.contains("tracing") == true {
            notices.add("\(name) is not read; write what it says of tracing into the file (\(file.place)).")
        }
        notices.log(to: logger)
    }
}
