/// Finds the name that somebody meant.
package enum NearName {
    /// Longer names are not compared.
    private static let maximumLength = 64

    /// The beginning of a name is as near as a name with one letter wrong, if it is as long as this.
    private static let minimumBeginning = 4

    /// The nearest of `names`: the same but for case, `-` and `_`, a beginning of it, or a third of the letters wrong at most.
    package static func of(_ name: String, among names: [String]) -> String? {
        let wanted = letters(name)
        guard !wanted.isEmpty, wanted.count <= maximumLength else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in names {
            let candidateLetters = letters(candidate)
            let isBeginning = wanted.count >= minimumBeginning && candidateLetters.count > wanted.count && candidateLetters.starts(with: wanted)
            let distance = isBeginning ? 1 : distance(wanted, candidateLetters)
            guard isBeginning || distance <= max(wanted.count, candidateLetters.count) / 3, distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    private static func letters(_ name: String) -> [UInt8] {
        name.utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Letters to insert, delete, replace or swap with the next one.
    private static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...second.count)
        for (row, letter) in first.enumerated() {
            var current = [row + 1]
            for (column, other) in second.enumerated() {
                var value = min(last[column + 1] + 1, current[column] + 1, last[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == second[column - 1], first[row - 1] == other {
                    value = min(value, beforeLast[column - 1] + 1)
                }
                current.append(value)
            }
            beforeLast = last
            last = current
        }
        return last[second.count]
    }
}
