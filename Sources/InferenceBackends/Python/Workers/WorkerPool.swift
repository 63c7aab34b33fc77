internal import Inference
internal import Synchronization

/// The workers of one model: each batch goes to one that is free.
final class WorkerPool: Sendable {
    private let instances: [WorkerInstance]
    private let busy: Mutex<[Bool]>

    init(_ instances: [WorkerInstance]) {
        self.instances = instances
        busy = Mutex(Array(repeating: false, count: instances.count))
    }

    /// At least one worker answers.
    var isReady: Bool { instances.contains { $0.isReady } }

    func execute(_ batch: ModelBatch, of model: ModelDefinition) async throws -> [InferenceResult] {
        guard let index = take(preferred: batch.instance) else {
            throw PythonFailure(InferenceError(.unavailable, "every Python worker of model '\(model.name)' has a batch"))
        }
        defer { busy.withLock { $0[index] = false } }
        return try await instances[index].link().execute(batch, of: model)
    }

    /// The scheduler's choice, unless that worker is down or has a batch and another has not.
    private func take(preferred: Int) -> Int? {
        let preferred = instances.indices.contains(preferred) ? preferred : 0
        return busy.withLock { busy in
            var choice: Int? = preferred
            if busy[preferred] || !instances[preferred].isReady {
                choice = busy.indices.first { !busy[$0] && instances[$0].isReady } ?? busy.indices.first { !busy[$0] }
            }
            if let choice { busy[choice] = true }
            return choice
        }
    }

    func stop() async {
        await withDiscardingTaskGroup { group in
            for instance in instances { group.addTask { await instance.stop() } }
        }
    }
}
