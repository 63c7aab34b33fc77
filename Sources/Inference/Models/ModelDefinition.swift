/// What a model declares: its name, its inputs and outputs, and how it batches.
public struct ModelDefinition: Hashable, Sendable {
    /// Letters, digits, `.`, `_` and `-`.
    public var name: String
    public var version: Int
    public var inputs: [TensorSpecification]
    public var outputs: [TensorSpecification]
    /// The largest batch that the model is given at once; 0 says that its tensors have no batch axis.
    public var maxBatchSize: Int
    /// Outputs must be declared and have the declared element type and shape. Otherwise they are cast, and unknown ones dropped.
    public var isStrict: Bool
    /// How many batches may be executed at the same time.
    public var instanceCount: Int
    /// How many batches each instance executes at the same time: more than one only for backends that interleave them.
    public var executionsPerInstance = 1
    /// How many requests may wait; one more is answered with `unavailable`.
    public var maxQueueSize: Int
    /// A request may be answered any number of times, by ``InferenceRequest/send(_:)``.
    public var isDecoupled = false
    /// Equal requests are answered from the server's response cache, when there is one.
    public var usesResponseCache = false
    /// What requests do not need: each request copies the definition a few times.
    private var details = Shared(Details())

    private struct Details: Hashable, Sendable {
        var batching: BatchingPolicy = .none
        var warmups: [ModelWarmup] = []
        var parameters: [String: String] = [:]
        var ensemble: Ensemble?
        var backendName: String = "swift"
        var platform: String = ""
        var defaultModelFilename: String = ""
        var rateLimiter: RateLimiterPolicy?
        var versionPolicy: VersionPolicy = VersionPolicy.latest(1)
        var instanceGroups: [InstanceGroup] = []
        var directory: String = ""
        var configurationSource: ConfigurationMessage?
    }

    /// The ``maxQueueSize`` that a model has when nothing else is said.
    public static let defaultMaxQueueSize = 4096

    public init(
        name: String,
        version: Int = 1,
        inputs: [TensorSpecification],
        outputs: [TensorSpecification],
        maxBatchSize: Int = 0,
        strict: Bool = false,
        instanceCount: Int = 1,
        maxQueueSize: Int = ModelDefinition.defaultMaxQueueSize
    ) {
        self.name = name
        self.version = version
        self.inputs = inputs
        self.outputs = outputs
        self.maxBatchSize = maxBatchSize
        self.isStrict = strict
        self.instanceCount = instanceCount
        self.maxQueueSize = maxQueueSize
    }

    /// How requests are brought together.
    public var batching: BatchingPolicy {
        get { details.value.batching }
        set { details.value.batching = newValue }
    }

    /// Executed before the model answers.
    public var warmups: [ModelWarmup] {
        get { details.value.warmups }
        set { details.value.warmups = newValue }
    }

    /// Free text that the backend reads: Triton's `parameters`.
    public var parameters: [String: String] {
        get { details.value.parameters }
        set { details.value.parameters = newValue }
    }

    /// The steps of an ensemble; `nil` for every other model.
    public var ensemble: Ensemble? {
        get { details.value.ensemble }
        set { details.value.ensemble = newValue }
    }

    /// Who computes it: `swift`, `python`, `openvino`, `onnxruntime`, or empty for an ensemble.
    public var backendName: String {
        get { details.value.backendName }
        set { details.value.backendName = newValue }
    }

    /// Triton's older word for the same, for example `onnxruntime_onnx`; may be empty.
    public var platform: String {
        get { details.value.platform }
        set { details.value.platform = newValue }
    }

    /// The file of a version's folder that is the model; empty when the backend has none.
    public var defaultModelFilename: String {
        get { details.value.defaultModelFilename }
        set { details.value.defaultModelFilename = newValue }
    }

    /// What an execution takes of the server's resources, and its weight: Triton's `rate_limiter`.
    public var rateLimiter: RateLimiterPolicy? {
        get { details.value.rateLimiter }
        set { details.value.rateLimiter = newValue }
    }

    /// Which versions of its folder are served.
    public var versionPolicy: VersionPolicy {
        get { details.value.versionPolicy }
        set { details.value.versionPolicy = newValue }
    }

    /// The instances by group, as the configuration has them; empty: one group of ``instanceCount``.
    public var instanceGroups: [InstanceGroup] {
        get { details.value.instanceGroups }
        set { details.value.instanceGroups = newValue }
    }

    /// The model's folder, with `warmup/` and labels in it; empty for a model without one.
    package var directory: String {
        get { details.value.directory }
        set { details.value.directory = newValue }
    }

    /// The configuration that it was read from, for what of it the server only shows; `nil` for a model that was not read.
    package var configurationSource: ConfigurationMessage? {
        get { details.value.configurationSource }
        set { details.value.configurationSource = newValue }
    }

    /// The model's tensors have a batch axis.
    public var isBatching: Bool { maxBatchSize > 0 }

    /// The declared input of this name.
    package func input(named name: String) -> TensorSpecification? { inputs.first { $0.name == name } }

    /// The declared output of this name.
    package func output(named name: String) -> TensorSpecification? { outputs.first { $0.name == name } }

    /// Checks the declaration itself.
    ///
    /// - Throws: `invalidArgument` that says which part is wrong.
    package func checkDeclaration() throws(InferenceError) {
        func wrong(_ text: String) -> InferenceError { InferenceError(.invalidArgument, "model '\(name)': \(text)") }
        let isNameGood = !name.isEmpty && name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isNameGood else { throw wrong("a name has letters, digits, '.', '_' and '-' only") }
        guard version > 0 else { throw wrong("the version must be above 0, but is \(version)") }
        guard maxBatchSize >= 0 else { throw wrong("maxBatchSize must not be negative, but is \(maxBatchSize)") }
        guard instanceCount > 0 else { throw wrong("instanceCount must be above 0, but is \(instanceCount)") }
        guard maxQueueSize >= 0 else { throw wrong("maxQueueSize must not be negative, but is \(maxQueueSize)") }
        guard !outputs.isEmpty else { throw wrong("at least one output must be declared") }
        try checkBatching()
        for (kind, list) in [("input", inputs), ("output", outputs)] {
            var names: Set<String> = []
            for specification in list {
                guard !specification.name.isEmpty, names.insert(specification.name).inserted else {
                    throw wrong("\(kind) names must be unique and not empty, but '\(specification.name)' is not")
                }
                guard specification.shape.allSatisfy({ $0 >= -1 }) else {
                    throw wrong("\(kind) '\(specification.name)': the axes \(specification.shape) must be -1 (any size) or at least 0")
                }
            }
        }
    }
}
