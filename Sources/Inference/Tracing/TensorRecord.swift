internal import NeedletailTracing
internal import Synchronization

/// The inputs and outputs of one traced request, kept until its trace is written: trace level `TENSORS`.
///
/// Tensors are kept as they are, not as text: whoever traces pays when the request has ended.
package final class TensorRecord: Sendable {
    /// Which way a tensor went; Triton's names.
    package enum Activity: String, Hashable, Sendable {
        case queueInput = "TENSOR_QUEUE_INPUT"
        case backendOutput = "TENSOR_BACKEND_OUTPUT"
    }

    struct Entry: Sendable {
        var activity: Activity
        var name: String
        var tensor: Tensor
        /// When it was given (``MonotonicClock``).
        var time: UInt64
    }

    private struct State {
        var entries: [Entry] = []
        var byteCount = 0
        var leftOut = 0
    }

    /// Tensors of one request, of a decoupled model's responses above all; what comes later is left out and counted.
    package static let maximumTensors = 1_024
    /// Bytes of one request's tensors.
    package static let maximumBytes = 64 << 20

    private let state = Mutex(State())

    package init() {}

    /// Takes the inputs of a request, or the outputs of one response.
    package func add(_ activity: Activity, _ tensors: NamedTensors) {
        let time = MonotonicClock.now()
        state.withLock { state in
            for (name, tensor) in tensors {
                guard state.entries.count < Self.maximumTensors, state.byteCount + tensor.storage.count <= Self.maximumBytes else {
                    state.leftOut += 1
                    continue
                }
                state.byteCount += tensor.storage.count
                state.entries.append(Entry(activity: activity, name: name, tensor: tensor, time: time))
            }
        }
    }

    /// What was taken, and how many tensors were not.
    var content: (entries: [Entry], leftOut: Int) { state.withLock { ($0.entries, $0.leftOut) } }
}
