internal import Inference
internal import Synchronization

/// A process that executes batches of one model.
protocol BatchWorker: Sendable {
    /// It answers batches now.
    var isReady: Bool { get }
    /// The connection to it; waits while it is being started.
    ///
    /// - Throws: why there is none.
    func link() async throws -> WorkerLink
    /// Ends it and waits for that.
    func stop() async
}

/// The workers of one model: each batch goes to one that has room.
final class WorkerPool: Sendable {
    private let workers: [any BatchWorker]
    private let executionsPerWorker: Int
    /// Batches under way, by worker.
    private let busy: Mutex<[Int]>

    init(_ workers: [any BatchWorker], executionsPerWorker: Int) {
        self.workers = workers
        self.executionsPerWorker = executionsPerWorker
        busy = Mutex(Array(repeating: 0, count: workers.count))
    }

    /// At least one worker answers.
    var isReady: Bool { workers.contains { $0.isReady } }

    func execute(_ batch: ModelBatch, model: String) async throws -> [InferenceResult] {
        guard let index = take(preferred: batch.instance) else {
            throw PythonFailure(InferenceError(.unavailable, "every Python worker of model '\(model)' has all the batches it takes"))
        }
        defer { busy.withLock { $0[index] -= 1 } }
        return try await workers[index].link().execute(batch)
    }

    /// The scheduler's choice, unless that worker is down or busier than another.
    private func take(preferred: Int) -> Int? {
        busy.withLock { busy in
            var choice: Int?
            for offset in 0..<busy.count {
                let index = (max(0, preferred) + offset) % busy.count
                guard busy[index] < executionsPerWorker else { continue }
                guard let best = choice else {
                    choice = index
                    continue
                }
                let isBetter = workers[index].isReady != workers[best].isReady ? workers[index].isReady : busy[index] < busy[best]
                if isBetter { choice = index }
            }
            if let choice { busy[choice] += 1 }
            return choice
        }
    }

    func stop() async {
        await withDiscardingTaskGroup { group in
            for worker in workers { group.addTask { await worker.stop() } }
        }
    }
}
