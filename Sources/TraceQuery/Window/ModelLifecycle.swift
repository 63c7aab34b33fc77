public import TraceModel

/// A time in which a model of a server was not as quick as usual: it was loaded, or ran for the first time.
public struct ModelLifecycle: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case load, unload
        case warmUp = "warm-up"
        /// The first execution, or the first with a batch size, that took several times the model's median.
        case cold
    }

    public var kind: Kind
    /// The model is empty when the whole server is meant.
    public var identity: ModelIdentity
    /// Nanoseconds since the Unix epoch.
    public var start: UInt64
    public var end: UInt64
    /// To open it by.
    public var traceID: TraceID
    public var spanID: SpanID
    /// How many it stands for: neighbours may be told as one.
    public var count = 1

    public init(kind: Kind, identity: ModelIdentity, start: UInt64, end: UInt64, traceID: TraceID, spanID: SpanID) {
        self.kind = kind
        self.identity = identity
        self.start = start
        self.end = end
        self.traceID = traceID
        self.spanID = spanID
    }

    /// Of one window.
    static let maximumCount = 1_000

    /// Loads and the like that a trace tells by spans of their own; only the outermost of nested ones.
    static func all(in tree: TraceTree) -> [ModelLifecycle] {
        var found: [ModelLifecycle] = []
        for row in tree.rows.indices {
            let span = tree.span(row)
            guard let kind = StageRules.lifecycles[span.name] else { continue }
            let names = StageRules.modelName + ["gen_ai.request.model"]
            let identity = ModelIdentity(
                service: tree.serviceName(row), server: ModelIdentity.server(of: tree.resource(row)),
                model: names.lazy.compactMap { span.attributes[$0]?.label }.first { !$0.isEmpty } ?? "",
                version: StageRules.modelVersion.lazy.compactMap { span.attributes[$0]?.label }.first { !$0.isEmpty } ?? ""
            )
            let band = ModelLifecycle(kind: kind, identity: identity, start: span.startTime, end: max(span.startTime, span.endTime), traceID: span.traceID, spanID: span.spanID)
            if let outer = found.last, outer.identity.server == identity.server, outer.kind == kind, outer.start <= band.start, band.end <= outer.end { continue }
            found.append(band)
        }
        return found
    }
}
