/// What a model has done since it was loaded: Triton's statistics extension.
package struct ModelStatistics: Hashable, Sendable {
    /// How often, and how many nanoseconds together.
    package struct Duration: Hashable, Sendable {
        package var count: UInt64 = 0
        package var nanoseconds: UInt64 = 0

        package init() {}

        mutating func add(_ nanoseconds: UInt64) {
            count += 1
            self.nanoseconds += nanoseconds
        }
    }

    /// Executions of one batch size.
    package struct Batch: Hashable, Sendable {
        package var computeInput = Duration()
        package var computeInfer = Duration()
        package var computeOutput = Duration()

        package init() {}
    }

    /// Responses of one index.
    package struct Response: Hashable, Sendable {
        /// From the response before to this one.
        package var computeInfer = Duration()
        /// From the model's giving to the client's taking.
        package var computeOutput = Duration()
        package var success = Duration()
        package var fail = Duration()
        /// Ends without outputs.
        package var emptyResponse = Duration()
        /// The client left instead of taking it.
        package var cancel = Duration()

        package init() {}
    }

    /// Wall time of the newest request, milliseconds since the epoch; 0 before the first.
    package var lastInference: UInt64 = 0
    /// Items that were computed with success: a request with a batch axis of 3 counts 3.
    package var inferenceCount: UInt64 = 0
    /// Batches that were given to the model.
    package var executionCount: UInt64 = 0
    /// Requests that found the queue full.
    package var rejectedCount: UInt64 = 0
    package var success = Duration()
    package var fail = Duration()
    package var queue = Duration()
    package var computeInput = Duration()
    package var computeInfer = Duration()
    package var computeOutput = Duration()
    /// Requests that the response cache answered, and how long the look took.
    package var cacheHit = Duration()
    /// Requests that the response cache could not answer, and how long look and storing took.
    package var cacheMiss = Duration()
    /// By batch size.
    package var batches: [Int: Batch] = [:]
    /// Of a decoupled model, by the index of the response, from 0; later ones than ``maxResponseIndex`` count as that.
    package var responses: [Int: Response] = [:]

    /// The last response of a request that has counters of its own.
    package static let maxResponseIndex = 255

    package init() {}

    /// Counts one execution.
    mutating func countExecution(_ record: ExecutionRecord) {
        executionCount += 1
        batches[record.batchSize, default: Batch()].count(record)
    }

    /// Counts one request.
    ///
    /// - Parameters:
    ///   - record: of its execution; `nil` when there was none.
    ///   - queued: when it entered the queue.
    mutating func count(_ completion: ModelScheduler.Completion, record: ExecutionRecord?, batchSize: Int, queued: UInt64) {
        guard completion.isSuccess, let record else {
            countFailure(duration: (record?.computeEnd ?? queued) &- queued)
            return
        }
        success.add(record.computeEnd &- queued)
        inferenceCount += UInt64(batchSize)
        queue.add(record.computeStart &- queued)
        computeInput.add(record.inputEnd &- record.computeStart)
        computeInfer.add(record.outputStart &- record.inputEnd)
        computeOutput.add(record.computeEnd &- record.outputStart)
    }

    mutating func countFailure(duration: UInt64) { fail.add(duration) }

    mutating func noteArrival(wallTime: UInt64) { lastInference = max(lastInference, wallTime / 1_000_000) }

    /// Counts a request that the response cache answered.
    mutating func countCacheHit(duration: UInt64, lookup: UInt64) {
        success.add(duration)
        cacheHit.add(lookup)
    }

    /// Counts one of a decoupled model's responses.
    ///
    /// - Parameters:
    ///   - infer: nanoseconds from the response before.
    ///   - output: nanoseconds until the client took it.
    mutating func countResponse(index: Int, infer: UInt64, output: UInt64, kind: ResponseKind) {
        var response = responses[min(index, Self.maxResponseIndex)] ?? Response()
        switch kind {
        case .cancelled:
            response.cancel.add(infer &+ output)
        case .empty:
            response.emptyResponse.add(infer &+ output)
        case .failed:
            response.computeInfer.add(infer)
            response.computeOutput.add(output)
            response.fail.add(infer &+ output)
        case .success:
            response.computeInfer.add(infer)
            response.computeOutput.add(output)
            response.success.add(infer &+ output)
        }
        responses[min(index, Self.maxResponseIndex)] = response
    }

    enum ResponseKind: Hashable, Sendable {
        case success, failed, empty, cancelled
    }
}

extension ModelStatistics.Batch {
    fileprivate mutating func count(_ record: ExecutionRecord) {
        computeInput.add(record.inputEnd &- record.computeStart)
        computeInfer.add(record.outputStart &- record.inputEnd)
        computeOutput.add(record.computeEnd &- record.outputStart)
    }
}
