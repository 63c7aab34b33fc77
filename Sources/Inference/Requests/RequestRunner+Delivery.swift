internal import NeedletailTracing
internal import Synchronization

extension RequestRunner {
    /// How the responses of a decoupled model's request went out.
    struct Delivery: Sendable {
        var completion: ModelScheduler.Completion
        /// When the model gave the first response (``MonotonicClock``); `nil` when there was none.
        var firstResponse: UInt64?
    }

    /// Executes a decoupled model's request, and gives out its responses in the caller's task.
    func execute(
        _ request: InferenceRequest,
        on scheduler: ModelScheduler,
        channel: ResponseChannel,
        timestamps: RequestTimestamps,
        onResponse: @escaping @Sendable (StreamedResponse) async throws -> Void
    ) async -> Delivery {
        let queued = timestamps.queueStart
        let waiter = scheduler.begin(request, queued: queued, wallTime: timestamps.wall(queued), limiter: limiter, channel: channel)
        var counter = ResponseCounter(scheduler: scheduler, last: queued)
        while true {
            switch await channel.next() {
            case .response(let response):
                request.recording?.tensors?.add(.backendOutput, response.outputs)
                do {
                    try await onResponse(StreamedResponse(outputs: .success(response.outputs), isFinal: false))
                    counter.count(.success, sent: response.sent)
                    response.answer(taken: true)
                } catch {
                    counter.count(.cancelled, sent: response.sent)
                    channel.leave()
                    response.answer(taken: false)
                }
            case .finished(var completion):
                if let tensors = request.recording?.tensors, case .success(let outputs) = completion.outputs { tensors.add(.backendOutput, outputs) }
                let sent = completion.execution?.computeEnd ?? MonotonicClock.now()
                do {
                    try await onResponse(StreamedResponse(outputs: completion.outputs, isFinal: true))
                    counter.countEnd(completion, sent: sent)
                } catch {
                    counter.count(.cancelled, sent: sent)
                    completion.leave()
                }
                return Delivery(completion: completion, firstResponse: counter.first)
            case .left:
                var completion =
                    scheduler.leave(waiter) ?? channel.completion
                    ?? ModelScheduler.Completion(outputs: .failure(RequestFailure(ResponseChannel.clientLeft)), outcome: .canceled)
                completion.leave()
                return Delivery(completion: completion, firstResponse: counter.first)
            }
        }
    }

    /// Counts the responses of one request as they go out.
    private struct ResponseCounter {
        let scheduler: ModelScheduler
        /// When the last response was taken.
        var last: UInt64
        var index = 0
        var first: UInt64?

        mutating func count(_ kind: ModelStatistics.ResponseKind, sent: UInt64) {
            let now = MonotonicClock.now()
            if first == nil { first = sent }
            scheduler.countResponse(index: index, infer: sent &- min(sent, last), output: now &- min(now, sent), kind: kind)
            index += 1
            last = now
        }

        /// The end of a request that was not executed is no response of the model.
        mutating func countEnd(_ completion: ModelScheduler.Completion, sent: UInt64) {
            guard completion.execution != nil else { return }
            switch completion.outputs {
            case .failure: count(.failed, sent: sent)
            case .success(let outputs): count(outputs.isEmpty ? .empty : .success, sent: sent)
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
