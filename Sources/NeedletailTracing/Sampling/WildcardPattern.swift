/// Text in which `*` stands for any text and `?` for one character; letters are told apart by case.
///
/// Matching takes at most the product of both lengths.
struct WildcardPattern: Sendable {
    private let pattern: [Unicode.Scalar]
    private let text: String
    /// No `*` and no `?`: plain comparison.
    private let isLiteral: Bool

    init(_ text: String) {
        self.text = text
        self.pattern = Array(text.unicodeScalars)
        self.isLiteral = !pattern.contains("*") && !pattern.contains("?")
    }

    func matches(_ candidate: String) -> Bool {
        if isLiteral { return candidate == text }
        let scalars = candidate.unicodeScalars
        var position = scalars.startIndex
        var index = 0
        // Where to go on when what follows the last "*" does not fit: the "*" takes one character more.
        var retry: (index: Int, position: String.UnicodeScalarView.Index)?
        while position < scalars.endIndex {
            if index < pattern.count, pattern[index] == "*" {
                index += 1
                retry = (index, position)
            } else if index < pattern.count, pattern[index] == "?" || pattern[index] == scalars[position] {
                index += 1
                position = scalars.index(after: position)
            } else if let last = retry {
                let next = scalars.index(after: last.position)
                retry = (last.index, next)
                index = last.index
                position = next
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == "*" }
    }
}
