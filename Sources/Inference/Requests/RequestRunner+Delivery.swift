internal import NeedletailTracing
internal import Synchronization

extension RequestRunner {
    /// How the responses of a decoupled model's request went out.
    struct Delivery: Sendable {
        var completion: ModelScheduler.Completion
        /// When the model gave the first response (``MonotonicClock``); `nil` when there was none.
        var firstResponse: UInt64?
    }

    /// Executes a decoupled model's request in a task of its own, and gives out its responses in the caller's.
    func execute(
        _ request: InferenceRequest,
        on scheduler: ModelScheduler,
        channel: ResponseChannel,
        queued: UInt64,
        wallTime: UInt64,
        onResponse: @escaping @Sendable (StreamedResponse) async throws -> Void
    ) async -> Delivery {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { channel.finish(await scheduler.submit(request, queued: queued, wallTime: wallTime)) }
            var firstResponse: UInt64?
            while true {
                switch await channel.next() {
                case .response(let response):
                    if firstResponse == nil { firstResponse = response.sent }
                    request.trace?.tensors?.add(.backendOutput, response.outputs)
                    do {
                        try await onResponse(StreamedResponse(outputs: .success(response.outputs), isFinal: false))
                        response.answer(taken: true)
                    } catch {
                        response.answer(taken: false)
                        channel.leave()
                    }
                case .finished(var completion):
                    if let tensors = request.trace?.tensors, case .success(let outputs) = completion.outputs { tensors.add(.backendOutput, outputs) }
                    do {
                        try await onResponse(StreamedResponse(outputs: completion.outputs, isFinal: true))
                    } catch {
                        completion.leave()
                    }
                    return Delivery(completion: completion, firstResponse: firstResponse)
                case .left:
                    group.cancelAll()
                    await group.waitForAll()
                    var completion = channel.completion ?? ModelScheduler.Completion(outputs: .success(NamedTensors()))
                    completion.leave()
                    return Delivery(completion: completion, firstResponse: firstResponse)
                }
            }
        }
    }

    /// Tells the observer what became of a request.
    func observe(_ completion: ModelScheduler.Completion, of request: InferenceRequest, timestamps: RequestTimestamps, firstResponse: UInt64?) {
        observer?.requestEnded(
            EndedRequest(
                modelName: request.modelName,
                modelVersion: request.modelVersion,
                outcome: completion.outcome,
                total: timestamps.requestEnd &- timestamps.requestStart,
                queue: (completion.execution?.computeStart ?? timestamps.requestEnd) &- timestamps.queueStart,
                execution: completion.execution,
                firstResponse: firstResponse.map { $0 &- timestamps.requestStart },
                traceID: request.trace?.traceID
            )
        )
    }
}

/// Keeps the response of a request that should have exactly one.
package final class SingleResponse: Sendable {
    enum Result: Sendable {
        case none
        case only(NamedTensors)
        case several
        /// The request failed; its completion says why.
        case failed
    }

    /// Triton's words.
    package static let expectation =
        "generate expects model to produce exactly 1 response, use generate stream for model that generates various number of responses"

    private let state = Mutex(Result.none)

    var result: Result { state.withLock { $0 } }

    /// - Throws: `cancelled` at the second response, so that the model stops.
    func take(_ response: StreamedResponse) throws(InferenceError) {
        let isTooMany = state.withLock { state in
            switch (response.outputs, state) {
            case (.failure, _): state = .failed
            // The empty end of a decoupled model.
            case (.success(let outputs), _) where response.isFinal && outputs.isEmpty: break
            case (.success(let outputs), .none): state = .only(outputs)
            case (.success, _): state = .several
            }
            if case .several = state { return true }
            return false
        }
        if isTooMany { throw InferenceError(.cancelled, Self.expectation) }
    }
}
