/// A TraceQL query, parsed and validated (Grafana Tempo's trace query language).
public struct TraceQLQuery: Hashable, Sendable {
    /// The query as it was written.
    public let text: String
    let root: TraceQLRoot

    /// - Throws: ``TraceQLError`` that points at the column.
    public init(_ text: String) throws(TraceQLError) {
        self.text = text
        root = try TraceQLParser.parse(text)
        try TraceQLValidator.validate(root)
    }

    /// The query computes series (`| rate()` and the like) instead of finding traces.
    public var isMetrics: Bool {
        if case .metrics = root.body { true } else { false }
    }

    /// The same query, written in one way.
    public var canonicalText: String { root.description }
}

/// A query that cannot be read, or makes no sense.
public struct TraceQLError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    /// From 1.
    public var line: Int
    /// In characters, from 1.
    public var column: Int

    public init(message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }

    public var description: String { "parse error at line \(line), col \(column): \(message)" }
}
