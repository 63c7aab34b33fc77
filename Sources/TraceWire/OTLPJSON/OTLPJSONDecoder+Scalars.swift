internal import JSONCoding
internal import TraceModel

extension OTLPJSONDecoder {
    /// A string that may repeat within the request.
    @inline(__always)
    mutating func string(_ reader: inout JSONReader) throws(JSONError) -> String {
        try reader.withStringBytes { bytes, inPlace in
            guard let start = bytes.baseAddress else { return "" }
            return inPlace ? strings.string(start, bytes.count) : StringCache.make(start, bytes.count)
        }
    }

    // MARK: Numbers

    /// `"1700000000000000000"` or `1700000000000000000`.
    @inline(__always)
    func uint64(_ reader: inout JSONReader) throws(JSONError) -> UInt64 {
        guard try reader.peek() == .string else { return try reader.readUInt64() }
        let offset = reader.offset
        guard let value = try reader.withStringBytes({ bytes, _ in Self.digits(bytes) }) else {
            throw Self.notANumber("a whole number between 0 and 2^64-1, as digits", offset)
        }
        return value
    }

    /// A signed number, with or without quotes.
    static func int64(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
        guard try reader.peek() == .string else { return try reader.readInt64() }
        let offset = reader.offset
        let value = try reader.withStringBytes { bytes, _ -> Int64? in
            let isNegative = bytes.first == UInt8(ascii: "-")
            guard let magnitude = Self.digits(UnsafeBufferPointer(rebasing: bytes[(isNegative ? 1 : 0)...])) else { return nil }
            if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
            return Int64(exactly: magnitude)
        }
        guard let value else { throw Self.notANumber("a whole number between -2^63 and 2^63-1, as digits", offset) }
        return value
    }

    /// A count; larger ones become the largest.
    func uint32(_ reader: inout JSONReader) throws(JSONError) -> UInt32 {
        UInt32(clamping: try uint64(&reader))
    }

    /// A number, `"NaN"`, `"Infinity"`, `"-Infinity"`, or a number between quotes.
    func double(_ reader: inout JSONReader) throws(JSONError) -> Double {
        guard try reader.peek() == .string else { return try reader.readDouble() }
        let offset = reader.offset
        let text = try reader.readString()
        switch text {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default:
            guard let value = Double(text), value.isFinite else {
                throw Self.notANumber("a number, \"NaN\", \"Infinity\" or \"-Infinity\"", offset)
            }
            return value
        }
    }

    /// `true`, `false`, or either between quotes.
    func bool(_ reader: inout JSONReader) throws(JSONError) -> Bool {
        guard try reader.peek() == .string else { return try reader.readBool() }
        let offset = reader.offset
        switch try reader.readString() {
        case "true": return true
        case "false": return false
        default: throw Self.notANumber("true or false", offset)
        }
    }

    /// Base64 of either alphabet.
    func bytes(_ reader: inout JSONReader) throws(JSONError) -> [UInt8] {
        _ = try reader.peek()
        let offset = reader.offset
        guard let bytes = try reader.withStringBytes({ text, _ in Base64.decode(text) }) else {
            throw Self.notANumber("base64", offset)
        }
        return bytes
    }

    /// A number, a number between quotes, or a name of the enum; anything unknown is 255.
    func enumValue(_ reader: inout JSONReader, _ names: [String]) throws(JSONError) -> UInt8 {
        guard try reader.peek() == .string else { return UInt8(clamping: try reader.readInt64()) }
        let text = try reader.readString()
        if let index = names.firstIndex(where: { text == $0 || text.hasSuffix("_" + $0) }) { return UInt8(index) }
        return UInt8(text) ?? .max
    }

    static let kindNames = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
    static let statusNames = ["UNSET", "OK", "ERROR"]

    /// 1 to 20 decimal digits within 64 bits.
    @inline(__always)
    private static func digits(_ text: UnsafeBufferPointer<UInt8>) -> UInt64? {
        guard (1...20).contains(text.count) else { return nil }
        var value: UInt64 = 0
        for index in 0..<min(text.count, 19) {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            // No overflow: 19 digits are less than 2^64.
            value = value &* 10 &+ UInt64(digit)
        }
        if text.count < 20 { return value }
        let digit = text[19] &- UInt8(ascii: "0")
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
        return digit > 9 || overflow || carry ? nil : sum
    }

    private static func notANumber(_ expected: String, _ offset: Int) -> JSONError {
        JSONError(code: .typeMismatch, message: "the string does not hold what this member needs, expected \(expected)", offset: offset)
    }

    // MARK: Ids

    func traceID(_ reader: inout JSONReader, _ problem: inout IDProblem) throws(JSONError) -> TraceID {
        let read = try reader.withStringBytes { text, _ -> (id: TraceID?, count: Int) in
            guard text.count == 32, let high = Self.word(text, 0), let low = Self.word(text, 16) else {
                guard isStored, text.count == 24, let bytes = Base64.decode(text), bytes.count == 16 else { return (nil, text.count) }
                return (TraceID(high: Self.bigEndian(bytes[..<8]), low: Self.bigEndian(bytes[8...])), text.count)
            }
            return (TraceID(high: high, low: low), text.count)
        }
        if let id = read.id { return id }
        problem = .traceID(Self.found(read.count, expected: 32))
        return TraceID(high: 0, low: 0)
    }

    func spanID(_ reader: inout JSONReader, _ problem: inout IDProblem) throws(JSONError) -> SpanID? {
        let read = try spanIDText(&reader)
        if let id = read.id { return id }
        problem = .spanID(Self.found(read.count, expected: 16))
        return nil
    }

    /// No digits and all zero both mean a root span.
    func parentSpanID(_ reader: inout JSONReader, _ problem: inout IDProblem) throws(JSONError) -> SpanID? {
        let read = try spanIDText(&reader)
        if let id = read.id { return id.isValid ? id : nil }
        if read.count > 0 { problem = .parentSpanID(Self.found(read.count, expected: 16)) }
        return nil
    }

    private func spanIDText(_ reader: inout JSONReader) throws(JSONError) -> (id: SpanID?, count: Int) {
        try reader.withStringBytes { text, _ in
            guard text.count == 16, let word = Self.word(text, 0) else {
                guard isStored, text.count == 12, let bytes = Base64.decode(text), bytes.count == 8 else { return (nil, text.count) }
                return (SpanID(Self.bigEndian(bytes[...])), text.count)
            }
            return (SpanID(word), text.count)
        }
    }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    private static func found(_ count: Int, expected: Int) -> String {
        count == expected ? "with a character that is no hexadecimal digit" : "of \(count) characters instead of \(expected) hexadecimal digits"
    }

    /// Sixteen hex digits.
    @inline(__always)
    private static func word(_ text: UnsafeBufferPointer<UInt8>, _ offset: Int) -> UInt64? {
        let raw = UnsafeRawBufferPointer(text)
        guard let high = hexDigits(raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self).bigEndian),
            let low = hexDigits(raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self).bigEndian)
        else { return nil }
        return high << 32 | low
    }

    /// The value of eight hex digits of either case, the first in the highest byte; `nil` when one is none.
    @inline(__always)
    private static func hexDigits(_ text: UInt64) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs = ones &* 0x80
        // Per byte below 0x80: adding 0x80 - x sets the high bit from x on. Letters become lower case; digits stay.
        let lower = text | ones &* 0x20
        let isDigit = (text &+ ones &* (0x80 - 0x30)) & ~(text &+ ones &* (0x80 - 0x3a))
        let isLetter = (lower &+ ones &* (0x80 - 0x61)) & ~(lower &+ ones &* (0x80 - 0x67))
        guard text & highs == 0, (isDigit | isLetter) & highs == highs else { return nil }
        var value = (text & (ones &* 0x0f)) &+ (text >> 6 & ones) &* 9
        value = (value | value >> 4) & 0x00ff_00ff_00ff_00ff
        value = (value | value >> 8) & 0x0000_ffff_0000_ffff
        return (value | value >> 16) & 0xffff_ffff
    }
}
