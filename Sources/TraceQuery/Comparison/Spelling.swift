/// What somebody may have meant who mistyped a word.
enum Spelling {
    /// Longer words are not looked at.
    private static let maximumLength = 60

    /// The word that is nearest, when it is near enough; of equally near ones the first by name.
    static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(word.lowercased().unicodeScalars)
        guard (2...maximumLength).contains(wanted.count) else { return nil }
        // One slip in four letters, at most three.
        let most = min(3, max(1, wanted.count / 4 + (wanted.count > 3 ? 1 : 0)))
        var best: (distance: Int, word: String)?
        for candidate in candidates where candidate != word {
            let letters = Array(candidate.lowercased().unicodeScalars)
            guard letters.count <= maximumLength, abs(letters.count - wanted.count) <= most else { continue }
            let distance = distance(wanted, letters)
            guard distance <= most, distance < letters.count else { continue }
            if best.map({ (distance, candidate) < ($0.distance, $0.word) }) ?? true { best = (distance, candidate) }
        }
        return best?.word
    }

    /// Letters added, left out, replaced, or swapped with the next one (optimal string alignment).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var before: [Int] = []
        var last = Array(0...right.count)
        for row in 1...max(left.count, 1) where row <= left.count {
            var next = [row] + [Int](repeating: 0, count: right.count)
            for column in 1...max(right.count, 1) where column <= right.count {
                let isSame = left[row - 1] == right[column - 1]
                next[column] = min(last[column] + 1, next[column - 1] + 1, last[column - 1] + (isSame ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    next[column] = min(next[column], before[column - 2] + 1)
                }
            }
            before = last
            last = next
        }
        return last[right.count]
    }
}
