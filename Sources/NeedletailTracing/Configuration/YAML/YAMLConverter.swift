internal import Yams

/// Makes plain values of the parser's nodes, within bounds.
struct YAMLConverter {
    private var count = 0

    mutating func value(_ node: Node, depth: Int) throws(YAMLDocument.Refusal) -> YAMLValue {
        let line = node.mark?.line ?? 1
        count += 1
        guard count <= YAMLDocument.maximumValues else {
            throw YAMLDocument.Refusal(line: line, reason: "more than \(YAMLDocument.maximumValues) values, with those that aliases stand for")
        }
        guard depth <= YAMLDocument.maximumDepth else {
            throw YAMLDocument.Refusal(line: line, reason: "more than \(YAMLDocument.maximumDepth) mappings and lists in one another")
        }
        switch node {
        case .scalar(let scalar):
            let isText = scalar.tag.description == Tag.Name.str.rawValue
            return YAMLValue(content: .scalar(scalar.string, isPlain: scalar.style == .plain && !isText), line: line)
        case .sequence(let sequence):
            var list: [YAMLValue] = []
            for element in sequence { list.append(try value(element, depth: depth + 1)) }
            return YAMLValue(content: .list(list), line: line)
        case .mapping(let mapping):
            return YAMLValue(content: .mapping(try entries(mapping, depth: depth)), line: line)
        case .alias:
            // The parser puts in what aliases stand for; only trees that programs build have them.
            throw YAMLDocument.Refusal(line: line, reason: "an alias that stands for nothing")
        }
    }

    private mutating func entries(_ mapping: Node.Mapping, depth: Int) throws(YAMLDocument.Refusal) -> [YAMLValue.Entry] {
        var own: [YAMLValue.Entry] = []
        var merged: [YAMLValue.Entry] = []
        for (key, node) in mapping {
            guard case .scalar(let name) = key else {
                throw YAMLDocument.Refusal(line: key.mark?.line ?? 1, reason: "a mapping or a list as a key; expected a name")
            }
            let line = key.mark?.line ?? 1
            let value = try value(node, depth: depth + 1)
            if name.string == "<<", name.style == .plain {
                merged += try Self.mergedEntries(value)
            } else {
                own.append(YAMLValue.Entry(key: name.string, line: line, value: value))
            }
        }
        var names = Set(own.map(\.key))
        // Own keys win over merged ones, and earlier merged ones over later.
        for entry in merged where names.insert(entry.key).inserted { own.append(entry) }
        return own
    }

    /// What `<<` brings: a mapping, or a list of mappings.
    private static func mergedEntries(_ value: YAMLValue) throws(YAMLDocument.Refusal) -> [YAMLValue.Entry] {
        switch value.content {
        case .mapping(let entries): return entries
        case .list(let list):
            var entries: [YAMLValue.Entry] = []
            for element in list { entries += try mergedEntries(element) }
            return entries
        case .scalar: throw YAMLDocument.Refusal(line: value.line, reason: "\"<<\" merges mappings; expected an alias of one, as in <<: *name")
        }
    }
}
