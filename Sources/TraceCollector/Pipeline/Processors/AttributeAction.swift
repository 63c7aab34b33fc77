internal import Crypto
internal import NeedletailTracing
internal import TraceModel

/// One of the `actions` of the processors attributes and resource.
struct AttributeAction: Sendable {
    enum Source: Sendable {
        case value(AttributeValue)
        /// Another attribute, and what counts when it is not there.
        case attribute(String, AttributeValue?)
    }

    enum ConvertedType: Sendable { case int, double, string }

    enum Kind: Sendable {
        case insert(Source)
        case update(Source)
        case upsert(Source)
        case delete
        case hash
        case extract(CachedRegex)
        case convert(ConvertedType)
    }

    private enum Word { case insert, update, upsert, delete, hash, extract, convert }

    /// `nil`: only the pattern says which.
    var key: String?
    var kind: Kind
    /// Of keys, for delete and hash.
    var pattern: CachedRegex?

    private static let keys = ["key", "action", "value", "from_attribute", "default_value", "pattern", "converted_type"]

    /// `nil`, with a mistake, for what cannot be used.
    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(Self.keys, hint: { $0 == "from_context" ? "from_attribute; there is no context here" : nil }) else { return nil }
        guard let action = mapping["action"] else {
            reader.missing("action", expected: "one of insert, update, upsert, delete, hash, extract, convert")
            return nil
        }
        let words: KeyValuePairs<String, Word> = [
            "insert": .insert, "update": .update, "upsert": .upsert, "delete": .delete, "hash": .hash, "extract": .extract, "convert": .convert,
        ]
        guard let word = action.choice(words) else { return nil }
        key = mapping["key"]?.string(takesAny: true)
        let isByPattern = word == .delete || word == .hash
        if isByPattern { pattern = mapping["pattern"]?.regex() }
        if key ?? "" == "" {
            guard isByPattern, pattern != nil else {
                if mapping["pattern"] == nil || !isByPattern { reader.missing("key", expected: isByPattern ? "key or pattern" : "the key of an attribute") }
                return nil
            }
            key = nil
        }
        switch word {
        case .delete: kind = .delete
        case .hash: kind = .hash
        case .insert, .update, .upsert:
            guard let source = Self.source(mapping, reader) else { return nil }
            kind = word == .insert ? .insert(source) : word == .update ? .update(source) : .upsert(source)
        case .extract:
            guard let pattern = mapping["pattern"] else {
                reader.missing("pattern", expected: "a regular expression with named groups, as in ^/v2/models/(?P<model>[^/]+)")
                return nil
            }
            guard let regex = pattern.regex() else { return nil }
            kind = .extract(regex)
        case .convert:
            guard let type = mapping["converted_type"] else {
                reader.missing("converted_type", expected: "one of int, double, string")
                return nil
            }
            guard let converted: ConvertedType = type.choice(["int": .int, "double": .double, "string": .string]) else { return nil }
            kind = .convert(converted)
        }
    }

    private static func source(_ mapping: YAMLMapping, _ reader: YAMLReader) -> Source? {
        switch (mapping["value"], mapping["from_attribute"]) {
        case (let value?, nil):
            guard let value = value.attributeValue() else {
                reader.missing("value", expected: "a value that is not null")
                return nil
            }
            return .value(value)
        case (nil, let from?): return from.string(takesAny: true).map { .attribute($0, mapping["default_value"]?.attributeValue()) }
        case (nil, nil):
            reader.missing("value", expected: "value or from_attribute")
            return nil
        case (_?, _?):
            reader.mistake("has value and from_attribute", expected: "one of the two")
            return nil
        }
    }

    // MARK: Doing it

    func apply(to attributes: inout [Attribute]) {
        switch kind {
        case .insert(let source): if let key, attributes[key] == nil, let value = Self.value(source, attributes) { attributes.set(key, value) }
        case .update(let source): if let key, attributes[key] != nil, let value = Self.value(source, attributes) { attributes.set(key, value) }
        case .upsert(let source): if let key, let value = Self.value(source, attributes) { attributes.set(key, value) }
        case .delete: attributes.removeAll { matches($0.key) }
        case .hash:
            for index in attributes.indices where matches(attributes[index].key) {
                attributes[index].value = .string(Self.hash(attributes[index].value))
            }
        case .extract(let regex):
            guard let key, case .string(let text)? = attributes[key], let match = try? regex.regex.firstMatch(in: text) else { return }
            for group in match.output {
                if let name = group.name, let found = group.substring { attributes.set(name, .string(String(found))) }
            }
        case .convert(let type):
            guard let key, let value = attributes[key], let converted = Self.convert(value, to: type) else { return }
            attributes.set(key, converted)
        }
    }

    private func matches(_ name: String) -> Bool { name == key || pattern?.isFound(in: name) ?? false }

    private static func value(_ source: Source, _ attributes: [Attribute]) -> AttributeValue? {
        switch source {
        case .value(let value): value
        case .attribute(let key, let fallback): attributes[key] ?? fallback
        }
    }

    /// SHA-1 of a text, of one byte for a boolean, of eight little-endian bytes for a number, as the Collector hashes.
    static func hash(_ value: AttributeValue) -> String {
        let bytes: [UInt8] =
            switch value {
            case .string(let text): Array(text.utf8)
            case .bool(let flag): [flag ? 1 : 0]
            case .int(let number): withUnsafeBytes(of: number.littleEndian) { Array($0) }
            case .double(let number): withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
            case .bytes(let bytes): bytes
            case .array, .keyValueList, .empty: Array((value.text ?? "").utf8)
            }
        return ConditionFunction.hex(Insecure.SHA1.hash(data: bytes))
    }

    /// `nil` for a text that is no number: it stays as it is.
    private static func convert(_ value: AttributeValue, to type: ConvertedType) -> AttributeValue? {
        switch type {
        case .string: return value.text.map { .string($0) }
        case .int:
            switch value {
            case .int: return value
            case .double(let number): return Int64(exactly: number.rounded(.towardZero)).map { .int($0) }
            case .bool(let flag): return .int(flag ? 1 : 0)
            case .string(let text): return (Int64(text) ?? Double(text).flatMap { Int64(exactly: $0.rounded(.towardZero)) }).map { .int($0) }
            default: return nil
            }
        case .double:
            switch value {
            case .double: return value
            case .int(let number): return .double(Double(number))
            case .bool(let flag): return .double(flag ? 1 : 0)
            case .string(let text): return Double(text).flatMap { $0.isFinite ? .double($0) : nil }
            default: return nil
            }
        }
    }
}
