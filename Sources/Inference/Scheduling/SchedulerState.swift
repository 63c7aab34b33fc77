/// The decisions of a model's scheduler, without the waiting: who runs now, who waits, and what is executed together.
///
/// `Waiter` is whatever stands for a waiting request.
struct SchedulerState<Waiter: Sendable>: Sendable {
    /// What becomes of an arriving request.
    enum Admission {
        /// An instance is free: execute this request now, as the batch of this id.
        case run(batchID: UInt64)
        /// Every instance is busy: wait in the queue.
        case wait
        /// The queue is full.
        case reject
    }

    /// A batch to be executed.
    struct Batch: Sendable {
        var id: UInt64
        var waiters: [Waiter]
    }

    let instanceCount: Int
    let maxQueueSize: Int
    /// 0 when the model does not batch: each request is executed alone.
    let maxBatchSize: Int
    private(set) var busyInstances = 0
    private(set) var queue = FIFO<(waiter: Waiter, batchSize: Int)>()
    private var lastBatchID: UInt64 = 0
    var statistics = ModelStatistics()

    init(_ definition: ModelDefinition) {
        instanceCount = definition.instanceCount
        maxQueueSize = definition.maxQueueSize
        maxBatchSize = definition.maxBatchSize
    }

    /// Decides about a request; `run` takes an instance, which ``release()`` gives back.
    mutating func admit() -> Admission {
        // A freed instance goes to the queue first, so while requests wait every instance is busy.
        if busyInstances < instanceCount {
            busyInstances += 1
            return .run(batchID: nextBatchID())
        }
        if queue.count >= maxQueueSize {
            statistics.rejectedCount += 1
            statistics.fail.add(0)
            return .reject
        }
        return .wait
    }

    mutating func enqueue(_ waiter: Waiter, batchSize: Int) {
        queue.append((waiter, batchSize))
    }

    /// Gives an instance back, or keeps it for the batch that has to be executed next.
    mutating func release() -> Batch? {
        guard let first = queue.popFirst() else {
            busyInstances -= 1
            return nil
        }
        var waiters = [first.waiter]
        var size = first.batchSize
        while let next = queue.first, size + next.batchSize <= maxBatchSize {
            waiters.append(next.waiter)
            size += next.batchSize
            _ = queue.popFirst()
        }
        return Batch(id: nextBatchID(), waiters: waiters)
    }

    private mutating func nextBatchID() -> UInt64 {
        lastBatchID += 1
        return lastBatchID
    }
}
