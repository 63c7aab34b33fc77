internal import Synchronization

/// Limits executions by the resources that they hold: Triton's `--rate-limit=execution_count`.
///
/// Of the executions that wait, that of the model goes first whose number of executions times its priority is the lowest; one
/// whose resources are taken lets others pass that need none of them.
package final class RateLimiter: Sendable {
    /// One execution's hold; given back with ``RateLimiter/release(_:)``.
    struct Grant: Sendable {
        let amounts: [RateLimiterState.Resource: Int]
    }

    private struct State: Sendable {
        var decisions: RateLimiterState
        var continuations: [UInt64: UnsafeContinuation<Bool, Never>] = [:]

        /// Who waits for these tickets, if they do already.
        mutating func takeContinuations(_ tickets: [UInt64]) -> [UnsafeContinuation<Bool, Never>] {
            tickets.compactMap { ticket in
                guard let continuation = continuations.removeValue(forKey: ticket) else { return nil }
                _ = decisions.settled(ticket)
                return continuation
            }
        }
    }

    private let state: Mutex<State>

    /// - Parameter capacities: how much there is of each resource, by name; of one that is not named, as much as the model needs
    ///   that needs most.
    package init(capacities: [String: Int] = [:], globalCapacities: [String: Int] = [:]) {
        var known: [RateLimiterState.Resource: Int] = [:]
        for (name, amount) in capacities { known[.device(name)] = amount }
        for (name, amount) in globalCapacities { known[.global(name)] = amount }
        state = Mutex(State(decisions: RateLimiterState(capacities: known)))
    }

    /// Makes sure that a model can be executed at all.
    ///
    /// - Throws: `invalidArgument` when it needs more of a resource than was set.
    package func register(_ policy: RateLimiterPolicy, model: String) throws(InferenceError) {
        let problem = state.withLock { $0.decisions.register(policy) }
        if let problem {
            throw InferenceError(
                .invalidArgument,
                "model '\(model)' needs \(problem.needed) of the rate limiter's resource '\(problem.name)', but there are \(problem.capacity)"
            )
        }
    }

    /// Waits until the resources are free.
    ///
    /// - Throws: `cancelled` when the task was cancelled meanwhile, `invalidArgument` when there is not as much as the model needs.
    func acquire(_ policy: RateLimiterPolicy, model: String) async throws(InferenceError) -> Grant {
        try register(policy, model: model)
        let grant = Grant(amounts: policy.amounts)
        let (ticket, isImmediate, others) = state.withLock { state in
            let (ticket, granted) = state.decisions.request(policy, model: model)
            return (ticket, granted.contains(ticket), state.takeContinuations(granted))
        }
        for continuation in others { continuation.resume(returning: true) }
        if isImmediate { return grant }
        let isGranted = await withTaskCancellationHandler {
            // Unsafe: a checked one costs an allocation; it is resumed once, by who takes it out of the table.
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
                let settled = state.withLock { state -> Bool? in
                    // Granted or given up between asking and waiting.
                    let settled = state.decisions.settled(ticket)
                    if settled == nil { state.continuations[ticket] = continuation }
                    return settled
                }
                if let settled { continuation.resume(returning: settled) }
            }
        } onCancel: {
            let continuations = state.withLock { state in
                state.decisions.giveUp(ticket) ? state.takeContinuations([ticket]) : []
            }
            for continuation in continuations { continuation.resume(returning: false) }
        }
        guard isGranted else { throw ResponseChannel.clientLeft }
        return grant
    }

    func release(_ grant: Grant) {
        let continuations = state.withLock { state in
            let granted = state.decisions.release(grant.amounts)
            return state.takeContinuations(granted)
        }
        for continuation in continuations { continuation.resume(returning: true) }
    }
}
