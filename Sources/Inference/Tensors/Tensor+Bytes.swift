/// Tensors of byte strings.
extension Tensor {
    /// A ``DataType/bytes`` tensor; without a shape it has one axis.
    ///
    /// - Throws: `invalidArgument` when the number of values does not fit the shape, or one has 2³² bytes or more.
    public init(bytes values: [[UInt8]], shape: [Int]? = nil) throws(InferenceError) {
        let shape = shape ?? [values.count]
        let count = try Self.checkedElementCount(of: shape)
        guard count == values.count else {
            throw InferenceError(
                .invalidArgument,
                "a tensor of shape \(Self.text(of: shape)) takes \(count) values, but got \(values.count)"
            )
        }
        var storage: [UInt8] = []
        storage.reserveCapacity(values.reduce(0) { $0 + 4 + $1.count })
        for value in values { try Self.append(value, to: &storage) }
        self.init(uncheckedDataType: .bytes, shape: shape, storage: storage)
    }

    /// A ``DataType/bytes`` tensor of UTF-8 text; without a shape it has one axis.
    ///
    /// - Throws: `invalidArgument` when the number of values does not fit the shape.
    public init(strings values: [String], shape: [Int]? = nil) throws(InferenceError) {
        try self.init(bytes: values.map { Array($0.utf8) }, shape: shape)
    }

    /// The elements of a ``DataType/bytes`` tensor.
    ///
    /// - Throws: `invalidArgument` when the tensor holds another element type.
    public func byteStrings() throws(InferenceError) -> [[UInt8]] {
        try elementRanges().map { Array(storage[$0]) }
    }

    /// The elements of a ``DataType/bytes`` tensor as text; bytes that are no UTF-8 become U+FFFD.
    ///
    /// - Throws: `invalidArgument` when the tensor holds another element type.
    public func strings() throws(InferenceError) -> [String] {
        try elementRanges().map { String(decoding: storage[$0], as: UTF8.self) }
    }

    private func elementRanges() throws(InferenceError) -> [Range<Int>] {
        guard dataType == .bytes else {
            throw InferenceError(.invalidArgument, "the tensor holds \(dataType), but BYTES values were asked for")
        }
        return try Self.elementRanges(ofBytes: storage)
    }

    /// Adds one element with its length in front.
    package static func append(_ value: some Collection<UInt8>, to storage: inout [UInt8]) throws(InferenceError) {
        guard let length = UInt32(exactly: value.count) else {
            throw InferenceError(.invalidArgument, "a BYTES element holds at most \(UInt32.max) bytes, but got \(value.count)")
        }
        withUnsafeBytes(of: length.littleEndian) { storage.append(contentsOf: $0) }
        storage.append(contentsOf: value)
    }

    /// Where each element lies within length-prefixed storage.
    ///
    /// - Throws: `invalidArgument` when a length goes beyond the end.
    package static func elementRanges(ofBytes storage: [UInt8]) throws(InferenceError) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var position = 0
        while position < storage.count {
            guard storage.count - position >= 4 else {
                throw InferenceError(.invalidArgument, "BYTES element \(ranges.count): the 32-bit length is cut off")
            }
            var length = 0
            for offset in 0..<4 { length |= Int(storage[position + offset]) << (8 * offset) }
            position += 4
            guard storage.count - position >= length else {
                throw InferenceError(
                    .invalidArgument,
                    "BYTES element \(ranges.count): its length says \(length) bytes, but \(storage.count - position) are left"
                )
            }
            ranges.append(position..<position + length)
            position += length
        }
        return ranges
    }
}
