internal import Inference
internal import ServiceLifecycle

/// The model repository as a service: loads, follows its folders, and unloads on graceful shutdown.
struct ModelRepositoryService: Service {
    let repository: ModelRepository

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await repository.run() }
    }
}
