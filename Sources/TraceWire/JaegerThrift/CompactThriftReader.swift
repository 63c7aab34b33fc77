/// Reads Thrift's compact protocol, as Jaeger's clients send it to UDP port 6831.
struct CompactThriftReader: ThriftReader {
    /// The first byte of a message.
    static let protocolID: UInt8 = 0x82
    /// The low five bits of the second byte.
    static let version: UInt8 = 1

    var cursor: ThriftCursor
    private var lastID: Int16 = 0

    init(_ cursor: ThriftCursor) { self.cursor = cursor }

    mutating func message() throws(WireError) -> ThriftMessage {
        let start = cursor.position
        let identifier = try cursor.byte()
        guard identifier == Self.protocolID else {
            throw cursor.failure("a message that begins with \(identifier), compact Thrift begins with \(Self.protocolID)", at: start)
        }
        let second = try cursor.byte()
        guard second & 0x1f == Self.version else { throw cursor.failure("version \(second & 0x1f) of compact Thrift", at: start) }
        _ = try cursor.varint()
        let name = try binary()
        return ThriftMessage(name: String(decoding: name, as: UTF8.self), kind: second >> 5)
    }

    mutating func beginStruct() -> Int16 {
        defer { lastID = 0 }
        return lastID
    }

    mutating func field() throws(WireError) -> ThriftField? {
        let head = try cursor.byte()
        if head == 0 { return nil }
        let type = head & 0x0f
        if head >> 4 == 0 { lastID = try int16() } else { lastID &+= Int16(head >> 4) }
        return ThriftField(id: lastID, type: try Self.type(type, cursor), flag: type == 1)
    }

    mutating func endStruct(_ outer: Int16) { lastID = outer }

    mutating func bool(_ field: ThriftField) throws(WireError) -> Bool { field.flag }

    mutating func int16() throws(WireError) -> Int16 { Int16(truncatingIfNeeded: try int64()) }

    mutating func int32() throws(WireError) -> Int32 { Int32(truncatingIfNeeded: try int64()) }

    mutating func int64() throws(WireError) -> Int64 {
        let zigzag = try cursor.varint()
        return Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
    }

    /// Little-endian, as Apache's libraries write it.
    mutating func double() throws(WireError) -> Double {
        Double(bitPattern: UInt64(littleEndian: try cursor.fixed(UInt64.self)))
    }

    mutating func binary() throws(WireError) -> UnsafeBufferPointer<UInt8> {
        try cursor.bytes(Int(clamping: try cursor.varint()))
    }

    mutating func list() throws(WireError) -> (type: ThriftType?, count: Int) {
        let head = try cursor.byte()
        let size = head >> 4 == 15 ? try cursor.varint() : UInt64(head >> 4)
        let count = try cursor.count(Int64(clamping: size))
        return (count == 0 ? nil : try Self.type(head & 0x0f, cursor), count)
    }

    mutating func map() throws(WireError) -> (types: (key: ThriftType, value: ThriftType)?, count: Int) {
        let size = try cursor.varint()
        let count = try cursor.count(Int64(clamping: size))
        if count == 0 { return (nil, 0) }
        let types = try cursor.byte()
        return ((try Self.type(types >> 4, cursor), try Self.type(types & 0x0f, cursor)), count)
    }

    private static func type(_ value: UInt8, _ cursor: ThriftCursor) throws(WireError) -> ThriftType {
        switch value {
        case 1, 2: .bool
        case 3: .byte
        case 4: .int16
        case 5: .int32
        case 6: .int64
        case 7: .double
        case 8: .binary
        case 9: .list
        case 10: .set
        case 11: .map
        case 12: .structure
        default: throw cursor.failure("an unknown type \(value) of compact Thrift", at: cursor.position)
        }
    }
}
