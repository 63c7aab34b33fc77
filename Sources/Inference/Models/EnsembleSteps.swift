/// A model that is made of others: Triton's `ensemble_scheduling`. Steps run when their inputs are there, in parallel where they can.
public struct Ensemble: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        public var modelName: String
        /// `nil`: the newest that is served.
        public var modelVersion: Int?
        /// Input of the model → tensor of the ensemble.
        public var inputMap: [String: String]
        /// Output of the model → tensor of the ensemble.
        public var outputMap: [String: String]

        public init(modelName: String, modelVersion: Int? = nil, inputMap: [String: String], outputMap: [String: String]) {
            self.modelName = modelName
            self.modelVersion = modelVersion
            self.inputMap = inputMap
            self.outputMap = outputMap
        }
    }

    public var steps: [Step]

    public init(steps: [Step]) { self.steps = steps }
}
