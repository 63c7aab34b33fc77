internal import Inference
internal import Logging
internal import NeedletailTracing
internal import TraceModel

/// How a server's requests are traced: the words of `--trace-config`, a BentoML file and the environment, put together.
///
/// Words win over the file, the file over the environment, and that over the program's own words.
struct ServerTracing {
    var settings: TraceSettings
    /// Says which requests are traced; `nil`: every `rate`-th.
    var sampler: (any Sampler)?
    var excludedURLs = ExcludedURLs()
    /// Where the spans go; `nil` when nothing is traced.
    var configuration: TracingConfiguration?

    /// - Parameter exports: `false` when the spans go to a processor of the caller's: only a file that is named is read then.
    init(_ options: ServerConfiguration.Tracing, exports: Bool, environment: [String: String], logger: Logger) throws {
        settings = try TraceSettings(traceConfig: options.defaultWords + options.traceConfig)
        let attributes = Self.attributes(settings, environment: environment)
        var file: TracingConfiguration?
        if let path = options.file {
            file = try TracingConfiguration(bentoMLFile: path, environment: environment, attributes: attributes, logger: logger)
        } else if exports {
            file = try TracingConfiguration.bentoML(environment: environment, attributes: attributes, logger: logger)
        }
        if let file { try use(file, options, logger: logger) }
        guard exports, settings.level != .off else { return }
        var tracing = file ?? TracingConfiguration(environment: environment, attributes: attributes, logger: logger)
        excludedURLs = tracing.excludedURLs
        tracing.batch.shutdownTimeout = options.flushTimeout
        if let url = settings.url {
            var exporter = OTLPHTTPExporterConfiguration()
            if case .otlpHTTP(let configured)? = tracing.exporters.first { exporter = configured }
            exporter.endpoint = url
            tracing.exporters = [.otlpHTTP(exporter)]
        }
        setBatch(&tracing, environment: environment)
        configuration = tracing
    }

    /// Where words say nothing the file counts, and the program's own words on the same matter do not.
    private mutating func use(_ file: TracingConfiguration, _ options: ServerConfiguration.Tracing, logger: Logger) throws {
        func isGiven(_ setting: String) -> Bool { options.traceConfig.contains { $0.hasPrefix(setting + "=") } }
        let url = "opentelemetry,url"
        settings = try TraceSettings(
            traceConfig: options.defaultWords.filter { !$0.hasPrefix("rate=") && !$0.hasPrefix(url + "=") } + options.traceConfig
        )
        if !isGiven("level") { settings.level = .timestamps }
        if !isGiven("rate") {
            settings.rate = 1
            sampler = file.sampler
        }
        excludedURLs = file.excludedURLs
        if isGiven(url) { logger.notice("Spans go to the URL of --trace-config, not to the exporter of the tracing file.") }
    }

    /// The resource's attributes by words, and a name for the service where nobody gives one.
    private static func attributes(_ settings: TraceSettings, environment: [String: String]) -> [Attribute] {
        var attributes: [Attribute] = []
        for item in settings.resource {
            attributes.removeAll { $0.key == item.key }
            attributes.append(Attribute(item.key, .string(item.value)))
        }
        // What is wrong with the environment is said once, by the configuration.
        let silent = Logger(label: "needletail.serving") { _ in SwiftLogNoOpLogHandler() }
        let hasName = attributes["service.name"] != nil || Resource.detected(environment: environment, logger: silent).isNamed
        if !hasName { attributes.append(Attribute("service.name", .string(Server.defaultServiceName))) }
        return attributes
    }

    private func setBatch(_ tracing: inout TracingConfiguration, environment: [String: String]) {
        if let size = settings.bspMaxQueueSize {
            tracing.batch.maxQueueSize = Int(size)
        } else if environment["OTEL_BSP_MAX_QUEUE_SIZE"] == nil {
            tracing.batch.maxQueueSize = Server.defaultMaxQueueSize
        }
        if let size = settings.bspMaxExportBatchSize {
            tracing.batch.maxExportBatchSize = Int(size)
        } else if environment["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] == nil {
            tracing.batch.maxExportBatchSize = min(Server.defaultMaxExportBatchSize, tracing.batch.maxQueueSize)
        }
        if let delay = settings.bspScheduleDelay { tracing.batch.scheduleDelay = .milliseconds(Int64(delay)) }
    }
}

extension Resource {
    /// Somebody gave the service a name.
    fileprivate var isNamed: Bool { !serviceName.hasPrefix(Resource.unknownService) }
}
