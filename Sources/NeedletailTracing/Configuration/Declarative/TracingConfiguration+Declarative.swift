public import Logging
public import TraceModel

extension TracingConfiguration {
    /// Reads the part for traces of an OpenTelemetry declarative configuration file (`file_format` 0.3, 0.4 or 1.0), as
    /// `OTEL_CONFIG_FILE` names one.
    ///
    /// Nothing of it is ignored silently: unknown keys, wrong types and values that cannot be used are told with their lines,
    /// all at once. As the specification has it, a file without `tracer_provider` traces nothing (which is warned of), one without
    /// `propagator` passes no context on, and one without `detection/development` runs no detectors. Metrics, logs and the
    /// settings of instrumentation are not looked at.
    ///
    /// - Parameters:
    ///   - attributes: of the resource, given by the program; they win over the file.
    ///   - environment: for `${NAME}` and `${NAME:-default}` in values.
    /// - Throws: ``TracingConfigurationError`` `.invalidFile`, with a line `file:line: …` for each mistake.
    public init(
        configurationFile path: String,
        attributes: [Attribute] = [],
        environment: [String: String] = ProcessEnvironment.current,
        logger: Logger = Logger(label: "needletail.tracing")
    ) throws(TracingConfigurationError) {
        try self.init(declarative: try YAMLDocument(path: path), attributes: attributes, environment: environment, logger: logger)
    }

    init(
        declarative document: YAMLDocument,
        attributes: [Attribute],
        environment: [String: String],
        logger: Logger
    ) throws(TracingConfigurationError) {
        let mistakes = YAMLMistakes(file: document.file)
        let substitution = EnvironmentSubstitution(environment: environment)
        let root = YAMLReader(document, mistakes: mistakes, dialect: substitution.dialect)
        self.init(resource: Resource(attributes: Resource.sdkAttributes), logger: logger)
        let file = root.mapping(Self.declarativeKeys)
        if file == nil, root.isNull { root.mistake("the file is empty", expected: "at least file_format and tracer_provider") }
        if let file {
            Self.checkFileFormat(file, root)
            isEnabled = !(file["disabled"]?.boolean() ?? false)
            readLogLevel(file["log_level"])
            let detected = DeclarativeResource(file["resource"], environment: environment)
            resource.merge(detected.attributes)
            resourceSchemaURL = detected.schemaURL
            propagators = Self.propagators(file["propagator"])
            limits = DeclarativeLimits.read(file["attribute_limits"], file["tracer_provider"])
            readTracerProvider(file["tracer_provider"])
        }
        resource.merge(attributes)
        resource.nameUnknownService()
        try mistakes.throwIfAny()
        if file?["tracer_provider"] == nil {
            logger.warning("\(document.file) has no tracer_provider: nothing is traced.")
        }
    }

    private static let declarativeKeys = [
        "file_format", "disabled", "log_level", "attribute_limits", "resource", "propagator", "tracer_provider", "meter_provider",
        "logger_provider", "instrumentation", "instrumentation/development", "distribution",
    ]

    private static func checkFileFormat(_ file: YAMLMapping, _ root: YAMLReader) {
        let expected = "\"1.0\" or \"0.4\""
        guard let reader = file["file_format"], let format = reader.string(takesAny: true) else {
            return root.mistake("file_format is missing", expected: expected)
        }
        let isKnown = ["0.3", "0.4", "1.0"].contains { format == $0 || format.hasPrefix($0 + "-rc") }
        if !isKnown { reader.mistake("\"\(format.prefix(20))\" is not known", expected: expected) }
    }

    private mutating func readLogLevel(_ reader: YAMLReader?) {
        let levels: KeyValuePairs<String, Logger.Level> = [
            "trace": .trace, "trace2": .trace, "trace3": .trace, "trace4": .trace, "debug": .debug, "debug2": .debug, "debug3": .debug,
            "debug4": .debug, "info": .info, "info2": .info, "info3": .notice, "info4": .notice, "warn": .warning, "warn2": .warning,
            "warn3": .warning, "warn4": .warning, "error": .error, "error2": .error, "error3": .error, "error4": .error,
            "fatal": .critical, "fatal2": .critical, "fatal3": .critical, "fatal4": .critical,
        ]
        if let level = reader?.choice(levels) { logger.logLevel = level }
    }

    private static func propagators(_ reader: YAMLReader?) -> [any TextMapPropagator] {
        guard let mapping = reader?.mapping(["composite", "composite_list"]) else { return [] }
        var names: [PropagatorName] = []
        func add(_ word: some StringProtocol, _ place: YAMLReader) {
            guard let name = PropagatorName(word) else {
                return place.mistake(
                    "\"\(word.prefix(60))\" is not known",
                    expected: "one of " + PropagatorName.allCases.map(\.rawValue).joined(separator: ", ")
                )
            }
            if !names.contains(name) { names.append(name) }
        }
        for element in mapping["composite"]?.list() ?? [] {
            // `- tracecontext` of older files, `- tracecontext:` of newer ones.
            if case .scalar = element.value.content {
                if let word = element.string() { add(word, element) }
            } else if let (word, value) = element.onlyEntry() {
                add(word, value)
                _ = value.mapping([])
            }
        }
        if let list = mapping["composite_list"], let text = list.string() {
            for word in text.split(separator: ",") { add(word, list) }
        }
        return names.compactMap { $0.makePropagator() }
    }

    private mutating func readTracerProvider(_ reader: YAMLReader?) {
        exporters = []
        guard let reader else {
            isEnabled = false
            return
        }
        let keys = ["processors", "limits", "sampler", "tracer_configurator/development", "id_generator", "id_generator/development"]
        guard let provider = reader.mapping(keys) else { return }
        for key in keys.dropFirst(3) where provider.contains(key) {
            provider[key]?.mistake("is not supported", expected: "to be left out")
        }
        for element in provider["processors"]?.list() ?? [] {
            if let exporter = DeclarativeExporter.processor(element) { exporters.append(exporter) }
        }
        if let sampler = provider["sampler"] { self.sampler = DeclarativeSampler.read(sampler) ?? self.sampler }
    }
}

extension YAMLReader {
    /// The key and value of a mapping that has to have exactly one, for instance the kind of a sampler.
    func onlyEntry(_ keys: [String]? = nil) -> (key: String, value: YAMLReader)? {
        guard let mapping = keys.map({ self.mapping($0) }) ?? self.mapping() else {
            if isNull { mistake("is empty", expected: keys.map { "one of " + $0.joined(separator: ", ") } ?? "one key") }
            return nil
        }
        guard mapping.entries.count == 1 else {
            mistake("has \(mapping.entries.count) keys", expected: "exactly one" + (keys.map { " of " + $0.joined(separator: ", ") } ?? ""))
            return nil
        }
        let entry = mapping.entries[0]
        return keys?.contains(entry.key) ?? true ? (entry.key, entry.value) : nil
    }

    /// A whole number of milliseconds.
    func milliseconds() -> Duration? {
        // A century is as good as for ever, and leaves room for sums.
        integer(in: 0...3_155_760_000_000).map { .milliseconds($0) }
    }
}
