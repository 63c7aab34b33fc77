/// A Swift type that is the element of a tensor with a fixed element size.
///
/// Its bytes in memory are its bytes in a tensor; the project supports little-endian machines only.
public protocol TensorElement: BitwiseCopyable, Sendable {
    /// The element type that this Swift type stands for.
    static var dataType: DataType { get }
}

#if _endian(big)
#error("Tensor storage is little-endian; a big-endian machine needs byte swapping here.")
#endif

extension Bool: TensorElement { public static var dataType: DataType { .bool } }
extension UInt8: TensorElement { public static var dataType: DataType { .uint8 } }
extension UInt16: TensorElement { public static var dataType: DataType { .uint16 } }
extension UInt32: TensorElement { public static var dataType: DataType { .uint32 } }
extension UInt64: TensorElement { public static var dataType: DataType { .uint64 } }
extension Int8: TensorElement { public static var dataType: DataType { .int8 } }
extension Int16: TensorElement { public static var dataType: DataType { .int16 } }
extension Int32: TensorElement { public static var dataType: DataType { .int32 } }
extension Int64: TensorElement { public static var dataType: DataType { .int64 } }
extension Float: TensorElement { public static var dataType: DataType { .fp32 } }
extension Double: TensorElement { public static var dataType: DataType { .fp64 } }
#if !(os(macOS) && arch(x86_64))
extension Float16: TensorElement { public static var dataType: DataType { .fp16 } }
#endif

/// The upper half of a `Float`: 8 exponent bits, 7 fraction bits.
public struct BFloat16: TensorElement, Hashable {
    public static var dataType: DataType { .bf16 }

    public var bitPattern: UInt16

    public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

    /// The nearest value, ties to even; a NaN stays a NaN.
    public init(_ value: Float) {
        let bits = value.bitPattern
        if value.isNaN {
            self.init(bitPattern: UInt16(truncatingIfNeeded: bits >> 16) | 0x40)
        } else {
            self.init(bitPattern: UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16))
        }
    }
}

extension Float {
    /// The same value, exactly.
    public init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) << 16) }
}
