/// A TraceQL query, parsed and validated (Grafana Tempo's trace query language).
public struct TraceQLQuery: Hashable, Sendable {
    /// The query as it was written.
    public let text: String
    /// The query computes series (`| rate()` and the like) instead of finding traces.
    public let isMetrics: Bool

    /// - Throws: ``TraceQLError`` that points at the column.
    public init(_ text: String) throws(TraceQLError) {
        throw TraceQLError(message: "not built yet", line: 1, column: 1)
    }
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
