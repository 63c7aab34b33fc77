internal import NeedletailTracing
internal import ServiceContextModule

/// The inference server without its network: models, their schedulers, and the tracer. Front ends stand on it.
public final class InferenceCore: Sendable {
    package let registry = ModelRegistry()
    /// `nil`: nothing is traced, and contexts of user code are left alone.
    public let tracer: InferenceTracer?

    public init(tracer: InferenceTracer? = nil) {
        self.tracer = tracer
    }

    /// Adds a model; it answers requests from now on.
    ///
    /// - Throws: `invalidArgument` for a wrong declaration, `alreadyExists` when the name is taken.
    public func load(_ model: Model) throws(InferenceError) {
        try registry.load(model)
    }

    /// The declarations of all models, sorted by name.
    public var models: [ModelDefinition] { registry.all.map(\.definition) }

    /// There is at least one model to answer requests.
    public var isReady: Bool { !registry.all.isEmpty }

    /// Checks a request, executes it and notes its times in the record.
    package func infer(
        _ request: UncheckedRequest,
        model: LoadedModel,
        decision: InferenceTracer.Decision?,
        timestamps: inout RequestTimestamps
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        let batchSize = try model.definition.validate(request)
        timestamps.requestStart = MonotonicClock.now()
        let checked = InferenceRequest(
            id: request.id,
            modelName: model.definition.name,
            modelVersion: model.definition.version,
            inputs: request.inputs,
            requestedOutputs: request.requestedOutputs,
            parameters: request.parameters,
            batchSize: batchSize,
            trace: decision?.trace,
            tracer: tracer,
            serviceContext: decision?.serviceContext ?? .topLevel
        )
        timestamps.queueStart = MonotonicClock.now()
        let completion = await model.scheduler.submit(
            checked,
            queued: timestamps.queueStart,
            wallTime: timestamps.wall(timestamps.queueStart)
        )
        timestamps.requestEnd = MonotonicClock.now()
        return completion
    }
}
