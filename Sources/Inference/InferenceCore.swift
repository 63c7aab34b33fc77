package import Logging
internal import ServiceContextModule
internal import Synchronization

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
    /// `nil`: answers are not kept.
    package let responseCache: ResponseCache?
    /// The tracer, unless nothing was ever traced.
    package var activeTracer: InferenceTracer? { tracer.flatMap { $0.isActive ? $0 : nil } }
    private let runner: RequestRunner
    /// Models that are expected and not there yet.
    private let startingModels = Atomic(0)
    /// Of all requests to models that are not decoupled.
    private let sharedExchange: CoreExchange

    public convenience init(tracer: InferenceTracer? = nil) {
        self.init(tracer: tracer, logging: LoggingSettings())
    }

    /// - Parameters:
    ///   - responseCacheSize: bytes of requests and answers that are kept for models that want it; 0: none.
    ///   - limiter: says which model may be executed; `nil`: each at once.
    package init(
        tracer: InferenceTracer?,
        logging: LoggingSettings,
        observer: (any RequestObserver)? = nil,
        responseCacheSize: Int = 0,
        limiter: RateLimiter? = nil,
        repository configuration: RepositoryConfiguration = RepositoryConfiguration(),
        backends: [any BackendFactory] = [],
        logger: Logger = Logger(label: "needletail.repository")
    ) {
        self.observer = observer
        self.tracer = tracer
        self.logging = logging
        registry = ModelRegistry()
        responseCache = responseCacheSize > 0 ? ResponseCache(capacity: responseCacheSize) : nil
        runner = RequestRunner(registry: registry, tracer: tracer, observer: observer, cache: responseCache, limiter: limiter)
        sharedExchange = CoreExchange(runner: runner)
        repository = ModelRepository(registry: registry, configuration: configuration, factories: backends, logger: logger)
    }

    /// Adds a model; it answers requests from now on.
    ///
    /// - Throws: `invalidArgument` for a wrong declaration, `alreadyExists` when the name is taken.
    public func load(_ model: Model) throws(InferenceError) {
        try registry.load(model)
    }

    /// Makes a model ready, executes its warm-ups, and then adds it.
    ///
    /// - Throws: as ``load(_:)``, and why it could not be made ready or failed its warm-ups.
    public func load(warmingUp model: Model) async throws(InferenceError) {
        try model.definition.checkDeclaration()
        do {
            try await model.backend.load()
            try await model.warmUp()
            try registry.load(model)
        } catch {
            await model.backend.unload()
            throw error as? InferenceError ?? InferenceError(.internal, "failed to load '\(model.definition.name)': \(error)")
        }
    }

    /// The declarations of all models, sorted by name.
    public var models: [ModelDefinition] { registry.all.map(\.definition) }

    /// All that was to be there at the start is there; without a repository, there is at least one model to answer requests.
    public var isReady: Bool {
        guard startingModels.load(ordering: .acquiring) == 0 else { return false }
        return repository.configuration.directories.isEmpty ? !registry.all.isEmpty : repository.isReady
    }

    /// Says that models are being started, without which the server is not ready; each is loaded later, or ends the server.
    package func expect(models count: Int) {
        startingModels.add(count, ordering: .acquiringAndReleasing)
    }

    /// Adds a model that was expected.
    ///
    /// - Throws: as ``load(_:)``.
    package func loadExpected(_ model: Model) throws(InferenceError) {
        try load(model)
        startingModels.subtract(1, ordering: .acquiringAndReleasing)
    }

    /// Checks a request, executes it and notes its times in the record.
    ///
    /// - Throws: what the check finds; `unsupported` for a decoupled model, which answers any number of times.
    package func infer(
        _ request: UncheckedRequest,
        model: LoadedModel,
        decision: InferenceTracer.Decision?,
        timestamps: inout RequestTimestamps
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        try await runner.infer(request, model: model, origin: origin(decision), exchange: sharedExchange, timestamps: &timestamps)
    }

    /// Checks a request, executes it and gives each of its responses to the closure, the last one marked: a model that is not
    /// decoupled has one.
    ///
    /// Times, statistics and the execution record cover the whole streaming.
    ///
    /// - Parameter onResponse: called in the caller's task, one response after the other; the model waits while it does. What
    ///   it throws cancels the request, as does the caller's cancellation; the completion is then a failure of code `cancelled`.
    /// - Throws: what the check finds; nothing was given to the closure then.
    package func stream(
        _ request: UncheckedRequest,
        model: LoadedModel,
        decision: InferenceTracer.Decision?,
        timestamps: inout RequestTimestamps,
        onResponse: @escaping @Sendable (StreamedResponse) async throws -> Void
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        try await runner.stream(request, model: model, origin: origin(decision), timestamps: &timestamps, onResponse: onResponse)
    }

    /// Checks a request and executes it; of a decoupled model it expects exactly one response, as `generate` does.
    ///
    /// With more or fewer the completion is a failure of code `internal` in Triton's words.
    package func inferOnce(
        _ request: UncheckedRequest,
        model: LoadedModel,
        decision: InferenceTracer.Decision?,
        timestamps: inout RequestTimestamps
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        guard model.definition.isDecoupled else { return try await infer(request, model: model, decision: decision, timestamps: &timestamps) }
        return try await runner.inferOnce(request, model: model, origin: origin(decision), timestamps: &timestamps)
    }

    private func origin(_ decision: InferenceTracer.Decision?) -> RequestRunner.Origin {
        RequestRunner.Origin(trace: decision?.trace, serviceContext: decision?.serviceContext ?? .topLevel, caller: nil)
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
