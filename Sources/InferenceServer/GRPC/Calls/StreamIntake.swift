internal import Inference
internal import Synchronization

/// Hands the messages of a stream from the task that reads them to the one that starts their requests, one at a time.
///
/// So the second can stop waiting for messages while requests are under way, which the transport's own sequence does not offer.
/// One task offers, one takes.
final class StreamIntake<Message: Sendable>: Sendable {
    private enum State: Sendable {
        case empty
        /// A message that nobody took yet, and the one who offered it.
        case full(Message, UnsafeContinuation<Bool, Never>)
        case awaited(UnsafeContinuation<Message?, Never>)
        case ended
    }

    private let state = Mutex(State.empty)

    /// Waits until the message is taken.
    ///
    /// - Returns: `false` when no more are wanted.
    func offer(_ message: Message) async -> Bool {
        // Unsafe: a checked continuation costs an allocation; it is resumed once, by `next`, by `end`, or here.
        await withUnsafeContinuation { continuation in
            let taker = state.withLock { state -> (taken: Bool, receiver: UnsafeContinuation<Message?, Never>?) in
                switch state {
                case .empty:
                    state = .full(message, continuation)
                    return (true, nil)
                case .awaited(let receiver):
                    state = .empty
                    return (true, receiver)
                case .full, .ended:
                    return (false, nil)
                }
            }
            taker.receiver?.resume(returning: message)
            if taker.receiver != nil || !taker.taken { continuation.resume(returning: taker.taken) }
        }
    }

    /// Waits for a message; `nil` when none will come.
    func next() async -> Message? {
        // Unsafe: as in `offer`; resumed once, by `offer`, by `end`, or here.
        await withUnsafeContinuation { continuation in
            let found = state.withLock { state -> (message: Message?, sender: UnsafeContinuation<Bool, Never>?, isEnded: Bool) in
                switch state {
                case .full(let message, let sender):
                    state = .empty
                    return (message, sender, false)
                case .empty, .awaited:
                    state = .awaited(continuation)
                    return (nil, nil, false)
                case .ended:
                    return (nil, nil, true)
                }
            }
            found.sender?.resume(returning: true)
            if found.message != nil || found.isEnded { continuation.resume(returning: found.message) }
        }
    }

    /// No more messages: who waits for one gets none, and one that was not taken is given up.
    func end() {
        let state = state.withLock { state in
            let old = state
            state = .ended
            return old
        }
        switch state {
        case .awaited(let receiver): receiver.resume(returning: nil)
        case .full(_, let sender): sender.resume(returning: false)
        case .empty, .ended: break
        }
    }
}
