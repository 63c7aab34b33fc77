/// A condition or statement that cannot be read: what is wrong, and where.
struct ConditionError: Error, Equatable, CustomStringConvertible {
    var text: String
    /// From 1, in characters.
    var column: Int
    var message: String
    var expected: String?

    /// `column 7: …`, and the text with a mark under the place when it is short enough to be read.
    var description: String {
        "column \(column) of `\(text.prefix(200))`: \(message)" + (expected.map { "; expected \($0)" } ?? "")
    }
}

/// A condition that cannot be judged for a certain span: a function got what it does not take.
struct ConditionFailure: Error, CustomStringConvertible {
    var description: String
}

/// Bounds of one condition or statement.
enum ConditionLimit {
    /// Bytes of text.
    static let length = 16_384
    /// Parentheses, lists, calls and negations in one another.
    static let depth = 40
    /// Elements that a function may make of one text, for instance `Split`.
    static let elements = 10_000
}
