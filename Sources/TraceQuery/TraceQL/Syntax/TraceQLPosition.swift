/// A place in the text of a query.
struct TraceQLPosition: Hashable, Sendable {
    /// From 1.
    var line: Int
    /// In characters (Unicode scalars), from 1.
    var column: Int
}

extension TraceQLError {
    init(_ message: String, at position: TraceQLPosition) {
        self.init(message: message, line: position.line, column: position.column)
    }
}
