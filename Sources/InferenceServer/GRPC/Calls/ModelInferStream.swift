internal import GRPCCore
internal import Inference

/// One `ModelStreamInfer` call: many requests at a time, answers as they come.
///
/// Answers of models that are not decoupled leave in the order of their requests, as Triton's do. What fails one request is an
/// answer like any other; the call itself ends well when the client has sent its last request and has all answers.
struct ModelInferStream {
    let service: GRPCInferenceService
    let metadata: Metadata
    let writer: RPCWriter<RawMessage>

    private enum Child: Sendable {
        case reader((any Error)?)
        case request
    }

    func run(_ messages: RPCAsyncSequence<ReceivedRequest, any Error>) async throws {
        let intake = StreamIntake<ReceivedRequest>()
        let service = service
        let isCancelled = try await CancellableCall.run {
            // No more requests are read; those under way go on when the server stops, and are cancelled otherwise.
            intake.end()
            return service.isStopping
        } _: {
            try await answer(messages, intake: intake)
            return Task.isCancelled
        }
        if isCancelled { throw RPCError(code: .cancelled, message: "the stream was cancelled") }
        if service.isStopping { throw RPCError(code: .unavailable, message: "the server is stopping; the requests it had read are answered") }
    }

    private func answer(_ messages: RPCAsyncSequence<ReceivedRequest, any Error>, intake: StreamIntake<ReceivedRequest>) async throws {
        let order = StreamOrder()
        try await withThrowingTaskGroup(of: Child.self) { group in
            group.addTask { .reader(await Self.read(messages, into: intake)) }
            var inFlight = 0
            var failure: (any Error)?
            while let received = await intake.next() {
                while inFlight >= service.limits.maxStreamRequestsInFlight, let child = try await group.next() {
                    switch child {
                    case .request: inFlight -= 1
                    case .reader(let error): failure = error
                    }
                }
                inFlight += 1
                let exchange = StreamedExchange(stream: self, received: received, order: order)
                if exchange.isOfSequence {
                    // The requests of a sequence must reach their model in order: this one gets that far before the next is taken.
                    group.addImmediateTask { await exchange.run(); return .request }
                } else {
                    group.addTask { await exchange.run(); return .request }
                }
            }
            // The reader is left alone when requests are still to be answered: it also notices that the client went away.
            while inFlight > 0, let child = try await group.next() {
                switch child {
                case .request: inFlight -= 1
                case .reader(let error): failure = error
                }
            }
            group.cancelAll()
            for try await child in group {
                if case .reader(let error?) = child { failure = error }
            }
            if let failure { throw failure }
        }
    }

    /// - Returns: why the messages ended, if they did not end well.
    private static func read(_ messages: RPCAsyncSequence<ReceivedRequest, any Error>, into intake: StreamIntake<ReceivedRequest>) async -> (any Error)? {
        defer { intake.end() }
        do {
            for try await message in messages {
                guard await intake.offer(message) else { return nil }
            }
            return nil
        } catch {
            return error
        }
    }
}
