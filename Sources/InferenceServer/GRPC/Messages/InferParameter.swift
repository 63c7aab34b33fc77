internal import Inference
internal import ProtobufCoding

/// `InferParameter { oneof { 1 bool_param bool, 2 int64_param int64, 3 string_param string, 4 double_param double, 5 uint64_param uint64 } }`
enum InferParameter: Hashable, Sendable {
    case bool(Bool)
    case int64(Int64)
    case string(String)
    case double(Double)
    case uint64(UInt64)
    /// No choice is set.
    case unset

    mutating func read(_ cursor: inout MessageCursor, _ tag: UInt32) throws(MessageError) {
        switch tag {
        case 1 << 3 | 0: self = .bool(try cursor.flag())
        case 2 << 3 | 0: self = .int64(try cursor.int64())
        case 3 << 3 | 2: self = .string(try cursor.text())
        case 4 << 3 | 1: self = .double(Double(bitPattern: try cursor.fixed64()))
        case 5 << 3 | 0: self = .uint64(try cursor.varint())
        default: try cursor.skip(tag)
        }
    }

    /// What the model is told; `nil` when no choice is set, or a number is beyond `Int64`.
    var value: ParameterValue? {
        switch self {
        case .bool(let value): .bool(value)
        case .int64(let value): .int(value)
        case .string(let value): .string(value)
        case .double(let value): .double(value)
        case .uint64(let value): Int64(exactly: value).map { .int($0) }
        case .unset: nil
        }
    }

    /// A whole number that is not negative.
    var unsigned: UInt64? {
        switch self {
        case .int64(let value): UInt64(exactly: value)
        case .uint64(let value): value
        default: nil
        }
    }
}

/// The entries of a map of parameters, as they came.
typealias InferParameters = [(name: String, value: InferParameter)]

extension InferParameters {
    /// Reads one entry.
    mutating func readEntry(_ cursor: inout MessageCursor) throws(MessageError) {
        var value = InferParameter.unset
        let name = try cursor.entry { (cursor, tag) throws(MessageError) in try value.read(&cursor, tag) }
        append((name, value))
    }
}
