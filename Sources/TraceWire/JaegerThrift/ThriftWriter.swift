/// Writes one of Apache Thrift's wire formats.
///
/// The bytes of a struct do not depend on what stands before it, so that structs can be written apart and put together.
protocol ThriftWriter {
    init()

    var bytes: [UInt8] { get set }

    /// The head of a one-way call with sequence number 0, up to its arguments.
    mutating func oneway(_ method: String)
    /// Opens a struct.
    ///
    /// - Returns: what ``endStruct(_:)`` needs.
    mutating func beginStruct() -> Int16
    mutating func field(_ id: Int16, _ type: ThriftType)
    mutating func field(_ id: Int16, _ flag: Bool)
    mutating func endStruct(_ outer: Int16)

    mutating func int32(_ value: Int32)
    mutating func int64(_ value: Int64)
    mutating func double(_ value: Double)
    /// The length that stands before text or bytes.
    mutating func length(_ count: Int)
    /// The head of a list of structs.
    mutating func structures(_ count: Int)
}

extension ThriftWriter {
    mutating func field(_ id: Int16, _ value: Int32) {
        field(id, .int32)
        int32(value)
    }

    mutating func field(_ id: Int16, _ value: Int64) {
        field(id, .int64)
        int64(value)
    }

    mutating func field(_ id: Int16, _ text: String) {
        field(id, .binary)
        length(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func field(_ id: Int16, _ value: [UInt8]) {
        field(id, .binary)
        length(value.count)
        bytes.append(contentsOf: value)
    }

    mutating func bigEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Writes Thrift's compact protocol.
struct CompactThriftWriter: ThriftWriter {
    var bytes: [UInt8] = []
    private var lastID: Int16 = 0

    mutating func oneway(_ method: String) {
        bytes.append(CompactThriftReader.protocolID)
        bytes.append(ThriftMessage.Kind.oneway << 5 | CompactThriftReader.version)
        bytes.append(0)
        length(method.utf8.count)
        bytes.append(contentsOf: method.utf8)
    }

    mutating func beginStruct() -> Int16 {
        defer { lastID = 0 }
        return lastID
    }

    mutating func field(_ id: Int16, _ type: ThriftType) {
        switch type {
        case .bool: preconditionFailure("a boolean's value is in the head of its field")
        case .byte: head(id, 3)
        case .int16: head(id, 4)
        case .int32: head(id, 5)
        case .int64: head(id, 6)
        case .double: head(id, 7)
        case .binary: head(id, 8)
        case .list: head(id, 9)
        case .set: head(id, 10)
        case .map: head(id, 11)
        case .structure: head(id, 12)
        }
    }

    mutating func field(_ id: Int16, _ flag: Bool) { head(id, flag ? 1 : 2) }

    private mutating func head(_ id: Int16, _ type: UInt8) {
        let delta = id - lastID
        lastID = id
        if (1...15).contains(delta) {
            bytes.append(UInt8(delta) << 4 | type)
        } else {
            bytes.append(type)
            int64(Int64(id))
        }
    }

    mutating func endStruct(_ outer: Int16) {
        bytes.append(0)
        lastID = outer
    }

    mutating func int32(_ value: Int32) { int64(Int64(value)) }

    mutating func int64(_ value: Int64) { varint(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func double(_ value: Double) {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func length(_ count: Int) { varint(UInt64(count)) }

    mutating func structures(_ count: Int) {
        if count < 15 {
            bytes.append(UInt8(count) << 4 | 12)
        } else {
            bytes.append(0xfc)
            varint(UInt64(count))
        }
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Writes Thrift's binary protocol.
struct BinaryThriftWriter: ThriftWriter {
    var bytes: [UInt8] = []

    mutating func oneway(_ method: String) {
        bigEndian(BinaryThriftReader.version | UInt32(ThriftMessage.Kind.oneway))
        length(method.utf8.count)
        bytes.append(contentsOf: method.utf8)
        bigEndian(Int32(0))
    }

    mutating func beginStruct() -> Int16 { 0 }

    mutating func field(_ id: Int16, _ type: ThriftType) {
        bytes.append(Self.code(type))
        bigEndian(id)
    }

    mutating func field(_ id: Int16, _ flag: Bool) {
        field(id, .bool)
        bytes.append(flag ? 1 : 0)
    }

    mutating func endStruct(_ outer: Int16) { bytes.append(0) }

    mutating func int32(_ value: Int32) { bigEndian(value) }
    mutating func int64(_ value: Int64) { bigEndian(value) }
    mutating func double(_ value: Double) { bigEndian(value.bitPattern) }
    mutating func length(_ count: Int) { bigEndian(Int32(clamping: count)) }

    mutating func structures(_ count: Int) {
        bytes.append(Self.code(.structure))
        bigEndian(Int32(clamping: count))
    }

    private static func code(_ type: ThriftType) -> UInt8 {
        switch type {
        case .bool: 2
        case .byte: 3
        case .double: 4
        case .int16: 6
        case .int32: 8
        case .int64: 10
        case .binary: 11
        case .structure: 12
        case .map: 13
        case .set: 14
        case .list: 15
        }
    }
}
