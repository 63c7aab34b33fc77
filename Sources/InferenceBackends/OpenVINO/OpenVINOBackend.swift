internal import Inference
internal import NIOPosix
internal import Synchronization

/// A model that OpenVINO executes: one inference request and one thread for each instance.
final class OpenVINOBackend: ModelBackend {
    private enum State {
        case new
        /// The instances that nobody uses now.
        case ready(pool: NIOThreadPool, free: [OpenVINOInstance])
        case unloaded
    }

    private let definition: ModelDefinition
    private let path: String
    private let defaults: [String: String]
    private let runtime: OpenVINORuntime
    private let state = Mutex(State.new)

    /// - Parameter defaults: settings of the server, which the model's parameters win over.
    init(definition: ModelDefinition, path: String, defaults: [String: String], runtime: OpenVINORuntime) {
        self.definition = definition
        self.path = path
        self.defaults = defaults
        self.runtime = runtime
    }

    func load() async throws {
        let pool = NIOThreadPool(numberOfThreads: definition.instanceCount)
        pool.start()
        do {
            let instances = try await pool.runIfActive { [definition, path, defaults, runtime] in
                let compiled = try OpenVINOCompiledModel(definition: definition, path: path, defaults: defaults, runtime: runtime.get())
                return try (0..<definition.instanceCount).map { _ in try OpenVINOInstance(compiled) }
            }
            state.withLock { $0 = .ready(pool: pool, free: instances) }
        } catch {
            try? await pool.shutdownGracefully()
            throw error
        }
    }

    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
        let groups = OpenVINOStack.groups(of: batch.requests)
        if groups.count == 1 { return try await execute(batch.requests) }
        // Requests whose shapes do not fit each other go one after another.
        var results = [InferenceResult](repeating: .success(NamedTensors()), count: batch.requests.count)
        for group in groups {
            do {
                let part = try await execute(group.map { batch.requests[$0] })
                for (index, result) in zip(group, part) { results[index] = result }
            } catch {
                for index in group { results[index] = .failure(error) }
            }
        }
        return results
    }

    private func execute(_ requests: [InferenceRequest]) async throws -> [InferenceResult] {
        let taken: (pool: NIOThreadPool, instance: OpenVINOInstance)? = state.withLock { state in
            guard case .ready(let pool, var free) = state, let instance = free.popLast() else { return nil }
            state = .ready(pool: pool, free: free)
            return (pool, instance)
        }
        guard let taken else {
            throw InferenceError(.unavailable, "model '\(definition.name)' version \(definition.version) is not at ready state")
        }
        defer {
            state.withLock { state in
                guard case .ready(let pool, let free) = state else { return }
                state = .ready(pool: pool, free: free + [taken.instance])
            }
        }
        return try await taken.pool.runIfActive { try taken.instance.execute(requests) }
    }

    func unload() async {
        let pool: NIOThreadPool? = state.withLock { state in
            guard case .ready(let pool, _) = state else { return nil }
            state = .unloaded
            return pool
        }
        try? await pool?.shutdownGracefully()
    }
}
