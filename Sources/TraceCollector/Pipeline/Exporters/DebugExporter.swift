internal import Logging
internal import NeedletailTracing
internal import Synchronization
internal import TraceModel

/// The exporter `debug`: tells the log of spans.
final class DebugExporter: SpanExporter {
    struct Settings: Sendable, Equatable {
        enum Verbosity: Sendable { case basic, normal, detailed }

        var verbosity = Verbosity.basic
        /// Messages of each second that are logged all.
        var samplingInitial = 2
        /// Of the others, each so-manieth; 0: none.
        var samplingThereafter = 1

        init() {}

        init(_ reader: YAMLReader) {
            self.init()
            guard let mapping = reader.mapping(["verbosity", "sampling_initial", "sampling_thereafter"]) else { return }
            verbosity = mapping["verbosity"]?.choice(["basic": .basic, "normal": .normal, "detailed": .detailed]) ?? verbosity
            samplingInitial = mapping["sampling_initial"]?.integer(in: 0...1_000_000) ?? samplingInitial
            samplingThereafter = mapping["sampling_thereafter"]?.integer(in: 0...1_000_000) ?? samplingThereafter
        }
    }

    private struct Second {
        var number: UInt64 = 0
        var count = 0
    }

    private let id: ComponentID
    private let settings: Settings
    private let logger: Logger
    private let second = Mutex(Second())

    init(id: ComponentID, settings: Settings, logger: Logger) {
        self.id = id
        self.settings = settings
        self.logger = logger
    }

    func export(_ batch: SpanBatch) async -> SpanExportResult {
        guard isLogged() else { return .success }
        var text = "Traces"
        switch settings.verbosity {
        case .basic: break
        case .normal: text += "\n" + SpanText.lines(batch)
        case .detailed: text += "\n" + SpanText.details(batch)
        }
        logger.info("\(text)", metadata: ["exporter": "\(id)", "resource spans": "\(batch.resourceSpans.count)", "spans": "\(batch.spanCount)"])
        return .success
    }

    func shutdown() async {}

    private func isLogged() -> Bool {
        let now = WallClock.now() / 1_000_000_000
        let count = second.withLock { second in
            if second.number != now { second = Second(number: now) }
            second.count += 1
            return second.count
        }
        if count <= settings.samplingInitial { return true }
        return settings.samplingThereafter > 0 && (count - settings.samplingInitial) % settings.samplingThereafter == 0
    }
}

/// Spans as text for people, as the Collector's debug exporter writes them.
enum SpanText {
    /// A line for each resource and each span.
    static func lines(_ batch: SpanBatch) -> String {
        var lines: [String] = []
        for (index, group) in batch.resourceSpans.enumerated() {
            lines.append("ResourceTraces #\(index) " + inline(group.resource.attributes))
            for (index, scope) in group.scopeSpans.enumerated() {
                lines.append("ScopeTraces #\(index) \(scope.scope.name)\(scope.scope.version.isEmpty ? "" : "@" + scope.scope.version)")
                for span in scope.spans { lines.append("\(span.name) \(span.traceID) \(span.spanID) " + inline(span.attributes)) }
            }
        }
        return lines.joined(separator: "\n")
    }

    static func details(_ batch: SpanBatch) -> String {
        var lines: [String] = []
        for (index, group) in batch.resourceSpans.enumerated() {
            lines += ["ResourceSpans #\(index)", "Resource SchemaURL: \(group.schemaURL)"]
            lines += attributes(group.resource.attributes, title: "Resource attributes:", indentation: 5)
            for (index, scope) in group.scopeSpans.enumerated() {
                lines += ["ScopeSpans #\(index)", "ScopeSpans SchemaURL: \(scope.schemaURL)", "InstrumentationScope \(scope.scope.name) \(scope.scope.version)"]
                for (index, span) in scope.spans.enumerated() { lines += details(span, index) }
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func details(_ span: Span, _ index: Int) -> [String] {
        var lines = [
            "Span #\(index)", "    Trace ID       : \(span.traceID)", "    Parent ID      : \(span.parentSpanID?.description ?? "")",
            "    ID             : \(span.spanID)", "    Name           : \(span.name)", "    Kind           : \(SpanKindName.title(span.kind))",
        ]
        if !span.traceState.isEmpty { lines.append("    TraceState     : \(span.traceState)") }
        let code = span.status.code == .ok ? "Ok" : span.status.code == .error ? "Error" : "Unset"
        lines += [
            "    Start time     : \(span.startTime) ns", "    End time       : \(span.endTime) ns",
            "    Status code    : \(code)", "    Status message : \(span.status.message)",
        ]
        lines += attributes(span.attributes, title: "Attributes:", indentation: 5)
        if !span.events.isEmpty { lines.append("Events:") }
        for (index, event) in span.events.enumerated() {
            lines += ["SpanEvent #\(index)", "     -> Name: \(event.name)", "     -> Timestamp: \(event.time) ns", "     -> DroppedAttributesCount: \(event.droppedAttributesCount)"]
            lines += attributes(event.attributes, title: "     -> Attributes::", indentation: 10)
        }
        if !span.links.isEmpty { lines.append("Links:") }
        for (index, link) in span.links.enumerated() {
            lines += ["SpanLink #\(index)", "     -> Trace ID: \(link.traceID)", "     -> ID: \(link.spanID)", "     -> TraceState: \(link.traceState)"]
            lines += attributes(link.attributes, title: "     -> Attributes::", indentation: 10)
        }
        return lines
    }

    private static func attributes(_ attributes: [Attribute], title: String, indentation: Int) -> [String] {
        guard !attributes.isEmpty else { return [] }
        return [title] + attributes.map { String(repeating: " ", count: indentation) + "-> \($0.key): \(typed($0.value))" }
    }

    private static func inline(_ attributes: [Attribute]) -> String {
        attributes.map { "\($0.key)=\($0.value.text ?? "")" }.joined(separator: " ")
    }

    private static func typed(_ value: AttributeValue) -> String {
        switch value {
        case .string(let text): "Str(\(text))"
        case .bool(let flag): "Bool(\(flag))"
        case .int(let number): "Int(\(number))"
        case .double(let number): "Double(\(number))"
        case .bytes: "Bytes(\(value.text ?? ""))"
        case .array: "Slice(\(value.text ?? ""))"
        case .keyValueList: "Map(\(value.text ?? ""))"
        case .empty: "Empty()"
        }
    }
}
