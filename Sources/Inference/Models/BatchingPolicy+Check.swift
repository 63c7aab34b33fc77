/// Checks of what a model says about batching, with Triton's rules.
extension ModelDefinition {
    /// Priority levels at most.
    static let maxPriorityLevels = 4096
    /// Sequences that a model may have under way at most, over all its instances.
    static let maxSequences = 1 << 20

    /// - Throws: `invalidArgument` that says which part is wrong.
    package func checkBatching() throws(InferenceError) {
        func wrong(_ text: String) -> InferenceError { InferenceError(.invalidArgument, "model '\(name)': \(text)") }
        switch batching {
        case .none: break
        case .dynamic(let policy): try check(policy)
        case .sequence(let policy):
            if case .oldest(let candidates, let preferred, _) = policy.strategy {
                guard candidates > 0, candidates * instanceCount <= Self.maxSequences else {
                    throw wrong("sequence batching needs max_candidate_sequences from 1 to \(Self.maxSequences / instanceCount), but it is \(candidates)")
                }
                try checkPreferred(preferred)
            }
            if case .direct(_, let utilization) = policy.strategy, !(0...1).contains(utilization) {
                throw wrong("minimum_slot_utilization must be from 0 to 1, but is \(utilization)")
            }
            let controls = policy.controlInputs.map(\.name) + policy.states.map(\.inputName)
            if let twice = controls.first(where: { name in input(named: name) != nil || controls.count { $0 == name } > 1 }) {
                throw wrong("the input '\(twice)' is declared more than once; control inputs and states have names of their own")
            }
            for control in policy.controlInputs where control.kind != .correlationID && !control.falseTrue.isEmpty && control.falseTrue.count != 2 {
                throw wrong("control input '\(control.name)' must have two values, false and true, but has \(control.falseTrue.count)")
            }
        }
    }

    private func check(_ policy: DynamicBatching) throws(InferenceError) {
        func wrong(_ text: String) -> InferenceError { InferenceError(.invalidArgument, "model '\(name)': \(text)") }
        try checkPreferred(policy.preferredBatchSizes)
        guard (0...Self.maxPriorityLevels).contains(policy.priorityLevels) else {
            throw wrong("priority levels must be from 0 to \(Self.maxPriorityLevels), but are \(policy.priorityLevels)")
        }
        if policy.priorityLevels > 0 {
            guard (1...policy.priorityLevels).contains(policy.defaultPriorityLevel) else {
                throw wrong("the default priority level must be from 1 to \(policy.priorityLevels), but is \(policy.defaultPriorityLevel)")
            }
        }
        if let level = policy.priorityQueuePolicies.keys.first(where: { !(1...max(1, policy.priorityLevels)).contains($0) }) {
            throw wrong("there is a queue policy for priority level \(level), but there are \(policy.priorityLevels) levels")
        }
        guard policy.preserveOrdering else { return }
        guard policy.priorityLevels <= 1 else { throw wrong("Only one priority level is allowed when 'preserve_ordering' is true") }
        let policies = [policy.defaultQueuePolicy] + policy.priorityQueuePolicies.values
        guard policies.allSatisfy({ $0.timeoutAction == .reject }) else {
            throw wrong("Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true")
        }
    }

    private func checkPreferred(_ sizes: [Int]) throws(InferenceError) {
        for size in sizes {
            guard size > 0 else {
                throw InferenceError(.invalidArgument, "dynamic batching preferred size must be positive for \(name)")
            }
            guard size <= max(1, maxBatchSize) else {
                throw InferenceError(.invalidArgument, "dynamic batching preferred size must be <= max batch size for \(name)")
            }
        }
    }
}
