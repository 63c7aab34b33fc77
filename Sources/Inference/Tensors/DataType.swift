/// The element type of a tensor, under its KServe v2 name ("Tensor data types").
public enum DataType: String, Hashable, Sendable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case fp16 = "FP16"
    case fp32 = "FP32"
    case fp64 = "FP64"
    case bf16 = "BF16"
    /// Byte strings of any length; in memory each is a little-endian 32-bit length and its bytes.
    case bytes = "BYTES"

    /// Bytes of one element; `nil` for ``bytes``, whose elements differ in length.
    public var byteWidth: Int? {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .fp16, .bf16: 2
        case .uint32, .int32, .fp32: 4
        case .uint64, .int64, .fp64: 8
        case .bytes: nil
        }
    }

    /// The name in a model configuration: `TYPE_FP32`, and `TYPE_STRING` for ``bytes``.
    public var configurationName: String {
        self == .bytes ? "TYPE_STRING" : "TYPE_\(rawValue)"
    }
}

extension DataType: CustomStringConvertible {
    public var description: String { rawValue }
}
