/// The part of a model configuration that says how requests are brought together.
enum SchedulingReader {
    static func batching(_ message: ConfigurationMessage, definition: ModelDefinition) throws(ConfigurationError) -> BatchingPolicy {
        if let dynamic = message.message("dynamic_batching") {
            guard definition.maxBatchSize > 0 else {
                throw ConfigurationError(place: dynamic.place, message: "dynamic_batching needs a max_batch_size of at least 1")
            }
            return .dynamic(try self.dynamic(dynamic, maxBatchSize: definition.maxBatchSize))
        }
        if let sequence = message.message("sequence_batching") { return .sequence(try self.sequence(sequence)) }
        return .none
    }

    private static func dynamic(_ message: ConfigurationMessage, maxBatchSize: Int) throws(ConfigurationError) -> DynamicBatching {
        let sizes = message.integers("preferred_batch_size").map { Int($0) }
        if let wrong = sizes.first(where: { $0 < 1 || $0 > maxBatchSize }) {
            throw ConfigurationError(
                place: message.place(of: "preferred_batch_size"),
                message: "a preferred batch size goes from 1 to max_batch_size (\(maxBatchSize)), but one is \(wrong)"
            )
        }
        let levels = Int(message.integer("priority_levels") ?? 0)
        let standard = Int(message.integer("default_priority_level") ?? 0)
        guard levels == 0 ? standard == 0 : (1...levels).contains(standard) else {
            throw ConfigurationError(
                place: message.place(of: "default_priority_level"),
                message: "default_priority_level must be between 1 and priority_levels (\(levels)), but is \(standard)"
            )
        }
        var policies: [Int: QueuePolicy] = [:]
        for entry in message.messages("priority_queue_policy") {
            let level = Int(entry.integer("key") ?? 0)
            guard levels > 0, (1...levels).contains(level) else {
                throw ConfigurationError(place: entry.place, message: "priority_queue_policy is for levels 1 to priority_levels (\(levels)), but got \(level)")
            }
            policies[level] = queuePolicy(entry.message("value"))
        }
        return DynamicBatching(
            preferredBatchSizes: sizes,
            maxQueueDelayMicroseconds: UInt64(message.integer("max_queue_delay_microseconds") ?? 0),
            preserveOrdering: message.bool("preserve_ordering") ?? false,
            priorityLevels: levels,
            defaultPriorityLevel: standard,
            defaultQueuePolicy: queuePolicy(message.message("default_queue_policy")),
            priorityQueuePolicies: policies
        )
    }

    private static func queuePolicy(_ message: ConfigurationMessage?) -> QueuePolicy {
        guard let message else { return QueuePolicy() }
        return QueuePolicy(
            timeoutAction: message.name("timeout_action").flatMap(QueuePolicy.TimeoutAction.init) ?? .reject,
            defaultTimeoutMicroseconds: UInt64(message.integer("default_timeout_microseconds") ?? 0),
            allowTimeoutOverride: message.bool("allow_timeout_override") ?? false,
            maxQueueSize: Int(message.integer("max_queue_size") ?? 0)
        )
    }

    private static func sequence(_ message: ConfigurationMessage) throws(ConfigurationError) -> SequenceBatching {
        var batching = SequenceBatching()
        // 0 and "not given" are the same in protobuf.
        if let idle = message.integer("max_sequence_idle_microseconds"), idle > 0 { batching.maxSequenceIdleMicroseconds = UInt64(idle) }
        for input in message.messages("control_input") {
            let name = input.string("name") ?? ""
            guard !name.isEmpty else { throw ConfigurationError(place: input.place, message: "the control input has no name") }
            for control in input.messages("control") { batching.controlInputs.append(try self.control(control, input: name)) }
        }
        for state in message.messages("state") {
            let input = state.string("input_name") ?? ""
            let output = state.string("output_name") ?? ""
            guard !input.isEmpty, !output.isEmpty else { throw ConfigurationError(place: state.place, message: "a state needs input_name and output_name") }
            batching.states.append(
                SequenceBatching.State(
                    inputName: input,
                    outputName: output,
                    dataType: try ModelConfiguration.dataType(state, of: "state '\(input)'"),
                    shape: state.integers("dims").map { Int($0) }
                )
            )
        }
        if let oldest = message.message("oldest") {
            batching.strategy = .oldest(
                maxCandidateSequences: max(1, Int(oldest.integer("max_candidate_sequences") ?? 1)),
                preferredBatchSizes: oldest.integers("preferred_batch_size").map { Int($0) },
                maxQueueDelayMicroseconds: UInt64(oldest.integer("max_queue_delay_microseconds") ?? 0)
            )
        } else if let direct = message.message("direct") {
            batching.strategy = .direct(
                maxQueueDelayMicroseconds: UInt64(direct.integer("max_queue_delay_microseconds") ?? 0),
                minimumSlotUtilization: direct.number("minimum_slot_utilization") ?? 0
            )
        }
        return batching
    }

    private static func control(_ message: ConfigurationMessage, input: String) throws(ConfigurationError) -> SequenceBatching.ControlInput {
        // An enumeration's first value is the one that protobuf leaves out.
        let kind = message.name("kind").flatMap(SequenceBatching.ControlKind.init) ?? .start
        if kind == .correlationID {
            return .init(name: input, kind: kind, dataType: try ModelConfiguration.dataType(message, of: "control input '\(input)'"))
        }
        let values: (type: DataType, numbers: [Double])
        if message["int32_false_true"] != nil {
            values = (.int32, message.integers("int32_false_true").map { Double($0) })
        } else if let field = message["fp32_false_true"] {
            values = (.fp32, field.values.compactMap { if case .number(let number) = $0 { number } else { nil } })
        } else if let field = message["bool_false_true"] {
            values = (.bool, field.values.compactMap { if case .bool(let value) = $0 { value ? 1 : 0 } else { nil } })
        } else {
            throw ConfigurationError(place: message.place, message: "control input '\(input)' needs int32_false_true, fp32_false_true or bool_false_true")
        }
        guard values.numbers.count == 2 else {
            throw ConfigurationError(place: message.place, message: "control input '\(input)' needs two values, for false and true, but has \(values.numbers.count)")
        }
        return .init(name: input, kind: kind, dataType: values.type, falseTrue: values.numbers)
    }

    static func ensemble(_ message: ConfigurationMessage) throws(ConfigurationError) -> Ensemble {
        let steps = message.messages("step")
        guard !steps.isEmpty else { throw ConfigurationError(place: message.place, message: "ensemble_scheduling has no step") }
        return Ensemble(
            steps: try steps.map { step throws(ConfigurationError) in
                let name = step.string("model_name") ?? ""
                guard !name.isEmpty else { throw ConfigurationError(place: step.place, message: "the step has no model_name") }
                let version = step.integer("model_version") ?? -1
                guard version > 0 || version == -1 || version == 0 else {
                    throw ConfigurationError(place: step.place(of: "model_version"), message: "model_version is -1 (the newest) or above 0, but is \(version)")
                }
                return Ensemble.Step(
                    modelName: name,
                    // 0 and "not given" are the same in protobuf.
                    modelVersion: version > 0 ? Int(version) : nil,
                    inputMap: step.stringMap("input_map"),
                    outputMap: step.stringMap("output_map")
                )
            }
        )
    }
}
