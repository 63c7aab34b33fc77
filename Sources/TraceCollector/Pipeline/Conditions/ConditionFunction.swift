internal import Crypto
internal import NeedletailTracing
internal import TraceModel
internal import TraceWire

/// A function of OTTL that gives a value and changes nothing.
struct ConditionFunction: Sendable {
    enum Name: String, CaseIterable {
        case isMatch = "IsMatch", isString = "IsString", isInt = "IsInt", isDouble = "IsDouble", isBool = "IsBool", isMap = "IsMap"
        case isList = "IsList", isRootSpan = "IsRootSpan", hasPrefix = "HasPrefix", hasSuffix = "HasSuffix", containsValue = "ContainsValue"
        case len = "Len", concat = "Concat", convertCase = "ConvertCase", int = "Int", double = "Double", string = "String", bool = "Bool"
        case substring = "Substring", split = "Split", trim = "Trim", toLowerCase = "ToLowerCase", toUpperCase = "ToUpperCase"
        case sha1 = "SHA1", sha256 = "SHA256", sha512 = "SHA512", md5 = "MD5", fnv = "FNV", hex = "Hex", parseJSON = "ParseJSON"
        case traceID = "TraceID", spanID = "SpanID", duration = "Duration", now = "Now", unixNano = "UnixNano", keys = "Keys"
        case nanoseconds = "Nanoseconds", microseconds = "Microseconds", milliseconds = "Milliseconds", seconds = "Seconds"

        /// The least and the most arguments.
        var arguments: ClosedRange<Int> {
            switch self {
            case .isRootSpan, .now: 0...0
            case .isMatch, .hasPrefix, .hasSuffix, .containsValue, .concat, .convertCase, .split: 2...2
            case .substring: 3...3
            case .trim: 1...2
            default: 1...1
            }
        }

        var isCondition: Bool {
            switch self {
            case .isMatch, .isString, .isInt, .isDouble, .isBool, .isMap, .isList, .isRootSpan, .hasPrefix, .hasSuffix, .containsValue: true
            default: false
            }
        }
    }

    let name: Name
    private let arguments: [ConditionExpression]
    /// The pattern of `IsMatch`, compiled.
    private let regex: CachedRegex?

    var isCondition: Bool { name.isCondition }

    init(name text: String, arguments: [ConditionExpression], error: (String, String?) -> ConditionError) throws(ConditionError) {
        guard let name = Name(rawValue: text) else {
            throw error("there is no function \"\(text.prefix(60))\"", "one of " + Name.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard name.arguments.contains(arguments.count) else {
            let range = name.arguments
            let expected = range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw error("\(text) has \(arguments.count) arguments", expected)
        }
        self.name = name
        self.arguments = arguments
        if name == .isMatch {
            guard case .literal(.string(let pattern)) = arguments[1] else {
                throw error("the pattern of IsMatch is no text", "a regular expression in double quotes")
            }
            do {
                regex = try CachedRegex(pattern)
            } catch let failure {
                throw error("\"\(pattern.prefix(60))\" is no regular expression (\(failure))", nil)
            }
        } else {
            regex = nil
        }
    }

    func value(in context: ConditionContext) throws(ConditionFailure) -> AttributeValue {
        var values: [AttributeValue] = []
        for argument in arguments { values.append(try argument.value(in: context)) }
        switch name {
        case .isRootSpan: return .bool(context.span.parentSpanID?.isValid != true)
        case .now: return .int(Int64(clamping: WallClock.now()))
        default: return try value(values)
        }
    }

    private func value(_ values: [AttributeValue]) throws(ConditionFailure) -> AttributeValue {
        let first = values[0]
        switch name {
        case .isMatch: return .bool(first.text.map { regex?.isFound(in: $0) ?? false } ?? false)
        case .isString: if case .string = first { return true } else { return false }
        case .isInt: if case .int = first { return true } else { return false }
        case .isDouble: if case .double = first { return true } else { return false }
        case .isBool: if case .bool = first { return true } else { return false }
        case .isMap: if case .keyValueList = first { return true } else { return false }
        case .isList: if case .array = first { return true } else { return false }
        case .hasPrefix: return .bool(try text(first).hasPrefix(try text(values[1])))
        case .hasSuffix: return .bool(try text(first).hasSuffix(try text(values[1])))
        case .containsValue:
            guard case .array(let list) = first else { throw wrong("a list", first) }
            return .bool(list.contains(values[1]))
        case .len, .keys, .int, .double, .string, .bool: return try converted(first)
        case .concat:
            guard case .array(let list) = first else { throw wrong("a list", first) }
            return .string(list.map { $0.text ?? "" }.joined(separator: try text(values[1])))
        case .convertCase, .toLowerCase, .toUpperCase, .trim, .substring, .split: return try changed(values)
        case .sha1: return .string(Self.hex(Insecure.SHA1.hash(data: try bytes(first))))
        case .sha256: return .string(Self.hex(SHA256.hash(data: try bytes(first))))
        case .sha512: return .string(Self.hex(SHA512.hash(data: try bytes(first))))
        case .md5: return .string(Self.hex(Insecure.MD5.hash(data: try bytes(first))))
        case .fnv: return .int(Int64(bitPattern: FNV.hash64(try bytes(first))))
        case .hex: return .string(Self.hex(try bytes(first)))
        case .parseJSON:
            guard let value = PlainJSON.value(of: try text(first)) else { throw ConditionFailure(description: "ParseJSON got a text that is no JSON") }
            return value
        case .traceID, .spanID:
            guard case .bytes(let bytes) = first, bytes.count == (name == .traceID ? 16 : 8) else {
                throw wrong(name == .traceID ? "16 bytes, as in 0x…" : "8 bytes, as in 0x…", first)
            }
            return first
        case .duration:
            guard let nanoseconds = GoDuration.nanoseconds(try text(first)) else { throw wrong("a duration such as \"1.5s\"", first) }
            return .int(Int64(clamping: nanoseconds))
        case .unixNano, .nanoseconds, .microseconds, .milliseconds, .seconds:
            guard case .int(let nanoseconds) = first else { throw wrong("a time or a duration", first) }
            let divisor: Int64 = [.microseconds: 1000, .milliseconds: 1_000_000, .seconds: 1_000_000_000][name] ?? 1
            return divisor == 1_000_000_000 ? .double(Double(nanoseconds) / 1e9) : .int(nanoseconds / divisor)
        case .isRootSpan, .now: return .empty
        }
    }

    // MARK: Texts and conversions

    private func converted(_ value: AttributeValue) throws(ConditionFailure) -> AttributeValue {
        switch (name, value) {
        case (.len, .string(let text)): return .int(Int64(text.utf8.count))
        case (.len, .bytes(let bytes)): return .int(Int64(bytes.count))
        case (.len, .array(let list)): return .int(Int64(list.count))
        case (.len, .keyValueList(let list)): return .int(Int64(list.count))
        case (.len, _): throw wrong("a text, a list or a map", value)
        case (.keys, .keyValueList(let list)): return .array(list.map { .string($0.key) })
        case (.keys, _): throw wrong("a map", value)
        case (.int, .int), (.double, .double), (.bool, .bool), (.string, .string): return value
        case (.int, .double(let number)): return Int64(exactly: number.rounded(.towardZero)).map { .int($0) } ?? .empty
        case (.int, .string(let text)): return Int64(text).map { .int($0) } ?? .empty
        case (.int, .bool(let flag)): return .int(flag ? 1 : 0)
        case (.double, .int(let number)): return .double(Double(number))
        case (.double, .string(let text)): return Double(text).map { .double($0) } ?? .empty
        case (.double, .bool(let flag)): return .double(flag ? 1 : 0)
        case (.bool, .string(let text)): return ["true": true, "false": false][text.lowercased()].map { .bool($0) } ?? .empty
        case (.bool, .int(let number)): return .bool(number != 0)
        case (.string, _): return value.text.map { .string($0) } ?? .empty
        default: return .empty
        }
    }

    private func changed(_ values: [AttributeValue]) throws(ConditionFailure) -> AttributeValue {
        let source = try text(values[0])
        switch name {
        case .toLowerCase: return .string(source.lowercased())
        case .toUpperCase: return .string(source.uppercased())
        case .trim:
            let cut = values.count > 1 ? try text(values[1]) : " "
            var rest = Substring(source)
            while let first = rest.first, cut.contains(first) { rest.removeFirst() }
            while let last = rest.last, cut.contains(last) { rest.removeLast() }
            return .string(String(rest))
        case .split:
            let separator = try text(values[1])
            guard !separator.isEmpty else { throw ConditionFailure(description: "Split got an empty separator") }
            var parts: [AttributeValue] = []
            var rest = Substring(source)
            while parts.count < ConditionLimit.elements, let range = rest.firstRange(of: separator) {
                parts.append(.string(String(rest[..<range.lowerBound])))
                rest = rest[range.upperBound...]
            }
            return .array(parts + [.string(String(rest))])
        case .substring:
            guard case .int(let start) = values[1], case .int(let length) = values[2], start >= 0, length >= 0 else {
                throw ConditionFailure(description: "Substring takes a text, a start and a length of 0 or more")
            }
            let bytes = source.utf8.count
            guard start <= bytes, length <= bytes - Int(start) else {
                throw ConditionFailure(description: "Substring goes beyond the end of a text of \(bytes) bytes")
            }
            return .string(String(decoding: Array(source.utf8.dropFirst(Int(start)).prefix(Int(length))), as: UTF8.self))
        default: return .string(try ConditionCase.convert(source, to: try text(values[1])))
        }
    }

    // MARK: Types

    private func text(_ value: AttributeValue) throws(ConditionFailure) -> String {
        guard let text = value.text else { throw wrong("a text", value) }
        return text
    }

    private func bytes(_ value: AttributeValue) throws(ConditionFailure) -> [UInt8] {
        if case .bytes(let bytes) = value { return bytes }
        return Array(try text(value).utf8)
    }

    private func wrong(_ expected: String, _ value: AttributeValue) -> ConditionFailure {
        ConditionFailure(description: "\(name.rawValue) takes \(expected), and got \(value.typeName)")
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(Hex.digit(byte >> 4))
            text.append(Hex.digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Changes the case of a text as OTTL's `ConvertCase` does.
enum ConditionCase {
    static func convert(_ text: String, to style: String) throws(ConditionFailure) -> String {
        switch style {
        case "lower": return text.lowercased()
        case "upper": return text.uppercased()
        case "snake": return words(of: text).map { $0.lowercased() }.joined(separator: "_")
        case "camel": return words(of: text).map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        default: throw ConditionFailure(description: "ConvertCase takes lower, upper, snake or camel, and got \"\(style.prefix(20))\"")
        }
    }

    private static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var previous: Character?
        for character in text {
            if character == "_" || character == "-" || character == " " || character == "." {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else if character.isUppercase, previous?.isLowercase == true {
                if !word.isEmpty { words.append(word) }
                word = String(character)
            } else {
                word.append(character)
            }
            previous = character
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}
