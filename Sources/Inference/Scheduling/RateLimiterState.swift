/// The decisions of a ``RateLimiter``.
package struct RateLimiterState: Sendable {
    enum Resource: Hashable, Sendable {
        /// Of each device; there is one, the processor.
        case device(String)
        case global(String)

        var name: String {
            switch self {
            case .device(let name), .global(let name): name
            }
        }
    }

    struct Shortage: Hashable, Sendable {
        var name: String
        var needed: Int
        var capacity: Int
    }

    private struct Waiting {
        var ticket: UInt64
        var model: String
        var amounts: [Resource: Int]
        var priority: Int
    }

    /// Set by the operator; others follow the models.
    private let fixed: [Resource: Int]
    private var capacities: [Resource: Int]
    private var used: [Resource: Int] = [:]
    private var executions: [String: Int] = [:]
    private var waiting: [Waiting] = []
    /// Granted (`true`) or given up, but its asker does not know yet.
    private var unheard: [UInt64: Bool] = [:]
    private var lastTicket: UInt64 = 0

    init(capacities: [Resource: Int]) {
        fixed = capacities
        self.capacities = capacities
    }

    mutating func register(_ policy: RateLimiterPolicy) -> Shortage? {
        for (resource, needed) in policy.amounts {
            if let capacity = fixed[resource] {
                guard needed <= capacity else { return Shortage(name: resource.name, needed: needed, capacity: capacity) }
            } else {
                capacities[resource] = max(capacities[resource] ?? 0, needed)
            }
        }
        return nil
    }

    /// Asks for an execution of a model that was registered.
    ///
    /// - Returns: its ticket, and who may be executed now.
    mutating func request(_ policy: RateLimiterPolicy, model: String) -> (ticket: UInt64, granted: [UInt64]) {
        lastTicket += 1
        waiting.append(Waiting(ticket: lastTicket, model: model, amounts: policy.amounts, priority: max(1, policy.priority)))
        let granted = grant()
        if granted.contains(lastTicket) { unheard[lastTicket] = nil }
        return (lastTicket, granted)
    }

    mutating func release(_ amounts: [Resource: Int]) -> [UInt64] {
        for (resource, amount) in amounts { used[resource, default: 0] -= amount }
        return grant()
    }

    /// What became of a request, once; `nil` while it waits.
    mutating func settled(_ ticket: UInt64) -> Bool? { unheard.removeValue(forKey: ticket) }

    /// - Returns: whether it waited.
    mutating func giveUp(_ ticket: UInt64) -> Bool {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return false }
        waiting.remove(at: index)
        unheard[ticket] = false
        return true
    }

    private mutating func grant() -> [UInt64] {
        guard !waiting.isEmpty else { return [] }
        let ordered = waiting.sorted { score($0) < score($1) || (score($0) == score($1) && $0.ticket < $1.ticket) }
        var granted: [UInt64] = []
        var reserved: Set<Resource> = []
        var left: [Waiting] = []
        for candidate in ordered {
            let fits = candidate.amounts.allSatisfy { resource, amount in
                !reserved.contains(resource) && used[resource, default: 0] + amount <= capacities[resource, default: amount]
            }
            guard fits else {
                reserved.formUnion(candidate.amounts.keys)
                left.append(candidate)
                continue
            }
            for (resource, amount) in candidate.amounts { used[resource, default: 0] += amount }
            executions[candidate.model, default: 0] += 1
            unheard[candidate.ticket] = true
            granted.append(candidate.ticket)
        }
        waiting = left
        return granted
    }

    private func score(_ waiting: Waiting) -> Int {
        (executions[waiting.model] ?? 0).multipliedReportingOverflow(by: waiting.priority).partialValue
    }
}

extension RateLimiterPolicy {
    var amounts: [RateLimiterState.Resource: Int] {
        var amounts: [RateLimiterState.Resource: Int] = [:]
        for (name, amount) in resources { amounts[.device(name)] = amount }
        for (name, amount) in globalResources { amounts[.global(name)] = amount }
        return amounts
    }
}
