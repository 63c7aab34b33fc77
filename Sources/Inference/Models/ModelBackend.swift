/// What executes a model's batches: a Swift closure, OpenVINO, Python workers, an ensemble.
///
/// A backend belongs to one loaded version of one model. ``load()`` comes once and first, ``unload()`` once and last; between
/// them ``execute(_:)`` is called for as many batches at a time as the model has instances, each with an instance of its own.
package protocol ModelBackend: Sendable {
    /// Makes ready: opens files, starts workers. What it throws is why the model is not available.
    func load() async throws
    /// Executes a batch: one result for each request, in their order. What it throws fails every request of the batch.
    ///
    /// Of a decoupled model's requests each gets any number of responses by ``InferenceRequest/send(_:)``; their results are
    /// then empty successes, or the failures that end them.
    func execute(_ batch: ModelBatch) async throws -> [InferenceResult]
    /// Gives everything back; no batch is under way.
    func unload() async
    /// The requests of a batch may have different optional inputs, and different shapes beyond the batch axis.
    var mixesShapes: Bool { get }
    /// Batches can be executed now; `false` for example while a worker process that crashed is started again.
    var isReady: Bool { get }
}

extension ModelBackend {
    package var mixesShapes: Bool { false }
    package func load() async throws {}
    package func unload() async {}
    package var isReady: Bool { true }
}

/// Requests that are executed together.
package struct ModelBatch: Sendable {
    package var requests: [InferenceRequest]
    /// Which instance executes it, from 0.
    package var instance: Int
    /// Counts the model's executions, from 1.
    package var id: UInt64

    package init(requests: [InferenceRequest], instance: Int = 0, id: UInt64 = 0) {
        self.requests = requests
        self.instance = instance
        self.id = id
    }
}

/// A backend that is a Swift closure.
struct ClosureBackend: ModelBackend {
    let closure: Model.Execute
    /// It sees each request's own tensors.
    var mixesShapes: Bool { true }

    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] { try await closure(batch.requests) }
}
