internal import NeedletailTracing
internal import ServiceContextModule

/// The inference server without its network: models, their schedulers, and the tracer. Front ends stand on it.
public final class InferenceCore: Sendable {
    package let registry: ModelRegistry
    package let repository: ModelRepository
    package let sharedMemory = SharedMemoryRegions()
    package let logging: LoggingSettings
    /// Hears of each request's end.
    package let observer: (any RequestObserver)?
    /// `nil`: nothing is traced, and contexts of user code are left alone.
    public let tracer: InferenceTracer?

    public convenience init(tracer: InferenceTracer? = nil) {
        self.init(tracer: tracer, logging: LoggingSettings())
    }

    package init(tracer: InferenceTracer?, logging: LoggingSettings, observer: (any RequestObserver)? = nil) {
        self.observer = observer
        self.tracer = tracer
        self.logging = logging
        registry = ModelRegistry()
        repository = ModelRepository(registry: registry)
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

    /// Checks a request, executes it and gives each of its responses to the closure, the last one marked: a model that is not
    /// decoupled has one.
    ///
    /// - Parameter onResponse: waits while the client is slow; what it throws cancels the request.
    package func stream(
        _ request: UncheckedRequest,
        model: LoadedModel,
        decision: InferenceTracer.Decision?,
        timestamps: inout RequestTimestamps,
        onResponse: @escaping @Sendable (StreamedResponse) async throws -> Void
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        let completion = try await infer(request, model: model, decision: decision, timestamps: &timestamps)
        do {
            try await onResponse(StreamedResponse(outputs: completion.outputs, isFinal: true))
        } catch {
            throw InferenceError(.cancelled, "the client went away before it took the response")
        }
        return completion
    }
}

/// One of a request's responses.
package struct StreamedResponse: Sendable {
    /// A failure is always the last; an empty success may be the last of a decoupled model, without outputs of its own.
    package var outputs: Result<NamedTensors, RequestFailure>
    package var isFinal: Bool

    package init(outputs: Result<NamedTensors, RequestFailure>, isFinal: Bool) {
        self.outputs = outputs
        self.isFinal = isFinal
    }
}
