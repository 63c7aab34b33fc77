/// A request that waits for its execution.
struct QueueEntry<Waiter: Sendable>: Sendable {
    var waiter: Waiter
    /// Counts the arrivals of a model, from 1.
    var ticket: UInt64 = 0
    /// How much of a batch it takes.
    var batchSize: Int
    /// The priority level, from 1; 0 in a model without levels.
    var level = 0
    /// When it arrived, nanoseconds.
    var queued: UInt64
    /// When its time in the queue is over, nanoseconds.
    var deadline = UInt64.max
    /// Only requests of equal groups are executed together; `nil` is a group of its own kind.
    var group: BatchGroup?
    /// Where it stands in its sequence, in a model with sequence batching.
    var sequence: SequenceMark?
}

/// What requests must have in common to be stacked: which inputs they bring, and their shapes without the batch axis.
struct BatchGroup: Hashable, Sendable {
    /// In the order of the declaration; `nil` for an optional input that is left out.
    var shapes: [[Int]?]

    init(_ request: InferenceRequest, definition: ModelDefinition) {
        shapes = definition.inputs.map { input in
            request.inputs[input.name].map { definition.isBatching ? Array($0.shape.dropFirst()) : $0.shape }
        }
    }
}

/// Why a request is not executed.
enum Rejection: Hashable, Sendable {
    /// So many wait already.
    case queueFull(limit: Int)
    case timeout
    /// The model is being taken out of service.
    case draining
    /// The first request of a sequence must say that it is.
    case sequenceNotStarted
}
