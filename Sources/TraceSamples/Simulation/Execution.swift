/// One run of a model over the requests of a batch; times are nanoseconds since the Unix epoch.
struct Execution {
    /// Counted from 1 by server and model.
    var number: Int64
    var size: Int
    var instance: Int
    var start: UInt64
    var inputEnd: UInt64
    var outputStart: UInt64
    var end: UInt64
    /// The model's first run, which loads it.
    var isCold: Bool
}

/// A request's passage through a model.
struct Step {
    /// When the request reached the model, and when its queue.
    var arrival: UInt64
    var queued: UInt64
    /// `nil` until it runs, and for one that waited too long.
    var execution: Execution?
    /// When the model was done with it.
    var end: UInt64 = 0
}

/// A model's instances on one server, and who waits for them.
struct ModelPool {
    let server: SampleServer
    let model: SampleModel
    /// Requests by arrival.
    var waiting: [(request: Int, queued: UInt64)] = []
    var freeInstances: [Int]
    var executionCount: Int64 = 0

    init(server: SampleServer, model: SampleModel) {
        self.server = server
        self.model = model
        freeInstances = Array(0..<model.instanceCount)
    }

    /// The next batch, when one is full or its first request has waited long enough and an instance is free.
    mutating func nextBatch(at time: UInt64) -> (requests: [Int], instance: Int)? {
        guard let first = waiting.first, !freeInstances.isEmpty else { return nil }
        guard waiting.count >= model.maximumBatch || time >= first.queued + model.maximumDelay else { return nil }
        let batch = waiting.prefix(model.maximumBatch).map(\.request)
        waiting.removeFirst(batch.count)
        executionCount += 1
        return (batch, freeInstances.removeFirst())
    }
}
