/// A regular expression as a tree.
indirect enum RegexNode: Hashable, Sendable {
    case empty
    /// One character of these ranges, which are sorted and apart.
    case set([ClosedRange<UInt32>])
    case sequence([RegexNode])
    case choice([RegexNode])
    /// `maximum` of `nil` is without end.
    case repetition(RegexNode, minimum: Int, maximum: Int?)
    case assertion(RegexAssertion)

    /// All strings that match, if there are at most `limit`.
    func strings(limit: Int) -> [String]? {
        switch self {
        case .empty: return [""]
        case .set(let ranges):
            var strings: [String] = []
            for range in ranges {
                guard Int(range.upperBound - range.lowerBound) < limit else { return nil }
                for value in range {
                    guard let scalar = Unicode.Scalar(value) else { continue }
                    strings.append(String(Character(scalar)))
                    if strings.count > limit { return nil }
                }
            }
            return strings
        case .sequence(let parts):
            var strings = [""]
            for part in parts {
                guard let endings = part.strings(limit: limit), strings.count * endings.count <= limit else { return nil }
                strings = strings.flatMap { start in endings.map { start + $0 } }
            }
            return strings
        case .choice(let choices):
            var strings: [String] = []
            for choice in choices {
                guard let more = choice.strings(limit: limit), strings.count + more.count <= limit else { return nil }
                strings += more
            }
            return strings
        case .repetition, .assertion: return nil
        }
    }

    /// `.*`, which stops at a new line.
    static let anyLine = RegexNode.repetition(.set(RegexRanges.notNewLine), minimum: 0, maximum: nil)
    /// `.*` that goes over new lines.
    static let anything = RegexNode.repetition(.set(RegexRanges.all), minimum: 0, maximum: nil)
}

/// A condition on a place between characters.
enum RegexAssertion: Hashable, Sendable {
    case start
    case end
    case lineStart
    case lineEnd
    case wordBoundary
    case notWordBoundary
}

/// A pattern that cannot be read.
struct RegexError: Error, Hashable, Sendable {
    var message: String
}

/// Sorted ranges of Unicode scalars.
enum RegexRanges {
    static let last: UInt32 = 0x10FFFF
    static let all: [ClosedRange<UInt32>] = [0...last]
    static let notNewLine: [ClosedRange<UInt32>] = [0...9, 11...last]
    static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    static let spaces: [ClosedRange<UInt32>] = [9...10, 12...13, 0x20...0x20]
    static let words: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    static let posix: [String: [ClosedRange<UInt32>]] = [
        "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "alpha": [0x41...0x5A, 0x61...0x7A], "ascii": [0...0x7F], "blank": [9...9, 0x20...0x20],
        "cntrl": [0...0x1F, 0x7F...0x7F], "digit": digits, "graph": [0x21...0x7E], "lower": [0x61...0x7A], "print": [0x20...0x7E],
        "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E], "space": [9...13, 0x20...0x20], "upper": [0x41...0x5A], "word": words,
        "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
    ]

    /// Sorted and joined.
    static func normalized(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let previous = result.last, range.lowerBound <= previous.upperBound &+ 1 {
                result[result.count - 1] = previous.lowerBound...max(previous.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    static func inverted(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in normalized(ranges) {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = range.upperBound &+ 1
        }
        if next <= last { result.append(next...last) }
        return result
    }

    /// The ranges, and the same letters in the other case; only small ranges beyond ASCII are looked through.
    static func ignoringCase(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result = ranges
        for range in ranges {
            let lower = max(range.lowerBound, 0x41)
            let upper = min(range.upperBound, range.upperBound > 0x7A && range.upperBound - range.lowerBound > 1024 ? 0x7A : range.upperBound)
            guard lower <= upper else { continue }
            for value in lower...upper {
                guard let scalar = Unicode.Scalar(value) else { continue }
                for text in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] where text.unicodeScalars.count == 1 {
                    if let other = text.unicodeScalars.first, other != scalar { result.append(other.value...other.value) }
                }
            }
        }
        return normalized(result)
    }
}
