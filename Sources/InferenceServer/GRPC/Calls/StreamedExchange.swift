internal import GRPCCore
internal import Inference
internal import NeedletailTracing
internal import Synchronization

/// One request of a `ModelStreamInfer` call, with a trace of its own that ends when its own last answer was sent.
final class StreamedExchange: Sendable {
    private static let path = "/\(GRPCInferenceService.name)/ModelStreamInfer"

    private let stream: ModelInferStream
    private let received: ReceivedRequest
    private let order: StreamOrder
    /// In the order of the stream; `nil` for a decoupled model, whose answers leave at once.
    private let place: UInt64?
    private let model: Result<LoadedModel, InferenceError>
    private let responseTimes = Mutex(StreamedResponses())

    private var service: GRPCInferenceService { stream.service }

    /// Takes the request's place in the order of the stream; ``run()`` must follow.
    init(stream: ModelInferStream, received: ReceivedRequest, order: StreamOrder) {
        self.stream = stream
        self.received = received
        self.order = order
        do throws(InferenceError) {
            let message = try received.message.get()
            model = .success(try stream.service.model(message.modelName, message.modelVersion))
        } catch {
            model = .failure(error)
        }
        let isDecoupled = if case .success(let model) = model { model.definition.isDecoupled } else { false }
        place = isDecoupled ? nil : order.place()
    }

    var isOfSequence: Bool {
        guard case .success(let message) = received.message else { return false }
        return message.parameters.contains { $0.name == "sequence_id" }
    }

    /// Computes and answers the request, and records its spans.
    func run() async {
        defer { if let place { order.finish(place) } }
        let message = (try? received.message.get()) ?? InferRequestMessage()
        let decision = service.core.decide(stream.metadata, model: message.modelName, path: Self.path)
        var traced = Traced(timestamps: received.timestamps)
        do throws(InferenceError) {
            try await compute(decision, traced: &traced)
        } catch {
            // Refused before it reached the model.
            traced.exchangeFailure = RequestFailure(error)
            let response = InferResponseMessage(modelName: "", modelVersion: "", id: message.id)
            do {
                try await send(response.streamMessage(error: error.message))
            } catch {
                traced.isGivenUp = true
            }
        }
        record(traced, decision: decision, message: message)
    }

    /// What the trace says at the end.
    private struct Traced {
        var timestamps: RequestTimestamps
        var execution: ExecutionRecord?
        var modelFailure: RequestFailure?
        var exchangeFailure: RequestFailure?
        /// The client did not take the last answer.
        var isGivenUp = false
    }

    /// - Throws: why the request did not reach its model.
    private func compute(_ decision: InferenceTracer.Decision?, traced: inout Traced) async throws(InferenceError) {
        let message = try received.message.get()
        let model = try model.get()
        let reader = InferRequestReader(message: message, model: model.definition, sharedMemory: service.core.sharedMemory)
        let call = try reader.call(stream.metadata, forwarding: service.forwarding)
        let completion = try await service.core.stream(
            call.call.request,
            model: model,
            decision: decision,
            timestamps: &traced.timestamps
        ) { [self] response in
            guard let answer = answer(response, call: call, model: model) else { return }
            try await send(answer)
        }
        traced.execution = completion.execution
        if case .failure(let failure) = completion.outputs {
            traced.modelFailure = failure
            traced.isGivenUp = failure.error.code == .cancelled
        }
    }

    /// The message for one response; `nil` for the empty end of a decoupled model that was not asked for.
    private func answer(_ response: StreamedResponse, call: GRPCInferenceCall, model: LoadedModel) -> RawMessage? {
        let sharedMemory = service.core.sharedMemory
        do throws(InferenceError) {
            switch response.outputs {
            case .success(let outputs) where outputs.isEmpty && response.isFinal && model.definition.isDecoupled:
                guard call.wantsEmptyFinalResponse else { return nil }
                return endMessage(call, model: model).streamMessage()
            case .success(let outputs):
                return try call.response(outputs, model: model, sharedMemory: sharedMemory, isFinal: response.isFinal).streamMessage()
            case .failure(let failure):
                return endMessage(call, model: model).streamMessage(error: failure.error.message)
            }
        } catch {
            return endMessage(call, model: model).streamMessage(error: error.message)
        }
    }

    private func endMessage(_ call: GRPCInferenceCall, model: LoadedModel) -> InferResponseMessage {
        InferResponseMessage(modelName: model.definition.name, modelVersion: "", id: call.call.request.id, isFinal: true)
    }

    /// Waits for the request's turn, and while the client is slow.
    private func send(_ message: RawMessage) async throws {
        var times = StreamedResponseTimes(complete: MonotonicClock.now())
        if let place { await order.turn(place) }
        times.sendStart = MonotonicClock.now()
        defer { note(times) }
        try await stream.writer.write(message)
        times.sendEnd = MonotonicClock.now()
    }

    private func note(_ times: StreamedResponseTimes) {
        responseTimes.withLock { $0.append(times) }
    }

    private func record(_ traced: Traced, decision: InferenceTracer.Decision?, message: InferRequestMessage) {
        guard let trace = decision?.trace, let tracer = service.core.tracer else { return }
        var timestamps = traced.timestamps
        let responses = responseTimes.withLock { $0 }
        if let last = responses.kept.last {
            timestamps.responseComplete = last.complete
            timestamps.sendStart = last.sendStart
            timestamps.sendEnd = last.sendEnd
        }
        let failure = traced.modelFailure ?? traced.exchangeFailure
        // The call's own status stays OK; this is what the request would have got as a call of its own.
        let status = failure.map { RPCError.Code($0.error.code).rawValue } ?? 0
        var request = TracedRequest(
            trace: trace,
            timestamps: timestamps,
            exchange: .grpc(ExchangeFacts.GRPC(method: "ModelStreamInfer", statusCode: traced.isGivenUp ? nil : status))
        )
        request.set(responses)
        request.modelName = message.modelName
        if case .success(let model) = model { request.modelVersion = model.definition.version }
        request.requestID = message.id
        request.execution = traced.execution
        request.modelFailure = traced.modelFailure
        request.exchangeFailure = traced.exchangeFailure
        if traced.isGivenUp, failure == nil {
            request.exchangeFailure = RequestFailure(InferenceError(.cancelled, "the client went away before it took the answer"))
        }
        tracer.record(request)
    }
}
