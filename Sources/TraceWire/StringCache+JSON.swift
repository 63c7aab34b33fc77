internal import JSONCoding

extension StringCache {
    /// A string that may repeat; a number or a boolean as its text, a list as nothing.
    mutating func text(_ reader: inout JSONReader) throws -> String {
        switch try reader.peek() {
        case .string:
            return try reader.withStringBytes { bytes, inPlace in
                guard let start = bytes.baseAddress else { return "" }
                return inPlace ? string(start, bytes.count) : Self.make(start, bytes.count)
            }
        case .number: return try reader.readNumberText()
        case .bool: return try reader.readBool() ? "true" : "false"
        case .object, .array, .null:
            try reader.skip()
            return ""
        }
    }
}
