internal import Synchronization

/// Where a request stands in its sequence, as the scheduler settled it.
struct SequenceMark: Sendable {
    let id: SequencePosition.ID
    var isStart: Bool
    var isEnd: Bool
    /// The place in the batch that the sequence has to itself; 0 with the strategy "oldest".
    var slot = 0
    /// What the server keeps for the sequence.
    var memory = SequenceMemory()
}

/// The tensors that the server keeps between the requests of one sequence.
final class SequenceMemory: Sendable {
    private let tensors = Mutex(NamedTensors())

    /// By the name of the state's output; empty before the first request was executed.
    var states: NamedTensors {
        get { tensors.withLock { $0 } }
        set { tensors.withLock { $0 = newValue } }
    }
}
