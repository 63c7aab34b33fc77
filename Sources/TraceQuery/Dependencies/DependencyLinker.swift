public import TraceModel

/// Finds out of traces which services call which, by the rules of Zipkin's dependency linker.
///
/// A call that a client and a server both report counts once, for the server; a client without a server counts for the name that it
/// gives to the other side.
public struct DependencyLinker: Sendable {
    /// What counts besides Zipkin's rules.
    public enum Rules: Hashable, Sendable {
        /// Nothing.
        case zipkin
        /// Spans that say no kind, and messages whose broker has no name: those below a span of another service count as its calls, as in
        /// Jaeger.
        case jaeger
    }

    /// More pairs of services are not kept.
    public static let maximumLinks = 10_000

    private struct Pair: Hashable {
        var parent: String
        var child: String
    }

    private struct Count {
        var calls = 0
        var errors = 0
    }

    private let rules: Rules
    /// The name of the other side, where a span gives one.
    private let remoteName: @Sendable (Span) -> String?
    private var counts: [Pair: Count] = [:]
    /// Spans seen so far.
    public private(set) var spanCount = 0

    public init(rules: Rules, remoteName: @escaping @Sendable (Span) -> String?) {
        self.rules = rules
        self.remoteName = remoteName
    }

    /// By parent, then child.
    public var links: [DependencyLink] {
        counts
            .map { DependencyLink(parent: $0.key.parent, child: $0.key.child, callCount: $0.value.calls, errorCount: $0.value.errors) }
            .sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }
    }

    /// Adds the calls of one whole trace.
    public mutating func add(_ spans: TraceSpans) {
        spanCount += spans.entries.count
        let tree = TraceTree(spans)
        let hasRemoteChild = Self.rowsWithRemoteChild(tree)
        // The nearest span above that has a kind; parents come before children, so one pass is enough.
        var remoteAncestor = [Int](repeating: -1, count: tree.rows.count)
        for row in tree.rows.indices {
            let parent = tree.rows[row].parent
            if parent >= 0 { remoteAncestor[row] = tree.span(parent).kind.isRemote ? parent : remoteAncestor[parent] }
            if tree.span(row).kind == .client, hasRemoteChild[row] { continue }
            add(row, of: tree, ancestor: remoteAncestor[row] >= 0 ? remoteAncestor[row] : nil)
        }
    }

    private static func rowsWithRemoteChild(_ tree: TraceTree) -> [Bool] {
        var result = [Bool](repeating: false, count: tree.rows.count)
        for (row, entry) in tree.rows.enumerated() where entry.parent >= 0 && tree.span(row).kind.isRemote { result[entry.parent] = true }
        return result
    }

    private mutating func add(_ row: Int, of tree: TraceTree, ancestor: Int?) {
        let span = tree.span(row)
        let service = name(row, of: tree)
        let remote = remoteName(span)
        let isError = span.status.code == .error
        switch span.kind {
        case .unspecified, .internal:
            if let service, let remote, remote != service { return addCall(service, remote, isError: isError, tree: tree, row: row, ancestor: ancestor) }
            addLocal(service, row, of: tree, isError: isError)
        case .producer: if let service, let remote { link(service, remote, isError: isError) }
        case .consumer:
            if let service, let remote { link(remote, service, isError: isError) } else { addLocal(service, row, of: tree, isError: isError) }
        case .client: addCall(service, remote, isError: isError, tree: tree, row: row, ancestor: ancestor)
        case .server:
            var isError = isError
            var parent = remote
            // Jaeger looks at the parent whatever its kind is.
            let above = rules == .jaeger && tree.rows[row].parent >= 0 ? tree.rows[row].parent : ancestor
            if let above, let name = name(above, of: tree) {
                parent = name
                // The client's half of the same call may know of an error that the server did not see.
                if !isError, tree.rows[row].parent == above, tree.span(above).kind == .client { isError = tree.span(above).status.code == .error }
            }
            if let parent, let service { link(parent, service, isError: isError) }
        }
    }

    /// A call that only the caller reports.
    private mutating func addCall(_ service: String?, _ remote: String?, isError: Bool, tree: TraceTree, row: Int, ancestor: Int?) {
        var parent = service
        if let ancestor, let name = name(ancestor, of: tree) {
            // The client's service was called itself, and no span tells so.
            if let service, name != service { link(name, service, isError: false) }
            parent = parent ?? name
        } else if let service {
            // Only local spans are above.
            addLocal(service, row, of: tree, isError: false)
        }
        if let parent, let remote { link(parent, remote, isError: isError) }
    }

    /// A span below one of another service.
    private mutating func addLocal(_ service: String?, _ row: Int, of tree: TraceTree, isError: Bool) {
        guard rules == .jaeger, let service, tree.rows[row].parent >= 0, let above = name(tree.rows[row].parent, of: tree), above != service else { return }
        link(above, service, isError: isError)
    }

    private func name(_ row: Int, of tree: TraceTree) -> String? {
        let name = tree.serviceName(row)
        return name == Resource.unknownService ? nil : name
    }

    private mutating func link(_ parent: String, _ child: String, isError: Bool) {
        let pair = Pair(parent: parent, child: child)
        guard counts[pair] != nil || counts.count < Self.maximumLinks else { return }
        counts[pair, default: Count()].calls += 1
        if isError { counts[pair, default: Count()].errors += 1 }
    }
}

extension SpanKind {
    /// The span is one side of a call or message between services.
    fileprivate var isRemote: Bool {
        switch self {
        case .unspecified, .internal: false
        case .server, .client, .producer, .consumer: true
        }
    }
}
