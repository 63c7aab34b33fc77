/// Casting between numeric element types.
extension Tensor {
    /// The same values in another element type, as a model that is not strict has its outputs cast to the declared type.
    ///
    /// Integers out of range and NaN are clamped rather than trapped on; fractions are cut off.
    ///
    /// - Throws: `invalidArgument` when one of the two types is ``DataType/bytes`` and the other is not.
    public func converted(to target: DataType) throws(InferenceError) -> Tensor {
        guard target != dataType else { return self }
        switch target {
        case .bool: return try cast { $0 != 0 }
        case .uint8: return try cast { Self.clamped($0, UInt8.self) }
        case .uint16: return try cast { Self.clamped($0, UInt16.self) }
        case .uint32: return try cast { Self.clamped($0, UInt32.self) }
        case .uint64: return try cast { Self.clamped($0, UInt64.self) }
        case .int8: return try cast { Self.clamped($0, Int8.self) }
        case .int16: return try cast { Self.clamped($0, Int16.self) }
        case .int32: return try cast { Self.clamped($0, Int32.self) }
        case .int64: return try cast { Self.clamped($0, Int64.self) }
        case .fp16: return try cast { Float16($0) }
        case .fp32: return try cast { Float($0) }
        case .fp64: return try cast { $0 }
        case .bf16: return try cast { BFloat16(Float($0)) }
        case .bytes: throw InferenceError(.invalidArgument, "\(dataType) values cannot be converted to BYTES")
        }
    }

    private func cast<Element: TensorElement>(_ transform: (Double) -> Element) throws(InferenceError) -> Tensor {
        try Tensor(doubles().map(transform), shape: shape)
    }

    /// All values as `Double`; integers beyond 2⁵³ lose their last digits.
    package func doubles() throws(InferenceError) -> [Double] {
        switch dataType {
        case .bool: try values(as: Bool.self).map { $0 ? 1 : 0 }
        case .uint8: storage.map { Double($0) }
        case .uint16: try values(as: UInt16.self).map { Double($0) }
        case .uint32: try values(as: UInt32.self).map { Double($0) }
        case .uint64: try values(as: UInt64.self).map { Double($0) }
        case .int8: try values(as: Int8.self).map { Double($0) }
        case .int16: try values(as: Int16.self).map { Double($0) }
        case .int32: try values(as: Int32.self).map { Double($0) }
        case .int64: try values(as: Int64.self).map { Double($0) }
        case .fp16: try values(as: Float16.self).map { Double($0) }
        case .fp32: try values(as: Float.self).map { Double($0) }
        case .fp64: try values(as: Double.self)
        case .bf16: try values(as: BFloat16.self).map { Double(Float($0)) }
        case .bytes: throw InferenceError(.invalidArgument, "BYTES values are no numbers")
        }
    }

    private static func clamped<Integer: FixedWidthInteger>(_ value: Double, _ type: Integer.Type) -> Integer {
        if value.isNaN { return 0 }
        if value <= Double(Integer.min) { return .min }
        if value >= Double(Integer.max) { return .max }
        return Integer(value)
    }
}
