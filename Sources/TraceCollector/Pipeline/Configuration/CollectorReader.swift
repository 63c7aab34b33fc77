internal import NeedletailTracing

/// Reads a whole `traces.yaml`; what is wrong goes to the mistakes.
struct CollectorReader {
    private(set) var configuration = CollectorConfiguration()
    private let mistakes: YAMLMistakes
    private var processors: [ComponentID: ProcessorSettings] = [:]
    private var storages: [ComponentID: FileStorageSettings] = [:]
    private var connectors: Set<ComponentID> = []
    private var remoteWrites: [ComponentID: PrometheusRemoteWriter.Configuration] = [:]
    private var used: Set<String> = []

    private static let sections = ["receivers", "processors", "exporters", "connectors", "extensions", "service"]

    init(mistakes: YAMLMistakes) {
        self.mistakes = mistakes
    }

    mutating func read(_ root: YAMLReader) {
        guard let file = root.mapping(Self.sections) else {
            if root.isNull { root.mistake("the file is empty", expected: "at least service.pipelines with one pipeline, as traces: {exporters: [trace_store]}") }
            return
        }
        readExtensions(file["extensions"])
        readReceivers(file["receivers"])
        readConnectors(file["connectors"])
        for (id, reader) in components(file["processors"], "processor", ProcessorSettings.types) {
            if let settings = ProcessorSettings(id.type, reader) { processors[id] = settings }
        }
        for (id, reader) in components(file["exporters"], "exporter", ExporterSettings.types) {
            if id.type == ExporterSettings.remoteWriteType {
                if let settings = ExporterSettings.remoteWrite(reader) { remoteWrites[id] = settings }
            } else if let settings = ExporterSettings(id.type, reader, storages: storages) {
                configuration.exporters[id] = settings
            }
        }
        readService(file["service"], root)
        noticeUnused(file)
    }

    /// The components of a section whose type is known.
    private func components(_ section: YAMLReader?, _ what: String, _ types: [String]) -> [(id: ComponentID, reader: YAMLReader)] {
        (section?.mapping()?.entries ?? []).compactMap { entry in
            guard let id = ComponentID(entry.key) else {
                entry.value.mistake("\"\(entry.key)\" is no name of a component", expected: "type or type/name")
                return nil
            }
            guard types.contains(id.type) else {
                mistakes.add(
                    line: entry.line, path: entry.value.path, "unknown \(what) \"\(id.type)\"",
                    expected: "one of " + types.joined(separator: ", "),
                    didYouMean: NearName.of(id.type, among: types).map { "\"\($0)\"" }
                )
                return nil
            }
            return (id, entry.value)
        }
    }

    // MARK: Receivers, connectors, extensions

    private mutating func readReceivers(_ section: YAMLReader?) {
        let types = CollectorConfiguration.ReceiverType.allCases.map(\.rawValue)
        for (id, reader) in components(section, "receiver", types) {
            if id.type == "zipkin" {
                noticeEndpoint(reader, keys: ["endpoint"], flag: "--zipkin-port")
                continue
            }
            let flags: KeyValuePairs<String, String> =
                id.type == "otlp"
                ? ["grpc": "--otlp-grpc-port", "http": "--otlp-http-port"]
                : [
                    "grpc": "--jaeger-grpc-port", "thrift_http": "--jaeger-http-port", "thrift_compact": "--jaeger-compact-port",
                    "thrift_binary": "--jaeger-binary-port",
                ]
            guard let protocols = reader.mapping(["protocols"])?["protocols"]?.mapping(flags.map(\.key)) else { continue }
            for entry in protocols.entries {
                if let flag = flags.first(where: { $0.key == entry.key })?.value { noticeEndpoint(entry.value, keys: ["endpoint"], flag: flag) }
            }
        }
    }

    /// Addresses belong to the program's flags.
    private mutating func noticeEndpoint(_ reader: YAMLReader, keys: [String], flag: String) {
        guard let endpoint = reader.mapping(keys)?["endpoint"], let text = endpoint.string() else { return }
        configuration.notices.append(
            "\(mistakes.file):\(endpoint.line): \(endpoint.path): \"\(text)\" has no effect; the address is that of --host and \(flag)"
        )
    }

    private mutating func readConnectors(_ section: YAMLReader?) {
        for (id, reader) in components(section, "connector", MetricsConnector.types) {
            connectors.insert(id)
            configuration.exporters[id] = ExporterSettings(kind: .connector(id.type))
            MetricsConnector.read(id.type, reader, into: &configuration)
        }
    }

    private mutating func readExtensions(_ section: YAMLReader?) {
        for (id, reader) in components(section, "extension", [FileStorageSettings.type]) {
            if let settings = FileStorageSettings(reader) { storages[id] = settings }
        }
    }

    // MARK: Service

    private mutating func readService(_ service: YAMLReader?, _ root: YAMLReader) {
        let expected = "service.pipelines with at least one pipeline, as traces: {exporters: [trace_store]}"
        guard let service, let mapping = service.mapping(["extensions", "pipelines", "telemetry"]) else {
            if service?.isNull ?? true { root.missing("service", expected: expected) }
            return
        }
        for element in mapping["extensions"]?.list() ?? [] {
            guard let name = element.string() else { continue }
            if ComponentID(name).map({ storages[$0] == nil }) ?? true { notDefined(element, name, "extension", storages.keys.map(\.description)) }
        }
        if let telemetry = mapping["telemetry"], !telemetry.isNull {
            configuration.notices.append(
                "\(mistakes.file):\(telemetry.line): service.telemetry has no effect; metrics are on --admin-port, the log's level is --log-level"
            )
        }
        guard let pipelines = mapping["pipelines"]?.mapping(), !pipelines.entries.isEmpty else {
            if mapping["pipelines"]?.isNull ?? true { service.missing("pipelines", expected: expected) }
            return
        }
        for entry in pipelines.entries {
            switch ComponentID(entry.key) {
            case let id? where id.type == "traces": readTraces(id, entry.value)
            case let id? where id.type == "metrics": readMetrics(entry.value)
            default:
                mistakes.add(
                    line: entry.line, path: entry.value.path, "unknown pipeline \"\(entry.key)\"",
                    expected: "traces or traces/name, or metrics for what connectors make of spans"
                )
            }
        }
        if configuration.pipelines.isEmpty { mapping["pipelines"]?.mistake("has no pipeline for traces", expected: "traces or traces/name") }
    }

    private static let pipelineKeys = ["receivers", "processors", "exporters"]

    private mutating func readTraces(_ id: ComponentID, _ reader: YAMLReader) {
        guard let mapping = reader.mapping(Self.pipelineKeys) else {
            if reader.isNull { reader.missing("exporters", expected: "a list with at least one exporter") }
            return
        }
        var pipeline = CollectorConfiguration.Pipeline(id: id, receivers: [], processors: [], exporters: [])
        let types = CollectorConfiguration.ReceiverType.allCases
        for (element, receiver) in names(mapping["receivers"], "receiver") {
            guard let type = CollectorConfiguration.ReceiverType(rawValue: receiver.type) else {
                notDefined(element, receiver.description, "receiver", types.map(\.rawValue))
                continue
            }
            used.insert("receivers.\(receiver)")
            pipeline.receivers.insert(type)
        }
        if mapping["receivers"] == nil { pipeline.receivers = Set(types) }
        for (element, processor) in names(mapping["processors"], "processor") {
            used.insert("processors.\(processor)")
            if let settings = processors[processor] {
                pipeline.processors.append((processor, settings))
            } else {
                notDefined(element, processor.description, "processor", processors.keys.map(\.description))
            }
        }
        for (element, exporter) in names(mapping["exporters"], "exporter") {
            used.insert("exporters.\(exporter)")
            used.insert("connectors.\(exporter)")
            if exporter.type == ExporterSettings.storeType, configuration.exporters[exporter] == nil {
                configuration.exporters[exporter] = ExporterSettings(kind: .traceStore)
            }
            if remoteWrites[exporter] != nil {
                element.mistake("\(exporter) takes metrics, not spans", expected: "it in a pipeline for metrics whose receiver is a connector")
            } else if configuration.exporters[exporter] == nil {
                let known = configuration.exporters.keys.map(\.description) + [ExporterSettings.storeType]
                notDefined(element, exporter.description, "exporter or connector", known)
            } else if pipeline.exporters.contains(exporter) {
                element.mistake("\(exporter) is there twice", expected: "each exporter once")
            } else {
                pipeline.exporters.append(exporter)
            }
        }
        if mapping["exporters"]?.list()?.isEmpty ?? true { reader.missing("exporters", expected: "a list with at least one exporter") }
        configuration.pipelines.append(pipeline)
    }

    /// A pipeline for what connectors make of spans: from connectors to remote write.
    private mutating func readMetrics(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(Self.pipelineKeys) else { return }
        for (element, receiver) in names(mapping["receivers"], "receiver") where !connectors.contains(receiver) {
            element.mistake("\"\(receiver)\" gives no metrics", expected: "a connector: one of " + Self.list(connectors.map(\.description)))
        }
        for (element, processor) in names(mapping["processors"], "processor") {
            used.insert("processors.\(processor)")
            element.mistake("\"\(processor)\" does not work on metrics here", expected: "no processors")
        }
        for (element, exporter) in names(mapping["exporters"], "exporter") {
            used.insert("exporters.\(exporter)")
            if let settings = remoteWrites[exporter] {
                configuration.remoteWrites.append(settings)
            } else {
                element.mistake("\"\(exporter)\" takes no metrics", expected: "one of type \(ExporterSettings.remoteWriteType)")
            }
        }
    }

    /// The names in a list of a pipeline.
    private func names(_ reader: YAMLReader?, _ what: String) -> [(element: YAMLReader, id: ComponentID)] {
        (reader?.list() ?? []).compactMap { element in
            guard let text = element.string() else { return nil }
            guard let id = ComponentID(text) else {
                element.mistake("\"\(text.prefix(60))\" is no name of a \(what)", expected: "type or type/name")
                return nil
            }
            return (element, id)
        }
    }

    private func notDefined(_ element: YAMLReader, _ name: String, _ what: String, _ known: [String]) {
        element.mistake(
            "\(what) \"\(name.prefix(60))\" is not defined", expected: "one of " + Self.list(known),
            didYouMean: NearName.of(name, among: known).map { "\"\($0)\"" }
        )
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "those in the file (there are none)" : Set(names).sorted().joined(separator: ", ")
    }

    private mutating func noticeUnused(_ file: YAMLMapping) {
        for section in ["processors", "exporters", "connectors"] {
            for entry in file[section]?.mapping()?.entries ?? [] where !used.contains("\(section).\(entry.key)") {
                configuration.notices.append("\(mistakes.file):\(entry.line): \(section).\(entry.key) is in no pipeline")
            }
        }
    }
}
