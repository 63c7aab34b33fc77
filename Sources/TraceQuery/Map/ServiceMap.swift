internal import TraceModel

/// Who calls whom, how often, how long, and how much of it is the network; of one trace, or of many.
public struct ServiceMap: Hashable, Sendable {
    /// A model within a service.
    public struct Model: Hashable, Sendable {
        public var name: String
        public var version: String
        public var count = 0.0
        public var errors = 0.0
        public var durations = DurationSketch()
    }

    public struct Node: Hashable, Sendable {
        public var name: String
        /// `service`, `database` or `messaging`.
        public var kind: String
        /// No span of it is stored: callers tell of it.
        public var isInferred: Bool
        /// Weighted spans.
        public var spans = 0.0
        public var errors = 0.0
        /// Of spans by which requests come in.
        public var requests = 0.0
        public var durations = DurationSketch()
        /// By name, then version.
        public var models: [Model] = []
    }

    public struct Edge: Hashable, Sendable {
        public var caller: String
        public var callee: String
        /// Only the caller tells of it.
        public var isInferred: Bool
        /// Weighted calls.
        public var count = 0.0
        /// Calls of which either side failed.
        public var errors = 0.0
        /// As the caller saw it; empty when callers send no client spans.
        public var client = DurationSketch()
        /// As the callee saw it.
        public var server = DurationSketch()
        /// Client minus server.
        public var network = DurationSketch()
        /// Calls whose server was longer than its client, and whose network time was set to 0.
        public var clamped = 0.0
    }

    private struct Pair: Hashable {
        var caller: String
        var callee: String
    }

    private struct ModelKey: Hashable {
        var service: String
        var name: String
        var version: String
    }

    /// Names that a map keeps of services and of edges; what is more is counted in ``leftOut``.
    public static let maximumNodes = 2_000
    public static let maximumEdges = 10_000

    private var known: [String: Node] = [:]
    private var links: [Pair: Edge] = [:]
    private var modelsByKey: [ModelKey: Model] = [:]
    /// Spans and calls for which there was no room.
    public private(set) var leftOut = 0
    public private(set) var traceCount = 0

    public init() {}

    /// By name.
    public var nodes: [Node] {
        let models = Dictionary(grouping: modelsByKey, by: \.key.service)
        return known.values.sorted { $0.name < $1.name }.map { node in
            var node = node
            node.models = (models[node.name] ?? []).map(\.value).sorted { ($0.name, $0.version) < ($1.name, $1.version) }
            return node
        }
    }

    /// By caller, then callee.
    public var edges: [Edge] { links.values.sorted { ($0.caller, $0.callee) < ($1.caller, $1.callee) } }

    public mutating func add(_ tree: TraceTree, weight: Double = 1) {
        add(tree, InferenceTree(tree), weight: weight)
    }

    mutating func add(_ tree: TraceTree, _ inference: InferenceTree, weight: Double) {
        traceCount += 1
        var answered = [Bool](repeating: false, count: tree.rows.count)
        for (row, place) in tree.rows.enumerated() {
            let span = tree.spans.entries[place.entry].span
            let service = tree.serviceName(row)
            let isCall = tree.isCall(to: row)
            touch(service, span, isEntry: place.parent < 0 || isCall, weight)
            guard isCall else { continue }
            answered[place.parent] = true
            addCall(from: tree.span(place.parent), of: tree.serviceName(place.parent), to: span, of: service, weight)
        }
        for (row, place) in tree.rows.enumerated() where !answered[row] {
            let span = tree.spans.entries[place.entry].span
            guard span.kind == .client || span.kind == .producer, let peer = PeerName(span), !hasServerBelow(row, tree) else { continue }
            addInferred(peer, from: tree.serviceName(row), span, weight)
        }
        for node in inference.nodes where node.span.role == .model || node.span.role == .languageModel {
            addModel(tree.span(node.row), tree.resource(node.row), tree.serviceName(node.row), weight)
        }
    }

    /// A client span may have spans of its own library below it, and the server under those.
    private func hasServerBelow(_ row: Int, _ tree: TraceTree) -> Bool {
        let service = tree.serviceName(row)
        let last = row + min(tree.rows[row].descendantCount, 64)
        return last > row && (row + 1...last).contains { tree.serviceName($0) != service || tree.span($0).kind == .server }
    }

    private mutating func touch(_ service: String, _ span: Span, isEntry: Bool, _ weight: Double) {
        guard known[service] != nil || known.count < Self.maximumNodes else {
            leftOut += 1
            return
        }
        var node = known[service] ?? Node(name: service, kind: "service", isInferred: false)
        node.isInferred = false
        node.kind = "service"
        node.spans += weight
        if isEntry {
            node.requests += weight
            node.durations.add(span.duration, weight: weight)
            if span.status.code == .error { node.errors += weight }
        }
        known[service] = node
    }

    private mutating func addCall(from caller: Span, of service: String, to callee: Span, of other: String, _ weight: Double) {
        let pair = Pair(caller: service, callee: other)
        guard var edge = edge(pair) else { return }
        edge.isInferred = false
        edge.count += weight
        if caller.kind == .client && caller.status.code == .error || callee.status.code == .error { edge.errors += weight }
        edge.server.add(callee.duration, weight: weight)
        if caller.kind == .client || caller.kind == .producer {
            edge.client.add(caller.duration, weight: weight)
            // A message waits in its queue after the producer is done: no network time is in that.
            if caller.kind == .client {
                let isClamped = callee.duration > caller.duration
                edge.network.add(isClamped ? 0 : caller.duration - callee.duration, weight: weight)
                if isClamped { edge.clamped += weight }
            }
        }
        links[pair] = edge
    }

    private mutating func addInferred(_ peer: PeerName, from service: String, _ span: Span, _ weight: Double) {
        let pair = Pair(caller: service, callee: peer.name)
        guard known[peer.name] != nil || known.count < Self.maximumNodes, var edge = edge(pair) else {
            leftOut += 1
            return
        }
        var node = known[peer.name] ?? Node(name: peer.name, kind: peer.kind.rawValue, isInferred: true)
        if node.isInferred {
            node.requests += weight
            node.durations.add(span.duration, weight: weight)
            if span.status.code == .error { node.errors += weight }
        }
        known[peer.name] = node
        edge.count += weight
        if span.status.code == .error { edge.errors += weight }
        edge.client.add(span.duration, weight: weight)
        links[pair] = edge
    }

    private mutating func edge(_ pair: Pair) -> Edge? {
        if let edge = links[pair] { return edge }
        guard links.count < Self.maximumEdges else {
            leftOut += 1
            return nil
        }
        return Edge(caller: pair.caller, callee: pair.callee, isInferred: true)
    }

    private mutating func addModel(_ span: Span, _ resource: Resource, _ service: String, _ weight: Double) {
        let identity = ExecutionMember.identity(span, resource, service)
        let name = LLMFacts(span)?.model ?? identity.model
        let key = ModelKey(service: service, name: name, version: identity.version)
        guard modelsByKey[key] != nil || modelsByKey.count < Self.maximumEdges else {
            leftOut += 1
            return
        }
        var model = modelsByKey[key] ?? Model(name: name, version: identity.version)
        model.count += weight
        if span.status.code == .error { model.errors += weight }
        model.durations.add(span.duration, weight: weight)
        modelsByKey[key] = model
    }
}

extension TraceTree {
    /// Another service goes on with what the row's parent began, or the same one takes its own call.
    func isCall(to row: Int) -> Bool {
        let parent = rows[row].parent
        guard parent >= 0 else { return false }
        if serviceName(parent) != serviceName(row) { return true }
        let (caller, callee) = (span(parent).kind, span(row).kind)
        return caller == .client && callee == .server || caller == .producer && callee == .consumer
    }
}
