internal import NeedletailTracing
internal import ServiceContextModule
internal import Synchronization

/// Brings a model's requests into batches and the batches to the model.
///
/// There is no worker: a batch is executed by the task of its first request, its leader. A request that finds an instance
/// free is a batch of one and runs at once, without a task switch. When every instance is busy, requests wait in a bounded
/// queue; who finishes a batch takes the next one from the queue and wakes its leader, which executes it and wakes the others
/// with their answers. So each execution is owned by the task that waits for it, and only one short lock is on the path.
/// When a leader's task is cancelled, the model sees that cancellation for its whole batch.
package final class ModelScheduler: Sendable {
    /// What a request gets.
    package struct Completion: Sendable {
        package var outputs: Result<NamedTensors, RequestFailure>
        /// `nil` when the request was not executed.
        package var execution: ExecutionRecord?
        package var outcome: EndedRequest.Outcome

        init(outputs: Result<NamedTensors, RequestFailure>, execution: ExecutionRecord? = nil, outcome: EndedRequest.Outcome = .success) {
            self.outputs = outputs
            self.execution = execution
            self.outcome = outcome
        }

        mutating func fail(_ error: InferenceError, outcome: EndedRequest.Outcome) {
            outputs = .failure(RequestFailure(error))
            self.outcome = outcome
        }

        /// The client did not take the answer; what failed before stays so.
        mutating func leave() {
            guard case .success = outputs else { return }
            fail(ResponseChannel.clientLeft, outcome: .canceled)
        }
    }

    private struct Waiter: Sendable {
        let request: InferenceRequest
        let queued: UInt64
        let continuation: UnsafeContinuation<Wake, Never>?
    }

    private enum Wake: Sendable {
        case lead(SchedulerState<Waiter>.Batch)
        case finished(Completion)
    }

    private let model: Model
    private let state: Mutex<SchedulerState<Waiter>>

    package init(_ model: Model) {
        self.model = model
        state = Mutex(SchedulerState(model.definition))
    }

    /// A copy of the counters.
    package var statistics: ModelStatistics { state.withLock { $0.statistics } }

    /// How many requests wait now.
    package var queueDepth: Int { state.withLock { $0.queue.count } }

    /// Executes a request, alone or with others.
    ///
    /// - Parameters:
    ///   - queued: when the request was handed over (``MonotonicClock``).
    ///   - wallTime: the wall time of its arrival, nanoseconds since the epoch.
    package func submit(_ request: InferenceRequest, queued: UInt64, wallTime: UInt64) async -> Completion {
        let admission = state.withLock { state in
            state.statistics.lastInference = max(state.statistics.lastInference, wallTime / 1_000_000)
            return state.admit()
        }
        switch admission {
        case .run(let batchID):
            let waiter = Waiter(request: request, queued: queued, continuation: nil)
            return await execute(SchedulerState.Batch(id: batchID, waiters: [waiter]))
        case .reject:
            return rejection(of: request)
        case .wait:
            break
        }
        // Unsafe: a checked continuation costs an allocation; each waiter is taken from the queue, and so resumed, exactly once.
        let wake = await withUnsafeContinuation { (continuation: UnsafeContinuation<Wake, Never>) in
            let waiter = Waiter(request: request, queued: queued, continuation: continuation)
            // An instance may have become free, or the queue full, since the first look.
            let immediate: Wake? = state.withLock { state in
                switch state.admit() {
                case .run(let batchID):
                    return .lead(SchedulerState.Batch(id: batchID, waiters: [waiter]))
                case .wait:
                    state.enqueue(waiter, batchSize: request.batchSize)
                    return nil
                case .reject:
                    return .finished(rejection(of: request))
                }
            }
            if let immediate { continuation.resume(returning: immediate) }
        }
        switch wake {
        case .lead(let batch): return await execute(batch)
        case .finished(let completion): return completion
        }
    }

    private func rejection(of request: InferenceRequest) -> Completion {
        let definition = model.definition
        let error = InferenceError(
            .unavailable,
            """
            [request id: \(request.id.isEmpty ? "<id_unknown>" : request.id)] Exceeds maximum queue size: \
            \(definition.maxQueueSize) requests wait for model '\(definition.name)'; try again later or raise its maxQueueSize
            """
        )
        return Completion(outputs: .failure(RequestFailure(error)), outcome: .rejected)
    }

    /// Executes a batch in the task of its first request, and gives that request's completion.
    private func execute(_ batch: SchedulerState<Waiter>.Batch) async -> Completion {
        var record = ExecutionRecord()
        record.computeStart = MonotonicClock.now()
        record.batchID = batch.id
        record.requestCount = batch.waiters.count
        record.batchSize = batch.waiters.reduce(0) { $0 + $1.request.batchSize }
        let requests = batch.waiters.map(\.request)
        record.inputEnd = MonotonicClock.now()
        let results = await run(ModelBatch(requests: requests, id: batch.id))
        record.outputStart = MonotonicClock.now()
        let outputs = outcomes(of: results, requests: requests)
        record.computeEnd = MonotonicClock.now()

        let next = state.withLock { state in
            state.statistics.countExecution(record)
            for (waiter, output) in zip(batch.waiters, outputs) {
                state.statistics.countRequest(
                    batchSize: waiter.request.batchSize,
                    queued: waiter.queued,
                    end: record.computeEnd,
                    record: record,
                    isSuccess: output.isSuccess
                )
            }
            return state.release()
        }
        if let next { next.waiters[0].continuation?.resume(returning: .lead(next)) }
        for (waiter, output) in zip(batch.waiters, outputs).dropFirst() {
            waiter.continuation?.resume(returning: .finished(Completion(outputs: output, execution: record, outcome: output.outcome)))
        }
        return Completion(outputs: outputs[0], execution: record, outcome: outputs[0].outcome)
    }

    /// Calls the model; user code finds the context of the first sampled request, or one that is not sampled.
    private func run(_ batch: ModelBatch) async -> Result<[InferenceResult], any Error> {
        let requests = batch.requests
        do {
            guard requests[0].tracer != nil else { return .success(try await model.backend.execute(batch)) }
            let context = (requests.first { $0.trace != nil } ?? requests[0]).serviceContext
            return .success(try await ServiceContext.withValue(context) { try await model.backend.execute(batch) })
        } catch {
            return .failure(error)
        }
    }

    /// One outcome for each request, whatever the model gave.
    private func outcomes(
        of results: Result<[InferenceResult], any Error>,
        requests: [InferenceRequest]
    ) -> [Result<NamedTensors, RequestFailure>] {
        let definition = model.definition
        switch results {
        case .failure(let error):
            return Array(repeating: .failure(RequestFailure(thrown: error, model: definition.name)), count: requests.count)
        case .success(let results) where results.count != requests.count:
            let error = InferenceError(.internal, "model '\(definition.name)' gave \(results.count) results for \(requests.count) requests")
            return Array(repeating: .failure(RequestFailure(error)), count: requests.count)
        case .success(let results):
            return zip(requests, results).map { request, result in
                switch result {
                case .failure(let error):
                    return .failure(RequestFailure(thrown: error))
                // What a decoupled model had to say it has sent before.
                case .success(let outputs) where definition.isDecoupled && outputs.isEmpty:
                    return .success(outputs)
                case .success(let outputs):
                    do throws(InferenceError) {
                        return .success(try definition.checkedOutputs(outputs, requested: request.requestedOutputs))
                    } catch {
                        return .failure(RequestFailure(error))
                    }
                }
            }
        }
    }
}

extension Result<NamedTensors, RequestFailure> {
    fileprivate var outcome: EndedRequest.Outcome {
        switch self {
        case .success: .success
        case .failure(let failure): failure.error.code == .cancelled ? .canceled : .backend
        }
    }

    fileprivate var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}
