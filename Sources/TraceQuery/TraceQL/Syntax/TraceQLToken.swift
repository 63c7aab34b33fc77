/// The smallest piece of a query.
struct TraceQLToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case end
        /// A name: intrinsic, function or constant.
        case word(String)
        case string(String)
        case int(Int64)
        case double(Double)
        /// Nanoseconds.
        case duration(Int64)
        case field(TraceQLField)
        /// Brackets, commas and operators.
        case symbol(String)
        /// Characters that are no token, and why.
        case invalid(String)
    }

    var kind: Kind
    var position: TraceQLPosition
    /// In the scalars of the query.
    var range: Range<Int>
    /// As written.
    var text: String

    func isSymbol(_ symbol: String) -> Bool { kind == .symbol(symbol) }
    func isWord(_ word: String) -> Bool { kind == .word(word) }
}
