internal import Synchronization
internal import TraceModel
internal import TraceWire

extension AttributeValue {
    /// As text: numbers and booleans as they are written, lists and maps as JSON; `nil` for nothing.
    var text: String? {
        switch self {
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): Int64(exactly: value).map(String.init) ?? String(value)
        case .bytes(let bytes): ConditionFunction.hex(bytes)
        case .array, .keyValueList: PlainJSON.text(self)
        case .empty: nil
        }
    }
}

/// Hashes of Fowler, Noll and Vo.
enum FNV {
    /// FNV-1a, 32 bits.
    static func hash32a(_ bytes: some Sequence<UInt8>, from start: UInt32 = 2_166_136_261) -> UInt32 {
        bytes.reduce(start) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    /// FNV-1a, 64 bits.
    static func hash64a(_ bytes: some Sequence<UInt8>, from start: UInt64 = 14_695_981_039_346_656_037) -> UInt64 {
        bytes.reduce(start) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// FNV-1, 64 bits.
    static func hash64(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(14_695_981_039_346_656_037) { ($0 &* 1_099_511_628_211) ^ UInt64($1) }
    }
}

/// A regular expression that remembers its answers: names of services and operations come again and again.
final class CachedRegex: @unchecked Sendable {
    // `Regex` is not Sendable because it may hold closures of the program's; one made from text has none, and is never changed.
    let regex: Regex<AnyRegexOutput>
    let pattern: String
    private let answers = Mutex<[String: Bool]>([:])
    private let maximumAnswers: Int

    /// Answers that are remembered, unless a setting says otherwise.
    static let defaultMaximumAnswers = 128
    /// Longer texts are not remembered.
    private static let maximumLength = 256

    /// - Throws: the engine's own error for a pattern that is none.
    init(_ pattern: String, maximumAnswers: Int = defaultMaximumAnswers) throws {
        // Scalars, as Go's engine counts them.
        regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
        self.pattern = pattern
        self.maximumAnswers = maximumAnswers
    }

    func isFound(in text: String) -> Bool {
        if let known = answers.withLock({ $0[text] }) { return known }
        // What a match may throw comes from closures, and there are none.
        let isFound = ((try? regex.firstMatch(in: text)) ?? nil) != nil
        if text.utf8.count <= Self.maximumLength {
            answers.withLock { answers in
                if answers.count >= maximumAnswers { answers.removeAll(keepingCapacity: true) }
                if maximumAnswers > 0 { answers[text] = isFound }
            }
        }
        return isFound
    }

    /// The text with all matches replaced; `$1`, `${1}` and `$name` stand for groups, `$$` for a dollar sign.
    func replacing(in text: String, with template: String) -> String {
        var result = ""
        var position = text.startIndex
        for match in text.matches(of: regex) {
            result += text[position..<match.range.lowerBound]
            result += Self.expanded(template, match.output)
            position = match.range.upperBound
        }
        return result + text[position...]
    }

    private static func expanded(_ template: String, _ output: AnyRegexOutput) -> String {
        guard template.contains("$") else { return template }
        var result = ""
        var rest = Substring(template)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest.removeFirst()
                continue
            }
            let isBraced = rest.first == "{"
            let name = (isBraced ? rest.dropFirst() : rest).prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            if isBraced, name.endIndex < rest.endIndex, rest[name.endIndex] == "}" {
                rest = rest[rest.index(after: name.endIndex)...]
            } else if !isBraced, !name.isEmpty {
                rest = rest[name.endIndex...]
            } else {
                result += "$"
                continue
            }
            if let index = Int(name) {
                if output.indices.contains(index) { result += output[index].substring ?? "" }
            } else if let group = output.first(where: { $0.name == String(name) }) {
                result += group.substring ?? ""
            }
        }
        return result + rest
    }
}
