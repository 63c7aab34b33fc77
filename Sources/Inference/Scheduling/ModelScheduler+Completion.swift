internal import Synchronization

extension ModelScheduler {
    /// What a request gets.
    package struct Completion: Sendable {
        package var outputs: Result<NamedTensors, RequestFailure>
        /// `nil` when the request was not executed.
        package var execution: ExecutionRecord?
        package var outcome: EndedRequest.Outcome
        /// The model was taken out of service before it was executed.
        package var isDrained = false

        init(outputs: Result<NamedTensors, RequestFailure>, execution: ExecutionRecord? = nil, outcome: EndedRequest.Outcome) {
            self.outputs = outputs
            self.execution = execution
            self.outcome = outcome
        }

        init(outputs: Result<NamedTensors, RequestFailure>, execution: ExecutionRecord) {
            self.outputs = outputs
            self.execution = execution
            switch outputs {
            case .success: outcome = .success
            case .failure(let failure): outcome = failure.error.code == .cancelled ? .canceled : .backend
            }
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

        var isSuccess: Bool {
            if case .success = outputs { true } else { false }
        }
    }
}

/// Counting what happens outside of executions.
extension ModelScheduler {
    func countResponse(index: Int, infer: UInt64, output: UInt64, kind: ModelStatistics.ResponseKind) {
        state.withLock { $0.scheduler.statistics.countResponse(index: index, infer: infer, output: output, kind: kind) }
    }

    func countCacheHit(lookup: UInt64, wallTime: UInt64) {
        state.withLock { state in
            state.scheduler.statistics.noteArrival(wallTime: wallTime)
            state.scheduler.statistics.countCacheHit(duration: lookup, lookup: lookup)
        }
    }

    func countCacheMiss(duration: UInt64) { state.withLock { $0.scheduler.statistics.cacheMiss.add(duration) } }
}
