internal import NeedletailTracing

/// The back end's pipelines in the OpenTelemetry Collector's own vocabulary.
public struct CollectorConfiguration: Sendable {
    /// One way from receivers through processors to exporters.
    struct Pipeline: Sendable {
        var id: ComponentID
        var receivers: Set<ReceiverType>
        var processors: [(id: ComponentID, settings: ProcessorSettings)]
        var exporters: [ComponentID]
    }

    /// The receivers of the back end: which protocols belong to one of a pipeline's.
    enum ReceiverType: String, CaseIterable, Sendable {
        case otlp
        case zipkin
        case jaeger

        /// `nil` for files, which no receiver takes.
        init?(_ spanProtocol: SpanProtocol) {
            switch spanProtocol {
            case .file: return nil
            case .otlpHTTP, .otlpGRPC: self = .otlp
            case .zipkin: self = .zipkin
            case .jaegerCompact, .jaegerBinary, .jaegerHTTP, .jaegerGRPC: self = .jaeger
            }
        }
    }

    /// Everything to the store.
    public static let storeOnly = CollectorConfiguration()

    /// Empty: everything goes to the store.
    var pipelines: [Pipeline] = []
    var exporters: [ComponentID: ExporterSettings] = [:]
    /// What is understood and has no effect here, for people; one line each.
    public internal(set) var notices: [String] = []
    /// Where the metrics generator's series are pushed.
    public internal(set) var remoteWrites: [PrometheusRemoteWriter.Configuration] = []

    /// What the metrics generator makes, when connectors say so.
    public internal(set) var metricsGenerator: MetricsGenerator.Configuration?

    public init() {}

    /// Reads a `traces.yaml`.
    ///
    /// - Throws: ``TracingConfigurationError`` with a line `file:line: …` for each mistake, which for an unknown component lists the known ones.
    public init(path: String) throws {
        try self.init(document: try YAMLDocument(path: path), environment: ProcessEnvironment.current)
    }

    init(text: String, file: String = "traces.yaml", environment: [String: String] = [:]) throws {
        try self.init(document: try YAMLDocument(text: text, file: file), environment: environment)
    }

    private init(document: YAMLDocument, environment: [String: String]) throws {
        let mistakes = YAMLMistakes(file: document.file)
        let substitution = EnvironmentSubstitution(environment: environment, readsFiles: true)
        var reader = CollectorReader(mistakes: mistakes)
        reader.read(YAMLReader(document, mistakes: mistakes, dialect: substitution.dialect))
        try mistakes.throwIfAny()
        self = reader.configuration
    }

    /// Some pipeline hands spans to the store; otherwise this is a collector that only forwards.
    public var storesSpans: Bool {
        pipelines.isEmpty || pipelines.contains { $0.exporters.contains { exporters[$0]?.kind.isStore == true } }
    }

    /// The exporters that send spans on, as messages show them.
    public var forwardingExporters: [String] {
        Set(pipelines.flatMap(\.exporters)).filter { exporters[$0]?.kind.isForwarding == true }.map(\.description).sorted()
    }
}
