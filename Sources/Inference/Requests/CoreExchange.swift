internal import NeedletailTracing
internal import ServiceContextModule

/// What a request under way can do: one for each client's request to a decoupled model and for each call of another model, and
/// one that all other requests of a server share.
final class CoreExchange: RequestExchange {
    /// The request whose model made this one.
    struct Caller: Sendable {
        let request: InferenceRequest
        /// How many calls lead to this one.
        let depth: Int
    }

    /// Calls within calls; deeper ones are refused.
    static let maxCallDepth = 16

    private let runner: RequestRunner
    private let caller: Caller?
    /// Of a decoupled model's request.
    private let channel: ResponseChannel?

    init(runner: RequestRunner, caller: Caller? = nil, channel: ResponseChannel? = nil) {
        self.runner = runner
        self.caller = caller
        self.channel = channel
    }

    var isCancelled: Bool { channel?.isCancelled ?? caller?.request.isCancelled ?? false }

    func send(_ outputs: NamedTensors) async throws(InferenceError) {
        guard let channel else {
            throw InferenceError(.invalidArgument, "a model that is not decoupled answers each request once, with its result; declare it decoupled to send responses")
        }
        try await channel.send(outputs)
    }

    func call(
        _ call: ModelCall,
        parent: InferenceRequest,
        onResponse: (@Sendable (NamedTensors) async throws -> Void)?
    ) async throws(InferenceError) -> NamedTensors {
        if parent.isCancelled { throw ResponseChannel.clientLeft }
        let model = try runner.registry.model(named: call.modelName, version: call.modelVersion)
        try checkPath(from: parent, to: model.definition)
        var origin = RequestRunner.Origin(
            trace: nil,
            serviceContext: parent.serviceContext,
            caller: Caller(request: parent, depth: (caller?.depth ?? 0) + 1)
        )
        if let trace = parent.recording, let tracer = runner.tracer {
            let child = trace.child(number: tracer.nextNumber())
            origin.trace = child
            if child.isExported { origin.serviceContext.traceContext = child.computeContext }
        }
        var timestamps = RequestTimestamps.now()
        let completion: ModelScheduler.Completion
        do throws(InferenceError) {
            completion = try await execute(call, model: model, origin: origin, timestamps: &timestamps, onResponse: onResponse)
        } catch {
            // Refused before it reached the model: its span says why, also when the caller goes on.
            if let trace = origin.trace {
                timestamps.requestStart = timestamps.receiveStart
                timestamps.requestEnd = MonotonicClock.now()
                let refused = ModelScheduler.Completion(outputs: .failure(RequestFailure(error)), outcome: .other)
                record(trace, call: call, model: model, completion: refused, timestamps: timestamps)
            }
            throw error
        }
        if let trace = origin.trace { record(trace, call: call, model: model, completion: completion, timestamps: timestamps) }
        switch completion.outputs {
        case .success(let outputs): return outputs
        case .failure(let failure): throw failure.error
        }
    }

    private func execute(
        _ call: ModelCall,
        model: LoadedModel,
        origin: RequestRunner.Origin,
        timestamps: inout RequestTimestamps,
        onResponse: (@Sendable (NamedTensors) async throws -> Void)?
    ) async throws(InferenceError) -> ModelScheduler.Completion {
        let request = UncheckedRequest(call)
        guard let onResponse else { return try await runner.inferOnce(request, model: model, origin: origin, timestamps: &timestamps) }
        return try await runner.stream(request, model: model, origin: origin, timestamps: &timestamps) { response in
            let outputs = try response.outputs.get()
            guard !(response.isFinal && outputs.isEmpty) else { return }
            try await onResponse(outputs)
        }
    }

    private func record(
        _ trace: RequestTrace,
        call: ModelCall,
        model: LoadedModel,
        completion: ModelScheduler.Completion,
        timestamps: RequestTimestamps
    ) {
        var traced = TracedRequest(trace: trace, timestamps: timestamps, exchange: nil)
        traced.modelName = model.definition.name
        traced.modelVersion = model.definition.version
        traced.requestID = call.id
        traced.execution = completion.execution
        if case .failure(let failure) = completion.outputs { traced.modelFailure = failure }
        runner.tracer?.record(traced)
    }

    /// - Throws: `invalidArgument` when the callee is among the callers, or there are too many of them.
    private func checkPath(from parent: InferenceRequest, to callee: ModelDefinition) throws(InferenceError) {
        var path = [parent.modelName]
        var isCycle = parent.modelName == callee.name && parent.modelVersion == callee.version
        var next = caller
        while let step = next {
            path.append(step.request.modelName)
            isCycle = isCycle || (step.request.modelName == callee.name && step.request.modelVersion == callee.version)
            next = (step.request.exchange as? CoreExchange)?.caller
        }
        let text = (path.reversed() + [callee.name]).joined(separator: "' → '")
        guard !isCycle else {
            throw InferenceError(.invalidArgument, "a model must not be called by itself, directly or by others, but the calls are '\(text)'")
        }
        guard path.count <= Self.maxCallDepth else {
            throw InferenceError(.invalidArgument, "at most \(Self.maxCallDepth) models may call each other in a row, but the calls are '\(text)'")
        }
    }
}

extension UncheckedRequest {
    fileprivate init(_ call: ModelCall) {
        self.init(id: call.id, inputs: call.inputs, requestedOutputs: call.requestedOutputs, parameters: call.parameters)
        priority = call.priority
        timeoutMicroseconds = call.timeoutMicroseconds
        sequence = call.sequence
    }
}
