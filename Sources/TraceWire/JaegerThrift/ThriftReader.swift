/// The types of Apache Thrift's wire formats.
enum ThriftType {
    case bool, byte, int16, int32, int64, double, binary, list, set, map, structure
}

/// The head of a field.
struct ThriftField {
    var id: Int16
    var type: ThriftType
    /// The compact protocol puts a boolean's value here; the binary protocol writes it behind.
    var flag = false
}

/// Reads one of Apache Thrift's wire formats from memory.
///
/// Every length and count is checked against the bytes that are left.
protocol ThriftReader {
    init(_ cursor: ThriftCursor)

    var cursor: ThriftCursor { get set }

    /// Reads the head of a message up to its arguments.
    mutating func message() throws(WireError) -> ThriftMessage
    /// Opens a struct.
    ///
    /// - Returns: what ``endStruct(_:)`` needs.
    mutating func beginStruct() -> Int16
    /// The head of the next field; `nil` behind the last.
    mutating func field() throws(WireError) -> ThriftField?
    mutating func endStruct(_ outer: Int16)

    mutating func bool(_ field: ThriftField) throws(WireError) -> Bool
    mutating func int16() throws(WireError) -> Int16
    mutating func int32() throws(WireError) -> Int32
    mutating func int64() throws(WireError) -> Int64
    mutating func double() throws(WireError) -> Double
    mutating func binary() throws(WireError) -> UnsafeBufferPointer<UInt8>
    /// The head of a list or set; the type is `nil` for an empty one.
    mutating func list() throws(WireError) -> (type: ThriftType?, count: Int)
    /// The head of a map; the types are `nil` for an empty one.
    mutating func map() throws(WireError) -> (types: (key: ThriftType, value: ThriftType)?, count: Int)
}

/// The head of a Thrift message.
struct ThriftMessage {
    /// The kinds of message that ask for something.
    enum Kind {
        static let call: UInt8 = 1
        static let oneway: UInt8 = 4
    }

    var name: String
    var kind: UInt8
}

extension ThriftReader {
    /// The number of elements of a list of structs.
    mutating func structures() throws(WireError) -> Int {
        let start = cursor.position
        let list = try list()
        guard let type = list.type, type != .structure else { return list.count }
        throw cursor.failure("a list of \(type), not of structs", at: start)
    }

    /// Half an id: Thrift has no unsigned numbers.
    mutating func word() throws(WireError) -> UInt64 { UInt64(bitPattern: try int64()) }

    /// Steps over the value of a field.
    mutating func skip(_ field: ThriftField) throws(WireError) {
        if field.type == .bool {
            _ = try bool(field)
        } else {
            try skipValue(field.type, depth: 0)
        }
    }

    private mutating func skipValue(_ type: ThriftType, depth: Int) throws(WireError) {
        guard depth < WireLimit.valueDepth else {
            throw WireError(
                code: .tooDeep,
                message: "an unknown Thrift field at byte \(cursor.position) is nested deeper than \(WireLimit.valueDepth) levels")
        }
        switch type {
        // In a list or map each boolean is a byte in both protocols.
        case .bool, .byte: _ = try cursor.byte()
        case .int16: _ = try int16()
        case .int32: _ = try int32()
        case .int64: _ = try int64()
        case .double: _ = try double()
        case .binary: _ = try binary()
        case .list, .set:
            let list = try list()
            guard let type = list.type else { return }
            for _ in 0..<list.count { try skipValue(type, depth: depth + 1) }
        case .map:
            let map = try map()
            guard let types = map.types else { return }
            for _ in 0..<map.count {
                try skipValue(types.key, depth: depth + 1)
                try skipValue(types.value, depth: depth + 1)
            }
        case .structure:
            let outer = beginStruct()
            while let field = try field() {
                if field.type == .bool { _ = try bool(field) } else { try skipValue(field.type, depth: depth + 1) }
            }
            endStruct(outer)
        }
    }
}

extension StringCache {
    /// A string that may repeat.
    mutating func string(_ reader: inout some ThriftReader) throws(WireError) -> String {
        let bytes = try reader.binary()
        guard let start = bytes.baseAddress else { return "" }
        return string(start, bytes.count)
    }
}

/// Walks bytes in memory.
struct ThriftCursor {
    // Unsafe: the creator keeps the memory in place while the cursor lives; every read below is checked against `limit`.
    private let base: UnsafePointer<UInt8>
    private(set) var position = 0
    private let limit: Int
    /// What the bytes should hold, for people.
    private let expected: StaticString

    init(_ bytes: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>, expected: StaticString = "a batch of Jaeger spans") {
        self.base = base
        self.expected = expected
        limit = bytes.count
    }

    var left: Int { limit - position }

    mutating func byte() throws(WireError) -> UInt8 {
        guard position < limit else { throw failure("the end of the bytes within a value", at: position) }
        defer { position += 1 }
        return base[position]
    }

    mutating func bytes(_ count: Int) throws(WireError) -> UnsafeBufferPointer<UInt8> {
        guard count >= 0, count <= left else { throw failure("a value of \(count) bytes where \(left) are left", at: position) }
        defer { position += count }
        // In bounds: the count was checked.
        return UnsafeBufferPointer(start: base + position, count: count)
    }

    /// Eight, four or two bytes as they are in memory.
    mutating func fixed<Integer: FixedWidthInteger>(_: Integer.Type) throws(WireError) -> Integer {
        let bytes = try bytes(MemoryLayout<Integer>.size)
        return UnsafeRawBufferPointer(bytes).loadUnaligned(as: Integer.self)
    }

    /// A base-128 number, least significant group first.
    mutating func varint() throws(WireError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 {
                // The tenth byte holds one bit; more would be beyond 64 bits.
                guard shift < 63 || byte <= 1 else { throw failure("a varint of more than 64 bits", at: start) }
                return value
            }
            shift += 7
            guard shift < 70 else { throw failure("a varint of more than ten bytes", at: start) }
        }
    }

    /// Checks a number of elements; each takes at least a byte.
    func count(_ value: Int64) throws(WireError) -> Int {
        guard value >= 0, value <= Int64(left) else {
            throw failure("a list of \(value) elements where \(left) bytes are left", at: position)
        }
        return Int(value)
    }

    func failure(_ found: String, at offset: Int) -> WireError {
        WireError(code: .malformed, message: "malformed Thrift at byte \(offset): found \(found); expected \(expected)")
    }
}
