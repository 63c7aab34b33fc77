internal import NeedletailTracing
internal import ServiceContextModule
internal import Synchronization

/// Executing batches.
extension ModelScheduler {
    private typealias Outcome = Result<NamedTensors, RequestFailure>

    /// Executes a request that found an instance free, in its own task.
    func executeAlone(_ request: InferenceRequest, queued: UInt64, batchID: UInt64, instance: Int, limiter: RateLimiter?) async -> Completion {
        let (outcomes, record) = await execute([request], marks: [], batchID: batchID, instance: instance, limiter: limiter, run: nil)
        let completion = Completion(outputs: outcomes[0], execution: record)
        let actions = state.withLock { state in
            state.scheduler.statistics.countExecution(record)
            state.scheduler.statistics.count(completion, record: record, batchSize: request.batchSize, queued: queued)
            return state.scheduler.release(instance: instance, now: record.computeEnd)
        }
        if !actions.isEmpty { perform(actions) }
        return completion
    }

    /// Executes a batch of one request that waited, in that request's task.
    func lead(_ batch: SchedulerState<Waiter>.Batch) async -> Completion {
        let waiter = batch.entries[0].waiter
        let (outcomes, record) = await execute(
            [waiter.request],
            marks: batch.entries.compactMap(\.sequence),
            batchID: batch.id,
            instance: batch.instance,
            limiter: waiter.limiter,
            run: nil
        )
        let completion = Completion(outputs: outcomes[0], execution: record)
        let actions = state.withLock { state in
            state.scheduler.statistics.countExecution(record)
            state.scheduler.statistics.count(completion, record: record, batchSize: waiter.request.batchSize, queued: waiter.queued)
            return state.scheduler.release(batch, now: record.computeEnd)
        }
        perform(actions)
        return completion
    }

    /// Has a batch executed: by its request, or in a task of its own.
    func start(_ batch: SchedulerState<Waiter>.Batch) {
        if batch.entries.count == 1, !holdsAnswers, !model.definition.isDecoupled {
            guard let (destination, _) = batch.entries[0].waiter.claim() else {
                // Its client left just now, when it could not be found in the queue any more.
                perform(state.withLock { $0.scheduler.release(batch, now: MonotonicClock.now()) })
                return
            }
            destination.wake(.lead(batch))
            return
        }
        let run = BatchRun()
        let members = batch.entries.filter { $0.waiter.join(run) }
        guard !members.isEmpty else {
            finish(batch, members: [], answers: [], record: nil)
            return
        }
        // Owned by the scheduler: it holds an instance, so there are as many as instances at most, and `drain` waits for them.
        let task = Task.detached { await self.execute(batch, members: members, run: run) }
        run.begin(task: task, memberCount: members.count)
    }

    private func execute(_ batch: SchedulerState<Waiter>.Batch, members: [QueueEntry<Waiter>], run: BatchRun) async {
        let (outcomes, record) = await execute(
            members.map(\.waiter.request),
            marks: members.compactMap(\.sequence),
            batchID: batch.id,
            instance: batch.instance,
            limiter: members[0].waiter.limiter,
            run: run
        )
        let answers = zip(members, outcomes).map { member, outcome in
            Answer(waiter: member.waiter, completion: Completion(outputs: outcome, execution: record))
        }
        finish(batch, members: members, answers: answers, record: record)
    }

    private func finish(
        _ batch: SchedulerState<Waiter>.Batch,
        members: [QueueEntry<Waiter>],
        answers: [Answer],
        record: ExecutionRecord?
    ) {
        let (leaving, actions) = state.withLock { state in
            if let record { state.scheduler.statistics.countExecution(record) }
            let leaving = holdsAnswers ? state.order.finish(batch.id, answers) : [answers]
            return (leaving, state.scheduler.release(batch, now: record?.computeEnd ?? MonotonicClock.now()))
        }
        perform(actions)
        for answers in leaving { answer(answers) }
    }

    /// Gives answers to those that still wait for them.
    func answer(_ answers: [Answer]) {
        let claimed = answers.compactMap { answer in answer.waiter.claim().map { (answer, $0.destination) } }
        guard !claimed.isEmpty else { return }
        state.withLock { state in
            for (answer, _) in claimed {
                state.scheduler.statistics.count(
                    answer.completion,
                    record: answer.completion.execution,
                    batchSize: answer.waiter.request.batchSize,
                    queued: answer.waiter.queued
                )
            }
        }
        for (answer, destination) in claimed { destination.wake(.finished(answer.completion)) }
    }

    // MARK: The model

    private func execute(
        _ requests: [InferenceRequest],
        marks: [SequenceMark],
        batchID: UInt64,
        instance: Int,
        limiter: RateLimiter?,
        run: BatchRun?
    ) async -> ([Result<NamedTensors, RequestFailure>], ExecutionRecord) {
        var grant: RateLimiter.Grant?
        var refusal: InferenceError?
        if let limiter, let policy = model.definition.rateLimiter {
            do throws(InferenceError) {
                grant = try await limiter.acquire(policy, model: model.definition.name)
            } catch {
                refusal = error
            }
        }
        defer {
            if let grant { limiter?.release(grant) }
        }
        var record = ExecutionRecord()
        record.computeStart = MonotonicClock.now()
        record.batchID = batchID
        record.instance = instance
        record.requestCount = requests.count
        record.batchSize = requests.count == 1 ? requests[0].batchSize : requests.reduce(0) { $0 + $1.batchSize }
        if requests.count > 1, requests[0].tracer != nil { record.members = Self.members(requests) }
        run?.note(record)
        if let refusal {
            record.inputEnd = record.computeStart
            record.outputStart = record.computeStart
            record.computeEnd = record.computeStart
            return (Array(repeating: .failure(RequestFailure(refusal)), count: requests.count), record)
        }
        let outcomes: [Outcome]
        if let sequences {
            outcomes = await execute(requests, marks: marks, sequences: sequences, record: &record)
        } else {
            record.inputEnd = MonotonicClock.now()
            let results = await call(ModelBatch(requests: requests, instance: instance, id: batchID))
            record.outputStart = MonotonicClock.now()
            outcomes = self.outcomes(of: results, requests: requests)
        }
        record.computeEnd = MonotonicClock.now()
        return (outcomes, record)
    }

    private static func members(_ requests: [InferenceRequest]) -> [BatchMember] {
        let members = requests.lazy.compactMap(\.trace).prefix(ExecutionRecord.maxMembers).map { BatchMember($0) }
        // With one there is nobody to link to.
        return members.dropFirst().isEmpty ? [] : Array(members)
    }

    /// Calls the model; user code finds the context of the first sampled request, or one that is not sampled.
    private func call(_ batch: ModelBatch) async -> Result<[InferenceResult], any Error> {
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
    private func outcomes(of results: Result<[InferenceResult], any Error>, requests: [InferenceRequest]) -> [Outcome] {
        let definition = model.definition
        switch results {
        case .failure(let error):
            return Array(repeating: .failure(RequestFailure(thrown: error, model: definition.name)), count: requests.count)
        case .success(let results) where results.count != requests.count:
            let error = InferenceError(.internal, "model '\(definition.name)' gave \(results.count) results for \(requests.count) requests")
            return Array(repeating: .failure(RequestFailure(error)), count: requests.count)
        case .success(let results):
            return zip(requests, results).map { outcome(of: $1, request: $0, mark: nil) }
        }
    }

    private func outcome(of result: InferenceResult, request: InferenceRequest, mark: SequenceMark?) -> Outcome {
        switch result {
        case .failure(let error):
            return .failure(RequestFailure(thrown: error))
        // What a decoupled model had to say it has sent before.
        case .success(let outputs) where model.definition.isDecoupled && outputs.isEmpty:
            return .success(outputs)
        case .success(var outputs):
            do throws(InferenceError) {
                if let mark, let sequences { outputs = try sequences.keepStates(of: outputs, mark: mark) }
                return .success(try model.definition.checkedOutputs(outputs, requested: request.requestedOutputs))
            } catch {
                return .failure(RequestFailure(error))
            }
        }
    }

    // MARK: Sequences

    /// As ``execute(_:marks:batchID:instance:limiter:run:)``, with the inputs and states of the requests' sequences.
    private func execute(
        _ requests: [InferenceRequest],
        marks: [SequenceMark],
        sequences: SequenceInputs,
        record: inout ExecutionRecord
    ) async -> [Outcome] {
        var outcomes: [Outcome?] = Array(repeating: nil, count: requests.count)
        var prepared: [(index: Int, request: InferenceRequest)] = []
        for index in requests.indices {
            do throws(InferenceError) {
                prepared.append((index, try sequences.prepared(requests[index], mark: marks[index])))
            } catch {
                outcomes[index] = .failure(RequestFailure(error))
            }
        }
        record.inputEnd = MonotonicClock.now()
        record.outputStart = record.inputEnd
        if !prepared.isEmpty {
            var (batch, positions) = (prepared.map(\.request), Array(prepared.indices))
            if sequences.padsSlots { (batch, positions) = padded(prepared, marks: marks, sequences: sequences) }
            let results = await call(ModelBatch(requests: batch, instance: record.instance, id: record.batchID))
            record.outputStart = MonotonicClock.now()
            for (position, member) in zip(positions, prepared) {
                outcomes[member.index] = pick(results, at: position, count: batch.count, request: member.request, mark: marks[member.index])
            }
        }
        return outcomes.map { $0 ?? .failure(RequestFailure(InferenceError(.internal, "the request was not executed"))) }
    }

    private func pick(
        _ results: Result<[InferenceResult], any Error>,
        at position: Int,
        count: Int,
        request: InferenceRequest,
        mark: SequenceMark
    ) -> Outcome {
        switch results {
        case .failure(let error): return .failure(RequestFailure(thrown: error, model: model.definition.name))
        case .success(let results) where results.count != count:
            return .failure(
                RequestFailure(InferenceError(.internal, "model '\(model.definition.name)' gave \(results.count) results for \(count) requests"))
            )
        case .success(let results): return outcome(of: results[position], request: request, mark: mark)
        }
    }

    /// The batch with each request at the slot of its sequence, and copies that are marked as not ready in the slots between.
    private func padded(
        _ prepared: [(index: Int, request: InferenceRequest)],
        marks: [SequenceMark],
        sequences: SequenceInputs
    ) -> (batch: [InferenceRequest], positions: [Int]) {
        let positions = prepared.map { marks[$0.index].slot }
        let template = InferenceRequest(
            id: "",
            modelName: model.definition.name,
            modelVersion: model.definition.version,
            inputs: prepared[0].request.inputs
        )
        // The first one was prepared before, so its mark can be.
        guard let filler = try? sequences.prepared(template, mark: marks[prepared[0].index], isReady: false) else {
            return (prepared.map(\.request), Array(prepared.indices))
        }
        var batch = Array(repeating: filler, count: (positions.max() ?? 0) + 1)
        for (position, member) in zip(positions, prepared) { batch[position] = member.request }
        return (batch, positions)
    }
}
