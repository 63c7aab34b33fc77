internal import Inference
internal import ProtobufCoding

/// The values of an input in fields of their own: `InferTensorContents { repeated: 1 bool_contents bool, 2 int_contents int32,
/// 3 int64_contents int64, 4 uint_contents uint32, 5 uint64_contents uint64, 6 fp32_contents float, 7 fp64_contents double,
/// 8 bytes_contents bytes }`
struct InferTensorContents: Sendable {
    var bools: [UInt8] = []
    var ints: [Int32] = []
    var int64s: [Int64] = []
    var uints: [UInt32] = []
    var uint64s: [UInt64] = []
    var floats: [Float] = []
    var doubles: [Double] = []
    /// Each with its length in front, as tensors have them.
    var byteStrings: [UInt8] = []

    mutating func read(_ cursor: inout MessageCursor, _ tag: UInt32) throws(MessageError) {
        switch tag {
        case 1 << 3 | 0, 1 << 3 | 2:
            try cursor.repeated(tag) { (cursor) throws(MessageError) in bools.append(try cursor.flag() ? 1 : 0) }
        case 2 << 3 | 0, 2 << 3 | 2:
            try cursor.repeated(tag) { (cursor) throws(MessageError) in ints.append(Int32(truncatingIfNeeded: try cursor.varint())) }
        case 3 << 3 | 0, 3 << 3 | 2:
            try cursor.repeated(tag) { (cursor) throws(MessageError) in int64s.append(try cursor.int64()) }
        case 4 << 3 | 0, 4 << 3 | 2:
            try cursor.repeated(tag) { (cursor) throws(MessageError) in uints.append(UInt32(truncatingIfNeeded: try cursor.varint())) }
        case 5 << 3 | 0, 5 << 3 | 2:
            try cursor.repeated(tag) { (cursor) throws(MessageError) in uint64s.append(try cursor.varint()) }
        case 6 << 3 | 5, 6 << 3 | 2:
            try cursor.repeated(tag) { (cursor) throws(MessageError) in floats.append(Float(bitPattern: try cursor.fixed32())) }
        case 7 << 3 | 1, 7 << 3 | 2:
            try cursor.repeated(tag) { (cursor) throws(MessageError) in doubles.append(Double(bitPattern: try cursor.fixed64())) }
        case 8 << 3 | 2:
            let bytes = try cursor.bytes()
            do throws(InferenceError) {
                try Tensor.append(bytes, to: &byteStrings)
            } catch {
                throw MessageError(error.message)
            }
        default: try cursor.skip(tag)
        }
    }

    /// The element type that the field stands for, of the first field that holds anything; `nil` when none does.
    var dataType: DataType? {
        if !bools.isEmpty { return .bool }
        if !ints.isEmpty { return .int32 }
        if !int64s.isEmpty { return .int64 }
        if !uints.isEmpty { return .uint32 }
        if !uint64s.isEmpty { return .uint64 }
        if !floats.isEmpty { return .fp32 }
        if !doubles.isEmpty { return .fp64 }
        return byteStrings.isEmpty ? nil : .bytes
    }

    /// The values as a tensor of this type has them; `nil` when the type is written in another field.
    ///
    /// - Throws: ``OutOfRange`` for an integer that the type does not hold.
    func storage(_ dataType: DataType) throws(OutOfRange) -> [UInt8]? {
        switch (dataType, self.dataType) {
        case (_, nil): return []
        case (.bool, .bool): return bools
        case (.bytes, .bytes): return byteStrings
        case (.int8, .int32): return try Self.narrowed(ints, Int8.self)
        case (.int16, .int32): return try Self.narrowed(ints, Int16.self)
        case (.int32, .int32): return ints.withUnsafeBytes { Array($0) }
        case (.int64, .int64): return int64s.withUnsafeBytes { Array($0) }
        case (.uint8, .uint32): return try Self.narrowed(uints, UInt8.self)
        case (.uint16, .uint32): return try Self.narrowed(uints, UInt16.self)
        case (.uint32, .uint32): return uints.withUnsafeBytes { Array($0) }
        case (.uint64, .uint64): return uint64s.withUnsafeBytes { Array($0) }
        case (.fp32, .fp32): return floats.withUnsafeBytes { Array($0) }
        case (.fp64, .fp64): return doubles.withUnsafeBytes { Array($0) }
        default: return nil
        }
    }

    /// An integer that the element type does not hold.
    struct OutOfRange: Error { var value: Int64 }

    private static func narrowed<Wide: FixedWidthInteger, Narrow: FixedWidthInteger>(
        _ values: [Wide],
        _ type: Narrow.Type
    ) throws(OutOfRange) -> [UInt8] {
        var storage: [UInt8] = []
        storage.reserveCapacity(values.count * MemoryLayout<Narrow>.size)
        for value in values {
            guard let narrow = Narrow(exactly: value) else { throw OutOfRange(value: Int64(value)) }
            withUnsafeBytes(of: narrow) { storage.append(contentsOf: $0) }
        }
        return storage
    }
}
