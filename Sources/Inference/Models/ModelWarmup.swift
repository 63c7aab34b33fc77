/// Requests that a model is given before it answers others: Triton's `model_warmup`.
public struct ModelWarmup: Hashable, Sendable {
    public struct Input: Hashable, Sendable {
        public enum Content: Hashable, Sendable {
            case zeros
            case random
            /// Raw bytes of a file in the folder `warmup/` of ``ModelDefinition/directory``.
            case file(String)
        }

        public var dataType: DataType
        /// Without the batch axis.
        public var shape: [Int]
        public var content: Content

        public init(dataType: DataType, shape: [Int], content: Content) {
            self.dataType = dataType
            self.shape = shape
            self.content = content
        }
    }

    public var name: String
    /// 0 for a model without a batch axis.
    public var batchSize: Int
    public var inputs: [String: Input]
    /// How often; 0 counts as 1.
    public var count: Int

    public init(name: String, batchSize: Int = 0, inputs: [String: Input], count: Int = 1) {
        self.name = name
        self.batchSize = batchSize
        self.inputs = inputs
        self.count = count
    }
}
