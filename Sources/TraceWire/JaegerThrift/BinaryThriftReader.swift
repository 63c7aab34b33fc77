/// Reads Thrift's binary protocol, as Jaeger's clients send it to UDP port 6832 and to `/api/traces` on port 14268.
struct BinaryThriftReader: ThriftReader {
    /// The first two bytes of a message in the strict form.
    static let version: UInt32 = 0x8001_0000

    var cursor: ThriftCursor

    init(_ cursor: ThriftCursor) { self.cursor = cursor }

    /// The strict form has the highest bit set: version and kind, name, sequence number. The older one: name, kind, number.
    mutating func message() throws(WireError) -> ThriftMessage {
        let start = cursor.position
        let first = try int32()
        if first < 0 {
            let head = UInt32(bitPattern: first)
            guard head & 0xffff_0000 == Self.version else { throw cursor.failure("version \(head >> 16) of binary Thrift", at: start) }
            let name = String(decoding: try binary(), as: UTF8.self)
            _ = try int32()
            return ThriftMessage(name: name, kind: UInt8(truncatingIfNeeded: head))
        }
        let name = String(decoding: try cursor.bytes(Int(first)), as: UTF8.self)
        let kind = try cursor.byte()
        _ = try int32()
        return ThriftMessage(name: name, kind: kind)
    }

    mutating func beginStruct() -> Int16 { 0 }

    mutating func field() throws(WireError) -> ThriftField? {
        let type = try cursor.byte()
        if type == 0 { return nil }
        return ThriftField(id: try int16(), type: try Self.type(type, cursor))
    }

    mutating func endStruct(_ outer: Int16) {}

    mutating func bool(_ field: ThriftField) throws(WireError) -> Bool { try cursor.byte() != 0 }

    mutating func int16() throws(WireError) -> Int16 { Int16(bigEndian: try cursor.fixed(Int16.self)) }

    mutating func int32() throws(WireError) -> Int32 { Int32(bigEndian: try cursor.fixed(Int32.self)) }

    mutating func int64() throws(WireError) -> Int64 { Int64(bigEndian: try cursor.fixed(Int64.self)) }

    mutating func double() throws(WireError) -> Double {
        Double(bitPattern: UInt64(bigEndian: try cursor.fixed(UInt64.self)))
    }

    mutating func binary() throws(WireError) -> UnsafeBufferPointer<UInt8> {
        let length = try int32()
        return try cursor.bytes(Int(length))
    }

    mutating func list() throws(WireError) -> (type: ThriftType?, count: Int) {
        let type = try cursor.byte()
        let size = try int32()
        let count = try cursor.count(Int64(size))
        return (count == 0 ? nil : try Self.type(type, cursor), count)
    }

    mutating func map() throws(WireError) -> (types: (key: ThriftType, value: ThriftType)?, count: Int) {
        let key = try cursor.byte()
        let value = try cursor.byte()
        let size = try int32()
        let count = try cursor.count(Int64(size))
        if count == 0 { return (nil, 0) }
        return ((try Self.type(key, cursor), try Self.type(value, cursor)), count)
    }

    private static func type(_ value: UInt8, _ cursor: ThriftCursor) throws(WireError) -> ThriftType {
        switch value {
        case 2: .bool
        case 3: .byte
        case 4: .double
        case 6: .int16
        case 8: .int32
        case 10: .int64
        case 11: .binary
        case 12: .structure
        case 13: .map
        case 14: .set
        case 15: .list
        default: throw cursor.failure("an unknown type \(value) of binary Thrift", at: cursor.position)
        }
    }
}
