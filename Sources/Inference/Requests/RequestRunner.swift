internal import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel

/// Takes requests to their models: what front ends and models that call other models have in common.
final class RequestRunner: Sendable {
    /// Whose request it is, and where its spans belong.
    struct Origin: Sendable {
        /// `nil`: not sampled.
        var trace: RequestTrace?
        var serviceContext: ServiceContext
        /// The call of another model that it is; `nil` for a client's request.
        var caller: CoreExchange.Caller?
    }

    let registry: ModelRegistry
    let tracer: InferenceTracer?
    let observer: (any RequestObserver)?
    /// Answers equal requests of models that want it.
    let cache: ResponseCache?
    let limiter: RateLimiter?

    init(
        registry: ModelRegistry,
        tracer: InferenceTracer?,
        observer: (any RequestObserver)?,
        cache: ResponseCache? = nil,
        limiter: RateLimiter? = nil
    ) {
        self.cache = cache
        self.limiter = limiter
        self.registry = registry
        self.tracer = tracer
        self.observer = observer
    }

    /// Checks a request, executes it and notes its times in the record.
    ///
    /// - Parameter exchange: what the model can do with the request.
    func infer(
        _ request: UncheckedRequest,
        model: LoadedModel,
        origin: Origin,
        exchange: CoreExchange,
        timestamps: inout RequestTimestamps
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        guard !model.definition.isDecoupled else {
            throw InferenceError(.unsupported, "model '\(model.definition.name)' is decoupled: it answers a request any number of times, so it must be streamed")
        }
        let checked = try check(request, model: model, origin: origin, exchange: exchange, timestamps: &timestamps)
        let wallTime = timestamps.wall(timestamps.queueStart)
        var completion: ModelScheduler.Completion
        if let cache, model.definition.mayUseCache {
            completion = await answer(checked, from: cache, model: model, queued: timestamps.queueStart, wallTime: wallTime)
        } else {
            completion = await model.scheduler.submit(checked, queued: timestamps.queueStart, wallTime: wallTime, limiter: limiter)
        }
        // The model was replaced between look-up and execution.
        if completion.isDrained, let successor = try? registry.model(named: model.definition.name, version: model.definition.version), successor !== model {
            completion = await successor.scheduler.submit(checked, queued: timestamps.queueStart, wallTime: wallTime, limiter: limiter)
        }
        timestamps.requestEnd = MonotonicClock.now()
        if let tensors = origin.trace?.tensors, case .success(let outputs) = completion.outputs { tensors.add(.backendOutput, outputs) }
        if observer != nil { observe(completion, of: checked, timestamps: timestamps, firstResponse: nil) }
        // As in Triton an ensemble has its steps' spans instead of one of computing.
        if model.definition.ensemble != nil { completion.execution = nil }
        return completion
    }

    /// Checks a request, executes it and gives each of its responses to the closure, in the caller's task.
    ///
    /// A failure of the closure cancels the request; the completion says so.
    func stream(
        _ request: UncheckedRequest,
        model: LoadedModel,
        origin: Origin,
        timestamps: inout RequestTimestamps,
        onResponse: @escaping @Sendable (StreamedResponse) async throws -> Void
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        guard model.definition.isDecoupled else {
            let exchange = CoreExchange(runner: self, caller: origin.caller)
            var completion = try await infer(request, model: model, origin: origin, exchange: exchange, timestamps: &timestamps)
            do {
                try await onResponse(StreamedResponse(outputs: completion.outputs, isFinal: true))
            } catch {
                completion.leave()
            }
            return completion
        }
        let channel = ResponseChannel(definition: model.definition, requestedOutputs: request.requestedOutputs)
        let exchange = CoreExchange(runner: self, caller: origin.caller, channel: channel)
        let checked = try check(request, model: model, origin: origin, exchange: exchange, timestamps: &timestamps)
        let delivery = await execute(checked, on: model.scheduler, channel: channel, timestamps: timestamps, onResponse: onResponse)
        timestamps.requestEnd = MonotonicClock.now()
        if observer != nil { observe(delivery.completion, of: checked, timestamps: timestamps, firstResponse: delivery.firstResponse) }
        var completion = delivery.completion
        if model.definition.ensemble != nil { completion.execution = nil }
        return completion
    }

    /// As ``infer(_:model:origin:exchange:timestamps:)``, also for decoupled models that happen to answer once.
    func inferOnce(
        _ request: UncheckedRequest,
        model: LoadedModel,
        origin: Origin,
        timestamps: inout RequestTimestamps
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        let responses = SingleResponse()
        var completion = try await stream(request, model: model, origin: origin, timestamps: &timestamps) { response in
            try responses.take(response)
        }
        switch responses.result {
        case .only(let outputs): completion.outputs = .success(outputs)
        case .failed: break
        case .none, .several: completion.fail(InferenceError(.internal, SingleResponse.expectation), outcome: .other)
        }
        return completion
    }

    private func check(
        _ request: UncheckedRequest,
        model: LoadedModel,
        origin: Origin,
        exchange: CoreExchange,
        timestamps: inout RequestTimestamps
    ) throws(InferenceError) -> InferenceRequest {
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
            sequence: request.sequence,
            priority: request.priority,
            timeoutMicroseconds: request.timeoutMicroseconds,
            exchange: exchange,
            trace: origin.trace,
            tracer: tracer.flatMap { $0.isActive ? $0 : nil },
            serviceContext: origin.serviceContext
        )
        origin.trace?.tensors?.add(.queueInput, request.inputs)
        timestamps.queueStart = MonotonicClock.now()
        return checked
    }
}
