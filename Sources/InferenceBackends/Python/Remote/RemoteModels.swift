internal import Inference
internal import JSONCoding
internal import Logging
internal import Synchronization

/// The models that Python processes offer: each is served as soon as all of its instances are there, until the last is gone.
final class RemoteModels: Sendable {
    private struct Group {
        var workers: [RemoteWorker] = []
        var isServed = false
        var name = ""
    }

    private let core: InferenceCore
    private let logger: Logger
    private let groups = Mutex<[String: Group]>([:])

    init(core: InferenceCore, logger: Logger) {
        self.core = core
        self.logger = logger
    }

    /// An instance is ready.
    func add(_ worker: RemoteWorker, _ hello: RemoteWorker.Hello) {
        let complete: [RemoteWorker]? = groups.withLock { groups in
            groups[hello.group, default: Group()].workers.append(worker)
            guard let workers = groups[hello.group]?.workers, workers.count == hello.instances else { return nil }
            return workers
        }
        guard let workers = complete else { return }
        do throws(InferenceError) {
            var definition = try WorkerDeclaration.read(hello.declaration)
            definition.instanceCount = hello.instances
            let pool = WorkerPool(workers, executionsPerWorker: definition.executionsPerInstance)
            try core.load(Model(definition, backend: PythonBackend(definition, pool: pool)))
            groups.withLock { groups in
                groups[hello.group]?.isServed = true
                groups[hello.group]?.name = definition.name
            }
            logger.info("Serving model '\(definition.name)' of a Python process", metadata: ["instances": "\(hello.instances)"])
            for worker in workers { worker.bound(error: nil) }
        } catch {
            for worker in workers { worker.bound(error: error.message) }
        }
    }

    /// A connection ended.
    func remove(_ worker: RemoteWorker, group name: String) {
        let served: String? = groups.withLock { groups in
            groups[name]?.workers.removeAll { $0 === worker }
            guard let group = groups[name], group.workers.isEmpty else { return nil }
            groups[name] = nil
            return group.isServed ? group.name : nil
        }
        guard let served else { return }
        core.registry.remove(named: served)
        logger.info("The Python process of model '\(served)' is gone; the model is not served any more")
    }
}
