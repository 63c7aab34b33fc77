internal import Inference

/// A model whose batches are executed by Python worker processes.
final class PythonBackend: ModelBackend {
    private let definition: ModelDefinition
    private let pool: WorkerPool

    init(_ definition: ModelDefinition, pool: WorkerPool) {
        self.definition = definition
        self.pool = pool
    }

    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
        do {
            return try await pool.execute(batch, model: definition.name).map { result in
                if case .failure(let failure as PythonFailure) = result { .failure(failure.requestFailure) } else { result }
            }
        } catch let failure as PythonFailure {
            throw failure.requestFailure
        }
    }

    var isReady: Bool { pool.isReady }

    func unload() async { await pool.stop() }
}
