internal import TraceModel

/// How long spans like one took elsewhere: those of the same service and name, and of the same model and version where there is one.
public struct SpanDistribution: Sendable {
    public struct Likeness: Hashable, Sendable {
        public var service: String
        public var name: String
        /// Empty when the span belongs to no model.
        public var model = ""
        public var version = ""
    }

    public let likeness: Likeness
    public private(set) var durations = DurationSketch()
    public private(set) var stages: [Stage: DurationSketch] = [:]
    public private(set) var spanCount = 0
    public private(set) var traceCount = 0
    private let ownTrace: TraceID

    /// - Parameter row: The span that is compared; its own trace is left out.
    public init(of row: Int, in tree: TraceTree) {
        likeness = Self.likeness(of: row, tree, Self.models(tree, InferenceTree(tree)))
        ownTrace = tree.spans.traceID
    }

    public mutating func add(_ tree: TraceTree) {
        guard tree.spans.traceID != ownTrace else { return }
        let rows = tree.rows.indices.filter { tree.span($0).name == likeness.name && tree.serviceName($0) == likeness.service }
        guard !rows.isEmpty else { return }
        let inference = InferenceTree(tree)
        let models = Self.models(tree, inference)
        let alike = Set(rows.filter { Self.likeness(of: $0, tree, models) == likeness })
        guard !alike.isEmpty else { return }
        traceCount += 1
        spanCount += alike.count
        let weight = TraceWeight(tree).count
        for row in alike { durations.add(tree.span(row).duration, weight: weight) }
        for segment in StageBreakdown(tree, inference).segments where alike.contains(segment.row) {
            stages[segment.stage, default: DurationSketch()].add(segment.duration, weight: weight)
        }
    }

    /// For the rows of models and their executions, the model's name and version.
    private static func models(_ tree: TraceTree, _ inference: InferenceTree) -> [Int: (model: String, version: String)] {
        var models: [Int: (model: String, version: String)] = [:]
        for node in inference.nodes {
            switch node.span.role {
            case .model:
                let identity = ExecutionMember.identity(tree.span(node.row), tree.resource(node.row), tree.serviceName(node.row))
                models[node.row] = (identity.model, identity.version)
                for child in node.children where inference.nodes[child].span.role == .compute { models[inference.nodes[child].row] = (identity.model, identity.version) }
            case .languageModel: models[node.row] = (node.span.languageModel?.model ?? "", "")
            default: break
            }
        }
        return models
    }

    private static func likeness(of row: Int, _ tree: TraceTree, _ models: [Int: (model: String, version: String)]) -> Likeness {
        let model = models[row]
        return Likeness(service: tree.serviceName(row), name: tree.span(row).name, model: model?.model ?? "", version: model?.version ?? "")
    }
}
