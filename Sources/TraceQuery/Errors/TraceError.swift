public import TraceModel

/// A failed span that no failed span below explains, and what makes it the same as others.
public struct TraceError: Hashable, Sendable {
    /// Errors of waiting have names of their own.
    public enum Waiting: String, Hashable, Sendable, CaseIterable {
        case queueTimeout = "queue timeout"
        case queueFull = "queue full"
        case cancelledByClient = "cancelled by client"
        case shedByGateway = "shed by gateway"
    }

    /// What errors are grouped by.
    public struct Signature: Hashable, Sendable {
        public var service: String
        /// Empty outside of models.
        public var model: String
        public var spanName: String
        /// `exception.type`, else `error.type`; empty when neither is told.
        public var exceptionType: String
        /// The message with what differs masked, or the name of the waiting.
        public var template: String

        /// 16 hex digits, the same for all who see this error.
        public var id: String {
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for part in [service, model, spanName, exceptionType, template] {
                for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
                hash = (hash ^ 0xff) &* 0x100_0000_01b3
            }
            return "\(SpanID(hash == 0 ? 1 : hash))"
        }
    }

    public var signature: Signature
    public var waiting: Waiting?
    /// The stage in which it failed; `nil` outside of inference.
    public var stage: Stage?
    public var version: String
    public var message: String
    public var traceID: TraceID
    public var spanID: SpanID
    /// Nanoseconds since the Unix epoch.
    public var time: UInt64

    /// Errors of one trace that are told of at most.
    static let maximumPerTrace = 32

    /// The errors of a trace, in row order.
    public static func all(in tree: TraceTree) -> [TraceError] {
        all(in: tree, InferenceTree(tree))
    }

    static func all(in tree: TraceTree, _ inference: InferenceTree) -> [TraceError] {
        guard tree.rows.contains(where: { tree.spans.entries[$0.entry].span.status.code == .error }) else { return [] }
        var nodeOfRow: [Int: Int] = [:]
        for (index, node) in inference.nodes.enumerated() { nodeOfRow[node.row] = index }
        var errors: [TraceError] = []
        for (row, place) in tree.rows.enumerated() where errors.count < maximumPerTrace {
            guard tree.spans.entries[place.entry].span.status.code == .error, !place.hasFailedDescendant else { continue }
            errors.append(TraceError(row, tree, inference, nodeOfRow))
        }
        return errors
    }

    private init(_ row: Int, _ tree: TraceTree, _ inference: InferenceTree, _ nodeOfRow: [Int: Int]) {
        let span = tree.span(row)
        var model: Span?
        var above = row
        while above >= 0 {
            if let node = nodeOfRow[above] {
                let role = inference.nodes[node].span.role
                if role == .model || role == .languageModel {
                    model = tree.span(above)
                    break
                }
            }
            above = tree.rows[above].parent
        }
        let identity = model.map { ExecutionMember.identity($0, tree.resource(row), tree.serviceName(row)) }
        let exception = span.events.last { $0.name == "exception" }
        let type = exception?.attributes["exception.type"]?.string ?? span.attributes["error.type"]?.label ?? ""
        let message = TraceSummary.errorMessage(of: span)
        let waiting = Self.waiting(span, message: message)
        self.message = message
        self.waiting = waiting
        stage = nodeOfRow[row].flatMap { Self.stage(inference.nodes[$0], waiting) }
        signature = Signature(
            service: tree.serviceName(row), model: identity?.model ?? "", spanName: span.name, exceptionType: type,
            template: waiting?.rawValue ?? ErrorTemplate.mask(message)
        )
        version = identity?.version ?? ""
        traceID = span.traceID
        spanID = span.spanID
        time = exception?.time ?? span.endTime
    }

    private static func stage(_ node: InferenceTree.Node, _ waiting: Waiting?) -> Stage? {
        if waiting == .queueTimeout || waiting == .queueFull { return .queue }
        switch node.span.role {
        case .compute: return .infer
        case .model: return node.children.isEmpty && node.span.queueStart != nil ? .queue : .infer
        case .languageModel: return .infer
        case .request: return node.children.isEmpty ? .receive : .unaccounted
        case .phase(let stage): return stage
        case .gateway: return .gateway
        case .attempt: return .network
        case .framework(let isModelServer): return isModelServer ? .infer : .unaccounted
        }
    }

    /// Envoy's flags of requests that it turned away: overflow, rate limit, unhealthy, overload manager.
    private static let shedFlags: Set = ["UO", "RL", "RLSE", "UH", "OM"]

    private static func waiting(_ span: Span, message: String) -> Waiting? {
        let text = message.lowercased()
        if span.events.contains(where: { $0.name == "REQUEST_CANCELLED" }) || text.contains("cancelled by client") || text.contains("client disconnected")
            || span.attributes["canceled"]?.label == "true" || span.attributes["rpc.grpc.status_code"]?.label == "1"
        {
            return .cancelledByClient
        }
        let flags = span.attributes["response_flags"]?.label ?? ""
        if flags.split(separator: ",").contains(where: { shedFlags.contains(String($0)) }) { return .shedByGateway }
        if text.contains("queue"), text.contains("time") && (text.contains("out") || text.contains("expired") || text.contains("exceed")) { return .queueTimeout }
        if text.contains("request timeout expired") { return .queueTimeout }
        if text.contains("exceeds maximum queue size") || text.contains("queue is full") || text.contains("queue full") { return .queueFull }
        return nil
    }
}
