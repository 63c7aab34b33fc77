internal import GRPCCore
internal import Inference
internal import NeedletailTracing

/// One `ModelInfer` call, from its head to its answer, with its times.
struct ModelInferExchange {
    private static let path = "/\(GRPCInferenceService.name)/ModelInfer"

    let service: GRPCInferenceService
    let metadata: Metadata
    private var timestamps: RequestTimestamps
    private var decision: InferenceTracer.Decision?
    private var modelName = ""
    private var model: LoadedModel?
    private var requestID = ""
    private var execution: ExecutionRecord?
    private var modelFailure: RequestFailure?
    private var exchangeFailure: RequestFailure?

    /// Notes the time of arrival.
    init(service: GRPCInferenceService, metadata: Metadata) {
        timestamps = .now()
        self.service = service
        self.metadata = metadata
    }

    /// Reads, computes, answers, and records the spans.
    mutating func run(_ messages: RPCAsyncSequence<ReceivedRequest, any Error>) async throws -> StreamingServerResponse<RawMessage> {
        try service.access.check(.inference, metadata)
        guard let received = try await messages.first(where: { _ in true }) else { throw RPCError.noMessage("ModelInfer") }
        timestamps.receiveEnd = received.timestamps.receiveEnd
        let reply: RawMessage
        do {
            reply = try await answer(received.message)
        } catch {
            if modelFailure == nil { exchangeFailure = RequestFailure(error) }
            timestamps.responseComplete = MonotonicClock.now()
            // A status needs no sending of its own; a call that was given up gets none.
            if error.code != .cancelled {
                timestamps.sendStart = timestamps.responseComplete
                timestamps.sendEnd = timestamps.responseComplete
            } else {
                timestamps.responseComplete = 0
            }
            let status = RPCError(error)
            record(status: status.code.rawValue)
            throw status
        }
        let answered = self
        return StreamingServerResponse { writer in
            var exchange = answered
            try await exchange.send(reply, to: writer)
            return [:]
        }
    }

    private mutating func answer(_ message: Result<InferRequestMessage, InferenceError>) async throws(InferenceError) -> RawMessage {
        // What cannot be read is traced too, under no model's settings.
        if case .success(let message) = message {
            modelName = message.modelName
            requestID = message.id
        }
        decision = service.core.decide(metadata, model: modelName, path: Self.path)
        let message = try message.get()
        let model = try service.model(message.modelName, message.modelVersion)
        self.model = model
        guard !model.definition.isDecoupled else {
            throw InferenceError(.unsupported, "ModelInfer RPC doesn't support models with decoupled transaction policy")
        }
        let reader = InferRequestReader(message: message, model: model.definition, sharedMemory: service.core.sharedMemory)
        let call = try reader.call(metadata, forwarding: service.forwarding)
        let completion = try await compute(call, model: model)
        execution = completion.execution
        timestamps.responseComplete = MonotonicClock.now()
        switch completion.outputs {
        case .failure(let failure):
            modelFailure = failure
            throw failure.error
        case .success(let outputs):
            return try call.response(outputs, model: model, sharedMemory: service.core.sharedMemory).message
        }
    }

    private mutating func compute(_ call: GRPCInferenceCall, model: LoadedModel) async throws(InferenceError) -> ModelScheduler.Completion {
        let service = service
        var times = timestamps
        defer { timestamps = times }
        do {
            return try await CancellableCall.run(unless: { service.isStopping }) {
                try await service.core.infer(call.call.request, model: model, decision: decision, timestamps: &times)
            }
        } catch let error as InferenceError {
            throw error
        } catch {
            throw RequestFailure(thrown: error).error
        }
    }

    private mutating func send(_ reply: RawMessage, to writer: RPCWriter<RawMessage>) async throws {
        timestamps.sendStart = MonotonicClock.now()
        do {
            try await writer.write(reply)
            timestamps.sendEnd = MonotonicClock.now()
        } catch {
            exchangeFailure = RequestFailure(InferenceError(.cancelled, "the client went away before it took the answer"))
            record(status: nil)
            throw error
        }
        record(status: 0)
    }

    private func record(status: Int?) {
        guard let trace = decision?.trace, let tracer = service.core.tracer else { return }
        var traced = TracedRequest(
            trace: trace,
            timestamps: timestamps,
            exchange: .grpc(ExchangeFacts.GRPC(method: "ModelInfer", statusCode: status))
        )
        traced.modelName = modelName
        traced.modelVersion = model?.definition.version ?? 0
        traced.requestID = requestID
        traced.execution = execution
        traced.modelFailure = modelFailure
        traced.exchangeFailure = exchangeFailure
        tracer.record(traced)
    }
}
