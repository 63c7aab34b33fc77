/// A dense array in row-major order: KServe v2, "Inference Request JSON Object", `$request_input`.
public struct Tensor: Hashable, Sendable {
    public let dataType: DataType
    /// The size of each axis, none negative. An empty shape is a scalar.
    public let shape: [Int]
    /// The elements, little-endian, without padding. For ``DataType/bytes`` each element is a 32-bit length and its bytes.
    public let storage: [UInt8]

    /// Takes over bytes that were checked before.
    package init(uncheckedDataType dataType: DataType, shape: [Int], storage: [UInt8]) {
        self.dataType = dataType
        self.shape = shape
        self.storage = storage
    }

    /// A tensor over raw little-endian bytes.
    ///
    /// - Throws: `invalidArgument` when an axis is negative, the shape overflows, or the bytes do not fit it.
    public init(dataType: DataType, shape: [Int], storage: [UInt8]) throws(InferenceError) {
        let count = try Self.checkedElementCount(of: shape)
        if let width = dataType.byteWidth {
            guard count.multipliedReportingOverflow(by: width) == (storage.count, false) else {
                throw InferenceError(
                    .invalidArgument,
                    "a \(dataType) tensor of shape \(Self.text(of: shape)) takes \(count) elements of \(width) bytes, but got \(storage.count) bytes"
                )
            }
            if dataType == .bool, let wrong = storage.first(where: { $0 > 1 }) {
                throw InferenceError(.invalidArgument, "a BOOL element must be 0 or 1, but got \(wrong)")
            }
        } else {
            let found = try Self.elementRanges(ofBytes: storage).count
            guard found == count else {
                throw InferenceError(
                    .invalidArgument,
                    "a BYTES tensor of shape \(Self.text(of: shape)) takes \(count) elements, but got \(found)"
                )
            }
        }
        self.init(uncheckedDataType: dataType, shape: shape, storage: storage)
    }

    /// A tensor of numbers or booleans; the element type follows the Swift type. Without a shape it has one axis.
    ///
    /// - Throws: `invalidArgument` when the number of values does not fit the shape.
    public init<Element: TensorElement>(_ values: [Element], shape: [Int]? = nil) throws(InferenceError) {
        let shape = shape ?? [values.count]
        let count = try Self.checkedElementCount(of: shape)
        guard count == values.count else {
            throw InferenceError(
                .invalidArgument,
                "a tensor of shape \(Self.text(of: shape)) takes \(count) values, but got \(values.count)"
            )
        }
        let storage = values.withUnsafeBytes { [UInt8]($0) }
        self.init(uncheckedDataType: Element.dataType, shape: shape, storage: storage)
    }

    /// The number of elements: the product of ``shape``.
    public var elementCount: Int { shape.reduce(1, *) }

    /// The elements in row-major order.
    ///
    /// - Throws: `invalidArgument` when the tensor holds another element type.
    public func values<Element: TensorElement>(as type: Element.Type = Element.self) throws(InferenceError) -> [Element] {
        try check(type)
        let count = storage.count / MemoryLayout<Element>.size
        return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            storage.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            initialized = count
        }
    }

    /// The first element, for tensors with one.
    ///
    /// - Throws: `invalidArgument` when the tensor is empty or holds another element type.
    public func first<Element: TensorElement>(as type: Element.Type = Element.self) throws(InferenceError) -> Element {
        try check(type)
        guard storage.count >= MemoryLayout<Element>.size else {
            throw InferenceError(.invalidArgument, "the tensor of shape \(Self.text(of: shape)) has no first element")
        }
        return storage.withUnsafeBytes { $0.loadUnaligned(as: Element.self) }
    }

    private func check<Element: TensorElement>(_ type: Element.Type) throws(InferenceError) {
        guard Element.dataType == dataType else {
            throw InferenceError(.invalidArgument, "the tensor holds \(dataType), but \(Element.dataType) values were asked for")
        }
    }

    /// `[1,2]`, as error messages and JSON have it.
    package static func text(of shape: [Int]) -> String {
        "[" + shape.map(String.init).joined(separator: ",") + "]"
    }

    /// The product of the axes.
    ///
    /// - Throws: `invalidArgument` for a negative axis or a product beyond `Int`.
    package static func checkedElementCount(of shape: [Int]) throws(InferenceError) -> Int {
        var count = 1
        for axis in shape {
            guard axis >= 0 else {
                throw InferenceError(.invalidArgument, "the shape \(text(of: shape)) has a negative axis")
            }
            let (product, overflow) = count.multipliedReportingOverflow(by: axis)
            guard !overflow else {
                throw InferenceError(.invalidArgument, "the shape \(text(of: shape)) has too many elements")
            }
            count = product
        }
        return count
    }
}
