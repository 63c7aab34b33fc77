internal import NeedletailTracing
internal import Synchronization

/// Keeps the answers of models that want it, so that an equal request is answered without its model. Safe to use from any thread.
///
/// Holds so many bytes of requests and answers; who was not asked for longest leaves first.
package final class ResponseCache: Sendable {
    /// All that an answer depends on. Equality is by content, so that no two requests are taken for one another.
    struct Key: Hashable, Sendable {
        var modelName: String
        var modelVersion: Int
        /// Tells one loading of a model from the next.
        var generation: UInt64
        var inputs: NamedTensors
        var requestedOutputs: [String]
        var parameters: [String: ParameterValue]
    }

    private let entries: Mutex<LeastRecentlyUsed<Key, NamedTensors>>

    /// - Parameter capacity: bytes of requests and answers together.
    package init(capacity: Int) {
        entries = Mutex(LeastRecentlyUsed(capacity: capacity))
    }

    /// Bytes that are held now.
    package var byteCount: Int { entries.withLock(\.cost) }
    /// Answers that are held now.
    package var entryCount: Int { entries.withLock(\.count) }

    func answer(to key: Key) -> NamedTensors? { entries.withLock { $0.value(of: key) } }

    func store(_ outputs: NamedTensors, for key: Key) {
        let cost = Self.overhead + key.inputs.byteCount + outputs.byteCount
        entries.withLock { $0.insert(outputs, for: key, cost: cost) }
    }

    /// What an entry costs besides its tensors, bytes.
    private static let overhead = 512
}

extension NamedTensors {
    fileprivate var byteCount: Int {
        zip(names, tensors).reduce(0) { $0 + $1.0.utf8.count + $1.1.storage.count + 8 * $1.1.shape.count }
    }
}

extension ModelDefinition {
    /// Answers of decoupled models and of sequences depend on more than the request.
    var mayUseCache: Bool {
        guard usesResponseCache, !isDecoupled else { return false }
        if case .sequence = batching { return false }
        return true
    }
}

extension RequestRunner {
    /// Answers from the cache, or executes the request and keeps a successful answer.
    func answer(
        _ request: InferenceRequest,
        from cache: ResponseCache,
        model: LoadedModel,
        queued: UInt64,
        wallTime: UInt64
    ) async -> ModelScheduler.Completion {
        let key = ResponseCache.Key(
            modelName: request.modelName,
            modelVersion: request.modelVersion,
            generation: model.generation,
            inputs: request.inputs,
            requestedOutputs: request.requestedOutputs,
            parameters: request.parameters
        )
        let cached = cache.answer(to: key)
        let lookup = MonotonicClock.now() &- queued
        if let cached {
            model.scheduler.countCacheHit(lookup: lookup, wallTime: wallTime)
            return ModelScheduler.Completion(outputs: .success(cached), outcome: .success)
        }
        let completion = await model.scheduler.submit(request, queued: queued, wallTime: wallTime, limiter: limiter)
        let before = MonotonicClock.now()
        if case .success(let outputs) = completion.outputs { cache.store(outputs, for: key) }
        model.scheduler.countCacheMiss(duration: lookup &+ (MonotonicClock.now() &- before))
        return completion
    }
}
