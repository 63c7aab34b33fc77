internal import ServiceContextModule

extension Model {
    /// A model whose code blocks its thread: it has a thread of its own for each instance, so that it holds up no other model.
    ///
    /// - Parameter executeBlocking: as `execute` of ``init(_:execute:)``; called on one of those threads.
    public init(_ definition: ModelDefinition, executeBlocking: @escaping @Sendable ([InferenceRequest]) throws -> [InferenceResult]) {
        self.init(definition, backend: BlockingBackend(name: definition.name, execute: executeBlocking))
    }
}

/// A backend that is a closure on threads of its own.
struct BlockingBackend: ModelBackend {
    private let threads: InstanceThreads
    private let closure: @Sendable ([InferenceRequest]) throws -> [InferenceResult]

    init(name: String, execute: @escaping @Sendable ([InferenceRequest]) throws -> [InferenceResult]) {
        threads = InstanceThreads(name: name)
        closure = execute
    }

    /// It sees each request's own tensors.
    var mixesShapes: Bool { true }

    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
        let context = ServiceContext.current
        // A thread of its own knows nothing of the task, so a cancellation is told by the request.
        let flag = CancellationFlag()
        var requests = batch.requests
        for index in requests.indices where requests[index].cancellation == nil { requests[index].cancellation = flag }
        let (own, closure) = (requests, closure)
        return try await withTaskCancellationHandler {
            try await threads.run(instance: batch.instance) {
                try ServiceContext.withValue(context) { try closure(own) }
            }
        } onCancel: {
            flag.set()
        }
    }

    func unload() async { threads.stop() }
}
