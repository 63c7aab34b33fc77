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
    /// The UTF-8 text so far.
    public var bytes: [UInt8]

    /// A value came before on this level, so that the next one needs a comma.
    @usableFromInline var needsComma = false

    /// An empty text.
    ///
    /// - Parameter reserving: how many bytes the text will about have.
    public init(reserving: Int = 0) {
        bytes = []
        bytes.reserveCapacity(reserving)
    }

    /// Continues in a buffer that is cleared first; its memory is used again.
    public init(reusing buffer: consuming [UInt8]) {
        bytes = buffer
        bytes.removeAll(keepingCapacity: true)
    }

    @inlinable
    mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: Objects and arrays

    /// Writes `{`.
    @inlinable
    public mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Writes `}`.
    @inlinable
    public mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Writes `[`.
    @inlinable
    public mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    /// Writes `]`.
    @inlinable
    public mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes the name of a member that needs no escapes: printable ASCII without `"` and `\`.
    @inlinable
    public mutating func key(_ name: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes the name of a member, with escapes where needed.
    public mutating func key(string name: String) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
        appendQuoted(name)
        bytes.append(UInt8(ascii: ":"))
    }

    // MARK: Values

    /// Writes a string, with escapes where needed.
    public mutating func string(_ value: String) {
        separate()
        appendQuoted(value)
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
        bytes.append(UInt8(ascii: "\""))
        appendInteger(value)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes an unsigned integer between quotes, as protobuf's JSON has it for 64-bit fields.
    public mutating func quotedUInt(_ value: UInt64) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        appendDigits(value)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes the shortest text that reads back as the same number; `"NaN"`, `"Infinity"` and `"-Infinity"` as strings.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return string(Self.nameOfNonFinite(value)) }
        separate()
        if value.magnitude < 9_007_199_254_740_992, Double(Int64(value)) == value, value != 0 || value.sign == .plus {
            appendInteger(Int64(value))
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0"))
        } else {
            bytes.append(contentsOf: value.description.utf8)
        }
    }

    /// Writes the shortest text that reads back as the same 32-bit number; not finite ones as ``double(_:)`` does.
    public mutating func float(_ value: Float) {
        guard value.isFinite else { return string(Self.nameOfNonFinite(Double(value))) }
        separate()
        if value.magnitude < 16_777_216, Float(Int64(value)) == value, value != 0 || value.sign == .plus {
            appendInteger(Int64(value))
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0"))
        } else {
            bytes.append(contentsOf: value.description.utf8)
        }
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        separate()
        let text: StaticString = value ? "true" : "false"
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        let text: StaticString = "null"
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Writes one value that is JSON text already.
    public mutating func raw(_ value: [UInt8]) {
        separate()
        bytes.append(contentsOf: value)
    }

    // MARK: Text

    private static func nameOfNonFinite(_ value: Double) -> String {
        value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    private mutating func appendInteger(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDigits(value.magnitude)
    }

    private mutating func appendDigits(_ value: UInt64) {
        if value < 10 {
            bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var first = 20
            // At most 20 digits: 2^64 has 20.
            while rest > 0 {
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
                first -= 1
                digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: remainder)
                rest = quotient
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }

    private mutating func appendQuoted(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var clean = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean..<index]))
            appendEscape(byte)
            index += 1
            clean = index
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean...]))
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0c: bytes.append(UInt8(ascii: "f"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(UInt8(ascii: "0") + byte >> 4)
            bytes.append(byte & 0xf < 10 ? UInt8(ascii: "0") + byte & 0xf : UInt8(ascii: "a") + byte & 0xf - 10)
        }
    }
}
