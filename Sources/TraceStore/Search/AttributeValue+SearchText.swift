public import TraceModel

extension AttributeValue {
    /// The value as text: what a search compares with.
    ///
    /// Strings stand for themselves; whole doubles have no fraction (`200`); bytes are base64; lists and maps are compact JSON with
    /// sorted keys, as the OpenTelemetry Collector renders them; nothing is the empty text.
    public var searchText: String {
        switch self {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return String(value)
        case .double(let value): return Self.text(of: value)
        case .bytes(let bytes): return Self.base64(bytes)
        case .empty: return ""
        case .array, .keyValueList:
            var text = ""
            writeJSON(to: &text)
            return text
        }
    }

    /// Whether ``searchText`` is this text; a double is also found by other ways to write the same number (`200.0`, `2e2`).
    func isEqual(toText text: String) -> Bool {
        switch self {
        case .string(let value): return value == text
        case .bool(let value): return text == (value ? "true" : "false")
        case .double(let value): return Double(text) == value || searchText == text
        default: return searchText == text
        }
    }

    private static func text(of value: Double) -> String {
        if value.magnitude < 1e15, value == value.rounded(.towardZero) { return String(Int64(value)) }
        return value.description
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < count ? UInt32(bytes[start + index]) : 0) }
            for index in 0..<4 {
                text.append(index <= count ? digits[Int(group >> UInt32(18 - 6 * index)) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func writeJSON(to text: inout String) {
        switch self {
        case .string, .bytes: Self.writeJSONString(searchText, to: &text)
        case .empty: text += "null"
        case .bool, .int, .double: text += searchText
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.writeJSON(to: &text)
            }
            text += "]"
        case .keyValueList(let attributes):
            text += "{"
            for (index, attribute) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { text += "," }
                Self.writeJSONString(attribute.key, to: &text)
                text += ":"
                attribute.value.writeJSON(to: &text)
            }
            text += "}"
        }
    }

    private static func writeJSONString(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
