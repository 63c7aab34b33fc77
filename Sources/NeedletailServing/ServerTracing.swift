internal import Inference
internal import Logging
internal import NeedletailTracing
internal import TraceModel

/// How a server's requests are traced: the words of `--trace-config`, a configuration file and the environment, put together.
///
/// Words win over the file, the file over the environment, and that over the program's own words.
struct ServerTracing {
    var settings: TraceSettings
    /// Says which requests are traced; `nil`: every `rate`-th.
    var sampler: (any Sampler)?
    var excludedURLs = ExcludedURLs()
    /// Reads the contexts of callers; `nil`: W3C Trace Context and Baggage.
    var propagator: (any TextMapPropagator)?
    /// Where the spans go, also those that are first asked for while the server runs; `nil` when that is not for this server.
    var configuration: TracingConfiguration?

    /// - Parameter exports: `false` when the spans go to a processor of the caller's: only a file that is named is read then.
    init(_ options: ServerConfiguration.Tracing, exports: Bool, environment: [String: String], logger: Logger) throws {
        var warnings: [String] = []
        let given = Result { try TraceSettings(traceConfig: options.traceConfig, warnings: &warnings) }
        for warning in warnings { logger.warning("\(warning)") }
        // The program's own words are no reason for a warning, nor are they for another mode.
        let usesFile = (try? given.get())?.mode == .triton
        let defaults = usesFile ? options.defaultWords.filter { !$0.hasPrefix("mode=") && !$0.hasPrefix("opentelemetry,") } : options.defaultWords
        settings = try TraceSettings(traceConfig: defaults + options.traceConfig)
        // What nobody reads from is not worth a warning.
        let silent = Logger(label: "needletail.serving") { _ in SwiftLogNoOpLogHandler() }
        guard settings.mode == .openTelemetry else {
            let plain = TracingConfiguration(environment: environment, logger: silent)
            excludedURLs = plain.excludedURLs
            propagator = Self.propagator(plain)
            return
        }
        let file = try Self.file(options, settings, exports: exports, environment: environment, logger: logger)
        if let file { try use(file, options, logger: logger) }
        guard exports else {
            propagator = Self.propagator(file ?? TracingConfiguration(environment: environment, logger: silent))
            return
        }
        var tracing =
            file ?? TracingConfiguration(environment: environment, attributes: Self.attributes(settings, environment: environment), logger: logger)
        excludedURLs = tracing.excludedURLs
        propagator = Self.propagator(tracing)
        tracing.batch.shutdownTimeout = options.flushTimeout
        if let url = settings.url {
            var exporter = OTLPHTTPExporterConfiguration()
            switch tracing.exporters.first {
            case .otlpHTTP(let configured)?, .batched(.otlpHTTP(let configured), _)?: exporter = configured
            default: break
            }
            exporter.endpoint = url
            tracing.exporters = [.otlpHTTP(exporter)]
        }
        setBatch(&tracing, environment: environment)
        configuration = tracing
    }

    // MARK: Files

    /// The file of the setting, else that of `OTEL_CONFIG_FILE`, else that of `BENTOML_CONFIG`.
    private static func file(
        _ options: ServerConfiguration.Tracing,
        _ settings: TraceSettings,
        exports: Bool,
        environment: [String: String],
        logger: Logger
    ) throws -> TracingConfiguration? {
        let attributes = attributes(settings, environment: environment)
        if let path = options.file {
            return try TracingConfiguration(bentoMLFile: path, environment: environment, attributes: attributes, logger: logger)
        }
        guard exports else { return nil }
        if let path = environment["OTEL_CONFIG_FILE"]?.trimmingBlanks(), !path.isEmpty {
            // The file may name the service, and is asked first.
            var file = try TracingConfiguration(
                configurationFile: String(path), attributes: words(settings), environment: environment, logger: logger
            )
            if !file.resource.isNamed {
                file.resource.attributes.removeAll { $0.key == "service.name" }
                file.resource.attributes.append(Attribute("service.name", .string(Server.defaultServiceName)))
            }
            return file
        }
        return try TracingConfiguration.bentoML(environment: environment, attributes: attributes, logger: logger)
    }

    /// Where words say nothing the file counts, and the program's own words on the same matter do not.
    private mutating func use(_ file: TracingConfiguration, _ options: ServerConfiguration.Tracing, logger: Logger) throws {
        func isGiven(_ setting: String) -> Bool { options.traceConfig.contains { $0.hasPrefix(setting + "=") } }
        let url = "opentelemetry,url"
        settings = try TraceSettings(
            traceConfig: options.defaultWords.filter { !$0.hasPrefix("rate=") && !$0.hasPrefix(url + "=") } + options.traceConfig
        )
        if !isGiven("level") { settings.level = file.isEnabled && !file.exporters.isEmpty ? .timestamps : .off }
        if !isGiven("rate") {
            settings.rate = 1
            sampler = file.sampler
        }
        excludedURLs = file.excludedURLs
        if isGiven(url) { logger.notice("Spans go to the URL of --trace-config, not to the exporter of the tracing file.") }
    }

    // MARK: Parts

    /// The resource's attributes by words; of a key that comes twice the last counts.
    private static func words(_ settings: TraceSettings) -> [Attribute] {
        var attributes: [Attribute] = []
        for item in settings.resource {
            attributes.removeAll { $0.key == item.key }
            attributes.append(Attribute(item.key, .string(item.value)))
        }
        return attributes
    }

    /// The same, and a name for the service where nobody gives one.
    private static func attributes(_ settings: TraceSettings, environment: [String: String]) -> [Attribute] {
        let attributes = words(settings)
        // What is wrong with the environment is said once, by the configuration.
        let silent = Logger(label: "needletail.serving") { _ in SwiftLogNoOpLogHandler() }
        let hasName = attributes["service.name"] != nil || Resource.detected(environment: environment, logger: silent).isNamed
        return hasName ? attributes : attributes + [Attribute("service.name", .string(Server.defaultServiceName))]
    }

    /// `nil` for W3C Trace Context and Baggage, which the tracer reads by itself.
    private static func propagator(_ tracing: TracingConfiguration) -> (any TextMapPropagator)? {
        let propagators = tracing.propagators
        let isDefault =
            propagators.count == 2 && propagators.contains { $0 is W3CTraceContextPropagator } && propagators.contains { $0 is W3CBaggagePropagator }
        if isDefault { return nil }
        return CompositePropagator(propagators.map { $0 is W3CTraceContextPropagator ? W3CTraceContextPropagator(reading: .tolerant) : $0 })
    }

    private mutating func setBatch(_ tracing: inout TracingConfiguration, environment: [String: String]) {
        if environment["OTEL_BSP_MAX_QUEUE_SIZE"] == nil { tracing.batch.maxQueueSize = Server.defaultMaxQueueSize }
        if environment["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] == nil { tracing.batch.maxExportBatchSize = Server.defaultMaxExportBatchSize }
        setBatch(&tracing.batch)
        var shown = tracing.batch
        tracing.exporters = tracing.exporters.map { exporter in
            // A declarative file has a batch for each exporter.
            guard case .batched(let inner, var own) = exporter else { return exporter }
            own.shutdownTimeout = tracing.batch.shutdownTimeout
            setBatch(&own)
            shown = own
            return .batched(inner, own)
        }
        // What the trace extension shows is what counts.
        settings.bspMaxQueueSize = UInt32(clamping: shown.maxQueueSize)
        settings.bspMaxExportBatchSize = UInt32(clamping: shown.maxExportBatchSize)
        let (seconds, attoseconds) = shown.scheduleDelay.components
        settings.bspScheduleDelay = UInt32(clamping: seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }

    /// What words say of it.
    private func setBatch(_ batch: inout BatchSpanProcessorConfiguration) {
        if let size = settings.bspMaxQueueSize { batch.maxQueueSize = Int(size) }
        batch.maxExportBatchSize = settings.bspMaxExportBatchSize.map { Int($0) } ?? min(batch.maxExportBatchSize, batch.maxQueueSize)
        if let delay = settings.bspScheduleDelay { batch.scheduleDelay = .milliseconds(Int64(delay)) }
    }

    // MARK: Making

    /// The exporter; `nil` when this server has none.
    ///
    /// - Throws: `TracingConfigurationError` for an exporter that cannot be made, when something is to be traced from the start.
    func makeSystem(logger: Logger) throws(TracingConfigurationError) -> TracingSystem? {
        guard let configuration else { return nil }
        do throws(TracingConfigurationError) {
            return try configuration.makeSystem()
        } catch {
            guard settings.level == .off, settings.url == nil else { throw error }
            logger.warning("Tracing cannot be turned on while the server runs: \(error.message)")
            return nil
        }
    }

    /// The tracer, and what ends its files; `nil` when there is no one to trace for.
    ///
    /// - Parameters:
    ///   - processor: takes the spans.
    ///   - isOwn: it is this server's, so that nobody else waits for anything while nothing is traced.
    func makeTracer(processor: (any SpanProcessor)?, isOwn: Bool, logger: Logger) throws -> (InferenceTracer?, TraceFileService?) {
        if settings.mode == .triton {
            let writer = try settings.file.map { path throws(TraceSettingsError) in try TraceFileWriter(path: path, logger: logger) }
            let tracer = InferenceTracer(
                settings: settings,
                processor: MultiplexSpanProcessor([]),
                file: writer,
                propagator: propagator,
                excludedURLs: excludedURLs,
                sleeps: true
            )
            return (tracer, writer.map { TraceFileService(writer: $0) })
        }
        guard let processor else { return (nil, nil) }
        let tracer = InferenceTracer(
            settings: settings,
            processor: processor,
            file: nil,
            sampler: sampler,
            propagator: propagator,
            excludedURLs: excludedURLs,
            sleeps: isOwn
        )
        return (tracer, nil)
    }
}

extension Resource {
    /// Somebody gave the service a name.
    fileprivate var isNamed: Bool { !serviceName.hasPrefix(Resource.unknownService) }
}
