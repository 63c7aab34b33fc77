/// What a model says about one of its inputs or outputs.
public struct TensorSpecification: Hashable, Sendable {
    public var name: String
    public var dataType: DataType
    /// The axes without the batch axis; -1 stands for any size.
    public var shape: [Int]
    /// A request may leave this input out. Without meaning for outputs.
    public var isOptional: Bool
    /// The shape that the backend sees instead, with as many elements; `nil`: the same.
    public var reshape: [Int]?
    /// What the axes of an image are: `FORMAT_NONE`, `FORMAT_NHWC` or `FORMAT_NCHW`.
    public var format = TensorSpecification.noFormat
    /// Requests with other sizes of this input may be executed together; shown, not done.
    public var allowsRaggedBatch = false
    /// A file of the model's folder with a name for each index of this output, one a line; may be empty.
    public var labelFilename = ""
    /// The content of ``labelFilename``.
    public var labels: [String] = []

    /// The axes are not those of an image.
    public static let noFormat = "FORMAT_NONE"

    public init(name: String, dataType: DataType, shape: [Int], isOptional: Bool = false) {
        self.name = name
        self.dataType = dataType
        self.shape = shape
        self.isOptional = isOptional
    }

    /// A specification by Swift type: `TensorSpecification("sleep", Float.self, shape: [1])`.
    public init<Element: TensorElement>(_ name: String, _ type: Element.Type, shape: [Int], isOptional: Bool = false) {
        self.init(name: name, dataType: Element.dataType, shape: shape, isOptional: isOptional)
    }

    /// The axes as clients see them: with a batch axis of -1 in front when the model batches.
    package func fullShape(batching: Bool) -> [Int] { batching ? [-1] + shape : shape }

    /// Whether a shape fits: same rank, and same size on each axis that is not -1.
    package func accepts(_ actual: [Int], batching: Bool) -> Bool {
        let offset = batching ? 1 : 0
        guard actual.count == shape.count + offset else { return false }
        for (index, size) in shape.enumerated() where size >= 0 && actual[index + offset] != size { return false }
        return true
    }
}
