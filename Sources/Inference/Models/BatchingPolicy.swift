/// How a model's requests are brought together: Triton's `dynamic_batching`, `sequence_batching` or neither.
public enum BatchingPolicy: Hashable, Sendable {
    /// Requests that wait while every instance is busy are executed together, up to `maxBatchSize`; none waits for others.
    case none
    /// Batches may be waited for.
    case dynamic(DynamicBatching)
    /// Requests of one sequence go to one instance, in their order.
    case sequence(SequenceBatching)
}

/// Triton's `ModelDynamicBatching`.
public struct DynamicBatching: Hashable, Sendable {
    /// Sizes that are executed without waiting longer; empty: only the model's `maxBatchSize`.
    public var preferredBatchSizes: [Int]
    /// The longest that a request waits for others, microseconds.
    public var maxQueueDelayMicroseconds: UInt64
    /// Answers leave in the order in which their requests came.
    public var preserveOrdering: Bool
    /// Levels 1 (highest) to this; 0: there are none.
    public var priorityLevels: Int
    /// The level of a request that names none; 0 when there are no levels.
    public var defaultPriorityLevel: Int
    public var defaultQueuePolicy: QueuePolicy
    /// By level.
    public var priorityQueuePolicies: [Int: QueuePolicy]

    public init(
        preferredBatchSizes: [Int] = [],
        maxQueueDelayMicroseconds: UInt64 = 0,
        preserveOrdering: Bool = false,
        priorityLevels: Int = 0,
        defaultPriorityLevel: Int = 0,
        defaultQueuePolicy: QueuePolicy = QueuePolicy(),
        priorityQueuePolicies: [Int: QueuePolicy] = [:]
    ) {
        self.preferredBatchSizes = preferredBatchSizes
        self.maxQueueDelayMicroseconds = maxQueueDelayMicroseconds
        self.preserveOrdering = preserveOrdering
        self.priorityLevels = priorityLevels
        self.defaultPriorityLevel = defaultPriorityLevel
        self.defaultQueuePolicy = defaultQueuePolicy
        self.priorityQueuePolicies = priorityQueuePolicies
    }
}

/// Triton's `ModelQueuePolicy`: how long a request waits, and how many may.
public struct QueuePolicy: Hashable, Sendable {
    public enum TimeoutAction: String, Hashable, Sendable, CaseIterable {
        /// The request fails.
        case reject = "REJECT"
        /// The request waits until all others of its level are done.
        case delay = "DELAY"
    }

    public var timeoutAction: TimeoutAction
    /// 0: no limit.
    public var defaultTimeoutMicroseconds: UInt64
    /// A request's own `timeout` counts, when it is shorter.
    public var allowTimeoutOverride: Bool
    /// Requests that may wait; 0: the model's ``ModelDefinition/maxQueueSize``.
    public var maxQueueSize: Int

    public init(
        timeoutAction: TimeoutAction = .reject,
        defaultTimeoutMicroseconds: UInt64 = 0,
        allowTimeoutOverride: Bool = false,
        maxQueueSize: Int = 0
    ) {
        self.timeoutAction = timeoutAction
        self.defaultTimeoutMicroseconds = defaultTimeoutMicroseconds
        self.allowTimeoutOverride = allowTimeoutOverride
        self.maxQueueSize = maxQueueSize
    }
}

/// Triton's `ModelSequenceBatching`.
public struct SequenceBatching: Hashable, Sendable {
    /// What a control input tells the model.
    public enum ControlKind: String, Hashable, Sendable, CaseIterable {
        case start = "CONTROL_SEQUENCE_START"
        case ready = "CONTROL_SEQUENCE_READY"
        case end = "CONTROL_SEQUENCE_END"
        case correlationID = "CONTROL_SEQUENCE_CORRID"
    }

    /// An input that the scheduler adds: `falseTrue` are the two values of START, READY and END; the id has none.
    public struct ControlInput: Hashable, Sendable {
        public var name: String
        public var kind: ControlKind
        public var dataType: DataType
        public var falseTrue: [Double]

        public init(name: String, kind: ControlKind, dataType: DataType, falseTrue: [Double] = []) {
            self.name = name
            self.kind = kind
            self.dataType = dataType
            self.falseTrue = falseTrue
        }
    }

    /// A tensor that the server keeps between the requests of a sequence.
    public struct State: Hashable, Sendable {
        public var inputName: String
        public var outputName: String
        public var dataType: DataType
        public var shape: [Int]

        public init(inputName: String, outputName: String, dataType: DataType, shape: [Int]) {
            self.inputName = inputName
            self.outputName = outputName
            self.dataType = dataType
            self.shape = shape
        }
    }

    public enum Strategy: Hashable, Sendable {
        /// Each sequence has a batch slot of an instance to itself.
        case direct(maxQueueDelayMicroseconds: UInt64, minimumSlotUtilization: Double)
        /// Requests of different sequences are batched dynamically, the oldest first.
        case oldest(maxCandidateSequences: Int, preferredBatchSizes: [Int], maxQueueDelayMicroseconds: UInt64)
    }

    /// A sequence that is silent for so long loses its slot.
    public var maxSequenceIdleMicroseconds: UInt64
    public var controlInputs: [ControlInput]
    public var states: [State]
    public var strategy: Strategy

    public init(
        maxSequenceIdleMicroseconds: UInt64 = 1_000_000,
        controlInputs: [ControlInput] = [],
        states: [State] = [],
        strategy: Strategy = .direct(maxQueueDelayMicroseconds: 0, minimumSlotUtilization: 0)
    ) {
        self.maxSequenceIdleMicroseconds = maxSequenceIdleMicroseconds
        self.controlInputs = controlInputs
        self.states = states
        self.strategy = strategy
    }
}
