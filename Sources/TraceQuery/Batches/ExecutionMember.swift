public import TraceModel

/// One request's part in an execution: its compute span.
public struct ExecutionMember: Hashable, Sendable {
    public var traceID: TraceID
    /// Of the compute span.
    public var spanID: SpanID
    public var identity: ModelIdentity
    /// Nanoseconds since the Unix epoch.
    public var start: UInt64
    /// Nanoseconds since the Unix epoch; not before the start.
    public var end: UInt64
    /// When the request came to the queue, nanoseconds since the Unix epoch; `nil` when it is not told.
    public var queueStart: UInt64?
    /// Nanoseconds from ``start``; `nil` when the event is missing.
    public var inputEnd: UInt64?
    public var outputStart: UInt64?
    /// Our own server's, counted by model from 1.
    public var batchID: Int64?
    /// Rows of the batch.
    public var batchSize: Int64?
    /// Requests in the batch, seen or not.
    public var batchRequests: Int64?
    public var instance: String?
    public var requestID: String?
    /// Who asked: an attribute of the trace's root, else the root's service.
    public var client: String
    /// How long the request is, in tokens or whatever its sender counts.
    public var length: Int64?
    /// The most requests that the model takes together.
    public var maximumBatch: Int64?
    public var hasFailed: Bool
    public var weight: TraceWeight

    public var duration: UInt64 { end - start }
    /// Nanoseconds in the queue.
    public var queueTime: UInt64? { queueStart.map { start > $0 ? start - $0 : 0 } }
    /// Nanoseconds in which the model ran.
    public var inferTime: UInt64 {
        let from = min(inputEnd ?? 0, duration)
        let to = min(max(outputStart ?? duration, from), duration)
        return to - from
    }

    /// The executions of a trace, in row order.
    public static func all(in tree: TraceTree, weight: TraceWeight) -> [ExecutionMember] {
        all(in: tree, InferenceTree(tree), weight: weight)
    }

    static func all(in tree: TraceTree, _ inference: InferenceTree, weight: TraceWeight) -> [ExecutionMember] {
        var members: [ExecutionMember] = []
        let client = tree.rows.isEmpty ? "" : Self.client(tree.span(0)) ?? tree.serviceName(0)
        for (index, node) in inference.nodes.enumerated() where node.span.role == .model {
            let model = tree.span(node.row)
            for child in node.children where inference.nodes[child].span.role == .compute {
                members.append(
                    ExecutionMember(
                        compute: inference.nodes[child], model: inference.nodes[index], modelSpan: model,
                        identity: Self.identity(model, tree.resource(node.row), tree.serviceName(node.row)), client: client, tree: tree, weight: weight
                    )
                )
            }
        }
        return members
    }

    static func identity(_ model: Span, _ resource: Resource, _ service: String) -> ModelIdentity {
        func value(_ keys: [String]) -> String? { keys.lazy.compactMap { model.attributes[$0]?.label }.first { !$0.isEmpty } }
        return ModelIdentity(
            service: service, server: ModelIdentity.server(of: resource), model: value(StageRules.modelName) ?? model.name,
            version: value(StageRules.modelVersion) ?? ""
        )
    }

    private static func client(_ root: Span) -> String? {
        StageRules.clients.lazy.compactMap { root.attributes[$0]?.label }.first { !$0.isEmpty }.map { String($0.prefix(120)) }
    }

    private init(
        compute: InferenceTree.Node, model: InferenceTree.Node, modelSpan: Span, identity: ModelIdentity, client: String, tree: TraceTree,
        weight: TraceWeight
    ) {
        let span = tree.span(compute.row)
        let bounds = compute.span.bounds
        func offset(_ time: UInt64?) -> UInt64? { time.flatMap { $0 >= bounds.start && $0 <= bounds.end ? $0 - bounds.start : nil } }
        func int(_ key: String) -> Int64? { span.attributes[key]?.number.flatMap { Int64(exactly: $0) } }
        func told(_ keys: [String]) -> Int64? {
            keys.lazy.compactMap { key in int(key) ?? modelSpan.attributes[key]?.number.flatMap { Int64(exactly: $0) } }.first { $0 > 0 }
        }
        traceID = span.traceID
        spanID = span.spanID
        self.identity = identity
        start = bounds.start
        end = bounds.end
        queueStart = model.span.queueStart
        inputEnd = offset(compute.span.computeInputEnd)
        outputStart = offset(compute.span.computeOutputStart)
        batchID = int(StageRules.batchID)
        batchSize = int(StageRules.batchSize)
        batchRequests = int(StageRules.batchRequests)
        instance = span.attributes[StageRules.instance]?.string
        requestID = modelSpan.attributes["triton.request_id"]?.label ?? modelSpan.attributes["request_id"]?.label
        self.client = client
        length = told(StageRules.lengths)
        maximumBatch = told(StageRules.maximumBatch)
        hasFailed = span.status.code == .error || modelSpan.status.code == .error
        self.weight = weight
    }
}
