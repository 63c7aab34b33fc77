internal import NeedletailTracing
internal import Synchronization

/// Where the responses of a decoupled model's request meet its client: nothing is stored, who sends waits until the client took it.
final class ResponseChannel: Sendable {
    /// What the client's side gets next.
    enum Item: Sendable {
        case response(Response)
        /// The model is done with the request.
        case finished(ModelScheduler.Completion)
        /// The client's task was cancelled.
        case left
    }

    /// A response whose sender waits.
    struct Response: Sendable {
        let outputs: NamedTensors
        /// When the model gave it (``MonotonicClock``).
        let sent: UInt64
        private let sender: UnsafeContinuation<Bool, Never>

        init(outputs: NamedTensors, sent: UInt64, sender: UnsafeContinuation<Bool, Never>) {
            self.outputs = outputs
            self.sent = sent
            self.sender = sender
        }

        /// Lets the sender go on, or fails it when the client did not take the response. Must be called once.
        func answer(taken: Bool) { sender.resume(returning: taken) }
    }

    private struct State: Sendable {
        // Bounded by the tasks that send at the same time: each waits for its own.
        var responses = FIFO<Response>()
        var receiver: UnsafeContinuation<Item, Never>?
        var completion: ModelScheduler.Completion?
        var hasLeft = false
    }

    private let definition: ModelDefinition
    private let requestedOutputs: [String]
    private let state = Mutex(State())

    init(definition: ModelDefinition, requestedOutputs: [String]) {
        self.definition = definition
        self.requestedOutputs = requestedOutputs
    }

    /// The client does not wait any more.
    var isCancelled: Bool { state.withLock(\.hasLeft) }

    /// Gives a response to the client, and waits until it was taken.
    ///
    /// - Throws: `cancelled` when the client left, `invalidArgument` when the request was answered before, `internal` for outputs
    ///   that are not as declared.
    func send(_ outputs: NamedTensors) async throws(InferenceError) {
        let checked = try definition.checkedOutputs(outputs, requested: requestedOutputs)
        let sent = MonotonicClock.now()
        var isLate = false
        // Unsafe: a checked one costs an allocation; the continuation is resumed once: here, by `answer` or by `leave`.
        let isTaken = await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            let response = Response(outputs: checked, sent: sent, sender: continuation)
            let next: (receiver: UnsafeContinuation<Item, Never>?, isRefused: Bool) = state.withLock { state in
                if state.hasLeft { return (nil, true) }
                if state.completion != nil {
                    isLate = true
                    return (nil, true)
                }
                if let receiver = state.receiver.take() { return (receiver, false) }
                state.responses.append(response)
                return (nil, false)
            }
            next.receiver?.resume(returning: .response(response))
            if next.isRefused { continuation.resume(returning: false) }
        }
        if isLate {
            throw InferenceError(.invalidArgument, "model '\(definition.name)' sends a response after it was done with the request")
        }
        guard isTaken else { throw Self.clientLeft }
    }

    static let clientLeft = InferenceError(.cancelled, "the client went away before it took all responses")

    /// What the request ended with; `nil` while it is under way.
    var completion: ModelScheduler.Completion? { state.withLock(\.completion) }

    /// The model is done with the request; responses that still wait are taken first.
    func finish(_ completion: ModelScheduler.Completion) {
        let receiver = state.withLock { state -> UnsafeContinuation<Item, Never>? in
            state.completion = completion
            return state.receiver.take()
        }
        receiver?.resume(returning: .finished(completion))
    }

    /// Waits for what comes next; for one task only.
    func next() async -> Item {
        await withTaskCancellationHandler {
            // Unsafe: as in `send`.
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Item, Never>) in
                let item = state.withLock { state -> Item? in
                    if state.hasLeft { return .left }
                    if let response = state.responses.popFirst() { return .response(response) }
                    if let completion = state.completion { return .finished(completion) }
                    state.receiver = continuation
                    return nil
                }
                if let item { continuation.resume(returning: item) }
            }
        } onCancel: {
            leave()
        }
    }

    /// The client takes nothing any more: who sends is told so.
    func leave() {
        let (receiver, responses) = state.withLock { state in
            state.hasLeft = true
            let responses = state.responses
            state.responses = FIFO()
            return (state.receiver.take(), responses)
        }
        receiver?.resume(returning: .left)
        var waiting = responses
        while let response = waiting.popFirst() { response.answer(taken: false) }
    }
}
