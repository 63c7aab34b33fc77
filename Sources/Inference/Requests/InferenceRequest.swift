package import ServiceContextModule

/// One request as a model sees it: checked against the model's declaration.
public struct InferenceRequest: Sendable {
    /// The client's id; empty when it gave none.
    public let id: String
    public let modelName: String
    public let modelVersion: Int
    /// The inputs; when the model batches, axis 0 of each is the request's own batch axis.
    public package(set) var inputs: NamedTensors
    /// The outputs that the client asked for by name; empty means all.
    public let requestedOutputs: [String]
    /// What else the client sent along.
    public let parameters: [String: ParameterValue]
    /// How much of a batch this request is: the size of axis 0, or 1 for a model that does not batch.
    public let batchSize: Int
    /// The sequence it belongs to; `nil` for none.
    public let sequence: SequencePosition?
    /// 1 is the highest; 0: the model's default.
    public let priority: Int
    /// How long it may wait in the queue, microseconds; 0: no limit of its own.
    public let timeoutMicroseconds: UInt64
    /// Takes the responses of a decoupled model, and the calls of other models; `nil` outside a server.
    package let exchange: (any RequestExchange)?
    /// Set when the client left while the request is executed with others; `nil` when its own task tells.
    package var cancellation: CancellationFlag?
    /// What is recorded of this request; `nil` when it is not sampled.
    package let recording: RequestTrace?
    /// The ids of this request's spans; `nil` when it has none: it is not sampled, or goes to a trace file.
    package var trace: RequestTrace? { recording.flatMap { $0.isExported ? $0 : nil } }
    /// Makes the spans of ``withSpan(_:_:)``; `nil` when the server does not trace at all.
    package let tracer: InferenceTracer?
    /// What user code finds as `ServiceContext.current`: the context of the compute span, or one that says "not sampled".
    package let serviceContext: ServiceContext

    package init(
        id: String,
        modelName: String,
        modelVersion: Int,
        inputs: NamedTensors,
        requestedOutputs: [String] = [],
        parameters: [String: ParameterValue] = [:],
        batchSize: Int = 1,
        sequence: SequencePosition? = nil,
        priority: Int = 0,
        timeoutMicroseconds: UInt64 = 0,
        exchange: (any RequestExchange)? = nil,
        trace: RequestTrace? = nil,
        tracer: InferenceTracer? = nil,
        serviceContext: ServiceContext = .topLevel
    ) {
        self.id = id
        self.modelName = modelName
        self.modelVersion = modelVersion
        self.inputs = inputs
        self.requestedOutputs = requestedOutputs
        self.parameters = parameters
        self.batchSize = batchSize
        self.sequence = sequence
        self.priority = priority
        self.timeoutMicroseconds = timeoutMicroseconds
        self.exchange = exchange
        recording = trace
        self.tracer = tracer
        self.serviceContext = serviceContext
    }
}
