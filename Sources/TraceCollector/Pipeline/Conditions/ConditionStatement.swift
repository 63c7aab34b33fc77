internal import TraceModel

/// A statement of the transform processor: an editor, and when it applies.
struct ConditionStatement: Sendable {
    let text: String
    let editor: ConditionEditor
    let condition: ConditionExpression?

    func apply(to context: inout ConditionContext) throws(ConditionFailure) {
        if let condition, try !condition.isTrue(in: context) { return }
        try editor.apply(to: &context)
    }
}

/// A function of OTTL that changes something.
struct ConditionEditor: Sendable {
    enum Name: String, CaseIterable {
        case set
        case deleteKey = "delete_key"
        case deleteMatchingKeys = "delete_matching_keys"
        case keepKeys = "keep_keys"
        case keepMatchingKeys = "keep_matching_keys"
        case limit
        case truncateAll = "truncate_all"
        case replacePattern = "replace_pattern"
        case replaceAllPatterns = "replace_all_patterns"
        case replaceMatch = "replace_match"
        case replaceAllMatches = "replace_all_matches"
        case mergeMaps = "merge_maps"

        var arguments: ClosedRange<Int> {
            switch self {
            case .set, .deleteKey, .deleteMatchingKeys, .keepKeys, .keepMatchingKeys, .truncateAll: 2...2
            case .limit: 2...3
            case .replacePattern, .replaceMatch, .replaceAllMatches, .mergeMaps: 3...3
            case .replaceAllPatterns: 4...4
            }
        }
    }

    static let names = Name.allCases.map(\.rawValue)

    private let name: Name
    private let target: ConditionPath
    private let arguments: [ConditionExpression]
    private let regex: CachedRegex?

    init(name text: String, arguments: [ConditionExpression], error: (String, String?) -> ConditionError) throws(ConditionError) {
        guard let name = Name(rawValue: text) else {
            throw error("there is no editor \"\(text.prefix(60))\"", "one of " + Self.names.joined(separator: ", "))
        }
        guard name.arguments.contains(arguments.count) else {
            let range = name.arguments
            throw error("\(text) has \(arguments.count) arguments", range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)")
        }
        guard case .path(let target) = arguments[0] else { throw error("the first argument of \(text) is no path", "what to change, as in attributes[\"key\"]") }
        self.name = name
        self.target = target
        self.arguments = arguments
        let patternIndex: Int? =
            switch name {
            case .deleteMatchingKeys, .keepMatchingKeys, .replacePattern: 1
            case .replaceAllPatterns: 2
            default: nil
            }
        guard let patternIndex else {
            regex = nil
            return
        }
        guard case .literal(.string(let pattern)) = arguments[patternIndex] else { throw error("the pattern of \(text) is no text", "a regular expression in double quotes") }
        do {
            regex = try CachedRegex(pattern)
        } catch let failure {
            throw error("\"\(pattern.prefix(60))\" is no regular expression (\(failure))", nil)
        }
    }

    func apply(to context: inout ConditionContext) throws(ConditionFailure) {
        var values: [AttributeValue] = []
        for argument in arguments.dropFirst() { values.append(try argument.value(in: context)) }
        let old = target.value(in: context)
        switch name {
        case .set: target.set(values[0], in: &context)
        case .replacePattern:
            guard case .string(let text) = old, let regex else { return }
            target.set(.string(regex.replacing(in: text, with: values[1].text ?? "")), in: &context)
        case .replaceMatch:
            guard case .string(let text) = old, let glob = values[0].text, Glob.matches(glob, text) else { return }
            target.set(values[1], in: &context)
        default:
            guard case .keyValueList(let list) = old else { return }
            target.set(.keyValueList(try changed(list, values)), in: &context)
        }
    }

    private func changed(_ list: [Attribute], _ values: [AttributeValue]) throws(ConditionFailure) -> [Attribute] {
        switch name {
        case .deleteKey: return list.filter { $0.key != values[0].text }
        case .deleteMatchingKeys: return list.filter { regex?.isFound(in: $0.key) == false }
        case .keepMatchingKeys: return list.filter { regex?.isFound(in: $0.key) == true }
        case .keepKeys:
            let keys = try texts(values[0])
            return list.filter { keys.contains($0.key) }
        case .limit:
            guard case .int(let limit) = values[0], limit >= 0 else { throw ConditionFailure(description: "limit takes a whole number of 0 or more") }
            let first = values.count > 1 ? try texts(values[1]) : []
            guard list.count > limit else { return list }
            var room = max(Int(clamping: limit) - list.count { first.contains($0.key) }, 0)
            return list.filter { attribute in
                if first.contains(attribute.key) { return true }
                room -= 1
                return room >= 0
            }
        case .truncateAll:
            guard case .int(let limit) = values[0], limit >= 0 else { throw ConditionFailure(description: "truncate_all takes a whole number of 0 or more") }
            return list.map { attribute in
                guard case .string(let text) = attribute.value, text.utf8.count > limit else { return attribute }
                return Attribute(key: attribute.key, value: .string(TextCut.prefix(of: text, bytes: Int(clamping: limit))))
            }
        case .replaceAllPatterns:
            guard let regex else { return list }
            let template = values[2].text ?? ""
            return list.map { attribute in
                if values[0].text == "key" { return Attribute(key: regex.replacing(in: attribute.key, with: template), value: attribute.value) }
                guard case .string(let text) = attribute.value else { return attribute }
                return Attribute(key: attribute.key, value: .string(regex.replacing(in: text, with: template)))
            }
        case .replaceAllMatches:
            return list.map { attribute in
                guard case .string(let text) = attribute.value, Glob.matches(values[0].text ?? "", text) else { return attribute }
                return Attribute(key: attribute.key, value: values[1])
            }
        case .mergeMaps:
            guard case .keyValueList(let source) = values[0] else { throw ConditionFailure(description: "merge_maps takes a map, and got \(values[0].typeName)") }
            var result = list
            for attribute in source {
                switch values[1].text {
                case "insert": if list[attribute.key] == nil { result.set(attribute.key, attribute.value) }
                case "update": if list[attribute.key] != nil { result.set(attribute.key, attribute.value) }
                case "upsert": result.set(attribute.key, attribute.value)
                default: throw ConditionFailure(description: "merge_maps takes insert, update or upsert")
                }
            }
            return result
        case .set, .replacePattern, .replaceMatch: return list
        }
    }

    private func texts(_ value: AttributeValue) throws(ConditionFailure) -> Set<String> {
        guard case .array(let list) = value else { throw ConditionFailure(description: "\(name.rawValue) takes a list of keys, and got \(value.typeName)") }
        return Set(list.compactMap(\.text))
    }
}

/// Texts cut to a number of bytes without a broken character at the end.
enum TextCut {
    static func prefix(of text: String, bytes: Int) -> String {
        var length = 0
        var cut = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            if length > bytes { break }
            cut.append(scalar)
        }
        return String(cut)
    }
}

/// Patterns with `*` for any characters and `?` for one.
enum Glob {
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let (pattern, text) = (Array(pattern.unicodeScalars), Array(text.unicodeScalars))
        var (position, index) = (0, 0)
        var star: (position: Int, index: Int)?
        while index < text.count {
            if position < pattern.count, pattern[position] == "?" || (pattern[position] == text[index] && pattern[position] != "*") {
                position += 1
                index += 1
            } else if position < pattern.count, pattern[position] == "*" {
                star = (position, index)
                position += 1
            } else if let last = star {
                star = (last.position, last.index + 1)
                (position, index) = (last.position + 1, last.index + 1)
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == "*" }
    }
}
