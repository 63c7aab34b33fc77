/// Appends compact JSON to a byte array; commas and colons are put by the writer.
///
/// The caller keeps the order right (a key before each value of an object, every `begin` with its `end`).
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.key("name")
///     writer.string("needle")
///     writer.endObject()
public struct JSONWriter: Sendable {
    /// Text up to ``used``, then room to write into.
    @usableFromInline var storage: [UInt8]
    @usableFromInline var used = 0

    /// A value came before on this level, so that the next one needs a comma.
    @usableFromInline var needsComma = false

    /// An empty text.
    ///
    /// - Parameter reserving: how many bytes the text will about have.
    public init(reserving: Int = 0) {
        storage = [UInt8](repeating: 0, count: max(0, reserving))
    }

    /// Writes into a buffer whose content is given up; its memory is used again.
    public init(reusing buffer: consuming [UInt8]) {
        storage = buffer
    }

    /// The UTF-8 text so far, as a copy; ``finish()`` takes it without one.
    public var bytes: [UInt8] {
        get { Array(storage[..<used]) }
        set {
            storage = newValue
            used = newValue.count
        }
    }

    /// The UTF-8 text.
    public consuming func finish() -> [UInt8] {
        storage.removeLast(storage.count - used)
        return storage
    }

    // MARK: Pieces

    /// How many bytes the text has so far, or since the last ``take()``.
    public var count: Int { used }

    /// Hands out the text so far; what is written from now on follows it, in the same memory.
    public mutating func take() -> [UInt8] {
        defer { used = 0 }
        return Array(storage[..<used])
    }

    // MARK: Room

    /// Hands out memory for at most `count` bytes; `body` returns how many it wrote.
    @inlinable @inline(__always)
    mutating func append(atMost count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        if storage.count &- used < count { grow(count) }
        let start = used
        used = start &+ storage.withUnsafeMutableBufferPointer { buffer in
            // In bounds: `count` bytes are left behind `start`; a request for none gets no memory.
            guard let base = buffer.baseAddress else { return 0 }
            return body(base + start)
        }
    }

    @usableFromInline @inline(never)
    mutating func grow(_ count: Int) {
        var larger = [UInt8](repeating: 0, count: max(256, storage.count * 2, used + count))
        larger.withUnsafeMutableBufferPointer { target in
            storage.withUnsafeBufferPointer { source in
                // In bounds: `larger` has more bytes than were used.
                if let target = target.baseAddress, let source = source.baseAddress { target.update(from: source, count: used) }
            }
        }
        storage = larger
    }

    /// Writes the comma that is due and one byte.
    @inlinable @inline(__always)
    mutating func open(_ bracket: UInt8) {
        let comma = needsComma
        append(atMost: 2) { target in
            var length = 0
            if comma {
                target[0] = UInt8(ascii: ",")
                length = 1
            }
            target[length] = bracket
            return length &+ 1
        }
        needsComma = false
    }

    @inlinable @inline(__always)
    mutating func close(_ bracket: UInt8) {
        append(atMost: 1) { target in
            target[0] = bracket
            return 1
        }
        needsComma = true
    }

    @inlinable @inline(__always)
    mutating func separate() {
        if needsComma {
            append(atMost: 1) { target in
                target[0] = UInt8(ascii: ",")
                return 1
            }
        }
        needsComma = true
    }

    @inlinable @inline(__always)
    mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        append(atMost: text.count) { target in
            if let start = text.baseAddress { target.update(from: start, count: text.count) }
            return text.count
        }
    }

    // MARK: Objects and arrays

    /// Writes `{`.
    @inlinable
    public mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Writes `}`.
    @inlinable
    public mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Writes `[`.
    @inlinable
    public mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Writes `]`.
    @inlinable
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes the name of a member that needs no escapes: printable ASCII without `"` and `\`.
    @inlinable
    public mutating func key(_ name: StaticString) {
        let comma = needsComma
        name.withUTF8Buffer { text in
            append(atMost: text.count &+ 4) { target in
                var length = 0
                if comma {
                    target[0] = UInt8(ascii: ",")
                    length = 1
                }
                target[length] = UInt8(ascii: "\"")
                length &+= 1
                if let start = text.baseAddress { (target + length).update(from: start, count: text.count) }
                length &+= text.count
                target[length] = UInt8(ascii: "\"")
                target[length &+ 1] = UInt8(ascii: ":")
                return length &+ 2
            }
        }
        needsComma = false
    }

    /// Writes the name of a member, with escapes where needed.
    public mutating func key(string name: String) {
        string(name)
        append(atMost: 1) { target in
            target[0] = UInt8(ascii: ":")
            return 1
        }
        needsComma = false
    }

    // MARK: Values

    /// Writes a string, with escapes where needed.
    public mutating func string(_ value: String) {
        let comma = needsComma
        needsComma = true
        var value = value
        value.withUTF8 { text in
            guard Self.isClean(text) else { return appendEscaped(text, comma: comma) }
            append(atMost: text.count &+ 3) { target in
                var length = 0
                if comma {
                    target[0] = UInt8(ascii: ",")
                    length = 1
                }
                target[length] = UInt8(ascii: "\"")
                length &+= 1
                if let start = text.baseAddress { (target + length).update(from: start, count: text.count) }
                length &+= text.count
                target[length] = UInt8(ascii: "\"")
                return length &+ 1
            }
        }
    }

    /// Writes 64-bit words as a string of lower-case hexadecimal digits, sixteen each: ids.
    public mutating func hex(_ high: UInt64, _ low: UInt64) {
        separate()
        append(atMost: 34) { target in
            target[0] = UInt8(ascii: "\"")
            Self.putHex(high, target + 1)
            Self.putHex(low, target + 17)
            target[33] = UInt8(ascii: "\"")
            return 34
        }
    }

    /// Writes a 64-bit word as a string of sixteen lower-case hexadecimal digits: ids.
    public mutating func hex(_ word: UInt64) {
        separate()
        append(atMost: 18) { target in
            target[0] = UInt8(ascii: "\"")
            Self.putHex(word, target + 1)
            target[17] = UInt8(ascii: "\"")
            return 18
        }
    }

    /// Writes an integer.
    public mutating func int(_ value: Int64) {
        separate()
        appendInteger(value)
    }

    /// Writes an integer.
    public mutating func int(_ value: Int) {
        int(Int64(value))
    }

    /// Writes an unsigned integer.
    public mutating func uint(_ value: UInt64) {
        separate()
        appendDigits(value)
    }

    /// Writes an integer between quotes, as protobuf's JSON has it for 64-bit fields.
    public mutating func quotedInt(_ value: Int64) {
        separate()
        quote()
        appendInteger(value)
        quote()
    }

    /// Writes an unsigned integer between quotes, as protobuf's JSON has it for 64-bit fields.
    public mutating func quotedUInt(_ value: UInt64) {
        separate()
        quote()
        appendDigits(value)
        quote()
    }

    /// Writes the shortest text that reads back as the same number; `"NaN"`, `"Infinity"` and `"-Infinity"` as strings.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return string(Self.nameOfNonFinite(value)) }
        separate()
        if value.magnitude < 9_007_199_254_740_992, Double(Int64(value)) == value, value != 0 || value.sign == .plus {
            appendInteger(Int64(value))
            append(".0")
        } else {
            append(value.description)
        }
    }

    /// Writes the shortest text that reads back as the same 32-bit number; not finite ones as ``double(_:)`` does.
    public mutating func float(_ value: Float) {
        guard value.isFinite else { return string(Self.nameOfNonFinite(Double(value))) }
        separate()
        if value.magnitude < 16_777_216, Float(Int64(value)) == value, value != 0 || value.sign == .plus {
            appendInteger(Int64(value))
            append(".0")
        } else {
            append(value.description)
        }
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        separate()
        append(value ? "true" : "false")
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        append("null")
    }

    /// Writes one value that is JSON text already.
    public mutating func raw(_ value: [UInt8]) {
        separate()
        value.withUnsafeBufferPointer { append($0) }
    }

    // MARK: Text

    private static func nameOfNonFinite(_ value: Double) -> String {
        value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    private mutating func quote() {
        append(atMost: 1) { target in
            target[0] = UInt8(ascii: "\"")
            return 1
        }
    }

    private mutating func appendInteger(_ value: Int64) {
        if value < 0 { append("-") }
        appendDigits(value.magnitude)
    }

    private mutating func appendDigits(_ value: UInt64) {
        // At most 20 digits: 2^64 has 20.
        append(atMost: 20) { target in
            var length = 1
            var power: UInt64 = 10
            while length < 20, value >= power {
                length &+= 1
                power = power &* 10
            }
            var rest = value
            var index = length
            while index > 0 {
                index &-= 1
                target[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            return length
        }
    }

    private static func putHex(_ word: UInt64, _ target: UnsafeMutablePointer<UInt8>) {
        var shift: UInt64 = 60
        for index in 0..<16 {
            let nibble = UInt8(truncatingIfNeeded: word &>> shift) & 0xf
            target[index] = nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &- 10 &+ nibble
            shift = shift &- 4
        }
    }

    // MARK: Escapes

    /// No byte needs an escape.
    private static func isClean(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let raw = UnsafeRawBufferPointer(text)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = 0
        while index &+ 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5c)
            let marks = ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- (ones &* 0x20)) & ~word)
            if marks & highs != 0 { return false }
            index &+= 8
        }
        while index < raw.count {
            if needsEscape(raw[index]) { return false }
            index &+= 1
        }
        return true
    }

    @inline(__always)
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>, comma: Bool) {
        if comma { append(",") }
        quote()
        var clean = 0
        for index in text.indices where Self.needsEscape(text[index]) {
            append(UnsafeBufferPointer(rebasing: text[clean..<index]))
            append(Self.escape(text[index]))
            clean = index + 1
        }
        append(UnsafeBufferPointer(rebasing: text[clean...]))
        quote()
    }

    private static func escape(_ byte: UInt8) -> String {
        switch byte {
        case 0x08: "\\b"
        case 0x09: "\\t"
        case 0x0a: "\\n"
        case 0x0c: "\\f"
        case 0x0d: "\\r"
        case UInt8(ascii: "\""): "\\\""
        case UInt8(ascii: "\\"): "\\\\"
        default: "\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
