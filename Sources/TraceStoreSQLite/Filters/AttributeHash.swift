internal import TraceModel
internal import TraceStore

/// 64-bit hashes of attributes, as blocks' filters keep them: part of the file format.
///
/// A pair has the same hash whatever it is an attribute of. Text beyond ASCII may be written in several ways that are equal in Swift,
/// so all of it has one hash; and so have all lists, maps and bytes of one key.
enum AttributeHash {
    private enum Kind: UInt64 {
        case text = 1, int, double, bool, other, key
    }

    /// The hash of a key, which ``pair(_:_:)`` takes.
    static func name(_ text: String) -> UInt64 { hash(text) }

    static func name(_ text: UnsafeRawBufferPointer) -> UInt64 { hash(text) }

    /// What stands in a filter for "there is such a key".
    static func exists(_ name: UInt64) -> UInt64 { mix(name ^ Kind.key.rawValue) }

    static func pair(_ name: UInt64, _ value: AttributeValue) -> UInt64 {
        switch value {
        case .string(let text): combine(name, .text, hash(text))
        case .int(let number): combine(name, .int, UInt64(bitPattern: number))
        case .double(let number): combine(name, .double, bits(number))
        case .bool(let flag): combine(name, .bool, flag ? 1 : 0)
        case .bytes, .array, .keyValueList, .empty: combine(name, .other, 0)
        }
    }

    /// The hash of a value in a block, and whether other values of the key may have it too.
    static func pair(_ name: UInt64, _ value: BlockAttributeValue, in buffer: UnsafeRawBufferPointer) -> (hash: UInt64, isShared: Bool) {
        switch value {
        case .text(let range):
            let hash = hash(UnsafeRawBufferPointer(rebasing: buffer[range]))
            return (combine(name, .text, hash), hash == beyondASCII)
        case .int(let number): return (pair(name, .int(number)), false)
        // All that are no number are one, and so are both zeros.
        case .double(let number): return (pair(name, .double(number)), number == 0 || number.isNaN)
        case .bool(let flag): return (pair(name, .bool(flag)), false)
        case .other: return (combine(name, .other, 0), true)
        }
    }

    /// The hashes of which a filter has at least one, when some attribute of this key is found by this text.
    static func candidates(_ name: UInt64, text: String) -> [UInt64] {
        var hashes = [pair(name, .string(text)), combine(name, .other, 0)]
        if text == "true" || text == "false" { hashes.append(pair(name, .bool(text == "true"))) }
        if let number = Int64(text) { hashes.append(pair(name, .int(number))) }
        if let number = Double(text) { hashes.append(pair(name, .double(number))) }
        return hashes
    }

    /// The hashes of which a filter has at least one, when some attribute of this key passes the test.
    static func candidates(_ name: UInt64, _ test: AttributeTest) -> [UInt64] {
        guard case .equals(let value) = test else { return [exists(name)] }
        // A list is found by its elements.
        var hashes = [pair(name, value), combine(name, .other, 0)]
        switch value {
        case .int(let number): hashes.append(pair(name, .double(Double(number))))
        case .double(let number):
            // Beyond, several whole numbers are equal to one fraction.
            guard number.magnitude < 9e15 else { return [exists(name)] }
            if let number = Int64(exactly: number) { hashes.append(pair(name, .int(number))) }
        default: break
        }
        return hashes
    }

    private static func combine(_ name: UInt64, _ kind: Kind, _ value: UInt64) -> UInt64 {
        mix(name &+ mix(value ^ kind.rawValue &* 0xd6e8_feb8_6659_fd93))
    }

    private static func bits(_ number: Double) -> UInt64 {
        if number.isNaN { return Double.nan.bitPattern }
        return number == 0 ? 0 : number.bitPattern
    }

    private static func hash(_ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    /// The one hash of all text that is not ASCII.
    private static let beyondASCII: UInt64 = 0x8ebc_6af0_9c88_c6e3

    private static func hash(_ raw: UnsafeRawBufferPointer) -> UInt64 {
        var hash = UInt64(raw.count) &* 0xa076_1d64_78bd_642f ^ 0xe703_7ed1_a0b4_28db
        var seen: UInt64 = 0
        var index = 0
        while index &+ 8 <= raw.count {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            seen |= word
            hash = mix(hash ^ word)
            index &+= 8
        }
        var last: UInt64 = 0
        while index < raw.count {
            last = last << 8 | UInt64(raw[index])
            index &+= 1
        }
        return (seen | last) & 0x8080_8080_8080_8080 == 0 ? mix(hash ^ last) : beyondASCII
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x2d35_8dcc_aa6c_78a5).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }
}
